//! Requests with an ML-DSA key, by Python's cryptography: no program of Debian 12 makes them.

use super::Key;
use crate::harness::{Rig, TokenKind, python_tool};
use crate::oracle::openssl;

const REQUEST: &str = r#"
import sys
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import mldsa
name = sys.argv[1]
key = getattr(mldsa, f"MLDSA{name}PrivateKey").generate()
subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "leaf.example")])
names = x509.SubjectAlternativeName([x509.DNSName("leaf.example")])
request = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, False).sign(key, None)
for form, encoding in ("csr", serialization.Encoding.PEM), ("der", serialization.Encoding.DER):
    open(f"{name}.{form}", "wb").write(request.public_bytes(encoding))
"#;

/// The certificate is for the request's key; RFC 9881 section 5 has what the key may be used for.
const CERTIFICATE: &str = r#"
import sys
from cryptography import x509
certificate = x509.load_pem_x509_certificate(open(sys.argv[1], "rb").read())
request = x509.load_pem_x509_csr(open(sys.argv[2], "rb").read())
certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(open(sys.argv[3], "rb").read()))
assert certificate.public_key() == request.public_key()
usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
assert usage.digital_signature and not usage.key_encipherment
"#;

const PROFILE: &str = "name = \"web\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\", \"ml-dsa-44\", \"ml-dsa-65\"]\n\
    key-usage = [\"digitalSignature\", \"keyEncipherment\"]\nextended-key-usage = [\"serverAuth\"]\n\
    [subject-alternative-name]\nfrom-request = [\"dns\"]\n";

fn rig_with_request(set: &str) -> Rig {
    let rig = Rig::of(TokenKind::Kryoptic);
    rig.tool(python_tool("python3"), &["-c", REQUEST, set]).ok();
    rig.write("web.toml", PROFILE);
    for key in [Key::P256, Key::MlDsa87] {
        assert!(key.generate(&rig), "{key:?}");
        let out = format!("{}.crt", key.label());
        let create = [
            "ca",
            "create",
            "--key",
            key.label(),
            "--profile",
            "root",
            "--subject",
            "CN=CA",
            "--same-name-other-key",
            "--out",
            &out,
        ];
        rig.json(&create).ok();
    }
    rig
}

#[test]
fn a_request_with_an_ml_dsa_key_is_signed_for_signatures_only() {
    let rig = rig_with_request("65");
    for ca in ["p256.crt", "ml-dsa-87.crt"] {
        for (profile, request) in [("tls-server", "65.csr"), ("./web.toml", "65.der")] {
            let sign = [
                "csr",
                "sign",
                request,
                "--ca",
                ca,
                "--profile",
                profile,
                "--out",
                "leaf.crt",
                "--force",
            ];
            rig.json(&sign).ok();
            rig.tool(
                python_tool("python3"),
                &["-c", CERTIFICATE, "leaf.crt", "65.csr", ca],
            )
            .ok();
            let lint = ["lint", "-s", "NOTICE", "leaf.crt"];
            assert_eq!(
                rig.tool(python_tool("lint_pkix_cert"), &lint).ok().stdout.trim(),
                ""
            );
        }
    }
    // openssl 3.0 reads all of it except the key.
    let text = openssl(&rig, &["x509", "-in", "leaf.crt", "-noout", "-ext", "keyUsage"]);
    assert_eq!(text, "X509v3 Key Usage: critical\n    Digital Signature\n");
}

const VERIFY: &str = r#"
import sys
from cryptography import x509
for name in sys.argv[1:]:
    assert x509.load_pem_x509_csr(open(name, "rb").read()).is_signature_valid, name
"#;

#[test]
fn a_request_by_a_key_on_the_token_is_signed() {
    let rig = rig_with_request("44");
    assert!(Key::Rsa.generate(&rig));
    for (key, options) in [
        (Key::MlDsa87, &[][..]),
        (Key::Rsa, &["--pss", "--hash", "sha384"]),
    ] {
        let out = format!("{}.csr", key.label());
        let create = [
            "csr",
            "create",
            "--key",
            key.label(),
            "--subject",
            "CN=sub",
            "--out",
            &out,
        ];
        rig.json(&[&create[..], options].concat()).ok();
        let verify = ["-c", VERIFY, &out];
        rig.tool(python_tool("python3"), &verify).ok();
        let sign = [
            "csr",
            "sign",
            &out,
            "--ca",
            "p256.crt",
            "--profile",
            "intermediate",
            "--out",
            "sub.crt",
            "--force",
            "--same-name-other-key",
        ];
        rig.json(&sign).ok();
    }
    let text = openssl(&rig, &["req", "-in", "rsa.csr", "-noout", "-verify", "-text"]);
    assert!(
        text.contains("Hash Algorithm: sha384") && text.contains("Salt Length: 0x30"),
        "{text}"
    );
}

#[test]
fn a_request_with_a_faulty_ml_dsa_signature_or_key_is_refused() {
    let rig = rig_with_request("87");
    let sign = |request: &str, profile: &str| {
        rig.json(&[
            "csr",
            "sign",
            request,
            "--ca",
            "p256.crt",
            "--profile",
            profile,
            "--out",
            "leaf.crt",
        ])
    };
    let message = sign("87.csr", "./web.toml").refused(3, "rule");
    assert!(
        message.contains("web certificates do not accept an ML-DSA-87 key"),
        "{message}"
    );
    let whole = rig.read("87.der");
    let mut bent = whole.clone();
    *bent.last_mut().expect("a byte") ^= 1;
    rig.write("bent.der", &bent);
    sign("bent.der", "tls-server").refused(3, "bad-signature");
    // The same bytes under the name of another parameter set.
    let name = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13];
    let at = whole
        .windows(name.len())
        .position(|window| window == name)
        .expect("the key's algorithm");
    let mut other = whole.clone();
    other[at + 8] = 0x12;
    rig.write("other.der", &other);
    let message = sign("other.der", "tls-server").refused(3, "malformed");
    assert!(
        message.contains("not an ML-DSA key of its parameter set's length"),
        "{message}"
    );
    sign("87.der", "tls-server").ok();
}
