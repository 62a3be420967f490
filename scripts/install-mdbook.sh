#!/usr/bin/env bash
# Builds mdBook, which makes the documentation site, into $CARGO_TARGET_DIR/tools (target/tools), if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=0.5.4
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
[[ $("$target/tools/bin/mdbook" --version 2>/dev/null || true) != "mdbook v$version" ]] || exit 0

# Without its server and its watcher, and with the fastest build, because it runs only for a second.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_TARGET_DIR=$target/tools/build
cargo install --locked --quiet --root "$target/tools" "mdbook@$version" --no-default-features --features search
rm -rf "$CARGO_TARGET_DIR"
