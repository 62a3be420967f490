//! Every key spec, by every route, into every token: other programs prove successful imports, and failed ones have a reason. The run
//! produces the table in docs/: with `HSM_CA_WRITE_TABLE` set it writes the table, otherwise it compares it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

use serde_json::Value;

use crate::harness::{ALIAS, Rig, TokenKind};

const TABLE: &str = "docs/compatibility.md";

const ROUTES: [&str; 4] = ["sealed", "rsa-aes-key-wrap", "oaep-aes-kwp", "create-object"];

/// Each spec, its name in the table, and how another program signs with it.
const SPECS: [(&str, &str, Signing); 8] = [
    ("RSA_2048", "RSA 2048", Signing::Rsa),
    ("RSA_3072", "RSA 3072", Signing::Rsa),
    ("RSA_4096", "RSA 4096", Signing::Rsa),
    ("ECC_NIST_P256", "P-256", Signing::Ecdsa),
    ("ECC_NIST_P384", "P-384", Signing::Ecdsa),
    ("ECC_NIST_P521", "P-521", Signing::Ecdsa),
    ("ECC_SECG_P256K1", "secp256k1", Signing::Ecdsa),
    ("ECC_NIST_EDWARDS25519", "Ed25519", Signing::Ed25519),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signing {
    Rsa,
    Ecdsa,
    Ed25519,
}

/// One pair of each spec, for all tokens.
fn pairs() -> &'static BTreeMap<&'static str, Vec<u8>> {
    static PAIRS: OnceLock<BTreeMap<&str, Vec<u8>>> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let rig = Rig::new().with_key();
        let generate = |spec: &str| {
            let arguments = ["kms", "generate-key-pair", "--key-id", ALIAS, "--spec", spec];
            rig.command(&[&arguments[..], &["--out", "-"]].concat())
                .ok()
                .stdout
        };
        SPECS
            .into_iter()
            .map(|(spec, _, _)| (spec, generate(spec).into_bytes()))
            .collect()
    })
}

/// The result for one route: the imported specs, and the others by reason.
#[derive(Default)]
struct Cell {
    went: Vec<&'static str>,
    refused: BTreeMap<String, Vec<&'static str>>,
}

fn try_route(rig: &Rig, route: &'static str) -> Cell {
    let mut cell = Cell::default();
    for (spec, name, signing) in SPECS {
        let pair = format!("{route}-{spec}.json");
        rig.write(&pair, &pairs()[spec]);
        let label = format!("{route} {spec}");
        let mut arguments = vec!["kms", "import", &pair, "--label", &label, "--route", route];
        if route == "sealed" {
            arguments.extend(["--attestation-document", "document", "--keep-recipient-key"]);
        }
        let run = rig.json(&arguments);
        if run.code == Some(0) {
            let result = run.json();
            assert_eq!(
                (result["outcome"].as_str(), result["route"].as_str()),
                (Some("imported"), Some(route)),
                "{label}"
            );
            let id = result["id"].as_str().expect("an id");
            check_by_other_programs(rig, &pair, id, signing);
            cell.went.push(name);
            // Delete the key, so that the next route must import it again.
            rig.delete_key(id);
        } else if run.code == Some(4) && rig.kind == TokenKind::CloudHsm && spec == "ECC_SECG_P256K1" {
            run.refused(4, "token");
            let reason = "Kryoptic, on which the shim stands, does not have the curve; AWS CloudHSM lists it";
            cell.refused.entry(reason.to_owned()).or_default().push(name);
        } else {
            let message = run.refused(3, "no-route");
            let reason = message.split_once(&format!("{route}: ")).expect("the route").1;
            cell.refused.entry(reason.to_owned()).or_default().push(name);
        }
    }
    cell
}

