#!/usr/bin/env bash
# Installs the Debian packages in a bare Debian without Rust, uses the program, changes the variant, and removes it again.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/package-test.sh PACKAGES DIR
  PACKAGES is what scripts/package.sh wrote, with both variants. DIR/system is a
  minimal Debian 12; it is made by debootstrap if it does not exist.
Needs root, the right to mount, and Debian's debootstrap.
END
}

# What is done in the new system.
inside() {
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/root
    mount -t proc proc /proc
    fails() {
        if "$@" >/dev/null 2>&1; then
            echo "package-test.sh: must fail: $*" >&2
            exit 1
        fi
    }
    fails command -v cargo
    apt-get -qq update
    dpkg --purge hsm-ca hsm-ca-offline >/dev/null 2>&1 || true # of a run that failed
    apt-get -qq -o Dpkg::Use-Pty=0 -y --no-install-recommends install softhsm2 openssl >/dev/null
    local before variant
    before=$(files)
    for variant in hsm-ca hsm-ca-offline; do
        # The second takes the place of the first.
        apt-get -qq -o Dpkg::Use-Pty=0 -y --no-install-recommends install "/packages/${variant}"_*.deb >/dev/null
        [[ $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'hsm-ca*' | grep -c '^installed') = 1 ]]
        dpkg --verify "$variant"
        echo "== $variant"
        hsm-ca version -v
        # In a shell of its own: the rig sets variables.
        (use)
    done
    # The one that is installed now.
    fails grep -E '^ *features .*(aws|postgres)' <(hsm-ca version -v)
    apt-get -qq -o Dpkg::Use-Pty=0 -y purge hsm-ca-offline >/dev/null
    diff <(echo "$before") <(files)
    echo "package-test.sh: installed, used, changed and removed; no file is left"
}

# Every file of the system but those of people, and what apt and dpkg write for themselves.
files() {
    find / -xdev \( -path /root -o -path /proc -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /packages -o -path /tmp \) -prune \
        -o -type f -print | sort
}

# From an empty directory to certificates, a CRL and a verified ledger; openssl agrees.
use() {
    local directory
    directory=$(mktemp -d)
    cd "$directory"
    hsm-ca rig new rig
    # shellcheck disable=SC1091
    . rig/env.sh
    hsm-ca key generate --label root --type ec:p384
    hsm-ca ca create --key root --subject "CN=Example Root,O=Example,C=US" --profile root --out root.crt
    hsm-ca key generate --label issuing --type ec:p256
    hsm-ca csr create --key issuing --subject "CN=Example Issuing CA,O=Example,C=US" --out issuing.csr
    hsm-ca csr sign issuing.csr --ca root.crt --profile intermediate --out issuing.crt
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -subj "/O=Example" \
        -addext subjectAltName=DNS:web.example.com -out web.csr 2>/dev/null
    hsm-ca csr sign web.csr --ca issuing.crt --profile /usr/share/doc/hsm-ca*/examples/web.toml --out web.crt
    openssl verify -purpose sslserver -CAfile root.crt -untrusted issuing.crt web.crt
    hsm-ca cert revoke web.crt --ca issuing.crt --reason superseded
    hsm-ca crl create --ca issuing.crt --out issuing.crl
    openssl crl -in issuing.crl -CAfile issuing.crt -noout
    hsm-ca ledger verify
    cd /
    rm -r "$directory"
}

if [[ ${1-} = --inside ]]; then
    inside
    exit 0
fi
[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ $# = 2 && $1 != -* && $2 != -* ]] || { usage >&2; exit 2; }
((EUID == 0)) || { echo "package-test.sh: needs root" >&2; exit 1; }
packages=$(realpath "$1") system=$(realpath -m "$2")/system
script=$(realpath "${BASH_SOURCE[0]}")
if [[ ! -d $system ]]; then
    mirror=$(apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' | sed -n 's/^bookworm main //p' | head -n 1)
    rm -rf --one-file-system "$system.new"
    debootstrap --variant=minbase bookworm "$system.new" "$mirror" >/dev/null
    mv "$system.new" "$system"
fi
cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
apt-config dump Acquire | { grep -Ei '^Acquire::(https?|proxy|retries)' || true; } >"$system/etc/apt/apt.conf.d/99network"
rm -rf "$system/packages"
mkdir "$system/packages"
cp "$packages"/*.deb "$script" "$system/packages/"
unshare --mount --pid --fork --kill-child --propagation private \
    chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash "/packages/${script##*/}" --inside
