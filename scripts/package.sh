#!/usr/bin/env bash
# Makes the Debian packages and tarballs of the program, with and without network code.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/package.sh [--bullseye SYSTEMS] [--profile PROFILE] DIR [VARIANT]
  Builds the program as it is released (scripts/build-release.sh) and writes to
  DIR, which is made and must be empty:
    hsm-ca_VERSION_ARCH.deb            with AWS and PostgreSQL
    hsm-ca-offline_VERSION_ARCH.deb    without network code
    the same as .tar.gz, for other Linux systems
    the same as .cdx.json: an SBOM of each, in CycloneDX
    SHA256SUMS
  VARIANT is hsm-ca or hsm-ca-offline, for one of them only. What is not
  committed is refused. PROGRAM=FILE in the environment packs that build of it.
  --bullseye SYSTEMS  builds in a minimal Debian 11 in SYSTEMS, so that the
                      program runs with glibc 2.31 (scripts/build-bullseye.sh)
  --profile PROFILE   another profile of Cargo.toml than release, to try the
                      packages; their version ends with its name
Needs Debian's dpkg-dev. scripts/install-cyclonedx.sh installs what makes SBOMs.
END
}
die() {
    echo "package.sh: $*" >&2
    exit 1
}
build=(scripts/build-release.sh) profile=release system=
while [[ ${1-} = -* ]]; do
    case $1 in
    -h | --help) usage; exit 0 ;;
    --bullseye)
        [[ ${2-} ]] || { usage >&2; exit 2; }
        build=(scripts/build-bullseye.sh "$(realpath -m "$2")")
        system=$(realpath -m "$2")/bullseye
        ;;
    --profile) profile=${2-} ;;
    *) usage >&2; exit 2 ;;
    esac
    shift 2 || { usage >&2; exit 2; }
done
[[ $profile =~ ^[a-z]+$ ]] || { usage >&2; exit 2; }
case ${2-} in
'') variants=(hsm-ca hsm-ca-offline) ;;
hsm-ca | hsm-ca-offline) variants=("$2") ;;
*) usage >&2; exit 2 ;;
esac
(($# == 1 || $# == 2)) && [[ $1 ]] || { usage >&2; exit 2; }

directory=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ! -e $directory || -z $(ls -A "$directory") ]] || die "'$directory' is not empty; name a new directory"
command -v dpkg-shlibdeps >/dev/null || die "dpkg-shlibdeps is missing; run: apt-get install dpkg-dev"
scripts/install-cyclonedx.sh
[[ -z $(git status --porcelain) ]] || die "commit first: a package says which commit it was built from"
mkdir -p "$directory"

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
commit=$(git rev-parse HEAD)
number=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | sed -n 1p)
# Before a release, a package is older than the release.
version=$number
[[ $(git describe --exact-match --tags HEAD 2>/dev/null || true) = "v$number" ]] ||
    version=$number~git$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).${commit:0:12}
