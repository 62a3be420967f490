//! A CA whose certificate restricts its key to RSASSA-PSS (RFC 4055 section 1.2). The token does not know the restriction.

use super::readers::Signed;
use super::with_request;
use crate::harness::{Rig, TokenKind};
use crate::oracle::openssl;

/// openssl; no argument has a space.
fn run(rig: &Rig, arguments: &str) -> String {
    openssl(rig, &arguments.split(' ').collect::<Vec<_>>())
}

/// A key by openssl, restricted by `options`, on the token with the label `pss`, and a CA certificate for it in `ca.crt`.
fn with_authority(kind: TokenKind, options: &[&str]) -> Rig {
    let rig = with_request(Rig::of(kind));
    let options: String = options
        .iter()
        .map(|option| format!(" -pkeyopt {option}"))
        .collect();
    run(
        &rig,
        &format!("genpkey -algorithm RSA-PSS -out pss.key -pkeyopt rsa_keygen_bits:2048{options}"),
    );
    run(
        &rig,
        "req -x509 -key pss.key -subj /CN=PSS -out ca.crt -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    // The RSAPrivateKey in it, the only part that a token accepts.
    let listing = run(&rig, "asn1parse -in pss.key");
    let line = listing.lines().find(|line| line.contains("OCTET STRING"));
    let offset = line
        .and_then(|line| line.split(':').next())
        .expect("the key")
        .trim();
    run(
        &rig,
        &format!("asn1parse -in pss.key -strparse {offset} -noout -out rsa.der"),
    );
    run(
        &rig,
        "rsa -inform DER -in rsa.der -pubout -outform DER -out public.der",
    );
    for (file, kind) in [("rsa.der", "privkey"), ("public.der", "pubkey")] {
        let write = [
            "--write-object",
            file,
            "--type",
            kind,
            "--label",
            "pss",
            "--id",
            "77",
        ];
        rig.pkcs11_tool(&[&write[..], &["--usage-sign"]].concat());
    }
    rig.adopt("ca.crt");
    rig
}

const SIGN: [&str; 8] = [
    "csr",
    "sign",
    "leaf.csr",
    "--ca",
    "ca.crt",
    "--profile",
    "tls-server",
    "--force",
];

fn sign(rig: &Rig, more: &[&str]) -> Signed<'static> {
    rig.json(&[&SIGN[..], &["--out", "leaf.crt"], more].concat()).ok();
    let crl = ["crl", "create", "--ca", "ca.crt", "--out", "ca.crl", "--force"];
    rig.json(&[&crl[..], more].concat()).ok();
    Signed {
        ca: "ca.crt",
        leaf: "leaf.crt",
        crl: "ca.crl",
    }
}

#[test]
fn a_key_restricted_to_pss_signs_only_with_pss() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        let rig = with_authority(kind, &[]);
        sign(&rig, &[]).assert_read_as_unrestricted_pss(&rig, &["rsassaPss", "Hash Algorithm: sha256"]);
        // Also when it is named by its label, although the token shows an ordinary RSA key.
        sign(&rig, &["--key", "pss"])
            .assert_read_as_unrestricted_pss(&rig, &["rsassaPss", "Salt Length: 0x20"]);
        let longer = ["Hash Algorithm: sha512", "Salt Length: 0x40"];
        let signed = sign(&rig, &["--pss", "--hash", "sha512"]);
        signed.assert_read_as_unrestricted_pss(&rig, &longer);
    }
}

#[test]
fn a_restricted_key_keeps_its_hash_and_its_salt() {
    let restricted = [
        "rsa_pss_keygen_md:sha384",
        "rsa_pss_keygen_mgf1_md:sha384",
        "rsa_pss_keygen_saltlen:60",
    ];
    let rig = with_authority(TokenKind::SoftHsm, &restricted);
    let words = ["Hash Algorithm: sha384", "mgf1 with sha384", "Salt Length: 0x3C"];
    sign(&rig, &[]).assert_read_as(&rig, &words);
    let other = ["--out", "other.crt", "--hash", "sha256"];
    let message = rig.json(&[&SIGN[..], &other].concat()).refused(3, "weak-hash");
    assert!(message.contains("restricted to SHA-384"), "{message}");
    assert!(!rig.path("other.crt").exists());
}

/// Such signatures are verified, but never made.
#[test]
fn a_key_restricted_to_sha_224_signs_nothing() {
    let restricted = ["rsa_pss_keygen_md:sha224", "rsa_pss_keygen_mgf1_md:sha224"];
    let rig = with_authority(TokenKind::SoftHsm, &restricted);
    let message = rig
        .json(&[&SIGN[..], &["--out", "leaf.crt"]].concat())
        .refused(3, "restricted-key");
    assert!(message.contains("hsm-ca verifies but does not make"), "{message}");
}
