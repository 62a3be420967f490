//! Command lines that read a file or a directory, called `MISSING`.

use crate::cli::help::{all_commands, help_of};
use crate::harness::Rig;

/// `MISSING` stands for an input file: each option and operand of each command that names one.
pub(super) const READS: &[&str] = &[
    "show MISSING",
    "token list --config MISSING",
    "token list --module ./MISSING",
    "token list --module MISSING",
    "ca create --key customer-ca --subject CN=A --out a.crt --module ./MISSING",
    "ca create --key customer-ca --subject CN=A --out a.crt --profile ./MISSING",
    "csr create --key customer-ca --subject CN=A --out a.csr --profile ./MISSING",
    "key verify customer-ca --public-key MISSING",
    "kms import MISSING --label other",
    "kms import pair.json --label other --attestation-document MISSING",
    "ca adopt MISSING",
    "ca adopt other.crt --revoked MISSING",
    "ca adopt other.crt --certificates MISSING",
    "ca adopt other.crt --crl MISSING",
    "ca adopt other.crt --issuer MISSING",
    "csr show MISSING",
    "csr sign MISSING --ca customerCA.crt --out a.crt",
    "csr sign cluster.csr --ca MISSING --out a.crt",
    "csr sign cluster.csr --ca customerCA.crt --out a.crt --profile ./MISSING",
    "csr sign cluster.csr --ca customerCA.crt --out a.crt --refused-keys MISSING",
    "csr sign cluster.csr --ca customerCA.crt --out a.crt --identity MISSING",
    "cert show MISSING",
    "cert show cluster.crt --ca MISSING",
    "cert verify MISSING --ca customerCA.crt",
    "cert verify cluster.crt --ca MISSING",
    "cert verify cluster.crt --ca customerCA.crt --crl MISSING",
    "cert cross-sign MISSING --ca customerCA.crt --out a.crt",
    "cert cross-sign other.crt --ca MISSING --out a.crt",
    "cert cross-sign other.crt --ca customerCA.crt --out a.crt --original-issuer MISSING",
    "cert cross-sign other.crt --ca customerCA.crt --out a.crt --profile ./MISSING",
    "cert revoke MISSING --ca customerCA.crt --reason superseded",
    "cert revoke cluster.crt --ca MISSING --reason superseded",
    "profile show ./MISSING",
    "crl show MISSING",
    "crl show made.crl --ca MISSING",
    "crl create --ca MISSING --out a.crl",
    "crl create --ca customerCA.crt --out a.crl --revoked MISSING",
    "crl create --ca customerCA.crt --out a.crl --base MISSING",
    "crl create --ca customerCA.crt --out a.crl --shard 1 --profile ./MISSING",
    "ocsp show MISSING",
    "ocsp show request.ocsp --ca MISSING",
    "ocsp show request.ocsp --request MISSING",
    "ocsp respond --ca customerCA.crt --request request.ocsp --out a.ocsp --signer MISSING",
    "ocsp respond --ca customerCA.crt --request request.ocsp --out a.ocsp --revoked MISSING",
    "ocsp publish --ca customerCA.crt --out-dir . --signer MISSING",
    "ocsp respond --ca customerCA.crt --request MISSING --out a.ocsp",
    "ocsp respond --ca MISSING --request request.ocsp --out a.ocsp",
    "ocsp publish --ca MISSING --out-dir .",
    "ledger verify --checkpoint MISSING",
    "ledger prove SERIAL --checkpoint MISSING --out a.proof",
    "ledger verify-proof MISSING --checkpoint checkpoint --certificate cluster.crt",
    "ledger verify-proof proof --checkpoint MISSING --certificate cluster.crt",
    "ledger verify-proof proof --checkpoint checkpoint --certificate MISSING",
    "ledger prove --since MISSING --out a.proof",
    "ledger prove SERIAL --signing-key MISSING --out a.proof",
    "ledger verify-proof extension --since MISSING",
    "ledger checkpoint --signing-key MISSING",
    "ledger deliver SERIAL --ca MISSING --out a.crt",
    "ledger accept --ca MISSING",
    "doctor --pair MISSING",
    "cluster verify --dir MISSING --aws-root other.crt --manufacturer-root other.crt",
    "cluster initialize cluster-aaaaaaaaaaa --signed-cert MISSING --trust-anchor customerCA.crt --yes",
    "cluster initialize cluster-aaaaaaaaaaa --signed-cert cluster.crt --trust-anchor MISSING --yes",
    "cluster check --dir MISSING --ca customerCA.crt",
    "cluster check --dir . --ca MISSING",
    "cluster check --dir . --ca customerCA.crt --client-cert MISSING",
    "cluster check --dir . --ca customerCA.crt --server-cert MISSING",
    "ceremony check MISSING",
    "ceremony plan MISSING --out a",
];

