# shellcheck shell=bash
# Sourced by the bench-*.sh scripts: reads their options, and clears the settings of the user who runs them. The script defines `usage`
# before it calls read_options.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-target}
[[ $target = /* ]] || target=$root/$target
export CARGO_TARGET_DIR=$target
unset HSM_CA_CONFIG HSM_CA_MODULE HSM_CA_TOKEN HSM_CA_PIN_SOURCE HSM_CA_FORMAT HSM_CA_LEDGER HSM_CA_LEDGER_HEAD
unset SOFTHSM2_CONF OPENSSL_CONF PKCS11_MODULE_PATH GNUTLS_PIN

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Runs a command, and shows its output only if it fails.
quietly() {
    "$@" >log 2>&1 || { tail -20 log >&2; die "failed: $*"; }
}

# Puts the value of each option into the variable with its name. KIND: number, numbers (separated by spaces), path (must exist), or
# directory (is created), names (separated by spaces).
read_options() { # "NAME=KIND..." ARGUMENT...
    local kinds=" $1 " value
    shift
    while (($# > 0)); do
        [[ $1 != -h && $1 != --help ]] || { usage; exit 0; }
        [[ $1 = --* && ${2-} && $kinds =~ " ${1#--}="([a-z]+) ]] || { usage >&2; exit 2; }
        value=$2
        case ${BASH_REMATCH[1]} in
        number) [[ $value =~ ^[1-9][0-9]{0,5}$ ]] || { usage >&2; exit 2; } ;;
        names) [[ $value =~ ^[a-z][a-z0-9:\ -]*$ ]] || { usage >&2; exit 2; } ;;
        numbers) [[ $value =~ ^[1-9][0-9\ ]*$ ]] || { usage >&2; exit 2; } ;;
        path) value=$(realpath -e "$value") || exit 2 ;;
        directory) value=$(mkdir -p "$value" && realpath -e "$value") || exit 2 ;;
        esac
        printf -v "${1#--}" %s "$value"
        shift 2
    done
}

# Makes the temporary directory $work, and finds hsm-ca and ledger-bulk in $programs, or builds them.
prepare_ledger_bench() {
    [[ -z $programs || -x $programs/hsm-ca && -x $programs/ledger-bulk ]] || die "hsm-ca or ledger-bulk is missing in $programs"
    umask 077
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    [[ -z $programs ]] || return 0
    cd "$root"
    cargo build --release --locked
    cargo build --release --locked --features softhsm-tests --example ledger-bulk
    programs=$work/programs
    mkdir "$programs"
    ln -s "$target/release/hsm-ca" "$target/release/examples/ledger-bulk" "$programs"
}
