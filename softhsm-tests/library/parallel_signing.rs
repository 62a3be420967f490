//! Signers for several threads: on a token with one login and a session each, in KMS with a connection each.

use crate::harness::{KmsAuthority, Rig, Run, TokenKind, example, on_each};
use crate::oracle::openssl;

const SIGNATURES: usize = 5 * 8;

impl Rig {
    /// The program that signs in four threads, behind the fault-injecting module with its rules.
    fn sign_in_parallel(&self, rules: &[(&str, &str)]) -> Run {
        self.example_with_rule("parallel-signer", &["rig/pin", "signer"], rules)
    }

    fn signatures(&self) -> Vec<String> {
        let mut files = self.files();
        files.retain(|name| name.ends_with(".sig"));
        files
    }

    /// openssl verifies all of them with `public.pem`.
    fn assert_signatures(&self, digest: &str) {
        let signatures = self.signatures();
        assert_eq!(signatures.len(), SIGNATURES, "{signatures:?}");
        for signature in signatures {
            let message = signature.replace(".sig", ".txt");
            let verify = [
                "dgst",
                digest,
                "-verify",
                "public.pem",
                "-signature",
                &signature,
                &message,
            ];
            self.tool("openssl", &verify).ok();
        }
    }
}

fn rig_with_signer(kind: TokenKind, algorithm: &str) -> Rig {
    let rig = Rig::of(kind);
    rig.command(&["key", "generate", "--label", "signer", "--type", algorithm])
        .ok();
    let exported = ["key", "export-public", "signer", "--out", "public.pem"];
    rig.command(&exported).ok();
    rig
}

#[test]
fn four_threads_sign_with_one_login_and_openssl_verifies_each_signature() {
    on_each(&[TokenKind::SoftHsm, TokenKind::Kryoptic], |kind| {
        for (algorithm, digest) in [("ec:p384", "-sha384"), ("rsa:2048", "-sha256")] {
            let rig = rig_with_signer(kind, algorithm);
            rig.sign_in_parallel(&[]).ok();
            rig.assert_signatures(digest);
            // The session that logged in signs too, after the four.
            let counts = ["C_Login", "C_OpenSession", "C_Sign"].map(|function| rig.count(function));
            assert_eq!(counts, [1, 5, SIGNATURES], "{kind:?} {algorithm}");
        }
    });
}

#[test]
fn four_threads_sign_with_one_kms_key_and_openssl_verifies_each_signature() {
    let authority = KmsAuthority::new("ECC_NIST_P384", "AKIAPARALLELSIGNER");
    let rig = &authority.rig;
    let public = openssl(rig, &["x509", "-in", "customerCA.crt", "-noout", "-pubkey"]);
    rig.write("public.pem", public);
    rig.tool(example("parallel-signer"), &[&authority.name]).ok();
    rig.assert_signatures("-sha384");
    // One key, found once; a request for each signature.
    let requests = rig.kms_requests();
    let asked = |name: &str| requests.iter().filter(|(operation, _)| operation == name).count();
    assert_eq!([asked("GetPublicKey"), asked("Sign")], [1, SIGNATURES]);
}

#[test]
fn a_token_with_too_few_sessions_is_refused_before_anything_is_signed() {
    let rig = rig_with_signer(TokenKind::SoftHsm, "ec:p256");
    let run = rig.sign_in_parallel(&[("FAIL", "C_OpenSession:CKR_SESSION_COUNT@4")]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("SessionLimit"), "{run:?}");
    assert_eq!(rig.count("C_Sign"), 0);
    assert_eq!(rig.signatures(), Vec::<String>::new());
}

#[test]
fn a_module_without_locks_gives_no_signer_to_a_second_thread() {
    let rig = rig_with_signer(TokenKind::SoftHsm, "ec:p256");
    let run = rig.sign_in_parallel(&[("CORRUPT", "no-locks")]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("NoLocks"), "{run:?}");
    assert_eq!(rig.count("C_Sign"), 0);
}
