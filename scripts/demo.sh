#!/usr/bin/env bash
# Shows the main job, from nothing to an initialised cluster, on this machine only: SoftHSM as the token, a local AWS with KMS and CloudHSM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'EOF'
usage: scripts/demo.sh [--profile PROFILE] [DIR]
  Makes DIR, which must be empty if it exists. Without DIR, makes a directory
  under /tmp. PROFILE is the Cargo profile of the build: demo (the default; it
  builds fastest), dev (as the tests) or release (as `cargo install`).
EOF
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
# Prints a command as you would type it, and runs it.
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
root=$PWD

directory=${1:-$(mktemp -d /tmp/hsm-ca-demo.XXXXXX)}
mkdir -p "$directory"
directory=$(realpath "$directory")
[[ -z $(ls -A "$directory") ]] || { echo "demo.sh: $directory is not empty" >&2; exit 1; }
command -v cargo >/dev/null || { echo "demo.sh: cargo is missing; install Rust (rustup)" >&2; exit 1; }

say "Install missing packages"
scripts/install.sh --demo

say "Build (takes some minutes the first time)"
cargo build --locked --profile "$profile"
[[ $profile != dev ]] || profile=debug # Cargo's name for that directory
PATH=$CARGO_TARGET_DIR/$profile:$PATH
# Use the AWS CLI that install.sh installed, not another one on this machine.
aws() {
    "$CARGO_TARGET_DIR/venv/bin/aws" "$@"
}
began=$SECONDS

unset "${!HSM_CA_@}" SOFTHSM2_CONF
trap '"$root/scripts/local-aws.sh" stop "$directory/aws"' EXIT
"$root/scripts/local-aws.sh" start "$directory/aws" "$$"
# shellcheck disable=SC1091
. "$directory/aws/aws.env"
cd "$directory"

say "1. A token: SoftHSM stands in for the HSM"
run hsm-ca rig new rig
# shellcheck disable=SC1091
. rig/env.sh

say "2. KMS generates the CA's key pair; the private half leaves KMS only encrypted"
alias=alias/cloudhsm-customerCA-key-encryption-key
run hsm-ca kms create-key --alias "$alias"
run hsm-ca kms generate-key-pair --key-id "$alias" --spec RSA_2048 --out pair.json

say "3. The import: the key is decrypted once, unwrapped in the token and proven. Nobody can read it from the token"
run hsm-ca kms import pair.json --label customer-ca
run hsm-ca key list

say "4. The token signs the CA certificate"
run hsm-ca ca create --key customer-ca --subject "CN=Example Customer CA,O=Example,C=US" --out customerCA.crt

say "5. The AWS CLI creates a CloudHSM cluster and its first HSM, which makes a CSR"
run aws cloudhsmv2 create-cluster --hsm-type hsm2m.medium --mode FIPS --subnet-ids subnet-0123456789abcdef0 \
    --query Cluster.ClusterId --output text | tee cluster.id
cluster=$(tail -1 cluster.id)
wait_for() {
    local tries=0
    until [[ $(hsm-ca cluster list --format json) == *"$1"* ]]; do
        ((++tries < 100)) || { echo "demo.sh: the local AWS does not show $1 for the cluster" >&2; exit 1; }
        sleep 0.2
    done
}
wait_for '"state": "UNINITIALIZED"'
run aws cloudhsmv2 create-hsm --cluster-id "$cluster" --availability-zone us-east-1a --query Hsm.HsmId --output text
wait_for '"cluster-csr"'
run hsm-ca cluster list
run hsm-ca cluster fetch "$cluster" --out-dir .

say "6. Is the HSM genuine? hsm-ca verifies two chains and the CSR's key (the local AWS has its own roots)"
fingerprint() {
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'
}
roots=(
    --aws-root aws/aws-root.crt --aws-root-sha256 "$(fingerprint aws/aws-root.crt)"
    --manufacturer-root aws/manufacturer-root-2.crt --manufacturer-root-sha256 "$(fingerprint aws/manufacturer-root-2.crt)"
)
run hsm-ca cluster verify --dir . "${roots[@]}"

say "7. The token signs the CSR of that HSM"
run hsm-ca csr sign "${cluster}_ClusterCsr.csr" --ca customerCA.crt --profile cloudhsm-cluster --identity . "${roots[@]}" \
    --out "${cluster}_CustomerHsmCertificate.crt"

say "8. openssl verifies the certificate independently, as in AWS's guide"
run openssl verify -purpose sslserver -CAfile customerCA.crt "${cluster}_CustomerHsmCertificate.crt"

say "9. hsm-ca initialises the cluster and checks its certificates"
run hsm-ca cluster initialize "$cluster" --signed-cert "${cluster}_CustomerHsmCertificate.crt" --trust-anchor customerCA.crt --wait --yes
run hsm-ca cluster check "$cluster" --ca customerCA.crt

say "Done in $((SECONDS - began)) seconds. Everything is in $directory:"
cat <<EOF
  pair.json                                  the key pair; only KMS can read its private half
  rig/                                       the token, its PINs and settings (. rig/env.sh)
  customerCA.crt                             the trust anchor
  ${cluster}_*                     the cluster's CSR and certificates

For a real cluster you need an HSM as the token; \`hsm-ca doctor\` shows whether it accepts the key:
  export AWS_REGION=eu-west-1 HSM_CA_MODULE=/path/to/your-hsm-pkcs11.so HSM_CA_TOKEN=your-token
  hsm-ca doctor
Then run the commands above with the ids and roots of your cluster. docs/cloudhsm.md explains each step.
docs/threat-model.md says what this protects, and what it does not protect.
EOF
