#!/usr/bin/env bash
# The direction of dependencies (docs/architecture.md):
#
#   cli -> workflow -> { kms, token, x509, cloudhsm } -> { signer, secret, output, aws }
#
# and who may name which crate. Prints each breach as FILE:LINE and fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A room is a file and the folder of its name.
files_of() {
    local room=$1
    find "src/$room.rs" "src/$room" -name '*.rs' 2>/dev/null | sort
}

# Code without comments: documentation may name what it explains. Keeps the line numbers.
code_of() {
    sed -E 's://.*$::' "$1"
}

breaches=0
report() {
    echo "$1"
    breaches=$((breaches + 1))
}

# The rooms of the library that room $1 may name besides itself.
allowed_for() {
    case $1 in
    secret) echo signer ;; # a decrypted key tells its public half
    signer | output | aws) echo ;;
    x509) echo signer output ;;
    token) echo signer secret ;;
    kms) echo signer secret output aws ;;
    cloudhsm) echo aws ;;
    workflow) echo signer secret output aws x509 token kms cloudhsm ;;
    cli) echo signer secret output aws x509 token kms cloudhsm workflow ;;
    *) echo "unknown room $1" >&2; return 1 ;;
    esac
}

library=(signer secret output aws x509 token kms cloudhsm workflow)

# Every folder and file in src is a known room.
for entry in src/*; do
    name=$(basename "$entry" .rs)
    case $name in
    main | lib) ;;
    *) allowed_for "$name" >/dev/null || report "$entry: a room that this script does not know" ;;
    esac
done

checked=0
for room in "${library[@]}" cli; do
    allowed=" $(allowed_for "$room") "
    while read -r file; do
        checked=$((checked + 1))
        for other in "${library[@]}"; do
            [[ $other = "$room" || $allowed = *" $other "* ]] && continue
            # `crate::x`, `hsm_ca::x`, and x inside `crate::{…}`; `super::super::x` reaches the same place.
            while IFS=: read -r line _; do
                report "$file:$line: $room may not name $other"
            done < <(code_of "$file" | grep -nE "(crate|hsm_ca)::(\{[^}]*\b)?$other\b|super::super::$other\b" || true)
        done
    done < <(files_of "$room")
done

# Crates that only some rooms may name.
only_in() {
    local pattern=$1 file room
    shift
    while read -r file; do
        for room in "$@"; do
            [[ $file = src/$room.rs || $file = src/$room/* ]] && continue 2
        done
        while IFS=: read -r line _; do
            report "$file:$line: only $* may name $pattern"
        done < <(code_of "$file" | grep -nE "\b($pattern)" || true)
    done < <(find src -name '*.rs' | sort)
}
only_in '(cryptoki(_sys)?|libloading)::' token
only_in 'minicbor::|aws_nitro_enclaves_nsm_api::' kms
only_in 'unsafe_code|unsafe \{' token/native
only_in 'aws_config::|aws_smithy[a-z_]*::' aws
only_in 'aws_sdk_kms::' kms
only_in 'aws_sdk_cloudhsmv2::' cloudhsm
only_in 'rustls::' cloudhsm
only_in 'tokio::' aws kms cloudhsm
only_in 'x509_parser::' x509
only_in '(clap|rpassword|toml)(::|;)' cli
only_in 'e?print(ln)?!|std::env|env::(var|args)|process::exit' cli

if ((checked < 40)); then
    report "only $checked files were looked at: the folders have moved"
fi
if ((breaches > 0)); then
    echo "check-direction: $breaches breaches of the direction of dependencies" >&2
    exit 1
fi
echo "check-direction: $checked files, no breach"
