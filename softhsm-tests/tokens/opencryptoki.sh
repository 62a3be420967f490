#!/usr/bin/env bash
# A throwaway opencryptoki soft token in a separate mount namespace, for tests.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: opencryptoki.sh start DIR REMOTE [DEBIAN_13]
           start pkcsslotd and a soft token with the label "ca" and a random user
           PIN in the background. REMOTE is the directory of remote-token and
           libremote_token.so: the slot daemon has fixed paths, so it and its
           module live in a namespace, and other programs reach the token by a
           socket. Writes
             DIR/module     the path of the PKCS#11 module
             DIR/token.env  the module's environment, NAME=VALUE lines
             DIR/pin        the user PIN, mode 0600
           With DEBIAN_13, the directory that scripts/install.sh unpacks, it is
           Debian 13's opencryptoki, laid over this system's /usr in that namespace
       opencryptoki.sh stop DIR
           stop it; the token ends with it
Needs root. Debian packages: opencryptoki opensc util-linux.
USAGE
}

die() {
    echo "opencryptoki.sh: $*" >&2
    exit 1
}

find_module() {
    local candidate
    for candidate in /usr/lib/*/pkcs11/libopencryptoki.so /usr/lib64/pkcs11/libopencryptoki.so; do
        [[ -e $candidate ]] && echo "$candidate" && return
    done
    die "libopencryptoki.so is missing; install opencryptoki"
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

# Inside the namespace, as its first process: everything ends with it.
serve() {
    local dir=$1 remote=$2 debian_13=${3-} version=3.8 module place
    if [[ -n $debian_13 ]]; then
        version=3.23
        mount -t overlay -o "lowerdir=$debian_13/usr:/usr" none /usr
    fi
    module=$(find_module)
    # The daemon of 3.23 reads its files as a separate user.
    umask 022
    # The processes of one token share data in /dev/shm.
    for place in /run /dev/shm /etc/opencryptoki /var/lib/opencryptoki; do
        mount -t tmpfs none "$place"
    done
    # /var/lock is a link to /run/lock.
    mkdir -p /run/lock/opencryptoki/swtok /run/opencryptoki /var/lib/opencryptoki/swtok/TOK_OBJ /var/lib/opencryptoki/HSM_MK_CHANGE
    printf 'version opencryptoki-%s\nslot 3\n{\nstdll = libpkcs11_sw.so\n%s}\n' \
        "$version" "${debian_13:+tokversion = 3.12$'\n'}" >/etc/opencryptoki/opencryptoki.conf
    if [[ -n $debian_13 ]]; then
        install -m 640 -g pkcs11 /usr/share/doc/opencryptoki/strength-example.conf /etc/opencryptoki/strength.conf
        # The user that its package would create. The daemon switches to it from root.
        { cat /etc/passwd; echo "pkcsslotd:x:64200:$(getent group pkcs11 | cut -d : -f 3)::/run/opencryptoki:/usr/sbin/nologin"; } >/run/passwd
        mount --bind /run/passwd /etc/passwd
    fi
    chgrp -R pkcs11 /run/opencryptoki /var/lib/opencryptoki /run/lock/opencryptoki
    chmod -R ug+rwX /run/opencryptoki /var/lib/opencryptoki /run/lock/opencryptoki
    pkcsslotd
    # opencryptoki sets this PIN of the security officer on every new token.
    export SO_PIN=87654321 USER_PIN
    # Its PINs have 4 to 8 bytes.
    USER_PIN=$(od -An -vtu4 -N4 /dev/urandom | tr -d ' ')
    USER_PIN=$(printf '%08d' "$((USER_PIN % 100000000))")
    tool() { pkcs11-tool --module "$module" --slot 3 "$@"; }
    wait_for tool --init-token --label ca --so-pin env:SO_PIN
    tool --init-pin --login --login-type so --so-pin env:SO_PIN --new-pin env:USER_PIN
    umask 077
    printf '%s' "$USER_PIN" >"$dir/pin"
    unset SO_PIN USER_PIN
    "$remote/remote-token" --module "$module" --socket "$dir/socket"
}

start() {
    local remote debian_13=
    umask 077
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    remote=$(cd "$2" && pwd)
    if [[ -n ${3-} ]]; then
        debian_13=$(realpath "$3")
        [[ -x $debian_13/usr/sbin/pkcsslotd ]] || die "$debian_13 has no opencryptoki; run scripts/install.sh"
    fi
    # From Debian 12, whose group "pkcs11" both versions use.
    find_module >/dev/null
    command -v pkcsslotd >/dev/null || die "pkcsslotd is missing; install opencryptoki"
    unshare --mount --ipc --pid --fork --kill-child=KILL -- bash "$0" serve "$dir" "$remote" "$debian_13" >"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    if ! wait_for test -S "$dir/socket"; then
        stop "$dir"
        cat "$dir/log" >&2
        die "the token did not come up; the log is above"
    fi
    printf '%s\n' "$remote/libremote_token.so" >"$dir/module"
    printf 'REMOTE_TOKEN_SOCKET=%s\n' "$dir/socket" >"$dir/token.env"
}

# Is process $1 the namespace of directory $2?
is_namespace() {
    [[ -n $1 && -r /proc/$1/cmdline ]] && tr '\0' '\n' <"/proc/$1/cmdline" | grep -Fx -- "$(cd "$2" && pwd)" >/dev/null
}

stop() {
    local pid=
    [[ -s $1/pid ]] && read -r pid <"$1/pid"
    if is_namespace "$pid" "$1"; then
        # unshare ignores SIGTERM. Its children are killed when it ends.
        kill -KILL "$pid"
    fi
    rm -f "$1/pid" "$1/socket"
}

case ${1-} in
start | serve)
    [[ ($# = 3 || $# = 4) && -n $2 && -n $3 ]] || { usage >&2; exit 2; }
    "$1" "$2" "$3" "${4-}"
    ;;
stop)
    [[ $# = 2 && -n $2 ]] || { usage >&2; exit 2; }
    stop "$2"
    ;;
-h | --help)
    usage
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
