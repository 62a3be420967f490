#!/usr/bin/env bash
# Compares the library's public API with that of an earlier commit, by Cargo's rules for version numbers.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/semver.sh COMMIT
  Fails if the API has changed since COMMIT in a way that the version in Cargo.toml
  does not announce: from 0.1.0, an incompatible change needs 0.2.0. COMMIT is
  usually the last release. Compares what is committed, with the features that
  docs.rs documents.
  cargo-semver-checks is built the first time, into target/tools; after that,
  nothing is downloaded.
END
}
case ${1-} in
-h | --help) usage; exit 0 ;;
'' | -*) usage >&2; exit 2 ;;
esac
(($# == 1)) || { usage >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
commit=$(git rev-parse --quiet --verify --end-of-options "$1^{commit}") || {
    echo "semver.sh: '$1' is not a commit of this repository" >&2
    exit 2
}

version=0.51.0
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
program=$target/tools/bin/cargo-semver-checks
if [[ $("$program" semver-checks --version 2>/dev/null || true) != "cargo-semver-checks $version" ]]; then
    # With a fast build, because it runs only for seconds.
    (
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
        export CARGO_TARGET_DIR=$target/tools/build
        cargo install --locked --quiet --root "$target/tools" "cargo-semver-checks@$version"
        rm -rf "$CARGO_TARGET_DIR"
    )
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in HEAD "$commit"; do
    mkdir "$work/$name"
    git archive "$name" | tar --extract --directory "$work/$name"
done
export CARGO_TARGET_DIR=$target/semver
features=(--default-features --features nitro-enclave)
"$program" semver-checks check-release --package hsm-ca "${features[@]}" \
    --manifest-path "$work/HEAD/Cargo.toml" --baseline-root "$work/$commit"
