#!/usr/bin/env bash
# Builds the documentation site and checks its links.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/docs.sh [DIR]
  Writes the site to DIR (target/site if it is not given), which must not exist,
  be empty, or hold an earlier site. Its reference is what the debug build of the
  program prints. mdBook is built the first time, into target/tools.
END
}
case ${1-} in
-h | --help) usage; exit 0 ;;
-*) usage >&2; exit 2 ;;
esac
(($# <= 1)) || { usage >&2; exit 2; }

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "${BASH_SOURCE[0]}")/../target}")
export CARGO_TARGET_DIR
site=$(realpath -m "${1:-$CARGO_TARGET_DIR/site}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ! -e $site || -f $site/hsm-ca-site || -z $(ls -A "$site") ]] || {
    echo "docs.sh: '$site' is not empty, and is not an earlier site; name another directory" >&2
    exit 1
}

scripts/install-mdbook.sh
cargo build --locked --quiet
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
scripts/site-pages.py "$CARGO_TARGET_DIR/debug/hsm-ca" "$pages/book"
rm -rf "$site"
"$CARGO_TARGET_DIR/tools/bin/mdbook" build --dest-dir "$site" "$pages/book"
# mdBook copies every file that is not a page.
rm -f "$site/book.toml"
touch "$site/hsm-ca-site"
scripts/check-links.py "$site"
