#!/usr/bin/env bash
# Installs what is missing and runs every test. Nothing is skipped: a missing tool is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ ${1-} != -h && ${1-} != --help ]] || {
    echo "usage: scripts/test.sh"
    exit 0
}

# Checks what cannot be installed before anything is built, and prints one line for each unmet need.
unmet=0
need() { # WHAT COMMAND...
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || { echo "test.sh: the tests need $what" >&2; unmet=1; }
}
may() { # CAPABILITY, by its number in capabilities(7)
    local effective
    effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
    (((16#$effective >> $1) & 1))
}
readonly CAP_SYS_PTRACE=19
need "root; run: sudo --preserve-env=PATH scripts/test.sh" test "$EUID" = 0
need "cargo, rustfmt and clippy; install Rust (rustup)" eval 'cargo --version && cargo fmt --version && cargo clippy --version'
if ((EUID == 0)); then
    need "the right to act as another user (CAP_SETUID, CAP_SETGID)" setpriv --reuid 65534 --regid 65534 --clear-groups true
    need "the right to read the memory of other processes (CAP_SYS_PTRACE)" may "$CAP_SYS_PTRACE"
    need "small disks of their own: the right to mount (CAP_SYS_ADMIN), and a root directory that is a mount point" \
        unshare --mount mount -t tmpfs -o size=16k none /tmp
fi
((unmet == 0)) || exit 1

step() {
    printf '\n== %s (%d min %02d s)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60))
}

# Cargo, the Python environment and the tests agree on one target directory.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR

step "what the tests need"
scripts/install.sh

step "format"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step "scripts: syntax"
for script in scripts/*.sh softhsm-tests/*.sh softhsm-tests/tokens/*.sh .ci/run; do bash -n "$script"; done
# With pipefail, a reader that stops early can make its writer fail with SIGPIPE, depending on timing.
if grep -nE '\| *(head|grep +-[A-Za-z]*[qm]|sed +[^|]*[0-9]q)\b' scripts/*.sh softhsm-tests/*.sh softhsm-tests/tokens/*.sh .ci/run; then
    echo "test.sh: these pipes end before their input does; use sed -n 1p, or grep without -q and >/dev/null" >&2
    exit 1
fi

step "direction of dependencies"
scripts/check-direction.sh
scripts/module_circles.py
scripts/check-direction-test.sh

step "plain English in messages, help, comments and documents"
scripts/check-english.py
scripts/check-english-test.sh

step "dependencies: licences, versions, sources"
scripts/check-dependencies.py
scripts/check-dependencies-test.sh

step "clippy, warnings are errors"
cargo clippy --locked --workspace --all-targets --features softhsm-tests -- -D warnings

step "clippy without AWS: no network code in the build"
cargo clippy --locked --no-default-features --all-targets -- -D warnings
if cargo tree --locked --no-default-features --edges normal --prefix none | grep -E '^(aws-(config|sdk|smithy)|tokio|hyper|rustls)\b'; then
    echo "test.sh: network crates in the build without the feature aws" >&2
    exit 1
fi

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet

step "documentation site: pages, reference, links"
scripts/docs.sh
scripts/docs-test.sh

step "the package for crates.io, and its documentation as docs.rs makes it"
rm -f "$CARGO_TARGET_DIR"/package/hsm-ca-*.crate
cargo package --locked --offline --no-verify --allow-dirty --quiet
(
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    tar --extract --file "$CARGO_TARGET_DIR"/package/hsm-ca-*.crate --directory "$unpacked" --strip-components 1
    # Only public items, with the features for docs.rs: links that work only in the repository, and files that are not in the package, fail.
    cd "$unpacked"
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --offline --lib --no-deps --features nitro-enclave --quiet
)

step "clippy with the Nitro Secure Module"
cargo clippy --locked --features nitro-enclave -- -D warnings

step "the test modules: Kryoptic, the shim, a token in another process"
cargo build --locked -p kryoptic-module -p cloudhsm-shim -p remote-token

step "tests of the test modules"
cargo test --locked -p cloudhsm-shim -p remote-token

step "unit tests, the corpus of the fuzz targets, and token tests"
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${host}_RUNNER=$PWD/softhsm-tests/report-time.sh"
log=$CARGO_TARGET_DIR/tests.log
cargo test --locked --features softhsm-tests | tee "$log"

step "the slowest twenty tests, in seconds (all of them: $log)"
sed -nE 's/^test (.*) \.\.\. ok <([0-9.]+)s>$/\2 \1/p' "$log" | sort -rn | sed -n 1,20p

# scripts/fuzz.sh searches beyond the corpus, for any length of time: docs/tests.md.
step "fuzz targets: they compile"
runtime=$(clang -print-runtime-dir 2>/dev/null || true)/libclang_rt.fuzzer-$(uname -m).a
[[ ! -f $runtime ]] || export CUSTOM_LIBFUZZER_PATH=$runtime
cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir "$CARGO_TARGET_DIR"

step "all passed"