/// The same for a ceremony's directory, which can have another kind of error.
pub(super) const CEREMONIES: &[&str] = &[
    "ceremony plan --check MISSING",
    "ceremony show MISSING",
    "ceremony script MISSING --out a.html",
    "ceremony rehearse MISSING",
    "ceremony approve MISSING --ssh-key person",
    "ceremony approvals MISSING",
    "ceremony attest MISSING --ssh-key person",
    "ceremony run MISSING",
    "ceremony note MISSING text",
    "ceremony abort MISSING --because text",
    "ceremony verify MISSING",
    "ceremony report MISSING --out a.html",
    "ceremony export MISSING --out a.json",
];

/// Commands whose input can be a directory.
pub(super) const READS_DIRECTORIES: &[&str] = &[
    "show MISSING",
    "ca adopt other.crt --certificates MISSING",
    "csr sign MISSING --ca customerCA.crt --out a.crt",
    "csr sign cluster.csr --ca customerCA.crt --out a.crt --identity MISSING",
    "cluster verify --dir MISSING --aws-root other.crt --manufacturer-root other.crt",
    "cluster check --dir MISSING --ca customerCA.crt",
];

/// The same for `doctor`, which has a result, with all findings.
pub(super) const READS_OF_DOCTOR: &[&str] = &[
    "doctor --no-kms --ca MISSING",
    "doctor --no-kms --module ./MISSING",
];

/// Options with a file that has no line above: what is read only beside other files, which the other tests of the command have.
const OTHERS: &[(&str, &str)] = &[
    ("cluster verify", "--aws-root"),
    ("cluster verify", "--manufacturer-root"),
    ("csr sign", "--aws-root"),
    ("csr sign", "--manufacturer-root"),
    ("cluster check", "--client-ca"),
    ("ceremony rehearse", "--rig-module"),
    ("ceremony approve", "--ssh-key"),
    ("ceremony attest", "--ssh-key"),
];

/// Every option of every command that takes a file to read, except those of all commands, has a line.
#[test]
fn every_file_option_has_a_line() {
    let rig = Rig::without_token();
    let outputs = ["--out", "--plot", "--config", "--module", "--refused-keys"];
    let mut options = 0;
    for command in all_commands(&rig) {
        let path = command.join(" ");
        let help = help_of(&rig, &command, "--help");
        let named = help.lines().filter_map(|line| line.split_once(" <FILE>"));
        let named = named.filter_map(|(before, _)| before.split_whitespace().last());
        for option in named.filter(|option| option.starts_with("--") && !outputs.contains(option)) {
            options += 1;
            let is_of_line = |line: &&&str| {
                let words: Vec<_> = line.split(' ').collect();
                let place = words.iter().position(|word| *word == option);
                let named = place.and_then(|place| words.get(place + 1));
                line.starts_with(&format!("{path} ")) && named.is_some_and(|name| name.ends_with("MISSING"))
            };
            let lines = READS.iter().chain(READS_OF_DOCTOR);
            let is_other = OTHERS.contains(&(path.as_str(), option));
            assert!(
                is_other || lines.clone().any(|line| is_of_line(&line)),
                "{path} {option}"
            );
        }
    }
    assert!(options > 30, "only {options} options");
}
