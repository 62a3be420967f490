#!/usr/bin/env bash
# Measures `ocsp publish` for every certificate of a large ledger, and `token bench` with the same key and as many sessions, before it and
# after it. Prints rates, their ratio, processor seconds and peak memory of the whole process. No result makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench-ocsp.sh [--types "TYPE..."] [--certificates N] [--sessions N] [--programs DIR]
  Makes a SoftHSM token, a CA of each type and a ledger in a temporary directory
  (in $TMPDIR), and signs two answers for each certificate: CertID with SHA-1
  and with SHA-256. openssl verifies a sample of a hundred.
  --types "TYPE..."  keys of the CAs (default "ec:p256 rsa:2048")
  --certificates N   certificates in the ledger (default 100000)
  --sessions N       sessions (default: one for each processor)
  --programs DIR     a directory with existing hsm-ca and ledger-bulk
                     (default: builds the release binary and the example)
EOT
}

types="ec:p256 rsa:2048" certificates=100000 sessions=$(nproc) programs=''
read_options "types=names certificates=number sessions=number programs=path" "$@"
prepare_ledger_bench
hsm_ca=$programs/hsm-ca

for type in $types; do
    mkdir "$work/${type/:/-}"
    cd "$work/${type/:/-}"
    quietly "$hsm_ca" rig new rig
    # shellcheck source=/dev/null
    . rig/env.sh
    quietly "$hsm_ca" key generate --label ca --type "$type"
    quietly "$hsm_ca" ca create --key ca --subject "CN=Bench CA" --profile root --out ca.crt
    quietly "$programs/ledger-bulk" rig/hsm-ca.db "$certificates"
    mkdir out
    python3 - "$hsm_ca" "$type" "$sessions" <<'EOT'
import json, os, resource, subprocess, sys, time

program, kind, sessions = sys.argv[1:]


def token_rate():
    told = subprocess.run(
        [program, "--json", "token", "bench", "--key", "ca", "--sessions", sessions, "--seconds", "5"],
        stdout=subprocess.PIPE, check=True, text=True)
    points = json.loads(told.stdout)["points"]
    return max((point["sessions"], point["per_second"]) for point in points)[1]


before = token_rate()
start, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
with open("told", "w") as told:
    child = subprocess.Popen(
        [program, "-q", "ocsp", "publish", "--ca", "ca.crt", "--out-dir", "out", "--jobs", sessions, "--ledger-head", "none"],
        stdout=told)
    _, status, of_it = os.wait4(child.pid, 0)
seconds = time.monotonic() - start
if status:
    sys.exit(f"bench-ocsp.sh: ocsp publish failed: {status}")
after = token_rate()
files = [os.path.join(place, name) for place, _, names in os.walk("out") for name in names]
rate = len(files) / seconds
for file in files[:: max(1, len(files) // 100)]:
    verified = subprocess.run(
        ["openssl", "ocsp", "-respin", file, "-CAfile", "ca.crt", "-verify_other", "ca.crt", "-resp_text"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if "Response verify OK" not in verified.stdout or "Cert Status: " not in verified.stdout:
        sys.exit(f"bench-ocsp.sh: openssl does not verify {file}: {verified.stdout}")
print(f"{kind}: {len(files)} answers in {seconds:.1f} s: {rate:.0f}/s, CPU {of_it.ru_utime + of_it.ru_stime:.1f} s, {of_it.ru_maxrss / 1024:.0f} MiB")
print(f"{kind}: token bench, {sessions} sessions: {before:.0f}/s before, {after:.0f}/s after; ratio {rate / before:.2f}, {rate / after:.2f}")
EOT
done
