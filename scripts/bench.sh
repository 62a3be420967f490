#!/usr/bin/env bash
# Measures the whole process of `hsm-ca csr sign` on SoftHSM, compared with certtool and openssl with the same key and request. No result
# makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench.sh [--runs N] [--rounds N] [--json DIR]
  Builds the release binary, makes a SoftHSM token in a temporary directory
  (in $TMPDIR), imports an RSA-2048 and a P-256 key, and measures.
  --runs N    runs of each command in a round (default 20)
  --rounds N  rounds; every command runs in each (default 10)
  --json DIR  keep hyperfine's results there
EOT
}

runs=20 rounds=10 json=
read_options "runs=number rounds=number json=directory" "$@"

cd "$root"
scripts/install.sh
cargo build --release --locked

umask 077
work=$(mktemp -d)
aws=$work/aws
cleanup() {
    "$root/scripts/local-aws.sh" stop "$aws" || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# From here on, every path is relative, so that no command needs quoting.
cd "$work"
ln -s "$target/release/hsm-ca" hsm-ca

# The token with a key of each kind, imported with hsm-ca
quietly ./hsm-ca rig new rig
# shellcheck disable=SC1091
. rig/env.sh
module=$(sed -n 's/^module = "\(.*\)"$/\1/p' rig/hsm-ca.toml)
[[ -r $module && $module != *[[:space:]]* ]] || die "cannot use the module $module"
import_key() { # LABEL SPEC
    quietly ./hsm-ca kms generate-key-pair --key-id alias/bench --spec "$2" --out "$1.json"
    quietly ./hsm-ca kms import "$1.json" --label "$1"
}
quietly "$root/scripts/local-aws.sh" start "$aws" "$$"
(
    # shellcheck disable=SC1091
    . "$aws/aws.env"
    quietly ./hsm-ca kms create-key --alias alias/bench
    import_key rsa RSA_2048
    import_key p256 ECC_NIST_P256
)
quietly "$root/scripts/local-aws.sh" stop "$aws"

# A request like that of a CloudHSM cluster. Its first RDN has five attributes.
quietly openssl req -new -newkey rsa:2048 -nodes -keyout request.key -multivalue-rdn \
    -subj '/C=US+ST=CA+O=Cavium+OU=N3FIPS+L=SanJose/CN=HSM:0123456789AB:PARTN:13, for FIPS mode' \
    -out request.csr
echo 'expiration_days = 3651' >certtool.conf
cat >openssl.ext <<'EOT'
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOT

# The three commands. No PIN is in an argument: hsm-ca and openssl read the rig's file, certtool its variable. The engine's module is in a
# variable, not in a configuration file, because SoftHSM's OpenSSL would read that too. Only SoftHSM is loaded.
GNUTLS_PIN=$(<rig/pin)
export GNUTLS_PIN PKCS11_MODULE_PATH=$module
sign_hsm_ca() { # LABEL OUT
    echo "./hsm-ca csr sign request.csr --again --ca $1-ca.crt --days 3651 --out $2"
}
sign_certtool() {
    echo "certtool --provider $module --generate-certificate --load-request request.csr" \
        "--load-ca-certificate $1-ca.crt --load-ca-privkey 'pkcs11:token=ca;object=$1;type=private'" \
        "--template certtool.conf --hash SHA256 --no-text --outfile $2"
}
sign_openssl() {
    echo "openssl x509 -req -in request.csr -CA $1-ca.crt -engine pkcs11 -CAkeyform engine" \
        "-CAkey 'pkcs11:token=ca;object=$1;type=private?pin-source=file:rig/pin'" \
        "-days 3651 -sha256 -extfile openssl.ext -out $2"
}

# Each tool must sign with the key on the token, and copy the name unchanged.
subject() {
    openssl "$1" -in "$2" -noout -subject -nameopt RFC2253
}
check() { # LABEL
    local tool command
    quietly ./hsm-ca ca create --key "$1" --subject "CN=Benchmark CA $1,O=Example,C=US" --out "$1-ca.crt"
    for tool in hsm_ca certtool openssl; do
        command=$("sign_$tool" "$1" "$1-$tool.crt")
        # The commands are quoted for hyperfine, as for a shell.
        quietly bash -c "$command"
        quietly openssl verify -CAfile "$1-ca.crt" "$1-$tool.crt"
        [[ $(subject x509 "$1-$tool.crt") = "$(subject req request.csr)" ]] ||
            die "$tool did not copy the name of the request"
    done
}
check rsa
check p256

# Measures one group: NAME COMMAND... A command may write the file "out", which is removed before each run.
measure() {
    local group=$1 round
    shift
    for ((round = 1; round <= rounds; round++)); do
        echo "bench.sh: $group, round $round of $rounds" >&2
        hyperfine --shell none --style none --warmup 3 --runs "$runs" --prepare 'rm -f out' \
            --export-json "$group-$round.json" "$@" >log 2>&1 ||
            { cat log >&2; die "hyperfine failed"; }
    done
}
# Without the variable in the environment, hsm-ca restarts itself with the setting of hsm-ca.toml.
for key in rsa p256; do
    measure "$key" "$(sign_hsm_ca $key out)" "$(sign_certtool $key out)" "$(sign_openssl $key out)" \
        "$(sign_hsm_ca $key -)" "env -u SOFTHSM2_CONF $(sign_hsm_ca $key out)"
done
measure parts "./hsm-ca --version" "./hsm-ca csr show request.csr" "./hsm-ca token list"
[[ -z $json ]] || cp ./*-[0-9]*.json "$json"

# The versions of the tools
version() { # PACKAGE
    dpkg-query -W -f "\${Version}" "$1" 2>/dev/null || echo unknown
}
tools() {
    # shellcheck disable=SC1091
    echo "system: $(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r)"
    echo "processor: $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sed -n 1p), $(nproc) CPUs"
    echo "file system of token and output: $(df --output=fstype . | tail -n 1)"
    echo "$(./hsm-ca --version), release build, $(rustc --version)"
    echo "SoftHSM: $(version softhsm2)"
    echo "certtool: $(certtool --version | sed -n '1s/^certtool //p') (package $(version gnutls-bin))"
    echo "openssl: $(openssl version | cut -d ' ' -f 2) (package $(version openssl))," \
        "engine: $(version libengine-pkcs11-openssl)"
    echo "$(hyperfine --version); $((runs * rounds)) runs of each, in $rounds rounds"
}
echo
tools | sed 's/^/- /'

python3 - <<'EOT'
import glob, json, statistics

def table(title, group, names):
    times, busy = [[] for _ in names], [[] for _ in names]
    for path in sorted(glob.glob(f"{group}-*.json")):
        with open(path) as file:
            for index, result in enumerate(json.load(file)["results"]):
                times[index].extend(result["times"])
                busy[index].append(result["user"] + result["system"])
    print(f"\n{title}, in ms:\n")
    print("| command | median | mean | stddev | min | max | CPU, mean |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, seconds, cpu in zip(names, times, busy):
        ms = [1000 * value for value in seconds]
        spread = statistics.stdev(ms) if len(ms) > 1 else 0.0
        row = (statistics.median(ms), statistics.mean(ms), spread, min(ms), max(ms), 1000 * statistics.mean(cpu))
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |")

sign = [
    "`hsm-ca csr sign`, to a file", "`certtool --generate-certificate`",
    "`openssl x509 -req`", "`hsm-ca csr sign`, to stdout", "`hsm-ca csr sign`, to a file, after a restart",
]
table("Signing with the RSA-2048 key", "rsa", sign)
table("Signing with the P-256 key", "p256", sign)
table("Parts of hsm-ca", "parts", [
    "`hsm-ca --version`", "`hsm-ca csr show`", "`hsm-ca token list`",
])
EOT

cat <<'EOT'

What each does apart from signing:
- All three: verify the request's own signature, load SoftHSM, log in, find the key, write PEM.
- hsm-ca to a file: finds the key by the CA certificate's public key; draws the serial number from
  the token; checks the certificate before it is signed; verifies the token's signature in software;
  writes a temporary file, fsyncs it, reads it back and decodes it once more, renames it, and fsyncs
  the directory; prints a report. To stdout: the same without file and fsync.
- After a restart: SOFTHSM2_CONF is in hsm-ca.toml and not in the environment, so hsm-ca must
  restart itself.
- certtool, openssl: find the key by its label; do not verify what the token signed; no fsync.
EOT
