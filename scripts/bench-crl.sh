#!/usr/bin/env bash
# Measures the time and memory of making a CRL, from an index and from a ledger, compared with `openssl ca -gencrl` with the same index. It
# measures whole processes. No result makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench-crl.sh [--sizes "N..."] [--runs N] [--limit SECONDS] [--program FILE] [--writer FILE]
  Makes a SoftHSM token in a temporary directory (in $TMPDIR; a million entries
  need 3 GB there), and measures.
  --sizes "N..."   entries of the CRLs (default "10000 100000 1000000")
  --runs N         runs of each command (default 3); the fastest is shown
  --limit SECONDS  for one command (default 300)
  --program FILE   an hsm-ca that is built already (default: builds the release binary)
  --writer FILE    its ledger-writer (default: builds it)
EOT
}

sizes="10000 100000 1000000" runs=3 limit=300 program='' writer=''
read_options "sizes=numbers runs=number limit=number program=path writer=path" "$@"

cd "$root"
if [[ -z $program ]]; then
    cargo build --release --locked
    program=$target/release/hsm-ca
fi
if [[ -z $writer ]]; then
    cargo build --release --locked --features softhsm-tests --example ledger-writer
    writer=$target/release/examples/ledger-writer
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"
ln -s "$program" hsm-ca
ln -s "$writer" ledger-writer

# Here every command has the time limit.
quietly() {
    timeout "$limit" "$@" >log 2>&1 || { tail -20 log >&2; die "failed: $*"; }
}

# A CA with a key on the token, and an openssl CA with a key in a file.
quietly ./hsm-ca rig new rig
# shellcheck disable=SC1091
. rig/env.sh
module=$(sed -n 's/^module = "\(.*\)"$/\1/p' rig/hsm-ca.toml)
quietly pkcs11-tool --module "$module" --token-label ca --login --pin "$(<rig/pin)" \
    --keypairgen --key-type rsa:2048 --label bench --id 01
quietly ./hsm-ca ca create --key bench --subject 'CN=Benchmark CA,O=Example,C=US' --out ca.crt
quietly openssl req -x509 -newkey rsa:2048 -nodes -keyout openssl.key -subj '/C=US/O=Example/CN=Benchmark CA' \
    -days 3652 -out openssl.crt
cat >openssl.conf <<'EOT'
[ca]
default_ca = bench
[bench]
certificate = openssl.crt
private_key = openssl.key
crlnumber = crlnumber
default_md = sha256
default_crl_days = 7
unique_subject = no
crl_extensions = extensions
database = index.txt
[extensions]
authorityKeyIdentifier = keyid
EOT

# Unsorted serial numbers of 20 octets. Every entry has a reason, every other one an invalidity date.
make_index() { # ENTRIES
    python3 - "$1" >index.txt <<'EOT'
import random, sys
numbers = random.Random(1)
for line in range(int(sys.argv[1])):
    serial = numbers.getrandbits(158) | 1 << 158
    reason = "superseded" if line % 2 else "keyTime,20260101000000Z"
    print(f"R\t350101000000Z\t260601000000Z,{reason}\t{serial:040X}\tunknown\t/CN=client {line}")
EOT
}

# Runs a command, and prints its seconds, its processor seconds and its largest resident memory.
measure() { # NAME COMMAND...
    python3 - "$runs" "$limit" "$entries" "$@" <<'EOT'
import os, shutil, signal, subprocess, sys, time
runs, limit, entries, name, command = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:]
best, most = None, 0
for _ in range(runs):
    # Each run gets a fresh ledger with the CA.
    for path in ("out", "crlnumber", "run.db", "run.db-wal", "run.db-shm"):
        if os.path.exists(path):
            os.remove(path)
    shutil.copy("rig/hsm-ca.db", "run.db")
    with open("crlnumber", "w") as file:
        file.write("01\n")
    start = time.monotonic()
    with open("log", "w") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)
        signal.signal(signal.SIGALRM, lambda *_: child.kill())
        signal.alarm(limit)
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    signal.alarm(0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}: {open('log').read()[-2000:]}")
    taken = (seconds, usage.ru_utime + usage.ru_stime)
    best = min(best or taken, taken)
    most = max(most, usage.ru_maxrss)
print(f"| {entries:,} | {name} | {best[0]:.2f} | {best[1]:.2f} | {most / 1024:.0f} |")
EOT
}

# Each run starts with a copy of one ledger, which the head on the token would refuse.
export HSM_CA_LEDGER=sqlite:run.db HSM_CA_LEDGER_HEAD=none
echo "| entries | command | seconds | CPU seconds | peak memory, MiB |"
echo "|---:|---|---:|---:|---:|"
for entries in $sizes; do
    make_index "$entries"
    create=(./hsm-ca crl create --ca ca.crt --revoked index.txt --number 7)
    measure '`hsm-ca crl create`, PEM' "${create[@]}" --out out
    measure '`openssl ca -gencrl`, PEM' openssl ca -config openssl.conf -gencrl -out out
    cp out theirs.crl
    rm -f full.db full.db-wal full.db-shm full.db-audit
    cp rig/hsm-ca.db full.db
    HSM_CA_LEDGER=sqlite:full.db quietly ./ledger-writer revoke full.db ca.crt index.txt
    # The first command that finds a file without a stamp audits the ledger; the next ones do not.
    rm -f full.db-audit
    all=$runs runs=1
    HSM_CA_LEDGER=sqlite:full.db measure '`hsm-ca crl create`, from the ledger, audited' ./hsm-ca crl create --ca ca.crt --out out
    runs=$all
    HSM_CA_LEDGER=sqlite:full.db measure '`hsm-ca crl create`, from the ledger, stamped' ./hsm-ca crl create --ca ca.crt --out out
    cp out ledger.crl
    measure '`hsm-ca crl create --der`' "${create[@]}" --der --out out
    rm -f run.db run.db-wal run.db-shm
    cp rig/hsm-ca.db run.db
    quietly "${create[@]}" --out ours.crl
    measure '`hsm-ca crl create --out -`' "${create[@]}" --out -
    measure '`hsm-ca crl show --ca`' ./hsm-ca crl show ours.crl --ca ca.crt
    measure '`openssl crl -verify`' openssl crl -in ours.crl -verify -CAfile ca.crt -noout
    # Revoke a hundred more.
    sed -n '1,100s/\t[0-9A-F]\{2\}\([0-9A-F]\{38\}\)\t/\t3F\1\t/p' index.txt >>index.txt
    measure '`hsm-ca crl create --base`, 100 new' ./hsm-ca crl create --ca ca.crt --revoked index.txt --number 8 \
        --base ours.crl --out out
    # All CRLs must have the same entries.
    for crl in ours theirs ledger; do
        quietly ./hsm-ca --format json crl show $crl.crl --entries
        python3 -c 'import json, sys; print(sorted(map(str, json.load(open("log"))["revoked"])))' | sha256sum >$crl.sum
    done
    for crl in theirs ledger; do
        cmp -s ours.sum $crl.sum || die "the CRLs differ: $crl"
    done
    echo "bench-crl.sh: $entries entries: $(stat -c %s ours.crl) bytes of PEM, the same entries as openssl's" >&2
    rm -f ours.crl theirs.crl ledger.crl out log
done
