//! The examples of each command. A test runs all of them in this order.

/// The examples in the help of a command, or of a group of commands, which has some of its commands'.
pub(in crate::cli) fn of(path: &str) -> Vec<&'static str> {
    let chosen = GROUPS.iter().find(|(group, _)| *group == path);
    let chosen = chosen.map(|(_, commands)| *commands);
    let is_shown = |of: &str| chosen.map_or(of == path, |commands| commands.contains(&of));
    let shown = EXAMPLES.iter().filter(|(of, _)| is_shown(of));
    shown.map(|(_, example)| *example).collect()
}

/// Groups of commands, and those whose examples show what the group is for. The first is the program itself.
const GROUPS: &[(&str, &[&str])] = &[
    ("", &["rig new", "key generate", "ca create", "cert verify"]),
    ("rig", &["rig new"]),
    ("token", &["token list", "token show"]),
    ("key", &["key generate", "key list", "key verify"]),
    ("kms", &["kms create-key", "kms generate-key-pair", "kms import"]),
    ("ca", &["ca create", "ca adopt"]),
    ("csr", &["csr create", "csr sign"]),
    ("crl", &["crl create", "crl show"]),
    ("ocsp", &["ocsp respond", "ocsp show", "ocsp publish"]),
    ("cluster", &["cluster fetch", "cluster verify", "cluster check"]),
    ("cert", &["cert show", "cert verify", "cert revoke"]),
    ("ceremony", &["ceremony check", "ceremony plan", "ceremony run"]),
    ("profile", &["profile list", "profile show"]),
    ("ledger", &["ledger list", "ledger show", "ledger verify"]),
];

