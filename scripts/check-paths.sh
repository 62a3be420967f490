#!/usr/bin/env bash
# Looks for paths of the building machine in a program: homes, checkouts, temporary directories.
set -euo pipefail
[[ $# -ge 1 && $1 != -* ]] || { echo "usage: scripts/check-paths.sh PROGRAM [DIR...]    DIR: one more directory that must not be named in it" >&2; exit 2; }
program=$1
shift
cargo_home=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")
patterns=()
for path in "$cargo_home" "$(rustc --print sysroot)" "$HOME/" "$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)" "$@"; do
    patterns+=(-e "$path")
done
found=$(LC_ALL=C strings -a "$program" | grep -F "${patterns[@]}" || true)
[[ -z $found ]] || {
    echo "check-paths.sh: $program names $(wc -l <<<"$found") paths of this machine:" >&2
    head -20 <<<"$found" >&2
    exit 1
}
