#!/usr/bin/env bash
# A local AWS KMS and CloudHSM for tests and demos; see softhsm-tests/local-aws/server.py.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/local-aws.sh start DIR [PARENT-PID]
           start the server in the background; write DIR/aws.env (source it to
           use the server), DIR/pid and DIR/log. With PARENT-PID the server
           stops by itself when that process ends.
           The roots of the HSMs' hardware are in DIR when the first HSM is:
           aws-root.crt, manufacturer-root-1.crt (hsm1.medium) and
           manufacturer-root-2.crt (hsm2m.medium).
       scripts/local-aws.sh stop DIR
           stop the server that was started with DIR
       scripts/local-aws.sh run -- COMMAND [ARGUMENT...]
           start a server, run COMMAND with its environment, stop the server;
           the exit status is COMMAND's
scripts/install.sh must have been run before.
EOF
}

die() {
    echo "local-aws.sh: $*" >&2
    exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
server=$root/softhsm-tests/local-aws/server.py
target=${CARGO_TARGET_DIR:-target}
[[ $target = /* ]] || target=$root/$target
python=$target/venv/bin/python

# Is process $1 one of our servers?
is_server() {
    [[ -r /proc/$1/cmdline ]] && tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -Fx -- "$server" >/dev/null
}

start() {
    local dir=$1 pid tries=0
    local -a options=()
    [[ -z ${2-} ]] || options=(--parent-pid "$2")
    [[ -x $python ]] || die "no Python environment in $target/venv; run scripts/install.sh first"
    mkdir -p "$dir"
    if [[ -s $dir/pid ]] && is_server "$(<"$dir/pid")"; then
        die "a server is already running for $dir (process $(<"$dir/pid"))"
    fi
    rm -f "$dir/ready" "$dir/aws.env" "$dir/pid"

    "$python" "$server" --ready-file "$dir/ready" --cluster-roots "$dir" ${options[@]+"${options[@]}"} \
        >"$dir/log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/pid"

    until [[ -s $dir/ready ]]; do
        tries=$((tries + 1))
        if ! kill -0 "$pid" 2>/dev/null || ((tries > 300)); then
            stop "$dir"
            cat "$dir/log" >&2
            die "the server did not come up; its output is above"
        fi
        sleep 0.1
    done

    # AWS_REGION is for the SDKs, AWS_DEFAULT_REGION for the AWS CLI (version 1).
    # Unset the caller's settings for the real AWS.
    (
        umask 077
        cat >"$dir/aws.env" <<EOF
export AWS_ENDPOINT_URL=$(<"$dir/ready")
export AWS_REGION=us-east-1
export AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test
export AWS_SECRET_ACCESS_KEY=test
export AWS_EC2_METADATA_DISABLED=true
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_KMS AWS_ENDPOINT_URL_CLOUDHSM_V2
EOF
    )
}

stop() {
    local dir=$1 pid tries=0
    [[ -s $dir/pid ]] || return 0
    pid=$(<"$dir/pid")
    if is_server "$pid"; then
        kill "$pid" 2>/dev/null || true
        while is_server "$pid"; do
            tries=$((tries + 1))
            ((tries <= 50)) || kill -KILL "$pid" 2>/dev/null || true
            sleep 0.1
        done
    fi
    rm -f "$dir/pid" "$dir/ready" "$dir/aws.env"
}

run() {
    local status=0
    run_dir=$(mktemp -d)
    trap 'stop "$run_dir"; rm -rf "$run_dir"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start "$run_dir" "$$"
    # shellcheck disable=SC1091
    . "$run_dir/aws.env"
    "$@" || status=$?
    exit "$status"
}

case ${1-} in
start)
    [[ $# = 2 || $# = 3 ]] || { usage >&2; exit 2; }
    start "$2" "${3-}"
    ;;
stop)
    [[ $# = 2 ]] || { usage >&2; exit 2; }
    stop "$2"
    ;;
run)
    [[ $# -ge 3 && $2 = -- ]] || { usage >&2; exit 2; }
    shift 2
    run "$@"
    ;;
-h | --help)
    usage
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
