//! Requests by other programs: those of the `cryptography` package's own tests, and some with breakable keys.

use std::path::PathBuf;

use crate::harness::{Rig, python_tool};
use crate::oracle::{assert_accepted, openssl};

/// Signed under a profile, or the kind of the refusal and a word of it.
enum Outcome {
    Signed(&'static str),
    Refused(&'static str, &'static str),
}
use Outcome::{Refused, Signed};

/// Every request of `cryptography_vectors`.
const REQUESTS: [(&str, Outcome); 26] = [
    ("bad-version.pem", Refused("malformed", "version number 1")),
    ("basic_constraints.pem", Refused("weak-signature", "SHA-1")),
    ("challenge-invalid.der", Refused("bad-signature", "")),
    ("challenge-multi-valued.der", Refused("bad-signature", "")),
    ("challenge-unstructured.pem", Signed("tls-client")),
    ("challenge.pem", Signed("tls-client")),
    ("dsa_sha1.der", Refused("malformed", "not supported")),
    ("dsa_sha1.pem", Refused("malformed", "not supported")),
    ("ec_sha256.der", Signed("tls-client")),
    ("ec_sha256.pem", Signed("tls-client")),
    ("ec_sha256_old_header.pem", Signed("tls-client")),
    ("freeipa-bad-critical.pem", Signed("tls-server")),
    ("invalid_signature.pem", Refused("weak-key", "RSA 1024")),
    ("long-form-attribute.pem", Refused("bad-signature", "")),
    ("rsa_md4.der", Refused("malformed", "not supported")),
    ("rsa_md4.pem", Refused("malformed", "not supported")),
    ("rsa_sha1.der", Refused("weak-signature", "SHA-1")),
    ("rsa_sha1.pem", Refused("weak-signature", "SHA-1")),
    ("rsa_sha256.der", Signed("tls-client")),
    ("rsa_sha256.pem", Signed("tls-client")),
    ("san_rsa_sha1.der", Refused("weak-signature", "SHA-1")),
    ("san_rsa_sha1.pem", Refused("weak-signature", "SHA-1")),
    ("two_basic_constraints.pem", Refused("weak-signature", "SHA-1")),
    ("unsupported_extension.pem", Refused("weak-signature", "SHA-1")),
    (
        "unsupported_extension_critical.pem",
        Refused("weak-signature", "SHA-1"),
    ),
    (
        "zero-element-attribute.pem",
        // RFC 2986 section 4.1: SET SIZE(1..MAX).
        Refused("malformed", "extensionRequest"),
    ),
];

pub(crate) fn rig_with_root() -> Rig {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    rig.import().ok();
    let create = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--profile",
        "root",
        "--out",
        "root.crt",
    ];
    rig.command(&[&create[..], &["--subject", "CN=Root"]].concat())
        .ok();
    rig
}

fn vectors(rig: &Rig) -> PathBuf {
    let script = "import cryptography_vectors; print(cryptography_vectors.__path__[0])";
    let found = rig.tool(python_tool("python"), &["-c", script]).ok().stdout;
    PathBuf::from(found.trim()).join("x509/requests")
}

#[test]
fn every_request_of_cryptography_is_signed_or_refused_with_its_reason() {
    let rig = rig_with_root();
    let directory = vectors(&rig);
    let mut names: Vec<_> = std::fs::read_dir(&directory)
        .expect("the requests")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, REQUESTS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, outcome) in &REQUESTS {
        let path = directory.join(name);
        let path = path.to_str().expect("UTF-8");
        let sign = |profile: &str| {
            let sign = [
                "csr",
                "sign",
                path,
                "--ca",
                "root.crt",
                "--out",
                "a.crt",
                "--force",
                "--profile",
                profile,
            ];
            rig.json(&sign)
        };
        match outcome {
            Signed(profile) => {
                sign(profile).ok();
                assert_accepted(&rig, "a.crt", "root.crt");
                let form = if name.ends_with("der") { "DER" } else { "PEM" };
                let asked = openssl(&rig, &["req", "-inform", form, "-in", path, "-noout", "-pubkey"]);
                let given = openssl(&rig, &["x509", "-in", "a.crt", "-noout", "-pubkey"]);
                assert_eq!(asked, given, "{name}");
                std::fs::remove_file(rig.path("a.crt")).expect("the certificate");
            }
            Refused(kind, word) => {
                let message = sign("tls-client").refused(3, kind);
                assert!(message.contains(word), "{name}: {message}");
                assert!(!rig.path("a.crt").exists());
            }
        }
    }
}

/// Makes these keys, with a request and the certificate of a CA for each.
pub(crate) fn make_weak_keys(rig: &Rig, names: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/programs/weak_keys.py");
    rig.tool(python_tool("python"), &[&[script, "."], names].concat())
        .ok();
}

#[test]
fn breakable_keys_are_not_certified() {
    let rig = rig_with_root();
    let sign = |name: &str| {
        let request = format!("{name}.csr");
        let sign = [
            "csr",
            "sign",
            &request,
            "--ca",
            "root.crt",
            "--profile",
            "tls-client",
            "--out",
            "a.crt",
        ];
        rig.json(&sign)
    };
    let broken = [
        ("exponent-3", "key-exponent (NIST SP 800-89 5.3.3)"),
        ("exponent-257", "key-exponent"),
        (
            "small-factor",
            "key-small-factors (CA/B BR 6.1.6): 743 divides the modulus",
        ),
        (
            "factor-65521",
            "key-small-factors (CA/B BR 6.1.6): 65521 divides the modulus",
        ),
        ("roca", "key-roca (CVE-2017-15361)"),
        ("close-primes", "key-close-primes (CVE-2022-26320)"),
        ("debian-rsa", "key-debian (CVE-2008-0166)"),
        ("debian-p256", "key-debian (CVE-2008-0166)"),
        ("debian-p384", "key-debian (CVE-2008-0166)"),
    ];
    make_weak_keys(&rig, &[&["sound"][..], &broken.map(|(name, _)| name)].concat());
    for (name, wanted) in broken {
        let message = sign(name).refused(3, "rule");
        assert!(message.contains(wanted), "{message}");
        assert!(!rig.path("a.crt").exists());
    }
    sign("sound").ok();
}
