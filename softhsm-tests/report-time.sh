#!/bin/sh
# Cargo's runner in scripts/test.sh: the token tests say how long each took, and more of them run at once than there are processors,
# because many wait for a time limit. libtest has the times behind an unstable option; every other test program runs as it is.
set -eu
program=$1
shift
case $(basename "$program") in
softhsm-*)
    export RUSTC_BOOTSTRAP=1 RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(nproc)))}"
    exec "$program" -Z unstable-options --report-time "$@"
    ;;
esac
exec "$program" "$@"