/// A command, and its example as a shell command.
pub(in crate::cli) const EXAMPLES: &[(&str, &str)] = &[
    ("rig new", "hsm-ca rig new ./rig"),
    ("doctor", "hsm-ca doctor"),
    ("token list", "hsm-ca token list"),
    ("token show", "hsm-ca token show"),
    (
        "token bench",
        "hsm-ca token bench --type ec:p256 --sessions 2 --seconds 1",
    ),
    (
        "key generate",
        "hsm-ca key generate --label web-ca --type ec:p256",
    ),
    ("key list", "hsm-ca key list"),
    ("key show", "hsm-ca key show web-ca"),
    ("key verify", "hsm-ca key verify web-ca"),
    (
        "key export-public",
        "hsm-ca key export-public web-ca -o web-ca.pub",
    ),
    ("key delete", "hsm-ca key delete old-ca --yes"),
    ("kms create-key", "hsm-ca kms create-key --alias alias/hsm-ca"),
    (
        "kms generate-key-pair",
        "hsm-ca kms generate-key-pair --key-id alias/hsm-ca --spec rsa:2048 \\\n      -o pair.json",
    ),
    ("kms import", "hsm-ca kms import pair.json --label customer-ca"),
    ("kms recipient-key", "hsm-ca kms recipient-key -o recipient.pub"),
    (
        "ca create",
        "hsm-ca ca create --key customer-ca --subject 'CN=Example CA,O=Example' \\\n      -o customerCA.crt",
    ),
    (
        "csr create",
        "hsm-ca csr create --key web-ca --subject 'CN=Web CA,O=Example' \\\n      -o web-ca.csr",
    ),
    ("csr show", "hsm-ca csr show web-ca.csr"),
    (
        "csr sign",
        "hsm-ca csr sign cluster.csr --ca customerCA.crt -o cluster.crt",
    ),
    (
        "csr sign",
        "hsm-ca csr sign requests/ --ca customerCA.crt --out-dir signed \\\n      --profile tls-server",
    ),
    ("cert show", "hsm-ca cert show cluster.crt"),
    (
        "cert verify",
        "hsm-ca cert verify cluster.crt --ca customerCA.crt",
    ),
    ("cert rules", "hsm-ca cert rules"),
    ("profile list", "hsm-ca profile list"),
    ("profile show", "hsm-ca profile show tls-server"),
    (
        "cert revoke",
        "hsm-ca cert revoke signed/www.crt --ca customerCA.crt \\\n      --reason key-compromise",
    ),
    (
        "crl create",
        "hsm-ca crl create --ca customerCA.crt -o customerCA.crl",
    ),
    ("crl show", "hsm-ca crl show customerCA.crl --ca customerCA.crt"),
    (
        "ocsp respond",
        "hsm-ca ocsp respond --ca customerCA.crt --request request.ocsp \\\n      -o response.ocsp",
    ),
    ("ocsp show", "hsm-ca ocsp show response.ocsp --ca customerCA.crt"),
    (
        "ocsp publish",
        "hsm-ca ocsp publish --ca customerCA.crt --out-dir ocsp",
    ),
    ("ca adopt", "hsm-ca ca adopt other-ca.crt"),
    (
        "cert cross-sign",
        "hsm-ca cert cross-sign other-ca.crt --ca customerCA.crt -o cross.crt",
    ),
    ("ledger new", "hsm-ca ledger new --ledger sqlite:new.db"),
    ("ledger list", "hsm-ca ledger list --last 5"),
    ("ledger show", "hsm-ca ledger show '#2'"),
    ("ledger verify", "hsm-ca ledger verify"),
    ("ledger checkpoint", "hsm-ca ledger checkpoint -o checkpoint"),
    (
        "ledger prove",
        "hsm-ca ledger prove '#7' --checkpoint checkpoint -o cluster.proof",
    ),
    (
        "ledger verify-proof",
        "hsm-ca ledger verify-proof cluster.proof --checkpoint checkpoint \\\n      --certificate cluster.crt",
    ),
    (
        "ledger deliver",
        "hsm-ca ledger deliver '#7' -o cluster-again.crt",
    ),
    (
        "ledger copy",
        "hsm-ca ledger copy sqlite:rig/hsm-ca.db sqlite:copy.db",
    ),
    ("ledger accept", "hsm-ca ledger accept --ca customerCA.crt"),
    ("ledger export", "hsm-ca ledger export > events.jsonl"),
    ("show", "hsm-ca show events.jsonl"),
    ("completions", "hsm-ca completions bash > hsm-ca.bash"),
    ("man", "hsm-ca man ./man1"),
    ("schema", "hsm-ca schema key list"),
    ("version", "hsm-ca version -v"),
    ("cluster list", "hsm-ca cluster list"),
    (
        "cluster fetch",
        "hsm-ca cluster fetch cluster-1a2b3c4d5e6 --out-dir cluster",
    ),
    (
        "cluster verify",
        "hsm-ca cluster verify --dir cluster --aws-root AWS_CloudHSM_Root-G1.crt \\\n      --manufacturer-root liquid_security_certificate.crt",
    ),
    (
        "cluster initialize",
        "hsm-ca cluster initialize cluster-1a2b3c4d5e6 --wait \\\n      --signed-cert cluster/cluster-1a2b3c4d5e6_CustomerHsmCertificate.crt \\\n      --trust-anchor customerCA.crt",
    ),
    (
        "cluster check",
        "hsm-ca cluster check cluster-1a2b3c4d5e6 --ca customerCA.crt",
    ),
    ("ceremony new", "hsm-ca ceremony new ceremony.toml"),
    ("ceremony check", "hsm-ca ceremony check ceremony.toml"),
    ("ceremony plan", "hsm-ca ceremony plan ceremony.toml -o root-r1"),
    ("ceremony show", "hsm-ca ceremony show root-r1"),
    ("ceremony rehearse", "hsm-ca ceremony rehearse root-r1"),
    (
        "ceremony approve",
        "hsm-ca ceremony approve root-r1 --ssh-key ~/.ssh/id_ed25519",
    ),
    ("ceremony approvals", "hsm-ca ceremony approvals root-r1"),
    ("ceremony script", "hsm-ca ceremony script root-r1 -o script.html"),
    ("ceremony run", "hsm-ca ceremony run root-r1"),
    (
        "ceremony attest",
        "hsm-ca ceremony attest root-r1 --ssh-key ~/.ssh/id_ed25519",
    ),
    ("ceremony verify", "hsm-ca ceremony verify root-r1"),
    ("ceremony report", "hsm-ca ceremony report root-r1 -o report.html"),
    ("ceremony export", "hsm-ca ceremony export root-r1 -o next.json"),
    (
        "ceremony note",
        "hsm-ca ceremony note root-r1 'a witness has left' --deviation",
    ),
    (
        "ceremony abort",
        "hsm-ca ceremony abort root-r1 --because 'the HSM does not answer'",
    ),
];
