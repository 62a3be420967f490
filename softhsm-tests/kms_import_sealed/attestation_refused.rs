//! Refusals of the sealed route: by the document, by KMS, by the kind of token, by the command line. No other route is used instead, and
//! nothing is left on the token.

use tempfile::TempDir;

use crate::harness::{RECIPIENT, Rig, TokenKind};
use crate::oracle::openssl;

fn attested(access_key: &str) -> Rig {
    let rig = Rig::sealing(access_key);
    rig.generate_pair("RSA_2048", "");
    rig.kms_requests();
    rig
}

/// A document for a random key, for tokens without a recipient key.
fn attest_some_key(rig: &Rig) {
    openssl(rig, &["genrsa", "-out", "some.pem", "2048"]);
    openssl(
        rig,
        &["rsa", "-in", "some.pem", "-pubout", "-out", "recipient.pem"],
    );
    rig.attest(&[]);
}

#[test]
fn a_malformed_document_is_refused_before_kms_is_asked() {
    let rig = attested("AKIADOCREFUSED");
    let whole = rig.read("document");
    let mut other_type = whole.clone();
    // Tag 18 becomes 17: COSE_Mac0.
    other_type[0] -= 1;
    let mut cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "0 bytes"),
        ("text", b"no document at all".to_vec(), "neither CBOR nor base64"),
        ("binary", vec![0xff; 300], "COSE_Sign1"),
        ("half", whole[..whole.len() / 2].to_vec(), "attestation document"),
        (
            "one byte short",
            whole[..whole.len() - 1].to_vec(),
            "the signature",
        ),
        ("one byte more", [&whole[..], b"\0"].concat(), "1 bytes follow"),
        ("another type", other_type, "COSE_Sign1"),
        ("too long", vec![0xd2; 262_145], "262145 bytes"),
    ];
    rig.attest(&["--other-key"]);
    cases.push(("other key", rig.read("document"), "for another key"));
    rig.attest(&["--no-public-key"]);
    cases.push(("no key", rig.read("document"), "no public_key"));
    for (case, document, fault) in cases {
        rig.write("document", document);
        for route in ["auto", "sealed"] {
            let message = rig
                .import_sealed(&["--route", route])
                .refused(3, "attestation-document");
            assert!(message.contains(fault), "{case}: {message}");
        }
        assert_eq!(rig.kms_requests(), [], "{case}: KMS is not asked");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}");
    }
    rig.json(&[
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
        "--attestation-document",
        "nowhere",
    ])
    .refused(2, "unreadable-file");
    rig.write("document", whole);
    rig.import_sealed(&[]).ok();
}

#[test]
fn a_document_for_an_earlier_recipient_key_is_refused_before_kms_is_asked() {
    let rig = attested("AKIAEARLIER");
    rig.import_sealed(&[]).ok();
    rig.delete_imported();
    rig.kms_requests();
    rig.import_sealed(&[]).refused(4, "no-recipient-key");
    assert_eq!(rig.private_keys(), [""; 0]);
    let earlier = rig.read("document");
    rig.recipient_key();
    let message = rig.import_sealed(&[]).refused(3, "attestation-document");
    assert!(message.contains("for another key"), "{message}");
    assert_eq!(rig.private_keys(), [RECIPIENT]);
    assert_eq!(rig.kms_requests(), [], "KMS is not asked");
    rig.attest(&[]);
    assert_ne!(earlier, rig.read("document"));
    rig.import_sealed(&[]).ok();
}

#[test]
fn a_document_that_kms_refuses_ends_the_import() {
    let rig = attested("AKIAUNTRUSTED");
    let foreign = TempDir::new().expect("a temporary directory");
    for (case, options, words) in [
        ("signature", &["--bad-signature"][..], "its signature is wrong"),
        ("time", &["--expired"], "expired"),
        ("root", &[], "another root"),
    ] {
        if case == "root" {
            rig.attest_under(foreign.path(), options);
        } else {
            rig.attest(options);
        }
        let message = rig.import_sealed(&[]).refused(4, "kms");
        assert!(
            message.contains("ValidationException") && message.contains(words),
            "{case}: {message}"
        );
        let requests = rig.kms_requests();
        assert_eq!(requests.len(), 1, "{case}: {requests:?}");
        assert!(requests[0].1["Recipient"].is_object(), "{case}: {requests:?}");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}");
    }
    rig.attest(&[]);
    rig.import_sealed(&[]).ok();
}

