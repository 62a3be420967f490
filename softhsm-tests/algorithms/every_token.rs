//! Every signature algorithm on every token: a CA certificate, a certificate and a CRL, read by independent programs. The run produces the
//! table in docs/: with `HSM_CA_WRITE_TABLE` set it writes the table, otherwise it compares it.

mod others;
pub(crate) mod readers;
mod refusals;
mod requests;
mod restricted;
mod table;

use std::collections::BTreeMap;
use std::thread;

use self::readers::Signed;
use crate::harness::{Rig, Run, TokenKind, python_tool};
use crate::oracle::make_request;

/// A key to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl Key {
    const ALL: [Self; 8] = [
        Self::Rsa,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    const fn ml_dsa(self) -> Option<&'static str> {
        match self {
            Self::MlDsa44 => Some("ML-DSA-44"),
            Self::MlDsa65 => Some("ML-DSA-65"),
            Self::MlDsa87 => Some("ML-DSA-87"),
            _ => None,
        }
    }

    /// Generates it with an independent program, which may fail.
    fn generate(self, rig: &Rig) -> bool {
        let kind = match self {
            Self::Rsa => "rsa:2048",
            Self::P256 => "EC:prime256v1",
            Self::P384 => "EC:secp384r1",
            Self::P521 => "EC:secp521r1",
            Self::Ed25519 => "EC:edwards25519",
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => {
                return self.generate_ml_dsa(rig).code == Some(0);
            }
        };
        let number = Self::ALL.iter().position(|key| *key == self).unwrap_or_default();
        let number = format!("{number:02}");
        let pin = rig.pin();
        let module = rig.oracle_module();
        let login = [
            "--module",
            module.to_str().expect("UTF-8"),
            "--token-label",
            "ca",
            "--login",
            "--pin",
            &pin,
        ];
        let generate = ["--keypairgen", "--key-type", kind, "--usage-sign"];
        let name = ["--label", self.label(), "--id", &number];
        rig.tool("pkcs11-tool", &[&login[..], &generate, &name].concat())
            .code
            == Some(0)
    }

    fn generate_ml_dsa(self, rig: &Rig) -> Run {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/softhsm-tests/programs/generate_ml_dsa.py"
        );
        let module = rig.oracle_module();
        let module = module.to_str().expect("UTF-8");
        let set = &self.label()["ml-dsa-".len()..];
        rig.tool(
            python_tool("python3"),
            &[script, module, "ca", "rig/pin", self.label(), set],
        )
    }
}

/// A way to sign.
struct Case {
    /// Its column in the table.
    column: &'static str,
    /// Its hash in the table; empty if the key determines it.
    hash: &'static str,
    key: Key,
    options: &'static [&'static str],
    /// Its name in openssl 3.0, if any.
    words: &'static [&'static str],
}

const fn case(
    column: &'static str,
    hash: &'static str,
    key: Key,
    options: &'static [&'static str],
    words: &'static [&'static str],
) -> Case {
    Case {
        column,
        hash,
        key,
        options,
        words,
    }
}

const PKCS1: &str = "RSA PKCS#1 v1.5";
const PSS: &str = "RSASSA-PSS";

const CASES: [Case; 16] = [
    case(PKCS1, "SHA-256", Key::Rsa, &[], &["sha256WithRSAEncryption"]),
    case(
        PKCS1,
        "SHA-384",
        Key::Rsa,
        &["--hash", "sha384"],
        &["sha384WithRSAEncryption"],
    ),
    case(
        PKCS1,
        "SHA-512",
        Key::Rsa,
        &["--hash", "sha512"],
        &["sha512WithRSAEncryption"],
    ),
    case(
        PSS,
        "SHA-256",
        Key::Rsa,
        &["--pss"],
        &[
            "rsassaPss",
            "Hash Algorithm: sha256",
            "mgf1 with sha256",
            "Salt Length: 0x20",
        ],
    ),
    case(
        PSS,
        "SHA-384",
        Key::Rsa,
        &["--pss", "--hash", "sha384"],
        &[
            "rsassaPss",
            "Hash Algorithm: sha384",
            "mgf1 with sha384",
            "Salt Length: 0x30",
        ],
    ),
    case(
        PSS,
        "SHA-512",
        Key::Rsa,
        &["--pss", "--hash", "sha512"],
        &[
            "rsassaPss",
            "Hash Algorithm: sha512",
            "mgf1 with sha512",
            "Salt Length: 0x40",
        ],
    ),
    case("ECDSA P-256", "SHA-256", Key::P256, &[], &["ecdsa-with-SHA256"]),
    case(
        "ECDSA P-256",
        "SHA-384",
        Key::P256,
        &["--hash", "sha384"],
        &["ecdsa-with-SHA384"],
    ),
    case(
        "ECDSA P-256",
        "SHA-512",
        Key::P256,
        &["--hash", "sha512"],
        &["ecdsa-with-SHA512"],
    ),
    case("ECDSA P-384", "SHA-384", Key::P384, &[], &["ecdsa-with-SHA384"]),
    case(
        "ECDSA P-384",
        "SHA-512",
        Key::P384,
        &["--hash", "sha512"],
        &["ecdsa-with-SHA512"],
    ),
    case("ECDSA P-521", "SHA-512", Key::P521, &[], &["ecdsa-with-SHA512"]),
    case("Ed25519", "", Key::Ed25519, &[], &["ED25519"]),
    case("ML-DSA-44", "", Key::MlDsa44, &[], &[]),
    case("ML-DSA-65", "", Key::MlDsa65, &[], &[]),
    case("ML-DSA-87", "", Key::MlDsa87, &[], &[]),
];

