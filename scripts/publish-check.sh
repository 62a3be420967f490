#!/usr/bin/env bash
# Makes the package for crates.io and compiles the program from nothing but that package, before a release.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/publish-check.sh
  Packs what is committed, as `cargo publish` would, unpacks it outside this
  directory, and compiles the library, the program and the examples from it with
  the versions in its Cargo.lock. The program that comes out must print its
  version and its schemas. Nothing is uploaded, and nothing is downloaded.
  `cargo publish --dry-run` compiles the same, but asks crates.io for its index.
END
}
case ${1-} in
-h | --help) usage; exit 0 ;;
esac
(($# == 0)) || { usage >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR

rm -f "$CARGO_TARGET_DIR"/package/hsm-ca-*.crate
cargo package --locked --offline --no-verify --quiet
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
tar --extract --file "$CARGO_TARGET_DIR"/package/hsm-ca-*.crate --directory "$unpacked" --strip-components 1
# Here no file of the repository is in reach. The dependencies are those that are compiled already.
cd "$unpacked"
cargo build --locked --offline --bins --examples
program=$CARGO_TARGET_DIR/debug/hsm-ca
"$program" --version
(($("$program" schema | wc -l) > 70)) || {
    echo "publish-check.sh: the packed program has not all schemas" >&2
    exit 1
}
