#!/usr/bin/env bash
# Holds a whole signing ceremony on SoftHSM: an offline root, an issuing CA, a cross-certificate by an older root, a first CRL, three of five approvers, and an
# interruption in the middle. docs/ceremony.md is the run book for a real one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'USAGE'
usage: scripts/ceremony-demo.sh [--profile PROFILE] [DIR]
  Holds the ceremony in DIR/ceremony, which must not exist. Without DIR, makes
  a directory under /tmp. PROFILE is the Cargo profile of the build: demo (the
  default), dev or release.
USAGE
}
profile=demo
while (($# > 0)); do
    case $1 in
    --profile) [[ ${2-} =~ ^(demo|dev|release)$ ]] || { usage >&2; exit 2; }; profile=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
    esac
done
(($# <= 1)) || { usage >&2; exit 2; }

bold=$(printf '\033[1m') plain=$(printf '\033[0m')
[[ -t 1 ]] || bold='' plain=''
say() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}
run() {
    local word shown=
    for word in "$@"; do
        [[ $word = *[[:space:]]* ]] && shown+=" \"$word\"" || shown+=" $word"
    done
    printf '%s$%s%s\n' "$bold" "$shown" "$plain"
    "$@"
}

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
people=$PWD/scripts/ceremony-people.py ceremony_file=$PWD/scripts/ceremony_file.py

directory=${1:-$(mktemp -d /tmp/hsm-ca-ceremony.XXXXXX)}
mkdir -p "$directory"
directory=$(realpath "$directory")/ceremony
[[ ! -e $directory ]] || { echo "ceremony-demo.sh: $directory already exists" >&2; exit 1; }
command -v cargo >/dev/null || { echo "ceremony-demo.sh: cargo is missing; install Rust (rustup)" >&2; exit 1; }

say "Install missing packages"
scripts/install.sh --demo

say "Build (takes some minutes the first time)"
cargo build --locked --profile "$profile"
[[ $profile != dev ]] || profile=debug # Cargo's name for that directory
PATH=$CARGO_TARGET_DIR/$profile:$PATH
began=$SECONDS
unset "${!HSM_CA_@}" SOFTHSM2_CONF
mkdir -m 700 "$directory"
cd "$directory"

say "1. Two tokens: SoftHSM stands in for the new HSM and for the HSM of an older root"
run hsm-ca rig new rig --label root
# shellcheck disable=SC1091
. rig/env.sh
module=$(sed -n 's/^module = "\(.*\)"/\1/p' rig/hsm-ca.toml)
# Slot 0 is the first token. The PINs are in the environment, because every process can see arguments.
so_pin=$(<rig/so-pin) pin=$(<rig/pin)
export so_pin pin
pkcs11-tool --module "$module" --slot-index 1 --init-token --label legacy --so-pin env:so_pin >/dev/null 2>&1
pkcs11-tool --module "$module" --token-label legacy --login --login-type so --so-pin env:so_pin --init-pin --new-pin env:pin >/dev/null 2>&1
unset so_pin pin
serial_of() {
    hsm-ca token list --format json |
        python3 -c 'import json, sys; print(next(t["serial_number"] for t in json.load(sys.stdin)["tokens"] if t["label"] == sys.argv[1]))' "$1"
}
root=$(serial_of root) legacy=$(serial_of legacy)

say "2. The inputs: the older root, a request for an issuing CA, and people with SSH keys"
mkdir inputs keys
yesterday=$(date -u -d yesterday +%F)
run hsm-ca --token "pkcs11:serial=$legacy" key generate --label legacy --type rsa:3072
run hsm-ca --token "pkcs11:serial=$legacy" ca create --key legacy --subject "CN=Legacy Root,O=Example" --profile root \
    --days 5000 --not-before "$yesterday" --out inputs/legacy.crt
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout issuing-ca.key -subj "/O=Example/CN=Issuing CA I1" \
    -out inputs/i1.csr 2>/dev/null
for name in A B C D E W; do
    ssh-keygen -q -t ed25519 -N '' -C '' -f "keys/$name"
done

say "3. The ceremony file (\`hsm-ca ceremony new\` writes one with comments)"
person() {
    printf '[[person]]\nname = "%s"\nroles = [%s]\nkey = "%s"\n' "$1" "$2" "$(<"keys/$1.pub")"
}
input() {
    printf '%s = { file = "%s", sha256 = "%s" }\n' "$1" "$2" "$(sha256sum "$2" | cut -d' ' -f1)"
}
# The session is today. In the last minutes before midnight, use the next day.
day=$(date -u -d '5 minutes' +%F)
[[ $day = $(date -u +%F) ]] && hours='["00:00Z", "23:59Z"]' || hours='["00:00+01:00", "23:00+01:00"]'
session() {
    printf '[[session]]\nname = "%s"\ndate = %s\nhours = %s\n' "$1" "$2" "$3"
}
id=demo-root-r1 \
    sessions="$(session main "$day" "$hours")"$'\n'"$(session standby "$(date -u -d '3 days' +%F)" '["08:00Z", "18:00Z"]')"$'\n' \
    tokens="$(printf '[token.%s]\nserial = "%s"\n' root "$root" legacy "$legacy")"$'\n' \
    people="$(person A '"approver", "administrator"'; person B '"approver", "operator"'; for name in C D E; do person "$name" '"approver"'; done; person W '"witness"')"$'\n' \
    inputs="$(input legacy-root inputs/legacy.crt; input i1-csr inputs/i1.csr)"$'\n' \
    python3 "$ceremony_file" >ceremony.toml
run hsm-ca ceremony check ceremony.toml

say "4. The plan fixes every octet except those of the key that is not made yet. The rehearsal signs them on throwaway tokens"
quorum=$(hsm-ca ceremony check ceremony.toml --format json | python3 -c 'import json, sys; print(json.load(sys.stdin)["quorum"])')
# The machine's settings say who may approve, because the people approve the file itself.
sed -i "1i ceremony-quorum = \"$quorum\"" rig/hsm-ca.toml
run hsm-ca ceremony plan ceremony.toml --out room
run hsm-ca ceremony plan --check room >/dev/null
run hsm-ca ceremony rehearse room

say "5. Three of five approvers sign with their SSH keys. Then the script is made, to print"
for name in A B C; do
    run hsm-ca ceremony approve room --ssh-key "keys/$name" >/dev/null
done
run hsm-ca ceremony approvals room
run hsm-ca ceremony script room --out script.html

say "6. The day. The people type the words of the script. After the root is signed, the power fails"
steps="k root i1 x1 crl1"
python3 "$people" room script.html 'Signed "root"' <<<"$steps"

say "7. The same command continues where it stopped"
python3 "$people" room script.html <<<"$steps"

say "8. Two of the people present sign the head. Anyone can verify the ceremony, with this program and with others"
for name in A W; do
    run hsm-ca ceremony attest room --ssh-key "keys/$name" --all >/dev/null
done
head=$(python3 -c 'import json; print(json.load(open("room/attest/01.json"))["head"])')
run hsm-ca ceremony verify room --head "$head"
run hsm-ca ledger verify
(cd room && run sha256sum --quiet -c SHA256SUMS)
run openssl verify -CAfile room/out/r1.crt room/out/i1.crt
run openssl verify -CAfile inputs/legacy.crt -untrusted room/out/r1-x.crt room/out/i1.crt
run openssl crl -in room/out/r1.crl -CAfile room/out/r1.crt -noout -verify

say "9. The report, and what the next ceremony inherits"
run hsm-ca ceremony report room --out report.html
run hsm-ca ceremony export room --out next.json >/dev/null

say "Done in $((SECONDS - began)) seconds. Everything is in $directory:"
cat <<EOT
  room/          the ceremony: plan, approvals, transcript, results (out/), attestations
  script.html    the script, to print before the day
  report.html    the report, to print after the day: open file://$directory/report.html
EOT
