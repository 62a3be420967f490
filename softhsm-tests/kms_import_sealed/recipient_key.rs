//! Successful imports by the sealed route: what passes through PKCS#11 and the network, and what is left behind.

use crate::harness::{RECIPIENT, Rig, Run, TokenKind, kryoptic, python_tool};
use crate::oracle::openssl;

const LABEL: &str = "customer-ca";

/// The log lines of the fault-injecting module about `function`.
fn calls_of(rig: &Rig, function: &str) -> Vec<String> {
    let log = String::from_utf8(rig.read("calls.log")).expect("text");
    let lines = log
        .lines()
        .filter(|line| line.split(' ').next() == Some(function));
    lines.map(str::to_owned).collect()
}

/// A signature by pkcs11-tool under the imported key, which openssl accepts.
fn assert_signs(rig: &Rig, spec: &str) {
    let (mechanism, more, verify): (_, &[&str], &[&str]) = match spec {
        "RSA_2048" | "RSA_4096" => ("SHA256-RSA-PKCS", &[], &["-sha256"]),
        "ECC_NIST_P256" => ("ECDSA-SHA256", &["--signature-format", "openssl"], &["-sha256"]),
        "ECC_NIST_P384" => ("ECDSA-SHA384", &["--signature-format", "openssl"], &["-sha384"]),
        "ECC_NIST_P521" => ("ECDSA-SHA512", &["--signature-format", "openssl"], &["-sha512"]),
        _ => ("EDDSA", &[], &[]),
    };
    rig.write("message", "what is signed");
    let sign = ["--sign", "--label", LABEL, "--mechanism", mechanism];
    let files = ["--input-file", "message", "--output-file", "signature"];
    rig.pkcs11_tool(&[&sign[..], &files, more].concat());
    let pair: serde_json::Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    rig.write("public.b64", pair["PublicKey"].as_str().expect("base64"));
    let decode = ["base64", "-d", "-A", "-in", "public.b64", "-out", "public.der"];
    openssl(rig, &decode);
    let signature = if mechanism == "EDDSA" {
        let keys = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "public.der"];
        let files = ["-keyform", "DER", "-in", "message", "-sigfile", "signature"];
        openssl(rig, &[&keys[..], &files].concat())
    } else {
        let keys = ["-keyform", "DER", "-verify", "public.der"];
        let files = ["-signature", "signature", "message"];
        openssl(rig, &[&["dgst"], verify, &keys, &files].concat())
    };
    assert!(
        signature.contains("Verified OK") || signature.contains("Verified Successfully"),
        "{spec}: {signature}"
    );
}

