#!/usr/bin/env bash
# Measures the cost of a ledger by its size: the first signature (which audits it), the next ones, a batch, and `ledger verify`. Prints
# seconds, processor seconds and peak memory of whole processes. No result makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench-ledger.sh [--sizes "N..."] [--runs N] [--requests N] [--programs DIR]
  Makes a SoftHSM token and a CA in a temporary directory (in $TMPDIR; ten
  million certificates need 13 GB there), and a ledger of each size.
  --sizes "N..."   certificates in the ledgers (default "1000 1000000")
  --runs N         signatures one by one (default 5)
  --requests N     requests of the batch (default 1000)
  --programs DIR   a directory with existing hsm-ca and ledger-bulk
                   (default: builds the release binary and the example)
EOT
}

sizes="1000 1000000" runs=5 requests=1000 programs=''
read_options "sizes=numbers runs=number requests=number programs=path" "$@"
prepare_ledger_bench
hsm_ca=$programs/hsm-ca
cd "$work"

# Prints a line: what, seconds, processor seconds, MiB.
measure() {
    local what=$1
    shift
    python3 - "$what" "$@" <<'EOT'
import os, resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.monotonic() - start
if done.returncode:
    sys.exit(f"bench-ledger.sh: failed: {sys.argv[2:]}: {done.stderr}")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]:<44} {seconds:9.3f} s {used.ru_utime + used.ru_stime:9.3f} s {used.ru_maxrss / 1024:7.1f} MiB")
EOT
}

quietly "$hsm_ca" rig new rig
# shellcheck source=/dev/null
. rig/env.sh
quietly "$hsm_ca" key generate --label ca --type ec:p256
quietly "$hsm_ca" ca create --key ca --subject "CN=Bench CA" --profile root --out ca.crt
cp rig/hsm-ca.db small.db
mkdir requests
openssl ecparam -name prime256v1 -genkey -noout -out key.pem
for ((i = 0; i < requests; i++)); do
    openssl req -new -key key.pem -subj "/CN=client-$i" -out "requests/$i.csr"
done
sign=("$hsm_ca" csr sign --ca ca.crt --profile tls-client --ledger-head none --again)
for size in $sizes; do
    cp small.db rig/hsm-ca.db
    rm -f rig/hsm-ca.db-audit
    "$programs/ledger-bulk" rig/hsm-ca.db "$size"
    du -m rig/hsm-ca.db
    measure "$size: csr sign, the first" "${sign[@]}" requests/0.csr --out -
    for ((i = 0; i < runs; i++)); do
        measure "$size: csr sign" "${sign[@]}" requests/0.csr --out -
    done
    mkdir "out-$size"
    measure "$size: csr sign of $requests" "${sign[@]}" requests --out-dir "out-$size"
    measure "$size: ledger verify" "$hsm_ca" ledger verify
done
