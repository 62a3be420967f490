//! OCSP responses and cross-certificates signed with ML-DSA and RSASSA-PSS, read by independent programs.

use super::{Key, with_request};
use crate::harness::{Rig, TokenKind, python_tool};
use crate::oracle::openssl;

const ASK: &str = r#"
import sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
leaf, ca = (x509.load_pem_x509_certificate(open(path, "rb").read()) for path in sys.argv[1:3])
request = ocsp.OCSPRequestBuilder().add_certificate(leaf, ca, hashes.SHA256()).build()
open("q.der", "wb").write(request.public_bytes(serialization.Encoding.DER))
"#;

const READ: &str = r#"
import sys
from cryptography import x509
from cryptography.x509 import ocsp
ca, crossed, original = (x509.load_pem_x509_certificate(open(path, "rb").read()) for path in sys.argv[1:4])
response = ocsp.load_der_ocsp_response(open("r.der", "rb").read())
assert response.certificate_status == ocsp.OCSPCertStatus.GOOD
assert response.signature_algorithm_oid == ca.signature_algorithm_oid
ca.public_key().verify(response.signature, response.tbs_response_bytes)
crossed.verify_directly_issued_by(ca)
assert crossed.public_key() == original.public_key() and crossed.subject == original.subject
"#;

fn create(rig: &Rig, key: Key, out: &str, options: &[&str]) {
    let subject = format!("CN={} CA,C=US", key.label());
    let create = [
        "ca",
        "create",
        "--key",
        key.label(),
        "--profile",
        "root",
        "--subject",
        &subject,
    ];
    rig.json(&[&create[..], &["--out", out], options].concat()).ok();
}

/// A leaf, an OCSP response about it in `r.der`, and a cross-certificate for `other.crt`, all by `key`.
fn rig_with_signatures(key: Key, options: &[&str]) -> Rig {
    let rig = with_request(Rig::of(TokenKind::Kryoptic));
    for key in [key, Key::P256] {
        assert!(key.generate(&rig), "{key:?}");
    }
    create(&rig, key, "ca.crt", options);
    create(&rig, Key::P256, "other.crt", &[]);
    let sign = [
        "csr",
        "sign",
        "leaf.csr",
        "--ca",
        "ca.crt",
        "--profile",
        "tls-server",
        "--out",
        "leaf.crt",
    ];
    rig.json(&[&sign[..], options].concat()).ok();
    rig.tool(python_tool("python3"), &["-c", ASK, "leaf.crt", "ca.crt"])
        .ok();
    let respond = [
        "ocsp",
        "respond",
        "--ca",
        "ca.crt",
        "--request",
        "q.der",
        "--out",
        "r.der",
    ];
    rig.json(&[&respond[..], options].concat()).ok();
    let cross = [
        "cert",
        "cross-sign",
        "other.crt",
        "--ca",
        "ca.crt",
        "--out",
        "crossed.crt",
    ];
    rig.json(&[&cross[..], options].concat()).ok();
    rig
}

#[test]
fn an_ml_dsa_key_signs_ocsp_responses_and_cross_certificates() {
    let rig = rig_with_signatures(Key::MlDsa44, &[]);
    let read = ["-c", READ, "ca.crt", "crossed.crt", "other.crt"];
    rig.tool(python_tool("python3"), &read).ok();
}

#[test]
fn pss_signs_ocsp_responses_and_cross_certificates() {
    let rig = rig_with_signatures(Key::Rsa, &["--pss"]);
    let command = ["ocsp", "-respin", "r.der", "-reqin", "q.der", "-CAfile", "ca.crt"];
    let judged = rig.tool(
        "openssl",
        &[&command[..], &["-issuer", "ca.crt", "-cert", "leaf.crt"]].concat(),
    );
    assert!(judged.stderr.contains("Response verify OK"), "{judged:#?}");
    let text = openssl(&rig, &["ocsp", "-respin", "r.der", "-noverify", "-resp_text"]);
    assert!(
        text.contains("rsassaPss") && text.contains("Salt Length: 0x20"),
        "{text}"
    );
    let verified = openssl(
        &rig,
        &["verify", "-x509_strict", "-CAfile", "ca.crt", "crossed.crt"],
    );
    assert_eq!(verified, "crossed.crt: OK\n");
    let text = openssl(&rig, &["x509", "-in", "crossed.crt", "-noout", "-text"]);
    assert!(text.contains("rsassaPss"), "{text}");
}
