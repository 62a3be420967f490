#!/usr/bin/env bash
# Prepares a Debian machine for this project. Never prompts, and ends quickly if nothing is missing.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/install.sh [--demo]
  Installs the Debian packages that building, testing and benchmarking need,
  and the Python packages of softhsm-tests/local-aws/requirements.txt in
  $CARGO_TARGET_DIR/venv (target/venv if CARGO_TARGET_DIR is not set).
  Debian 13's opencryptoki is unpacked in $CARGO_TARGET_DIR/debian-13, and
  not installed.
  --demo  only what the demo needs
EOF
}

die() {
    echo "install.sh: $*" >&2
    exit 1
}

# For the demo: cc for aws-lc, the token, and tools for keys and certificates. ssh-keygen signs the approvals of the ceremony demo.
packages=(build-essential softhsm2 openssl gnutls-bin opensc openssh-client python3 python3-venv)
case ${1-} in
'')
    # For tests and benchmarks: the OpenSSL engine, p11-kit, hyperfine, and tools that count system calls and instructions.
    packages+=(libengine-pkcs11-openssl p11-kit p11-kit-modules hyperfine strace valgrind)
    # A checker for the manual pages, shells for the completion scripts, and git for `version -v`.
    packages+=(mandoc zsh fish git)
    # A web server for published answers, clients for them, and a checker for the timers' units.
    packages+=(nginx openjdk-17-jdk-headless systemd)
    # Kryoptic's build: bindgen needs libclang, OpenSSL's own build perl and make.
    packages+=(clang perl)
    # The other tokens: NSS softokn, opencryptoki's soft token, and a TPM 2.0 (swtpm) behind its resource manager.
    packages+=(libnss3 libnss3-tools opencryptoki)
    packages+=(swtpm tpm2-abrmd dbus-daemon libtpm2-pkcs11-1 libtss2-tcti-swtpm0 libtss2-tcti-tabrmd0)
    # OpenSSL's headers, for the program that generates Debian's weak keys.
    packages+=(libssl-dev)
    # PostgreSQL, for ledgers that several issuers share. The tests start their own clusters.
    packages+=(postgresql-15)
    ;;
--demo) ;;
-h | --help)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
[[ $# -le 1 ]] || { usage >&2; exit 2; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
requirements=softhsm-tests/local-aws/requirements.txt
venv=${CARGO_TARGET_DIR:-target}/venv
python=/usr/bin/python3 # Debian's, whatever else is first in PATH

# Debian packages
install_packages() {
    local installed missing as_root apt package policy failed=0
    # shellcheck disable=SC2016 # ${...} is for dpkg-query
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    missing=()
    for package; do
        grep -Fxq "installed $package" <<<"$installed" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "neither root nor sudo; please install these Debian packages: ${missing[*]}"
        as_root=(sudo)
    fi
    echo "install.sh: installing Debian packages: ${missing[*]}"
    apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
    "${apt[@]}" update
    forbid_services
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null || failed=$?
    [[ -z $policy ]] || ${as_root[@]+"${as_root[@]}"} rm -f "$policy"
    return "$failed"
}

# Keep packages from starting services (a web server on port 80): invoke-rc.d(8) obeys this file. An existing one is kept.
forbid_services() {
    policy=
    [[ ! -e /usr/sbin/policy-rc.d ]] || return 0
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | ${as_root[@]+"${as_root[@]}"} install -m 755 /dev/stdin "$policy"
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "not a Debian system; please install the contents of these Debian packages: ${packages[*]}"
fi
# Keep the package from creating and starting a cluster, which is not needed here.
if [[ ${1-} != --demo && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    install_packages postgresql-common
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" sed -i 's/^#\?create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
fi
install_packages "${packages[@]}"
# libFuzzer, for the version of Debian's "clang".
if [[ ${1-} != --demo ]]; then
    install_packages "libclang-rt-$(/usr/bin/clang -dumpversion | cut -d. -f1)-dev"
fi

# Debian 13's opencryptoki with its libraries, in a separate directory: the tests run it in a namespace. apt verifies the release's
# signature with this system's keys.
unpack_debian_13() (
    local directory=$1 work apt package mirror
    local packages=(opencryptoki libopencryptoki0 libssl3t64 libc6 libgcc-s1 zlib1g libzstd1 libcap2 libldap2 libsasl2-2)
    [[ ! -e $directory ]] || return 0
    echo "install.sh: unpacking Debian 13's opencryptoki in $directory"
    mkdir -p "${directory%/*}"
    work=$(mktemp -d "$directory.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/{lists,archives,packages}/partial "$work/system"
    : >"$work/status"
    # The mirror of this system's own packages.
    mirror=$(apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" |
        awk '$1 == "bookworm" && $2 == "main" && !found { print $3; found = 1 }')
    [[ $mirror ]] || die "apt has no source for Debian 12 (bookworm); check its sources, and run: apt-get update"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources"
    apt=(apt-get -qq -o Acquire::Retries=3 -o Acquire::Languages=none -o APT::Sandbox::User=root
        -o "Dir::State=$work" -o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
        -o "Dir::Cache=$work" -o "Dir::Etc::SourceList=$work/sources" -o Dir::Etc::SourceParts=-)
    "${apt[@]}" update
    (cd "$work/packages" && "${apt[@]}" download "${packages[@]}")
    for package in "$work"/packages/*.deb; do
        dpkg-deb --extract "$package" "$work/system"
    done
    mv -T "$work/system" "$directory"
)
[[ ${1-} = --demo ]] || unpack_debian_13 "$(realpath -m "${CARGO_TARGET_DIR:-target}")/debian-13"

# Python packages, in a new environment if requirements.txt has changed
stamp=$venv/requirements.sha256
wanted=$(sha256sum <"$requirements")
if [[ ! -x $venv/bin/python || ! -r $stamp || $(<"$stamp") != "$wanted" ]]; then
    echo "install.sh: installing Python packages of $requirements in $venv"
    rm -rf "$venv"
    mkdir -p "${venv%/*}"
    "$python" -m venv "$venv"
    for attempt in 1 2 3; do
        if "$venv/bin/pip" --quiet --disable-pip-version-check --no-input \
            --retries 5 --timeout 60 install -r "$requirements"; then
            break
        fi
        ((attempt < 3)) || die "could not install the Python packages (see above)"
        echo "install.sh: trying again in 5 seconds" >&2
        sleep 5
    done
    echo "$wanted" >"$stamp"
fi

# This script does not install Rust.
if ! command -v cargo >/dev/null; then
    echo "install.sh: cargo is missing; install Rust (rustup) to build hsm-ca" >&2
fi
