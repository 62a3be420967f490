#!/usr/bin/env bash
# Makes sure that scripts/check-dependencies.py can fail: plants each breach in a copy of deny.toml, and expects the script to name it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
planted=0
expect() { # EDIT (sed) WORDS
    sed -E "$1" deny.toml >"$rules"
    ! cmp -s deny.toml "$rules" || { echo "check-dependencies-test: the edit $1 changes nothing" >&2; exit 1; }
    if output=$(scripts/check-dependencies.py "$rules"); then
        echo "check-dependencies-test: not noticed: $1" >&2
        exit 1
    fi
    grep -qF -- "$2" <<<"$output" || { printf 'check-dependencies-test: %s: not named: %s\n%s\n' "$1" "$2" "$output" >&2; exit 1; }
    planted=$((planted + 1))
}

expect '/^ *"ISC",$/d' 'the licence ISC is not allowed'
expect 's/^allow = \[$/&"GPL-3.0-only",/' 'allows the licence GPL-3.0-only, but no package needs it'
expect '/"syn@/d' 'syn: one build has the versions'
expect 's/^skip = \[$/&{ crate = "clap@3.0.0", reason = "none" },/' 'skips clap@3.0.0, but the build has no second version'
expect 's/(crate = "syn@[^"]*"), reason = "[^"]*"/\1/' 'without a reason'
expect 's/^allow-registry = .*/allow-registry = []/' 'the source registry+https://github.com/rust-lang/crates.io-index is not allowed'
echo "check-dependencies-test: $planted planted breaches, all noticed"