#[test]
fn every_kind_of_key_is_imported_with_two_unwraps_and_one_request() {
    for spec in [
        "RSA_2048",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_NIST_EDWARDS25519",
    ] {
        let rig = Rig::sealing("AKIASEALEDROUTE");
        rig.generate_pair(spec, "");
        rig.kms_requests();
        let import = ["--format", "json", "kms", "import", "pair.json", "--label", LABEL];
        let sealed = ["--route", "sealed", "--attestation-document", "document"];
        let run = rig.command_with_rule(&[&import[..], &sealed].concat(), &[("LOG_TEMPLATES", "1")]);
        let report = run.ok().json();
        assert_eq!(report["route"], "sealed", "{spec}");
        assert_eq!(report["plaintext_seen_by"], serde_json::json!([]), "{spec}");
        assert_eq!(report["recipient_key_destroyed"], true, "{spec}");

        let unwraps = calls_of(&rig, "C_UnwrapKey");
        assert_eq!(unwraps.len(), 2, "{spec}: {unwraps:?}");
        assert!(
            unwraps[0].contains("mechanism=0x9 ") && unwraps[0].contains("CKA_TOKEN=false"),
            "{spec}: the content key is a session object, by RSA-OAEP: {unwraps:?}"
        );
        assert!(
            unwraps[1].contains("mechanism=0x1085 ") && unwraps[1].contains("CKA_EXTRACTABLE=false"),
            "{spec}: the private key, by AES-CBC: {unwraps:?}"
        );
        let created = calls_of(&rig, "C_CreateObject");
        assert_eq!(created.len(), 1, "{spec}: the public key alone: {created:?}");
        assert!(
            created[0].contains("CKA_VERIFY=true") && !created[0].contains("CKA_SIGN"),
            "{spec}: {created:?}"
        );
        for never in ["C_DecryptInit", "C_Decrypt", "C_GenerateKeyPair", "C_WrapKey"] {
            assert_eq!(calls_of(&rig, never), [""; 0], "{spec}: {never}");
        }

        let requests = rig.kms_requests();
        let [(operation, parameters)] = &requests[..] else {
            panic!("{spec}: KMS is asked once: {requests:?}");
        };
        assert_eq!(operation, "Decrypt", "{spec}");
        let recipient = &parameters["Recipient"];
        assert_eq!(
            recipient["KeyEncryptionAlgorithm"], "RSAES_OAEP_SHA_256",
            "{spec}"
        );
        rig.write(
            "sent.b64",
            recipient["AttestationDocument"].as_str().expect("base64"),
        );
        openssl(&rig, &["base64", "-d", "-A", "-in", "sent.b64", "-out", "sent"]);
        assert!(
            rig.read("sent") == rig.read("document"),
            "{spec}: the document, as it is"
        );

        assert_eq!(rig.private_keys(), [LABEL], "{spec}: the recipient key is gone");
        rig.command(&["key", "verify", LABEL, "--public-key", "pair.json"])
            .ok();
        assert_signs(&rig, spec);
        // The profile accepts no other kinds.
        if ["RSA_2048", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384"].contains(&spec) {
            let create = ["ca", "create", "--key", LABEL, "--subject", "CN=Sealed"];
            rig.command(&[&create[..], &["--out", "ca.crt"]].concat()).ok();
            let verify = [
                "verify",
                "-check_ss_sig",
                "-x509_strict",
                "-CAfile",
                "ca.crt",
                "ca.crt",
            ];
            assert_eq!(openssl(&rig, &verify).trim(), "ca.crt: OK", "{spec}");
        }
    }
}

#[test]
fn every_form_that_kms_might_choose_for_its_envelope_is_read() {
    let rig = Rig::sealing("AKIAENVELOPES");
    let key = rig.kms_key("");
    for spec in ["RSA_4096", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519"] {
        rig.generate(&key, spec, "pair.json");
        for form in [
            "indefinite",
            "definite",
            "primitive",
            "single-chunk",
            "definite-chunks",
            // RFC 5652 section 6.2.1 allows it, and an emulator of KMS does it.
            "by-certificate",
            // What the identifier is made of is documented nowhere.
            "wrong-ski",
        ] {
            rig.describe_kms_key(&key, &format!("envelope={form}"));
            let run = rig.import_sealed(&["--keep-recipient-key"]);
            assert_eq!(run.code, Some(0), "{spec}, {form}: {run:?}");
            assert_eq!(run.json()["route"], "sealed", "{spec}, {form}");
            rig.delete_imported();
        }
    }
}

#[test]
fn a_recipient_key_is_found_again_and_can_only_unwrap() {
    let rig = Rig::of(TokenKind::Kryoptic);
    let first = rig.recipient_key();
    assert_eq!(first["generated"], true);
    let public = rig.read("recipient.pem");
    let second = rig.recipient_key();
    assert_eq!(second["generated"], false);
    assert_eq!(first["public_key"], second["public_key"]);
    assert_eq!(rig.read("recipient.pem"), public);
    // Without a file, the same.
    let printed = rig.command(&["kms", "recipient-key", "--out", "-"]).ok().stdout;
    assert_eq!(printed.as_bytes(), public);

    let objects = rig.objects();
    assert_eq!(
        objects.matches("Key Object").count(),
        1,
        "no public half: {objects}"
    );
    assert!(objects.contains("Private Key Object; RSA"), "{objects}");
    assert!(
        objects.contains(&format!("label:      {RECIPIENT}\n")),
        "{objects}"
    );
    assert!(objects.contains("Usage:      unwrap\n"), "{objects}");
    assert!(
        objects.contains("Access:     sensitive, always sensitive, never extractable, local\n"),
        "{objects}"
    );
}

