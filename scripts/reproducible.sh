#!/usr/bin/env bash
# Makes the packages of one commit twice, in two directories and on two days, and compares every byte.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/reproducible.sh DIR [--profile PROFILE] [VARIANT]
  Clones what is committed into DIR, which is made and must be empty, twice:
  with paths of different lengths. Runs scripts/package.sh in both, the second
  time with a clock that is 400 days ahead, another umask, time zone, language
  and RUSTFLAGS. Exits with 1 if a program or a package differs.
  PROFILE is release if none is named; demo takes a quarter of the time.
  PROGRAM=FILE in the environment packs that build twice, and builds nothing.
Needs Debian's build-essential, and 4 GB in DIR.
END
}
die() {
    echo "reproducible.sh: $*" >&2
    exit 1
}
[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# -ge 1 && $1 != -* ]] || { usage >&2; exit 2; }
directory=$(realpath -m "$1")
shift
options=()
[[ ${1-} != --profile ]] || { options=(--profile "${2-}"); shift 2; }
case ${1-} in
'' | hsm-ca | hsm-ca-offline) variant=("$@") ;;
*) usage >&2; exit 2 ;;
esac
(($# <= 1)) || { usage >&2; exit 2; }
[[ ! -e $directory || -z $(ls -A "$directory") ]] || die "'$directory' is not empty; name a new directory"

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-cyclonedx.sh
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
mkdir -p "$directory"
cc -Wall -Werror -O1 -shared -fPIC -o "$directory/later_clock.so" scripts/later_clock.c
later=(env "LD_PRELOAD=$directory/later_clock.so")
# Both the shell's tools and the compilers must see another date.
day() { echo __DATE__ | env -u SOURCE_DATE_EPOCH "$@" cc -E -P -; }
[[ $("${later[@]}" date +%F) = $(date -d '400 days' +%F) && $(day env) != "$(day "${later[@]}")" ]] || die "the second clock is not ahead"

new_clone() { # CHECKOUT
    git clone --quiet --no-hardlinks . "$1"
    # The tools are not compared.
    mkdir "$1/target"
    ln -s "$target/tools" "$1/target/tools"
}
make_packages() { # CHECKOUT COMMAND...
    local checkout=$1
    shift
    cd "$checkout"
    env -u CARGO_TARGET_DIR "$@" scripts/package.sh ${options[@]+"${options[@]}"} "${checkout%/*}/packages" ${variant[@]+"${variant[@]}"}
}
first=$directory/1/a second=$directory/2/a-path-that-is-longer-than-the-first
new_clone "$first"
(umask 077 && new_clone "$second")
(make_packages "$first" env)
(
    umask 077
    make_packages "$second" "${later[@]}" \
        TZ=Pacific/Kiritimati LC_ALL=C.UTF-8 RUSTFLAGS="-C debuginfo=2" CFLAGS=-g CARGO_PROFILE_RELEASE_OPT_LEVEL=1
)

status=0
for package in "$directory"/1/packages/*; do
    cmp "$package" "$directory/2/packages/${package##*/}" || status=1
done
[[ $(ls "$directory/1/packages") = "$(ls "$directory/2/packages")" ]] || status=1
((status == 0)) || die "the two builds differ; diffoscope shows where: diffoscope '$directory/1/packages' '$directory/2/packages'"
cat "$directory/1/packages/SHA256SUMS"
echo "reproducible.sh: both builds are identical"
