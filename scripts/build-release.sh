#!/usr/bin/env bash
# Builds the release program. Its bytes do not depend on the directory, the date, or the settings of the machine.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/build-release.sh [--offline-variant] [--profile PROFILE]
  Builds the program into $CARGO_TARGET_DIR/package (target/package if
  CARGO_TARGET_DIR is not set), and prints its path.
  --offline-variant  without network code (--no-default-features)
  --profile PROFILE  another profile of Cargo.toml than release: demo builds in
                     a quarter of the time, to try the packages
  What is not committed is built as well, and `hsm-ca version -v` does not show it.
END
}

features=() profile=release
while (($# > 0)); do
    case $1 in
    --offline-variant) features=(--no-default-features) ;;
    --profile)
        profile=${2-}
        [[ $profile =~ ^[a-z]+$ ]] || { usage >&2; exit 2; }
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/package
cargo_home=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")
sysroot=$(rustc --print sysroot)
compiler=$(rustc -vV | sed -n 's/^commit-hash: //p')

# Keeps paths of this machine out of the program. If several prefixes match, rustc uses the last, like the C compiler.
rust=() c=()
replace() { # PATH NAME
    [[ $1 != *[[:space:]=]* ]] || { echo "build-release.sh: the C compiler's flags cannot hold the path '$1'; build in a directory without spaces and =" >&2; exit 1; }
    rust+=("--remap-path-prefix=$1=$2")
    c+=("-ffile-prefix-map=$1=$2")
}
replace "$cargo_home" /cargo
for index in "$cargo_home"/registry/src/*/; do
    # The directory is named after the registry that this machine uses.
    [[ ! -d $index ]] || replace "${index%/}" /crates
done
# The standard library was built there. With the component rust-src, its generic code gets the path on this machine.
replace "$sysroot/lib/rustlib/src/rust" "/rustc/$compiler"
replace "$root" /hsm-ca
replace "$target" /target

# Ignore settings of this machine, which would change the program or its symbol names.
unset RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_TARGET CARGO_BUILD_RUSTFLAGS CPPFLAGS CXXFLAGS LDFLAGS "${!CARGO_PROFILE_@}"
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf %s "${rust[*]}")
CFLAGS="${c[*]}"
CARGO_INCREMENTAL=0
if git rev-parse --verify --quiet HEAD >/dev/null; then
    HSM_CA_COMMIT=$(git rev-parse HEAD)
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export HSM_CA_COMMIT
fi
export CARGO_ENCODED_RUSTFLAGS CFLAGS CARGO_INCREMENTAL SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} LC_ALL=C TZ=UTC

CARGO_TARGET_DIR=$target cargo build --locked --profile "$profile" --bin hsm-ca ${features[@]+"${features[@]}"} >&2
echo "$target/$profile/hsm-ca"