/// pkcs11-tool signs with the imported key, and openssl verifies under KMS's public key.
fn check_by_other_programs(rig: &Rig, pair: &str, id: &str, signing: Signing) {
    let file: Value = serde_json::from_slice(&rig.read(pair)).expect("JSON");
    rig.write("public.b64", file["PublicKey"].as_str().expect("base64"));
    let public = ["base64", "-d", "-A", "-in", "public.b64", "-out", "public.der"];
    rig.tool("openssl", &public).ok();
    rig.write("message", "what the token signs");
    rig.tool(
        "openssl",
        &["dgst", "-sha512", "-binary", "-out", "digest", "message"],
    )
    .ok();
    let (mechanism, input) = match signing {
        // The mechanism pads any input, so openssl checks the same bytes without a DigestInfo.
        Signing::Rsa => ("RSA-PKCS", "digest"),
        Signing::Ecdsa => ("ECDSA", "digest"),
        Signing::Ed25519 => ("EDDSA", "message"),
    };
    rig.pkcs11_tool(&[
        "--sign",
        "--mechanism",
        mechanism,
        "--id",
        id,
        "--input-file",
        input,
        "--output-file",
        "signature",
        "--signature-format",
        if signing == Signing::Ecdsa {
            "openssl"
        } else {
            "rs"
        },
    ]);
    let verify = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "public.der",
    ];
    let with = ["-in", input, "-sigfile", "signature"];
    let raw: &[&str] = if signing == Signing::Ed25519 {
        &["-rawin"]
    } else {
        &[]
    };
    rig.tool("openssl", &[&verify[..], &with, raw].concat()).ok();
    let object = rig.pkcs11_tool(&["--list-objects", "--type", "privkey", "--id", id]);
    assert!(
        object.contains("never extractable") || !object.contains(" extractable"),
        "{object}"
    );
    assert!(
        object.contains("Usage:      sign\n"),
        "it can do more than sign: {object}"
    );
}

fn try_token(kind: TokenKind) -> Vec<Cell> {
    let rig = Rig::of(kind).with_aws().generating_wrapping_pairs();
    let sealed = rig.json(&["kms", "recipient-key", "--out", "recipient.pem"]);
    if sealed.code == Some(0) {
        rig.attest(&[]);
    } else {
        // The import of each key must give the same reason.
        sealed.refused(3, "no-route");
        let key = ["genrsa", "-out", "any.key", "2048"];
        rig.tool("openssl", &key).ok();
        rig.tool(
            "openssl",
            &["pkey", "-in", "any.key", "-pubout", "-out", "recipient.pem"],
        )
        .ok();
        rig.attest(&[]);
    }
    ROUTES.into_iter().map(|route| try_route(&rig, route)).collect()
}

#[test]
fn the_table_of_tokens_and_routes_is_what_is_found() {
    let found: Vec<(TokenKind, Vec<Cell>)> = thread::scope(|scope| {
        let runs = TokenKind::TABLED.map(|kind| (kind, scope.spawn(move || try_token(kind))));
        runs.into_iter()
            .map(|(kind, run)| (kind, run.join().unwrap_or_else(|_| panic!("{kind:?}: see above"))))
            .collect()
    });
    let text = render(&found);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("HSM_CA_WRITE_TABLE").is_some() {
        fs::write(&path, &text).expect("the table");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, text,
        "{TABLE} is not what was found: run this test with HSM_CA_WRITE_TABLE=1 and read the difference"
    );
}

fn render(found: &[(TokenKind, Vec<Cell>)]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut text = "# Which token takes which key by which route\n\n\
         Written by the test `kms_import::compatibility_table`, which imports a KMS-generated key of every spec by every route into every token; each key\n\
         that went in has signed through `pkcs11-tool`, and `openssl` has verified the signature under KMS's public key.\n\n"
        .to_owned();
    let _ = writeln!(
        text,
        "| token | {} |",
        ROUTES.map(|route| format!("`{route}`")).join(" | ")
    );
    let _ = writeln!(text, "|---|---|---|---|---|");
    for (kind, cells) in found {
        let cells: Vec<_> = cells.iter().map(|cell| describe(cell, &mut reasons)).collect();
        let _ = writeln!(text, "| {} | {} |", kind.title(), cells.join(" | "));
    }
    text.push_str("\nall: RSA 2048, RSA 3072, RSA 4096, P-256, P-384, P-521, secp256k1, Ed25519.\n\n");
    for (number, reason) in reasons.iter().enumerate() {
        let _ = writeln!(text, "{}. {reason}", number + 1);
    }
    text
}

fn describe(cell: &Cell, reasons: &mut Vec<String>) -> String {
    let mut number = |reason: &String| {
        let at = reasons
            .iter()
            .position(|known| known == reason)
            .unwrap_or_else(|| {
                reasons.push(reason.clone());
                reasons.len() - 1
            });
        format!("({})", at + 1)
    };
    let mut refusals: Vec<_> = cell.refused.iter().collect();
    if cell.went.is_empty() {
        // If no key can be imported, the reason for the keys that every token supports.
        refusals.retain(|(_, names)| names.contains(&"RSA 2048"));
    }
    let refused: Vec<_> = refusals
        .into_iter()
        .map(|(reason, names)| {
            if cell.went.is_empty() {
                format!("no {}", number(reason))
            } else {
                format!("{} {}", names.join(", "), number(reason))
            }
        })
        .collect();
    match (cell.went.len(), refused.is_empty()) {
        (_, true) => "all".to_owned(),
        (0, false) => refused.join("; "),
        (_, false) => format!("all but {}", refused.join(" and ")),
    }
}