#[test]
fn an_unwritable_file_is_detected_before_a_key_is_generated() {
    let rig = Rig::of(TokenKind::Kryoptic);
    rig.write("here.pem", "something else");
    let refused = |file: &str, kind: &str| {
        rig.json(&["kms", "recipient-key", "--out", file])
            .refused(2, kind);
        assert_eq!(rig.private_keys(), [""; 0], "{file}");
    };
    refused("here.pem", "output-exists");
    refused("nowhere/here.pem", "no-directory");
    assert_eq!(rig.read("here.pem"), b"something else");
    rig.recipient_key();
    rig.json(&["kms", "recipient-key", "--out", "here.pem"])
        .refused(2, "output-exists");
    assert_eq!(rig.read("here.pem"), b"something else");
}

#[test]
fn a_recipient_key_that_can_do_more_is_refused() {
    // By default, a key that pkcs11-tool generates is local and never extractable.
    let generated = ["--keypairgen", "--key-type", "rsa:2048", "--usage-wrap"];
    let brought = ["--write-object", "k.pem", "--type", "privkey", "--usage-wrap"];
    for (case, make, fault) in [
        (
            "decrypts",
            [&generated[..], &["--usage-decrypt"]].concat(),
            "CKA_DECRYPT",
        ),
        ("signs", [&generated[..], &["--usage-sign"]].concat(), "CKA_SIGN"),
        (
            "leaves",
            [&generated[..], &["--extractable"]].concat(),
            "CKA_EXTRACTABLE",
        ),
        ("was elsewhere", brought.to_vec(), "CKA_NEVER_EXTRACTABLE"),
    ] {
        let rig = Rig::sealing("AKIAUNFIT");
        rig.pkcs11_tool(&["--delete-object", "--type", "privkey", "--label", RECIPIENT]);
        openssl(&rig, &["genrsa", "-out", "k.pem", "2048"]);
        rig.pkcs11_tool(&[&make[..], &["--label", RECIPIENT]].concat());
        rig.generate_pair("ECC_NIST_P256", "");
        rig.kms_requests();
        let message = rig.import_sealed(&[]).refused(3, "unfit-recipient-key");
        assert!(
            message.contains(fault) && message.contains(RECIPIENT),
            "{case}: {message}"
        );
        rig.json(&["kms", "recipient-key", "--out", "new.pem"])
            .refused(3, "unfit-recipient-key");
        assert!(!rig.path("new.pem").exists(), "{case}");
        assert_eq!(rig.kms_requests(), [], "{case}: KMS is not asked");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}: it is left as it is");
    }
}

/// `C_SignRecover` with `CKM_RSA_X_509` decrypts what KMS encrypts to the key. pkcs11-tool cannot make such a key.
#[test]
fn a_recipient_key_that_signs_with_recovery_is_refused() {
    const MAKE: &str = "import os, sys, pkcs11; from pkcs11 import Attribute as A; \
        token = pkcs11.lib(sys.argv[1]).get_token(token_label='ca'); \
        token.open(rw=True, user_pin=os.environ['RIG_PIN']).generate_keypair(pkcs11.KeyType.RSA, 2048, \
            public_template={A.TOKEN: False}, \
            private_template={A.TOKEN: True, A.LABEL: sys.argv[2], A.PRIVATE: True, A.SENSITIVE: True, A.EXTRACTABLE: False, \
                A.UNWRAP: True, A.DECRYPT: False, A.SIGN: False, A.SIGN_RECOVER: sys.argv[3] == 'recover'})";
    let module = kryoptic();
    let module = module.to_str().expect("UTF-8");
    for recovery in ["plain", "recover"] {
        let rig = Rig::of(TokenKind::Kryoptic);
        let mut make = rig.prepare_tool(python_tool("python"), &["-c", MAKE, module, RECIPIENT, recovery]);
        Run::of(make.env("RIG_PIN", rig.pin())).ok();
        let run = rig.json(&["kms", "recipient-key", "--out", "recipient.pem"]);
        if recovery == "plain" {
            assert_eq!(
                run.ok().json()["generated"],
                false,
                "the script makes one as it should be"
            );
        } else {
            let message = run.refused(3, "unfit-recipient-key");
            assert!(message.contains("CKA_SIGN_RECOVER"), "{message}");
            assert!(!rig.path("recipient.pem").exists());
        }
    }
}

