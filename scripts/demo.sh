#!/usr/bin/env bash
# The main job from nothing to a signed cluster certificate, on this machine alone: SoftHSM for the token, a local AWS KMS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1-} = -h || ${1-} = --help || $# -gt 1 ]]; then
    echo "usage: scripts/demo.sh [DIR]     DIR is made; without it a directory under /tmp is"
    [[ ${1-} = -h || ${1-} = --help ]] && exit 0 || exit 2
fi

bold=$(printf '\033[1m') plain=$(printf '\033[0m')
[[ -t 1 ]] || bold='' plain=''
say() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}
# Shows a command as a person would type it, and runs it.
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

say "What is missing on this machine"
scripts/install.sh --demo

say "Build (the first time takes some minutes)"
cargo build --release --locked
PATH=$CARGO_TARGET_DIR/release:$PATH
began=$SECONDS

directory=${1:-$(mktemp -d /tmp/hsm-ca-demo.XXXXXX)}
mkdir -p "$directory"
directory=$(realpath "$directory")
[[ -z $(ls -A "$directory") ]] || { echo "demo.sh: $directory is not empty" >&2; exit 1; }
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

say "2. KMS generates the CA's key pair; the private half leaves KMS encrypted only"
alias=alias/cloudhsm-customerCA-key-encryption-key
run hsm-ca kms create-key --alias "$alias"
run hsm-ca kms generate-key-pair --key-id "$alias" --spec RSA_2048 --out pair.json

say "3. Into the token: decrypted once, unwrapped, proven, never readable again"
run hsm-ca kms import pair.json --label customer-ca
run hsm-ca key list

say "4. The token signs the CA certificate"
run hsm-ca ca create --key customer-ca --subject "CN=Example Customer CA,O=Example,C=US" --out customerCA.crt

say "5. The token signs the cluster's CSR (made here in the shape of a real one)"
openssl req -new -newkey rsa:2048 -nodes -keyout cluster.key -sha256 -out cluster-demo_ClusterCsr.csr \
    -subj '/C=US+ST=CA+O=Cavium+OU=N3FIPS+L=SanJose/CN=HSM:0123456789ABCDEF0123456789ABCD:PARTN:13, for FIPS mode' \
    2>/dev/null
run hsm-ca csr show cluster-demo_ClusterCsr.csr
run hsm-ca csr sign cluster-demo_ClusterCsr.csr --ca customerCA.crt --profile cloudhsm-cluster \
    --out cluster-demo_CustomerHsmCertificate.crt

say "6. Not our word only: openssl verifies, as AWS's guide does"
run openssl verify -purpose sslserver -CAfile customerCA.crt cluster-demo_CustomerHsmCertificate.crt
run hsm-ca cert verify cluster-demo_CustomerHsmCertificate.crt --ca customerCA.crt

say "Done in $((SECONDS - began)) seconds. Everything is in $directory:"
cat <<EOF
  pair.json                                  the key pair; its private half only KMS can read
  rig/                                       the token, its PINs and settings (. rig/env.sh)
  customerCA.crt                             the trust anchor
  cluster-demo_CustomerHsmCertificate.crt    the cluster's certificate

The same for a real cluster. The token is an HSM that you have; \`hsm-ca doctor\` says whether it can take the key.
  export AWS_REGION=eu-west-1 HSM_CA_MODULE=/path/to/your-hsm-pkcs11.so HSM_CA_TOKEN=your-token
  hsm-ca doctor
  hsm-ca kms create-key --alias $alias
  hsm-ca kms generate-key-pair --key-id $alias --spec RSA_2048 --out pair.json
  hsm-ca kms import pair.json --label customer-ca
  hsm-ca ca create --key customer-ca --subject "CN=Example Customer CA,O=Example,C=US" --out customerCA.crt
  aws cloudhsmv2 describe-clusters --filters clusterIds=ID --output text \\
      --query 'Clusters[].Certificates.ClusterCsr' > ID_ClusterCsr.csr
  hsm-ca csr sign ID_ClusterCsr.csr --ca customerCA.crt --out ID_CustomerHsmCertificate.crt
  aws cloudhsmv2 initialize-cluster --cluster-id ID \\
      --signed-cert file://ID_CustomerHsmCertificate.crt --trust-anchor file://customerCA.crt
  sudo cp customerCA.crt /opt/cloudhsm/etc/customerCA.crt
docs/threat-model.md says what this protects, and what it does not.
EOF