[[ $profile = release ]] || version+=.$profile
architecture=$(dpkg --print-architecture)
maintainer=${DEBFULLNAME:-$(git log -1 --format=%an)}" <${DEBEMAIL:-$(git log -1 --format=%ae)}>"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# Installs every file of the package below a root directory.
lay_out() { # VARIANT PROGRAM ROOT
    local variant=$1 program=$2 root=$3 share=$3/usr/share
    local docs=$share/doc/$variant
    install -D -m 755 "$program" "$root/usr/bin/hsm-ca"
    mkdir -p "$share/man/man1" "$docs/examples"
    "$program" man "$share/man/man1" >/dev/null
    "$program" completions bash | install -D -m 644 /dev/stdin "$share/bash-completion/completions/hsm-ca"
    "$program" completions zsh | install -D -m 644 /dev/stdin "$share/zsh/vendor-completions/_hsm-ca"
    "$program" completions fish | install -D -m 644 /dev/stdin "$share/fish/vendor_completions.d/hsm-ca.fish"
    install -D -m 644 -t "$root/lib/systemd/system" docs/publication/*.service docs/publication/*.timer
    install -m 644 -t "$docs" README.md SECURITY.md
    install -m 644 CHANGELOG.md "$docs/NEWS.md"
    cp -R docs "$docs/docs"
    rm -r "$docs/docs/publication"
    install -m 644 -t "$docs/examples" packaging/hsm-ca.toml packaging/web.toml docs/publication/nginx.conf
    scripts/third-party.py "$variant" >"$docs/third-party-licenses.txt"
    install -m 644 packaging/copyright "$docs/copyright"
    cat >"$docs/changelog" <<END
$variant ($version) unstable; urgency=medium

  * Built from the commit
    $commit.
  * What changed is in NEWS.md.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
END
    gzip -9n "$share/man/man1"/*.1 "$docs/changelog" "$docs/NEWS.md" "$docs/third-party-licenses.txt"
    chmod -R u=rwX,go=rX "$root"
}

# The size in KiB, as dpkg-gencontrol counts it (deb-substvars(5)). du would count file-system blocks, which differ between directories.
installed_size() { # ROOT
    find "$1" -path "$1/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' |
        awk '{ size += int(($1 + 1023) / 1024) } END { print size }'
}

# The dependencies, from the libraries of the system that the program was built on.
depends() { # PROGRAM
    mkdir -p "$work/control/debian"
    printf 'Source: hsm-ca\n' >"$work/control/debian/control"
    (cd "$work/control" && dpkg-shlibdeps --admindir="$system/var/lib/dpkg" -O "$1" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}

control() { # VARIANT PROGRAM ROOT
    local variant=$1 root=$3 other=hsm-ca-offline what="with the clients of AWS and PostgreSQL"
    [[ $variant = hsm-ca ]] || { other=hsm-ca what="without network code"; }
    mkdir "$root/DEBIAN"
    cat >"$root/DEBIAN/control" <<END
Package: $variant
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(installed_size "$root")
Depends: $(depends "$2")
Recommends: openssh-client
Suggests: softhsm2
Conflicts: $other
Replaces: $other
Section: utils
Priority: optional
Description: certificate authority whose private key lives in a PKCS#11 token
 hsm-ca creates keys on a PKCS#11 token, or imports those that AWS KMS
 generated, and signs certificates, requests, CRLs and OCSP responses with
 them. It verifies each signature in software and records it in a ledger.
 It holds signing ceremonies, and initialises AWS CloudHSM clusters.
 .
 This package has the program $what.
END
    install -m 755 -t "$root/DEBIAN" packaging/postinst packaging/postrm
    install -D -m 644 "packaging/lintian-overrides" "$root/usr/share/lintian/overrides/$variant"
    sed -i "s/^PACKAGE:/$variant:/" "$root/usr/share/lintian/overrides/$variant"
    (cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
}

for variant in "${variants[@]}"; do
    flags=(--profile "$profile")
    [[ $variant = hsm-ca ]] || flags+=(--offline-variant)
    program=${PROGRAM:-$("${build[@]}" "${flags[@]}")}
    scripts/check-paths.sh "$program"
    lay_out "$variant" "$program" "$work/$variant"
    name=$variant-$version-linux-$(uname -m)
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --transform "s,^\./,$name/," --directory "$work/$variant" --exclude=./lib --file - . | gzip -9n >"$directory/$name.tar.gz"
    scripts/sbom.py "$variant" "$directory/$name.cdx.json"
    control "$variant" "$program" "$work/$variant"
    dpkg-deb --root-owner-group --uniform-compression -Zxz --build "$work/$variant" "$directory" >/dev/null
done
(cd "$directory" && sha256sum -- *.deb *.tar.gz *.cdx.json >SHA256SUMS)
ls -l "$directory"