/// The result of a case on a token.
#[derive(Debug)]
enum Outcome {
    Signed,
    /// No program can make such a key on the token.
    NoKey,
    /// Our program refused, with a reason.
    Refused(String),
}

/// The byte 133 as a length, which C_SignInit rejects too.
const TPM2_P521: &str = "tpm2-pkcs11 1.9 writes a CKA_EC_POINT for P-521 that is not a DER OCTET STRING, and does not sign with such a key itself";

/// A request that every CA here signs.
fn with_request(rig: Rig) -> Rig {
    let names = ["-addext", "subjectAltName=DNS:leaf.example"];
    make_request(&rig, "leaf.csr", &["-newkey", "rsa:2048"], &names);
    rig
}

fn try_case(rig: &Rig, case: &Case) -> Outcome {
    let number = CASES
        .iter()
        .position(|one| std::ptr::eq(one, case))
        .unwrap_or_default();
    let [ca, leaf, crl] = ["ca.crt", "leaf.crt", "crl"].map(|name| format!("{number}-{name}"));
    let subject = format!("CN=CA {number},C=US");
    let create = ["ca", "create", "--key", case.key.label(), "--profile", "root"];
    let name = ["--subject", &subject, "--out", &ca];
    let created = rig.json(&[&create[..], &name, case.options].concat());
    if (rig.kind, case.key) == (TokenKind::Tpm2, Key::P521) {
        created.refused(3, "no-public-key");
        return Outcome::Refused(TPM2_P521.to_owned());
    }
    if created.code != Some(0) {
        return Outcome::Refused(created.refused(3, "no-mechanism"));
    }
    let sign = [
        "csr",
        "sign",
        "leaf.csr",
        "--ca",
        &ca,
        "--profile",
        "tls-server",
        "--out",
        &leaf,
    ];
    rig.json(&[&sign[..], case.options].concat()).ok();
    let revoke = ["crl", "create", "--ca", &ca, "--out", &crl];
    rig.json(&[&revoke[..], case.options].concat()).ok();
    let signed = Signed {
        ca: &ca,
        leaf: &leaf,
        crl: &crl,
    };
    match case.key.ml_dsa() {
        Some(name) => signed.assert_read_as_ml_dsa(rig, name),
        None => signed.assert_read_as(rig, case.words),
    }
    // Only the key differs between tokens, so the slowest reader runs only for the token that has every key.
    if rig.kind == TokenKind::Kryoptic {
        signed.assert_lints(rig, case.key.ml_dsa().is_none());
    }
    let shown = rig.json(&["cert", "verify", &leaf, "--ca", &ca]).ok().json();
    assert_eq!(shown["verified"], true, "{shown}");
    Outcome::Signed
}

fn try_token(kind: TokenKind) -> Vec<Outcome> {
    let rig = with_request(Rig::of(kind));
    let keys: BTreeMap<Key, bool> = Key::ALL
        .into_iter()
        .map(|key| (key, key.generate(&rig)))
        .collect();
    CASES
        .iter()
        .map(|case| {
            if keys[&case.key] {
                try_case(&rig, case)
            } else {
                Outcome::NoKey
            }
        })
        .collect()
}

#[test]
fn independent_programs_read_every_signature_algorithm_of_every_token() {
    let found: Vec<(TokenKind, Vec<Outcome>)> = thread::scope(|scope| {
        let runs = TokenKind::ALL.map(|kind| (kind, scope.spawn(move || try_token(kind))));
        runs.into_iter()
            .map(|(kind, run)| (kind, run.join().unwrap_or_else(|_| panic!("{kind:?}: see above"))))
            .collect()
    });
    table::compare(&found);
}
