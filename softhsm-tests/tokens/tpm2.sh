#!/usr/bin/env bash
# A throwaway TPM 2.0 (swtpm) and a token of tpm2-pkcs11 in it, for tests.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: tpm2.sh start DIR
           start a software TPM in the background and make a token with the label
           "ca" and a random user PIN. Writes
             DIR/module     the path of the PKCS#11 module
             DIR/token.env  the module's environment, NAME=VALUE lines
             DIR/pin        the user PIN, mode 0600
           and DIR/tpm (the TPM's state), DIR/store (the token), logs, sockets and
           process ids. A DIR that was stopped starts again with the token it has.
       tpm2.sh stop DIR
           stop the TPM of DIR; the token stays in DIR
Everything is reached by Unix sockets in DIR, of mode 0700.
Debian packages: swtpm tpm2-abrmd dbus-daemon libtpm2-pkcs11-1 libtss2-tcti-swtpm0
libtss2-tcti-tabrmd0 opensc.
USAGE
}

die() {
    echo "tpm2.sh: $*" >&2
    exit 1
}

# The three daemons, in the order in which they start: the TPM, a private D-Bus for the third, and the resource manager. Without the
# resource manager, a TPM has only a few slots for objects: only one process could use it at a time, with one key, and a killed process
# would leave its objects there until the TPM restarts.
daemons=(swtpm bus abrmd)

# The argument that identifies the daemon $1 of directory $2.
argument() {
    case $1 in
    swtpm) echo "dir=$2/tpm" ;;
    bus) echo "--address=unix:path=$2/bus.socket" ;;
    abrmd) echo "--tcti=swtpm:path=$2/tpm.socket" ;;
    esac
}

# Is the process in $2/$1.pid the daemon $1 of directory $2?
is_running() {
    local pid=
    [[ -s $2/$1.pid ]] && read -r pid <"$2/$1.pid"
    [[ -n $pid && -r /proc/$pid/cmdline ]] &&
        tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -Fx -- "$(argument "$1" "$2")" >/dev/null
}

# Runs the rest of the arguments until they succeed, for at most ten seconds.
wait_for() {
    local tries=0
    until "$@"; do
        tries=$((tries + 1))
        ((tries <= 200)) || return 1
        sleep 0.05
    done
}

are_sockets() { [[ -s $1/swtpm.pid && -S $1/tpm.socket && -S $1/tpm.socket.ctrl ]]; }

# pkcs11-tool on the module, with its environment and the PINs.
tool() {
    env "${environment[@]}" so_pin="$so_pin" user_pin="$user_pin" pkcs11-tool --module "$module" "$@" >>"$dir/init.log" 2>&1
}

random() {
    head -c 12 /dev/urandom | od -An -vtx1 | tr -d ' \n'
}

failed() {
    stop "$dir"
    cat "$dir"/*.log >&2
    die "$1; the logs are above"
}

start() {
    local program candidate name
    for program in swtpm dbus-daemon tpm2-abrmd pkcs11-tool; do
        command -v "$program" >/dev/null || die "$program is missing; the packages are listed by --help"
    done
    module=
    for candidate in /usr/lib/*/pkcs11/libtpm2_pkcs11.so /usr/lib64/pkcs11/libtpm2_pkcs11.so /usr/lib/pkcs11/libtpm2_pkcs11.so; do
        if [[ -e $candidate ]]; then
            module=$candidate
            break
        fi
    done
    [[ -n $module ]] || die "libtpm2_pkcs11.so is missing; install libtpm2-pkcs11-1"

    umask 077
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    chmod 0700 "$dir"
    # sun_path has 108 bytes. Other characters would need different escapes for each daemon.
    ((${#dir} <= 90)) || die "a Unix socket cannot have a path this long: $dir"
    [[ $dir = /* && $dir != *[^-A-Za-z0-9_/.]* ]] || die "only letters, digits, and - _ . / may be in the path: $dir"
    for name in "${daemons[@]}"; do
        ! is_running "$name" "$dir" || die "a TPM is already running for $dir (process $(<"$dir/$name.pid"))"
    done
    rm -f "$dir"/*.pid "$dir"/*.log "$dir"/*.socket "$dir"/*.ctrl "$dir/token.env"
    mkdir -p "$dir/tpm" "$dir/store"
    environment=(
        "TPM2_PKCS11_STORE=$dir/store"
        "TPM2_PKCS11_TCTI=tabrmd:bus_type=session"
        "DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus.socket"
        "TSS2_LOG=all+NONE"
    )

    # libtss2-tcti-swtpm finds the control channel at the other socket's path and ".ctrl".
    swtpm socket --tpm2 --tpmstate "dir=$dir/tpm" --flags not-need-init,startup-clear \
        --server "type=unixio,path=$dir/tpm.socket,mode=0600" --ctrl "type=unixio,path=$dir/tpm.socket.ctrl,mode=0600" \
        --log "file=$dir/swtpm.log" --pid "file=$dir/swtpm.pid" --daemon || failed "swtpm did not start"
    wait_for are_sockets "$dir" || failed "swtpm did not come up"

    dbus-daemon --session --nopidfile --nofork "--address=unix:path=$dir/bus.socket" >"$dir/bus.log" 2>&1 </dev/null &
    echo $! >"$dir/bus.pid"
    wait_for test -S "$dir/bus.socket" || failed "the D-Bus did not come up"

    DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus.socket tpm2-abrmd --session --allow-root --flush-all \
        "--tcti=swtpm:path=$dir/tpm.socket" >"$dir/abrmd.log" 2>&1 </dev/null &
    echo $! >"$dir/abrmd.pid"

    so_pin='' user_pin=''
    wait_for tool --list-slots || failed "the module does not reach the TPM"
    if [[ ! -s $dir/pin ]]; then
        # With the module itself, not with tpm2_ptool, which takes PINs as arguments.
        rm -rf "$dir/store" # of a start that failed here
        mkdir "$dir/store"
        so_pin=$(random) user_pin=$(random)
        tool --init-token --slot-index 0 --label ca --so-pin env:so_pin || failed "the token could not be initialised"
        tool --init-pin --token-label ca --login --login-type so --so-pin env:so_pin --new-pin env:user_pin ||
            failed "the user PIN could not be set"
        printf '%s' "$user_pin" >"$dir/pin"
    fi
    printf '%s\n' "$module" >"$dir/module"
    printf '%s\n' "${environment[@]}" >"$dir/token.env"
}

stop() {
    local dir name pid tries
    [[ -d $1 ]] || return 0
    dir=$(cd "$1" && pwd)
    for name in abrmd bus swtpm; do
        if is_running "$name" "$dir"; then
            pid=$(<"$dir/$name.pid")
            kill "$pid" 2>/dev/null || true
            tries=0
            while is_running "$name" "$dir"; do
                tries=$((tries + 1))
                ((tries <= 50)) || kill -KILL "$pid" 2>/dev/null || true
                sleep 0.1
            done
        fi
        rm -f "$dir/$name.pid"
    done
    rm -f "$dir"/*.socket "$dir"/*.ctrl "$dir/token.env"
}

case ${1-} in
start | stop)
    [[ $# = 2 && -n $2 ]] || { usage >&2; exit 2; }
    "$1" "$2"
    ;;
-h | --help)
    usage
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
