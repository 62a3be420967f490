#!/usr/bin/env bash
# Makes a minimal Debian of a release in a directory, with the package sources and the network settings of this machine.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/new-debian.sh RELEASE SYSTEM
  SYSTEM is made by debootstrap; one that exists stays, and gets this machine's
  network settings again. RELEASE is a Debian's name, as bookworm or bullseye.
Needs root, and Debian's debootstrap.
END
}
die() {
    echo "new-debian.sh: $*" >&2
    exit 1
}
[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# = 2 && $1 != -* && $2 != -* ]] || { usage >&2; exit 2; }
release=$1 system=$(realpath -m "$2")
((EUID == 0)) || die "needs root"
command -v debootstrap >/dev/null || die "debootstrap is missing; run: apt-get install debootstrap"

if [[ ! -d $system ]]; then
    # The Debian mirror that apt on this machine uses for its own release.
    mirror=$(apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' |
        sed -n '/security/d; s/^[a-z]* main //p' | sed -n 1p)
    [[ $mirror ]] || die "apt on this machine has no source; run: apt-get update"
    includes=()
    [[ $mirror != https:* ]] || includes=(--include=ca-certificates)
    mkdir -p "${system%/*}"
    rm -rf --one-file-system "$system.new"
    debootstrap --variant=minbase ${includes[@]+"${includes[@]}"} "$release" "$system.new" "$mirror" >"$system.log" 2>&1 ||
        { tail -20 "$system.log" >&2; die "debootstrap of $release failed"; }
    mv "$system.new" "$system"
fi
cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
apt-config dump Acquire | { grep -Ei '^Acquire::(https?|proxy|check|retries)' || true; } >"$system/etc/apt/apt.conf.d/99network"
for path in /etc/pip.conf /usr/local/share/ca-certificates; do
    [[ ! -e $path ]] || cp -RLT "$path" "$system$path"
done
