#!/usr/bin/env bash
# Measures the certificates per second of a batch, compared with the token alone (`token bench`) and with loops of `openssl x509 -req` and
# `certtool`. Each comparison is a ratio within one run. No result makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench-batch.sh [--requests N] [--loop N] [--rounds N] [--seconds N] [--program FILE]
  Makes a SoftHSM token in a temporary directory (in $TMPDIR), a CA with an
  RSA-2048 key and one with a P-256 key, and N requests, and measures.
  --requests N    requests of a batch (default 1000)
  --loop N        certificates of each loop of openssl and certtool (default 50)
  --rounds N      rounds; every measurement runs in each (default 3)
  --seconds N     for each point of `token bench` (default 3)
  --program FILE  an existing hsm-ca (default: builds the release binary)
  --shim FILE     libcloudhsm_shim.so, for a token that takes 5 or 50 ms to sign (default: builds it)
EOT
}

requests=1000 loop=50 rounds=3 seconds=3 program='' shim=''
read_options "requests=number loop=number rounds=number seconds=number program=path shim=path" "$@"

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

# The seconds that a command takes, with three decimals.
seconds_of() {
    local begun=$EPOCHREALTIME
    quietly "$@"
    awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", ended - begun }'
}

# The median of the lines of a file.
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

# Each request has its own key and name.
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

# The commands to compare. No PIN is in an argument.
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
# The token's rate with this many sessions, with the key that signs the batch.
raw() { # CA SESSIONS
    ./hsm-ca --quiet --format json token bench --key "$1" --sessions "$2" --seconds "$seconds" >raw.json
    python3 -c '
import json, sys
points = [p for p in json.load(open("raw.json"))["points"] if p["mechanism"] in ("CKM_RSA_PKCS", "CKM_ECDSA")]
print([p["per_second"] for p in points if p["sessions"] == int(sys.argv[1])][0])' "$2"
}
# Verifies every certificate in a directory under the CA, and moves them away. They are not removed: ext4 does not reuse the inode number of
# a removed file for minutes, and after a thousand removals it searches all of them for each new file (0.26 ms of processor time, not 0.02).
check() { # CA DIR COUNT
    local signed=("$2"/*.crt)
    ((${#signed[@]} == $3)) || die "$2 has ${#signed[@]} certificates, not $3"
    printf '%s\0' "${signed[@]}" | quietly xargs -0 -n 200 openssl verify -partial_chain -CAfile "$1.crt"
    mv "$2" "measured/$((++measured))"
}
# The certificates per second of one of the commands above: NAME CA COUNT COMMAND...
measure() {
    local name=$1 ca=$2 count=$3 took
    shift 3
    took=$(seconds_of "$1" "$ca" out "${@:2}")
    check "$ca" out "$count"
    awk -v count="$count" -v took="$took" 'BEGIN { printf "%.1f\n", count / took }' >>"$ca-$name"
}
# Runs a command behind the shim, which adds this many ms to each C_Sign, in parallel in all sessions.
behind_shim() { # MS COMMAND...
    CLOUDHSM_SHIM_TARGET=$module CLOUDHSM_SHIM_LATENCY_MS=$1 CLOUDHSM_SHIM_LATENCY_CALLS=C_Sign HSM_CA_MODULE=$shim "${@:2}"
}
far_batch() { behind_shim 5 batch "$@"; }
slow_batch() { behind_shim 50 batch "$@"; }

sessions=$(nproc)
for ((round = 1; round <= rounds; round++)); do
    for ca in rsa ec; do
        raw "$ca" "$sessions" >>"$ca-raw"
        measure batch "$ca" "$requests" batch "$sessions"
        measure openssl "$ca" "$loop" openssl_loop
        measure certtool "$ca" "$loop" certtool_loop
        behind_shim 5 raw "$ca" 32 >>"$ca-far-raw"
        measure far-batch "$ca" "$requests" far_batch 32
        behind_shim 50 raw "$ca" 32 >>"$ca-slow-raw"
        measure slow-batch "$ca" "$requests" slow_batch 32
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
    row "$ca" slow-raw "50 ms latency, \`token bench\`, 32 sessions" slow-raw
    row "$ca" slow-batch "50 ms latency, \`csr sign\`; ratio to \`token bench\`" slow-raw
done