#[test]
fn two_recipient_keys_are_refused() {
    let rig = Rig::sealing("AKIATWORECIPIENTS");
    rig.generate_pair("ECC_NIST_P256", "");
    let make = ["--keypairgen", "--key-type", "rsa:2048", "--label", RECIPIENT];
    rig.pkcs11_tool(&[&make[..], &["--usage-wrap"]].concat());
    rig.import_sealed(&[]).refused(3, "several-keys");
    rig.json(&["kms", "recipient-key", "--out", "new.pem"])
        .refused(3, "several-keys");
}

#[test]
fn a_kept_recipient_key_serves_the_next_pair_and_a_second_import_does_not_call_kms() {
    let rig = Rig::sealing("AKIAKEEP");
    rig.generate_pair("RSA_2048", "");
    let report = rig.import_sealed(&["--keep-recipient-key"]).ok().json();
    assert_eq!(report["recipient_key_destroyed"], false);
    assert_eq!(rig.private_keys(), [LABEL, RECIPIENT]);

    rig.kms_requests();
    let again = rig.import_sealed(&["--keep-recipient-key"]).ok().json();
    assert_eq!(again["outcome"], "already-there");
    assert_eq!(rig.kms_requests(), [], "KMS is not asked");
    assert_eq!(
        rig.private_keys(),
        [LABEL, RECIPIENT],
        "what is to be kept is kept"
    );

    rig.generate_pair("ECC_NIST_P384", "");
    let import = ["kms", "import", "pair.json", "--label", "second"];
    let report = rig
        .json(&[&import[..], &["--attestation-document", "document"]].concat())
        .ok()
        .json();
    assert_eq!(report["recipient_key_destroyed"], true);
    assert_eq!(rig.private_keys(), [LABEL, "second"]);
}

#[test]
fn a_document_without_its_tag_or_as_base64_is_the_same_document() {
    for options in [&[][..], &["--untagged"]] {
        let rig = Rig::sealing("AKIADOCUMENTS");
        rig.generate_pair("ECC_NIST_P256", "");
        rig.attest(options);
        let wrap = "import base64, sys; d = open('document', 'rb').read(); \
            open('document', 'wb').write(base64.encodebytes(d))";
        rig.tool(python_tool("python"), &["-c", wrap]).ok();
        assert!(rig.read("document").is_ascii(), "{options:?}");
        rig.import_sealed(&[]).ok();
        assert_eq!(rig.private_keys(), [LABEL], "{options:?}");
    }
}

#[test]
fn an_unused_recipient_key_can_be_deleted() {
    let rig = Rig::of(TokenKind::Kryoptic);
    rig.recipient_key();
    let delete = ["kms", "recipient-key", "--delete"];
    assert_eq!(rig.json(&delete).ok().json()["deleted"], true);
    rig.assert_token_is_empty();
    assert_eq!(rig.json(&delete).ok().json()["deleted"], false);
    rig.json(&["kms", "recipient-key", "--delete", "--out", "x"])
        .refused(2, "usage");
    rig.json(&["kms", "recipient-key"]).refused(2, "usage");
}
