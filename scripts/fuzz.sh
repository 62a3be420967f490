#!/usr/bin/env bash
# Runs the fuzz targets on the corpus, and searches for more inputs. A stable toolchain is enough: the coverage comes from LLVM's pass, and
# the targets themselves limit the memory of an input.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'END'
usage: scripts/fuzz.sh [SECONDS [TARGET]...]
  Runs every fuzz target for that many seconds (5), or those that are named.
  What it finds is in $CARGO_TARGET_DIR/fuzz/artifacts (target/fuzz/artifacts).
  --merge  takes what was found into the corpus, as few inputs as reach as much
END
}

[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
merge=
[[ ${1-} != --merge ]] || { merge=1; shift; }
seconds=${1-5}
[[ $seconds =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }
shift || true

output=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
(($# > 0)) || set -- $(basename -s .rs fuzz/fuzz_targets/*.rs)

# clang's libFuzzer. Without it, libfuzzer-sys compiles its own, which takes a minute or two.
runtime=$(clang -print-runtime-dir 2>/dev/null || true)/libclang_rt.fuzzer-$(uname -m).a
[[ ! -f $runtime ]] || export CUSTOM_LIBFUZZER_PATH=$runtime

# The flags of `cargo fuzz --sanitizer none`.
coverage=(--cfg fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    coverage+=("-Cllvm-args=-sanitizer-coverage-$option")
done
RUSTFLAGS="${coverage[*]}" cargo build --locked --release --quiet --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir "$output"

for target; do
    program=$output/$host/release/$target
    [[ -x $program ]] || { echo "fuzz.sh: no target is called $target" >&2; exit 2; }
    corpus=fuzz/corpus/$target found=$output/found/$target artifacts=$output/artifacts/$target
    mkdir -p "$found" "$artifacts"
    limits=(-timeout=10 -rss_limit_mb=2048 -artifact_prefix="$artifacts/" -seed=1 -max_len=4096)
    if [[ $merge ]]; then
        # Files that a person has named are kept.
        mkdir "$corpus.before"
        find "$corpus" -type f -regextype egrep -regex '.*/[0-9a-f]{40}' -exec mv -t "$corpus.before" {} +
        "$program" "${limits[@]}" -set_cover_merge=1 -use_counters=0 "$corpus" "$corpus.before" "$found" >"$output/log" 2>&1 ||
            { tail -40 "$output/log" >&2; exit 1; }
        rm -r "$corpus.before"
        continue
    fi
    # It runs the whole corpus first.
    if ! "$program" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 "$found" "$corpus" >"$output/log" 2>&1; then
        grep -v '^#' "$output/log" | tail -60 >&2
        echo "fuzz.sh: $target found something; it is in $artifacts" >&2
        exit 1
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output/log")
    echo "fuzz.sh: $target: $(find "$corpus" -type f | wc -l) inputs of the corpus, $executed runs"
done
