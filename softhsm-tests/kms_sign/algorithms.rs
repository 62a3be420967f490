//! KMS signatures beyond the plain algorithms: RSASSA-PSS, Ed25519, ML-DSA, read by independent programs.

use serde_json::Value;

use crate::algorithms::every_token::readers::Signed;
use crate::harness::KmsAuthority;
use crate::oracle::make_request;

/// A root, a server's certificate under it and its CRL. Returns the KMS `Sign` requests for each.
fn sign_all(authority: &KmsAuthority, options: &[&str]) -> Vec<Value> {
    let rig = &authority.rig;
    authority
        .create("ca.crt", &[&["--profile", "root"], options].concat())
        .ok();
    let names = ["-addext", "subjectAltName=DNS:leaf.example"];
    make_request(rig, "leaf.csr", &["-newkey", "rsa:2048"], &names);
    let under = ["--ca", "ca.crt", "--key", authority.name.as_str()];
    let sign = [
        "csr",
        "sign",
        "leaf.csr",
        "--profile",
        "tls-server",
        "--out",
        "leaf.crt",
    ];
    rig.json(&[&sign[..], &under, options].concat()).ok();
    let revoke = ["crl", "create", "--out", "ca.crl"];
    rig.json(&[&revoke[..], &under, options].concat()).ok();
    authority.signatures()
}

const SIGNED: Signed<'static> = Signed {
    ca: "ca.crt",
    leaf: "leaf.crt",
    crl: "ca.crl",
};

#[track_caller]
fn assert_asked(requests: &[Value], kind: &str, algorithm: &str) {
    assert_eq!(requests.len(), 3, "{requests:?}");
    for asked in requests {
        assert_eq!(asked["MessageType"], kind);
        assert_eq!(asked["SigningAlgorithm"], algorithm);
    }
}

#[test]
fn pss_has_a_salt_as_long_as_the_hash() {
    for (hash, algorithm, salt) in [
        ("sha256", "RSASSA_PSS_SHA_256", "Salt Length: 0x20"),
        ("sha512", "RSASSA_PSS_SHA_512", "Salt Length: 0x40"),
    ] {
        let authority = KmsAuthority::with_key("RSA_2048", &format!("AKIAPSS{hash}"));
        let requests = sign_all(&authority, &["--pss", "--hash", hash]);
        assert_asked(&requests, "DIGEST", algorithm);
        SIGNED.assert_read_as(&authority.rig, &["rsassaPss", salt]);
    }
}

#[test]
fn ed25519_signs_the_message_itself() {
    let authority = KmsAuthority::with_key("ECC_NIST_EDWARDS25519", "AKIAED25519ALL");
    assert_asked(&sign_all(&authority, &[]), "RAW", "ED25519_SHA_512");
    SIGNED.assert_read_as(&authority.rig, &["ED25519"]);
}

#[test]
fn ml_dsa_signs_the_message_itself() {
    for set in ["44", "65", "87"] {
        let authority = KmsAuthority::with_key(&format!("ML_DSA_{set}"), &format!("AKIAMLDSA{set}"));
        assert_asked(&sign_all(&authority, &[]), "RAW", "ML_DSA_SHAKE_256");
        SIGNED.assert_read_as_ml_dsa(&authority.rig, &format!("ML-DSA-{set}"));
        let shown = authority.rig.json(&["key", "show", &authority.name]).ok().json();
        assert_eq!(shown["key_type"], format!("ML-DSA-{set}"));
    }
}
