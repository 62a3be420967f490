#!/usr/bin/env bash
# Compares two issuers that share a key and a ledger on PostgreSQL with one issuer: certificates per second, as a ratio within each round.
# The token is slow (the shim's latency), so that only the ledger could make them wait. No result makes it fail.
set -euo pipefail
# shellcheck source=scripts/bench-setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench-setup.sh"

usage() {
    cat <<'EOT'
usage: scripts/bench-postgres.sh [--requests N] [--rounds N] [--latency MS] [--jobs N] [--program FILE] [--shim FILE]
  Makes a SoftHSM token, a P-256 CA, N requests for each issuer and a PostgreSQL cluster in a temporary
  directory (in $TMPDIR), and measures.
  --requests N    requests of each issuer (default 512)
  --rounds N      rounds; each runs one issuer, then two (default 3)
  --latency MS    time of each signature on the token (default 50)
  --jobs N        sessions of each issuer (default 8)
  --program FILE  an existing hsm-ca (default: builds the release binary)
  --shim FILE     libcloudhsm_shim.so (default: builds it)
EOT
}

requests=512 rounds=3 latency=50 jobs=8 program='' shim=''
read_options "requests=number rounds=number latency=number jobs=number program=path shim=path" "$@"

unset "${!PG@}"

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
database=$(mktemp -d)
postgres_programs=/usr/lib/postgresql/15/bin
as_postgres=()
if ((EUID == 0)); then
    chown postgres: "$database"
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
fi
chmod 755 "$database"
clean_up() {
    "${as_postgres[@]}" "$postgres_programs/pg_ctl" -D "$database/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work" "$database"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"
ln -s "$program" hsm-ca

cd "$database"
"${as_postgres[@]}" "$postgres_programs/initdb" -D "$database/data" -E UTF8 --locale=C -A trust -U postgres >/dev/null
"${as_postgres[@]}" "$postgres_programs/pg_ctl" -D "$database/data" -w -l "$database/data/log" \
    -o "-k $database -c listen_addresses=''" start >/dev/null
cd "$work"
"$postgres_programs/createdb" -h "$database" -U postgres -E UTF8 -T template0 ca

quietly ./hsm-ca rig new rig
# shellcheck disable=SC1091
. rig/env.sh
module=$(sed -n 's/^module = "\(.*\)"$/\1/p' rig/hsm-ca.toml)
export HSM_CA_LEDGER="postgres://postgres@/ca?host=$database"
quietly ./hsm-ca ledger new
quietly ./hsm-ca key generate --label ec --type ec:p256
quietly ./hsm-ca ca create --key ec --subject "CN=Shared CA,O=Example" --profile root --out ec.crt

quietly openssl ecparam -name prime256v1 -genkey -noout -out request.key
for issuer in one two; do
    mkdir "requests-$issuer"
    for ((number = 1; number <= requests; number++)); do
        quietly openssl req -new -key request.key -subj "/CN=client-$number.$issuer.example" -out "requests-$issuer/$number.csr"
    done
done

issue() { # ISSUER
    mkdir "out-$1"
    CLOUDHSM_SHIM_TARGET=$module CLOUDHSM_SHIM_LATENCY_MS=$latency CLOUDHSM_SHIM_LATENCY_CALLS=C_Sign HSM_CA_MODULE=$shim \
        ./hsm-ca --quiet csr sign "requests-$1" --ca ec.crt --again --profile tls-client --out-dir "out-$1" --jobs "$jobs" >"log-$1" 2>&1 ||
        { tail -5 "log-$1" >&2; die "issuer $1 failed"; }
}
mkdir measured
measure() { # ISSUER...
    local begun=$EPOCHREALTIME issuer signed pids=()
    for issuer; do
        issue "$issuer" &
        pids+=($!)
    done
    for issuer in "${pids[@]}"; do
        wait "$issuer"
    done
    awk -v begun="$begun" -v ended="$EPOCHREALTIME" -v count="$((requests * $#))" 'BEGIN { printf "%.1f\n", count / (ended - begun) }'
    for issuer; do
        signed=("out-$issuer"/*.crt)
        ((${#signed[@]} == requests)) || die "issuer $issuer has ${#signed[@]} certificates"
        # Not removed: bench-batch.sh says what that would cost the next files.
        mv "out-$issuer" "$(mktemp -d measured/XXXXXX)"
    done
}

echo "$requests requests and $jobs sessions for each issuer, $latency ms for each signature"
echo "| round | one issuer | two issuers | ratio |"
echo "|---|---:|---:|---:|"
for ((round = 1; round <= rounds; round++)); do
    one=$(measure one)
    two=$(measure one two)
    awk -v round="$round" -v one="$one" -v two="$two" 'BEGIN { printf "| %s | %.1f | %.1f | %.2f |\n", round, one, two, two / one }'
done
quietly ./hsm-ca ledger verify
