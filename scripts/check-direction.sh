#!/usr/bin/env bash
# The direction of dependencies (docs/architecture.md):
#
#   cli -> workflow -> { kms, token, x509, cloudhsm, ledger, ceremony } -> transparency -> { signer, secret, output, file_trust, aws }
# and which rooms may use which crate. Prints each breach as FILE:LINE and fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The code without comments, with file names and line numbers: documentation may name any room.
stripped=$(mktemp -d)
trap 'rm -rf "$stripped"' EXIT
cp -r src "$stripped/src"
find "$stripped/src" -name '*.rs' -exec sed -i -E 's://.*$::' {} +

# FILE:LINE:PATH of every path in the code: a use tree over several lines, or inside another, is as good as a line each.
paths=$stripped/paths
scripts/rust_paths.py src >"$paths"

# FILE:LINE:CODE of every line in the room (or all rooms) that matches the pattern.
matches() {
    local pattern=$1 room=${2-}
    local -a where=(src)
    [[ -z $room ]] || where=("src/$room.rs" "src/$room")
    (cd "$stripped" && grep -rnE --include='*.rs' -- "$pattern" "${where[@]}" 2>/dev/null || true)
}

breaches=0
report() {
    echo "$1"
    breaches=$((breaches + 1))
}

# The rooms that room $1 may use besides itself.
allowed_for() {
    case $1 in
    values | signer | output | file_trust | aws) echo ;;
    secret) echo signer ;; # it derives a decrypted key's public half
    x509) echo signer output values ;;
    token) echo signer secret ;;
    kms) echo signer secret output aws ;;
    cloudhsm) echo aws ;;
    transparency) echo signer output values ;;
    ledger) echo signer secret output file_trust values transparency ;; # the password of a server
    ceremony) echo signer output file_trust values transparency ;;
    workflow) echo signer secret output file_trust aws values transparency x509 token kms cloudhsm ledger ceremony ;;
    cli) echo signer secret output file_trust aws values transparency x509 token kms cloudhsm ledger ceremony workflow ;;
    *) echo "unknown room $1" >&2; return 1 ;;
    esac
}

library=(values signer secret output file_trust aws transparency x509 token kms cloudhsm ledger ceremony workflow)

# Every folder and file in src is a known room.
for entry in src/*; do
    name=$(basename "$entry" .rs)
    case $name in
    main | lib) ;;
    *) allowed_for "$name" >/dev/null || report "$entry: a room that this script does not know" ;;
    esac
done

for room in "${library[@]}" cli; do
    allowed=" $(allowed_for "$room") "
    for other in "${library[@]}"; do
        [[ $other = "$room" || $allowed = *" $other "* ]] && continue
        while IFS=: read -r file line _; do
            report "$file:$line: $room may not name $other"
        done < <(grep -E "^src/$room(\.rs|/[^:]*):[0-9]+:crate::$other(::|\$)" "$paths" || true)
    done
done
checked=$(find src -name '*.rs' | wc -l)

# The rooms $2... may have what is on standard input, FILE:LINE:… on each line; $1 says what that is.
only_these() {
    local what=$1 file line room
    shift
    while IFS=: read -r file line _; do
        for room in "$@"; do
            [[ $file = src/$room.rs || $file = src/$room/* ]] && continue 2
        done
        report "$file:$line: only $* may name $what"
    done
}
# Crates and modules that only some rooms may use, by the paths that name them.
only_in() {
    local pattern=$1
    shift
    only_these "$pattern" "$@" < <(grep -E "^[^:]*:[0-9]+:($pattern)(::|\$)" "$paths" || true)
}
only_in 'cryptoki(_sys)?|libloading' token
only_in 'minicbor|aws_nitro_enclaves_nsm_api' kms
only_in 'aws_config|aws_smithy[a-z_]*' aws
only_in 'aws_sdk_kms' kms
only_in 'aws_sdk_cloudhsmv2' cloudhsm
only_in 'rustls' cloudhsm ledger/postgres
only_in 'tokio_postgres|tokio_rustls|futures_util' ledger/postgres
# The private copy of a server's ledger is SQLite too: postgres/replica, and the code for reading that both share.
only_in 'rusqlite' ledger/sqlite ledger/tables ledger/postgres ledger/fixture ledger/tests
only_in 'tokio' aws kms cloudhsm ledger/postgres
only_in 'x509_parser' x509
only_in 'clap(_complete|_mangen)?|comfy_table|strsim' cli
# A ceremony file is TOML for its readers, whichever program reads it.
only_in 'toml' cli ceremony
only_in '(std::)?env::(var|vars|args)(_os)?|std::env|(std::)?process::exit' cli
only_these 'unsafe code' token/native cli/inherited cli/closing < <(matches '\bunsafe_code|\bunsafe \{')
only_these 'e?print(ln)?!' cli < <(matches '\be?print(ln)?!')

if ((checked < 40)); then
    report "only $checked files were looked at: the folders have moved"
fi
if ((breaches > 0)); then
    echo "check-direction: $breaches breaches of the direction of dependencies" >&2
    exit 1
fi
echo "check-direction: $checked files, no breach"
