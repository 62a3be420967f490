#!/usr/bin/env bash
# Installs the packages in a bare Debian without Rust, runs the demo's job with the program, switches the variant, and removes it again.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/package-test.sh PACKAGES SYSTEMS [RELEASE]
  PACKAGES is what scripts/package.sh wrote, of one variant or both. RELEASE is
  the Debian to use them in: bookworm (12) if none is named, or an older one for
  packages that were built for it. SYSTEMS/test-RELEASE is a minimal system of
  it, made by debootstrap if it does not exist.
Needs root, the right to mount, Debian's debootstrap and lintian, and what
scripts/install.sh and scripts/install-cyclonedx.sh install.
END
}

# The steps in the new system.
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
    local before package variant
    before=$(files)
    for package in /packages/*.deb; do
        variant=$(dpkg-deb --field "$package" Package)
        # The second replaces the first.
        apt-get -qq -o Dpkg::Use-Pty=0 -y --no-install-recommends install "$package" >/dev/null
        [[ $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'hsm-ca*' | grep -c '^installed') = 1 ]]
        dpkg --verify "$variant"
        echo "== $variant"
        hsm-ca version -v
        # In subshells, because the rig sets variables.
        (use "/usr/share/doc/$variant")
        if [[ $variant = hsm-ca ]]; then
            (initialize_cluster)
        else
            fails grep -E '^ *features .*(aws|postgres)' <(hsm-ca version -v)
            fails hsm-ca kms list
            grep "no network code: use the package hsm-ca" <(hsm-ca kms list 2>&1 || true)
            grep "use the package hsm-ca" <(hsm-ca ledger verify --ledger postgres://db.example.com/ca 2>&1 || true)
        fi
    done
    apt-get -qq -o Dpkg::Use-Pty=0 -y purge "$variant" >/dev/null
    diff <(echo "$before") <(files)
    for package in /packages/*.tar.gz; do
        echo "== ${package##*/}"
        rm -rf /tmp/tarball
        mkdir /tmp/tarball
        tar --extract --file "$package" --directory /tmp/tarball --strip-components 1
        (PATH=/tmp/tarball/usr/bin:$PATH && use /tmp/tarball/usr/share/doc/hsm-ca*)
    done
    echo "package-test.sh: installed, used, changed and removed; no file is left"
}

# Every file of the system, except home directories and the files of apt and dpkg.
files() {
    find / -xdev \( -path /root -o -path /proc -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /packages -o -path /tmp \) -prune \
        -o -type f -print | sort
}

# From an empty directory to certificates, a CRL and a verified ledger; openssl agrees.
use() { # DOCUMENTATION
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
    hsm-ca csr sign web.csr --ca issuing.crt --profile "$1/examples/web.toml" --out web.crt
    openssl verify -purpose sslserver -CAfile root.crt -untrusted issuing.crt web.crt
    hsm-ca cert revoke web.crt --ca issuing.crt --reason superseded
    hsm-ca crl create --ca issuing.crt --out issuing.crl
    openssl crl -in issuing.crl -CAfile issuing.crt -noout
    hsm-ca ledger verify
    cd /
    rm -r "$directory"
}

# The steps of scripts/demo.sh from an empty KMS to an initialised cluster. The local AWS runs outside this system.
initialize_cluster() {
    local directory cluster roots
    directory=$(mktemp -d)
    cd "$directory"
    # shellcheck disable=SC1091
    . /packages/aws/aws.env
    hsm-ca rig new rig
    # shellcheck disable=SC1091
    . rig/env.sh
    hsm-ca kms create-key --alias alias/customer-ca
    hsm-ca kms generate-key-pair --key-id alias/customer-ca --spec RSA_2048 --out pair.json
    hsm-ca kms import pair.json --label customer-ca
    hsm-ca ca create --key customer-ca --subject "CN=Example Customer CA,O=Example,C=US" --out customerCA.crt
    cluster=$(</packages/aws/cluster)
    hsm-ca cluster fetch "$cluster" --out-dir .
    roots=(
        --aws-root /packages/aws/aws-root.crt --aws-root-sha256 "$(fingerprint /packages/aws/aws-root.crt)"
        --manufacturer-root /packages/aws/manufacturer-root-2.crt
        --manufacturer-root-sha256 "$(fingerprint /packages/aws/manufacturer-root-2.crt)"
    )
    hsm-ca cluster verify --dir . "${roots[@]}"
    hsm-ca csr sign "${cluster}_ClusterCsr.csr" --ca customerCA.crt --identity . "${roots[@]}" --out-dir .
    openssl verify -purpose sslserver -CAfile customerCA.crt "${cluster}_CustomerHsmCertificate.crt"
    hsm-ca cluster initialize "$cluster" --signed-cert "${cluster}_CustomerHsmCertificate.crt" --trust-anchor customerCA.crt --wait --yes
    hsm-ca cluster check "$cluster" --ca customerCA.crt
    cd /
    rm -r "$directory"
}

fingerprint() { # CERTIFICATE
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'
}

# Outside: a cluster of the local AWS, waiting for its certificate.
make_cluster() { # DIR
    # shellcheck disable=SC1091
    . "$1/aws.env"
    aws() { "$target/venv/bin/aws" cloudhsmv2 "$@" --output text; }
    described() { aws describe-clusters --query "Clusters[0].$1"; }
    wait_for() { # FIELD WANTED
        local tries=0
        until [[ $(described "$1") = $2 ]]; do
            ((++tries < 50)) || die "in the cluster of the local AWS, $1 does not become $2"
            sleep 0.2
        done
    }
    aws create-cluster --hsm-type hsm2m.medium --mode FIPS --subnet-ids subnet-0123456789abcdef0 --query Cluster.ClusterId >"$1/cluster"
    wait_for State UNINITIALIZED
    aws create-hsm --cluster-id "$(<"$1/cluster")" --availability-zone us-east-1a >/dev/null
    wait_for Certificates.ClusterCsr '-----BEGIN*'
}

die() {
    echo "package-test.sh: $*" >&2
    exit 1
}
if [[ ${1-} = --inside ]]; then
    inside
    exit 0
fi
[[ ${1-} != -h && ${1-} != --help ]] || { usage; exit 0; }
[[ ($# = 2 || $# = 3) && $1 != -* && $2 != -* ]] || { usage >&2; exit 2; }
release=${3:-bookworm}
((EUID == 0)) || die "needs root"
command -v lintian >/dev/null || die "lintian is missing; run: apt-get install lintian"
packages=$(realpath "$1") system=$(realpath -m "$2")/test-$release
script=$(realpath "${BASH_SOURCE[0]}")
scripts=${script%/*}
target=$(realpath -m "${CARGO_TARGET_DIR:-$scripts/../target}")

(cd "$packages" && sha256sum --quiet --check SHA256SUMS)
lintian --allow-root --fail-on error,warning "$packages"/*.deb
for sbom in "$packages"/*.cdx.json; do
    variant=${sbom##*/}
    "$target/tools/cyclonedx/bin/python" "$scripts/check-sbom.py" "${variant%%-[0-9]*}" "$sbom"
done

"$scripts/new-debian.sh" "$release" "$system"
rm -rf "$system/packages"
mkdir "$system/packages"
cp "$packages"/*.deb "$packages"/*.tar.gz "$script" "$system/packages/"
trap '"$scripts/local-aws.sh" stop "$system/packages/aws"' EXIT
"$scripts/local-aws.sh" start "$system/packages/aws" "$$"
(make_cluster "$system/packages/aws")
unshare --mount --pid --fork --kill-child --propagation private \
    chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash "/packages/${script##*/}" --inside