#[test]
fn a_route_and_a_document_that_do_not_go_together_are_wrong_usage() {
    let rig = attested("AKIAUSAGE");
    for route in ["rsa-aes-key-wrap", "oaep-aes-kwp", "create-object"] {
        let message = rig
            .import_sealed(&["--route", route])
            .refused(2, "useless-attestation");
        assert!(message.contains(route), "{message}");
    }
    let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
    rig.json(&[&import[..], &["--route", "sealed"]].concat())
        .refused(2, "no-attestation");
    let message = rig
        .json(&[&import[..], &["--keep-recipient-key"]].concat())
        .refused(2, "usage");
    assert!(message.contains("--attestation-document"), "{message}");
    assert_eq!(rig.kms_requests(), [], "KMS is not asked");
    assert_eq!(rig.private_keys(), [RECIPIENT]);
}

#[test]
fn a_token_without_the_sealed_route_gets_a_reason_and_no_other_route() {
    for (kind, reason) in [
        (TokenKind::SoftHsm, "RSA-OAEP only with SHA-1"),
        (TokenKind::Nss, "nothing would be sealed"),
        (
            TokenKind::CloudHsm,
            "does not list unwrapping with CKM_AES_CBC_PAD",
        ),
        (TokenKind::Tpm2, "no C_UnwrapKey"),
    ] {
        let rig = Rig::asking_as(kind, "AKIACANNOTSEAL");
        attest_some_key(&rig);
        rig.generate_pair("ECC_NIST_P256", "");
        rig.kms_requests();
        for more in [&[][..], &["--route", "auto"], &["--route", "sealed"]] {
            let message = rig.import_sealed(more).refused(3, "no-route");
            assert!(
                message.contains("sealed: ") && message.contains(reason),
                "{kind:?}: {message}"
            );
        }
        let message = rig
            .json(&["kms", "recipient-key", "--out", "new.pem"])
            .refused(3, "no-route");
        assert!(message.contains(reason), "{kind:?}: {message}");
        assert!(!rig.path("new.pem").exists(), "{kind:?}");
        assert_eq!(rig.kms_requests(), [], "{kind:?}: KMS is not asked");
        rig.assert_token_is_empty();
    }
}

#[test]
fn a_kind_of_key_that_the_token_does_not_take_is_refused_before_kms_is_asked() {
    let rig = attested("AKIAK1");
    rig.generate_pair("ECC_SECG_P256K1", "");
    rig.kms_requests();
    let message = rig.import_sealed(&[]).refused(3, "no-route");
    assert!(message.contains("only P-256, P-384 and P-521"), "{message}");
    assert_eq!(rig.kms_requests(), []);
    assert_eq!(rig.private_keys(), [RECIPIENT]);
}

#[test]
fn after_a_token_failure_no_other_route_is_tried() {
    let rig = attested("AKIAFAILS");
    let import = ["--format", "json", "kms", "import", "pair.json", "--label"];
    let import = [
        &import[..],
        &["customer-ca", "--attestation-document", "document"],
    ]
    .concat();
    for (rule, function) in [
        ("C_UnwrapKey:CKR_MECHANISM_INVALID@1", "C_UnwrapKey"),
        ("C_UnwrapKey:CKR_TEMPLATE_INCONSISTENT@2", "C_UnwrapKey"),
        ("C_CreateObject:CKR_GENERAL_ERROR@*", "C_CreateObject"),
        ("C_SignInit:CKR_GENERAL_ERROR@*", "C_SignInit"),
    ] {
        let run = rig.command_with_rule(&import, &[("FAIL", rule)]);
        let message = run.refused(4, "token");
        assert!(message.contains(function), "{rule}: {message}");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{rule}: {message}");
        let requests = rig.kms_requests();
        assert_eq!(requests.len(), 1, "{rule}: {requests:?}");
        assert!(requests[0].1["Recipient"].is_object(), "{rule}: {requests:?}");
    }
    rig.import_sealed(&[]).ok();
}

#[test]
fn a_recipient_key_that_cannot_be_destroyed_is_reported() {
    let rig = attested("AKIAINDESTRUCTIBLE");
    let import = ["--format", "json", "kms", "import", "pair.json", "--label"];
    let import = [
        &import[..],
        &["customer-ca", "--attestation-document", "document"],
    ]
    .concat();
    // The first is the content key.
    let run = rig.command_with_rule(&import, &[("FAIL", "C_DestroyObject:CKR_GENERAL_ERROR@2")]);
    let message = run.refused(4, "recipient-key-left");
    assert!(
        message.contains("C_DestroyObject: CKR_GENERAL_ERROR")
            && message.contains("is on the token and proven: \"customer-ca\""),
        "{message}"
    );
    assert_eq!(rig.private_keys(), ["customer-ca", RECIPIENT]);
    // Running the same command again only deletes the recipient key.
    let again = rig.import_sealed(&[]).ok().json();
    assert_eq!(again["outcome"], "already-there");
    assert_eq!(again["recipient_key_destroyed"], true);
    assert_eq!(rig.private_keys(), ["customer-ca"]);
}
