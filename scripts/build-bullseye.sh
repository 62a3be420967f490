#!/usr/bin/env bash
# Builds the program in a minimal Debian 11, so that it runs with glibc 2.31 and newer.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/build-bullseye.sh SYSTEMS [OPTION of scripts/build-release.sh]...
  Builds what is committed, in a Debian 11 in SYSTEMS/bullseye, and prints the
  path of the program. The system is made by debootstrap (scripts/new-debian.sh)
  and stays with what was built. Rust and the crates are those of this machine.
Needs root, the right to mount, and Debian's debootstrap.
END
}
die() {
    echo "build-bullseye.sh: $*" >&2
    exit 1
}
readonly newest_glibc=2.31 toolchain=/opt/rust crates=/opt/cargo/registry checkout=/root/hsm-ca

# In separate namespaces, which end with this script.
if [[ ${1-} = --inside ]]; then
    system=$2 rust=$3 registry=$4
    shift 4
    bind() { # FROM TO
        mount --bind "$1" "$system$2"
        mount -o remount,bind,ro "$system$2"
    }
    bind "$rust" "$toolchain"
    bind "$registry" "$crates"
    mount -t proc -o nosuid,nodev,noexec proc "$system/proc"
    exec chroot "$system" /usr/bin/env -i HOME=/root CARGO_HOME="${crates%/*}" CARGO_NET_OFFLINE=true DEBIAN_FRONTEND=noninteractive \
        PATH="/usr/sbin:/usr/bin:/sbin:/bin:$toolchain/bin" /bin/bash -euc '
            cd "$1"
            shift
            command -v cc git >/dev/null || {
                apt-get -qq update
                apt-get -qq -o Dpkg::Use-Pty=0 -y --no-install-recommends install build-essential git >/dev/null
            } >&2
            exec scripts/build-release.sh "$@"' bash "$checkout" "$@"
fi

[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# -ge 1 && $1 != -* ]] || { usage >&2; exit 2; }
system=$(realpath -m "$1")/bullseye
shift
script=$(realpath "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$script")")
scripts=$root/scripts
"$scripts/new-debian.sh" bullseye "$system"
mkdir -p "$system$toolchain" "$system$crates"

cargo fetch --locked --quiet --manifest-path "$root/Cargo.toml"
[[ -d $system$checkout ]] || git clone --quiet --no-hardlinks --no-checkout "$root" "$system$checkout"
git -C "$system$checkout" fetch --quiet "$root" HEAD
git -C "$system$checkout" checkout --quiet --force --detach FETCH_HEAD

program=$(unshare --mount --pid --fork --kill-child --propagation private \
    "$BASH" "$script" --inside "$system" "$(rustc --print sysroot)" "$(realpath "${CARGO_HOME:-$HOME/.cargo}")/registry" "$@")
program=$system$program

newest=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
[[ $newest && $(printf '%s\n' "$newest" "GLIBC_$newest_glibc" | sort -V | tail -n 1) = "GLIBC_$newest_glibc" ]] ||
    die "$program needs ${newest:-no glibc that objdump -T shows}, and must run with glibc $newest_glibc"
"$scripts/check-paths.sh" "$program" "$toolchain/" "${crates%/*}/" "$checkout/"
echo "$program"
