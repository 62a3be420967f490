#!/usr/bin/env bash
# How many certificates a second a batch gives, beside what the token signs (`token bench`) and beside loops of
# `openssl x509 -req` and `certtool`. Each comparison is a ratio within one run. It measures and judges nothing.
set -euo pipefail

usage() {
    cat <<'EOT'
usage: scripts/bench-batch.sh [--requests N] [--loop N] [--rounds N] [--seconds N] [--program FILE]
  Makes a SoftHSM token in a temporary directory (in $TMPDIR), a CA with an
  RSA-2048 key and one with a P-256 key, and N requests, and measures.
  --requests N    requests of a batch (default 1000)
  --loop N        certificates of each loop of openssl and certtool (default 50)
  --rounds N      rounds; everything has its turn in each (default 3)
  --seconds N     for each point of `token bench` (default 3)
  --program FILE  an hsm-ca that is built already (default: builds the release binary)
  --shim FILE     libcloudhsm_shim.so, for a token that takes 5 ms to sign (default: builds it)
EOT
}

die() {
    echo "bench-batch.sh: $*" >&2
    exit 1
}

requests=1000 loop=50 rounds=3 seconds=3 program='' shim=''
while (($# > 0)); do
    case $1 in
    --requests | --loop | --rounds | --seconds)
        [[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || { usage >&2; exit 2; }
        printf -v "${1#--}" %s "$2"
        shift 2
        ;;
    --program | --shim)
        [[ -f ${2-} ]] || die "$1: no file ${2-}"
        printf -v "${1#--}" %s "$(realpath "$2")"
        shift 2
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-target}
[[ $target = /* ]] || target=$root/$target
export CARGO_TARGET_DIR=$target
# The settings of the user who starts this must not get in the way.
unset HSM_CA_CONFIG HSM_CA_MODULE HSM_CA_TOKEN HSM_CA_PIN_SOURCE HSM_CA_FORMAT HSM_CA_LEDGER HSM_CA_LEDGER_HEAD
unset SOFTHSM2_CONF OPENSSL_CONF PKCS11_MODULE_PATH GNUTLS_PIN

cd "$root"
if [[ -z $program ]]; then
    cargo build --release --locked
    program=$target/release/hsm-ca
fi
if [[ -z $shim ]]; then
    cargo build --release --locked -p cloudhsm-shim
    shim=$target/release/libcloudhsm_shim.so
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"
mkdir measured
measured=0
ln -s "$program" hsm-ca

quietly() {
    "$@" >log 2>&1 || { tail -20 log >&2; die "failed: $*"; }
}

# Seconds with three decimals that a command takes.
seconds_of() {
    local begun=$EPOCHREALTIME
    quietly "$@"
    awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", ended - begun }'
}

# The middle one of the lines of a file.
median() {
    sort -n "$1" | awk '{ line[NR] = $1 } END { print line[int((NR + 1) / 2)] }'
}

quietly ./hsm-ca rig new rig
# shellcheck disable=SC1091
. rig/env.sh
module=$(sed -n 's/^module = "\(.*\)"$/\1/p' rig/hsm-ca.toml)
[[ -r $module && $module != *[[:space:]]* ]] || die "cannot use the module $module"
for key in rsa:2048 ec:p256; do
    name=${key%%:*}
    quietly ./hsm-ca key generate --label "$name" --type "$key"
    quietly ./hsm-ca ca create --key "$name" --subject "CN=Batch CA $name,O=Example" --profile root --out "$name.crt"
done

# Each request has a key and a name of its own.
mkdir requests
for ((number = 1; number <= requests; number++)); do
    name=client-$number.example
    quietly openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout request.key -subj "/CN=$name" \
        -addext "subjectAltName=DNS:$name" -out "requests/$number.csr"
done
cat >certtool.conf <<'EOT'
expiration_days = 365
honor_crq_extensions
EOT
cat >openssl.ext <<'EOT'
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOT
GNUTLS_PIN=$(<rig/pin)
export GNUTLS_PIN PKCS11_MODULE_PATH=$module

# What is compared. No PIN is in an argument.
batch() { # CA OUT-DIR SESSIONS
    mkdir "$2"
    ./hsm-ca --quiet csr sign requests --ca "$1.crt" --again --profile tls-client --out-dir "$2" --jobs "$3"
}
openssl_loop() { # CA OUT-DIR
    mkdir "$2"
    local number
    for ((number = 1; number <= loop; number++)); do
        openssl x509 -req -in "requests/$((1 + number % requests)).csr" -CA "$1.crt" -engine pkcs11 -CAkeyform engine \
            -CAkey "pkcs11:token=ca;object=$1;type=private?pin-source=file:rig/pin" -days 365 -sha256 -extfile openssl.ext \
            -out "$2/$number.crt"
    done
}
certtool_loop() { # CA OUT-DIR
    mkdir "$2"
    local number
    for ((number = 1; number <= loop; number++)); do
        certtool --provider "$module" --generate-certificate --load-request "requests/$((1 + number % requests)).csr" \
            --load-ca-certificate "$1.crt" --load-ca-privkey "pkcs11:token=ca;object=$1;type=private" \
            --template certtool.conf --hash SHA256 --no-text --outfile "$2/$number.crt"
    done
}
# What the token signs with that many sessions, by the key that signs the batch.
raw() { # CA SESSIONS
    ./hsm-ca --quiet --format json token bench --key "$1" --sessions "$2" --seconds "$seconds" >raw.json
    python3 -c '
import json, sys
points = [p for p in json.load(open("raw.json"))["points"] if p["mechanism"] in ("CKM_RSA_PKCS", "CKM_ECDSA")]
print([p["per_second"] for p in points if p["sessions"] == int(sys.argv[1])][0])' "$2"
}
# Every certificate of a directory is under the CA, and then they are moved away. They are not removed: ext4 does not give out the number of
# an inode again for minutes, and after a thousand removals it looks at them all for each new file (0.26 ms of processor instead of 0.02).
check() { # CA DIR COUNT
    local signed=("$2"/*.crt)
    ((${#signed[@]} == $3)) || die "$2 has ${#signed[@]} certificates, not $3"
    printf '%s\0' "${signed[@]}" | quietly xargs -0 -n 200 openssl verify -partial_chain -CAfile "$1.crt"
    mv "$2" "measured/$((++measured))"
}
# Certificates per second of one of the above: NAME CA COUNT COMMAND...
measure() {
    local name=$1 ca=$2 count=$3 took
    shift 3
    took=$(seconds_of "$1" "$ca" out "${@:2}")
    check "$ca" out "$count"
    awk -v count="$count" -v took="$took" 'BEGIN { printf "%.1f\n", count / took }' >>"$ca-$name"
}
# What the shim adds: 5 ms to each C_Sign, side by side in all sessions.
behind_shim() {
    CLOUDHSM_SHIM_TARGET=$module CLOUDHSM_SHIM_LATENCY_MS=5 CLOUDHSM_SHIM_LATENCY_CALLS=C_Sign HSM_CA_MODULE=$shim "$@"
}
far_batch() { behind_shim batch "$@"; }

sessions=$(nproc)
for ((round = 1; round <= rounds; round++)); do
    for ca in rsa ec; do
        raw "$ca" "$sessions" >>"$ca-raw"
        measure batch "$ca" "$requests" batch "$sessions"
        measure openssl "$ca" "$loop" openssl_loop
        measure certtool "$ca" "$loop" certtool_loop
        behind_shim raw "$ca" 32 >>"$ca-far-raw"
        measure far-batch "$ca" "$requests" far_batch 32
    done
done

row() { # CA NAME WORDS AGAINST
    awk -v words="$3" -v rate="$(median "$1-$2")" -v against="$(median "$1-$4")" 'BEGIN {
        printf "| %s | %.1f | %.3f |\n", words, rate, rate / against
    }'
}
echo "$requests requests, loops of $loop, medians of $rounds rounds; sessions: $sessions near, 32 far"
for ca in rsa ec; do
    echo
    echo "| $ca | per second | ratio |"
    echo "|---|---:|---:|"
    row "$ca" raw "\`token bench\`, $sessions sessions" raw
    row "$ca" batch "\`csr sign\`, ratio to \`token bench\`" raw
    row "$ca" batch "\`csr sign\`, ratio to the loop of openssl" openssl
    row "$ca" batch "\`csr sign\`, ratio to the loop of certtool" certtool
    row "$ca" openssl "loop of \`openssl x509 -req\`" openssl
    row "$ca" certtool "loop of \`certtool\`" certtool
    echo 6400 >"$ca-far-limit"
    row "$ca" far-raw "5 ms latency, \`token bench\`, 32 sessions; ratio to 32 ÷ 5 ms" far-limit
    row "$ca" far-batch "5 ms latency, \`csr sign\`; ratio to 32 ÷ 5 ms" far-limit
done
