//! Unsound private keys from KMS: if this process has the plaintext, it names the fault without a byte of the key; otherwise no key that
//! signs wrongly stays on the token.

use crate::harness::{RECIPIENT, Rig, Run};

/// A broken form, the error if this process has the plaintext, and the outcome on the sealed route.
type Broken = (&'static str, &'static str, Sealed);

/// The outcome on the sealed route, decided by Kryoptic and the proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sealed {
    /// The token refuses it, or the envelope is too short for a key.
    NotTaken,
    /// It is on the token, fails a proof, and is destroyed.
    Unproven,
    /// The token ignores the fault, and the key is the pair's and signs correctly.
    Sound,
}

const EVERY: [Broken; 7] = [
    ("trailing", "something follows it", Sealed::Sound),
    ("truncated", "not a DER PrivateKeyInfo", Sealed::NotTaken),
    ("unknown-version", "neither v1 nor v2", Sealed::Sound),
    ("non-minimal-length", "not a DER PrivateKeyInfo", Sealed::NotTaken),
    ("indefinite", "not a DER PrivateKeyInfo", Sealed::NotTaken),
    ("other-key", "belongs to another public key", Sealed::Unproven),
    ("wrong-algorithm", "its algorithm is ", Sealed::NotTaken),
];

const NUMBERS: &str = "n, e, d, p, q, dP, dQ and qInv are inconsistent";

const BROKEN_RSA: [Broken; 10] = [
    (
        "no-parameters",
        "the parameters of its algorithm are missing",
        Sealed::NotTaken,
    ),
    ("non-minimal", "not an RSAPrivateKey", Sealed::Sound),
    ("negative", "not an RSAPrivateKey", Sealed::Sound),
    (
        "rsa-multi-prime",
        "not an RSAPrivateKey with two primes",
        Sealed::Sound,
    ),
    ("rsa-wrong-dp", NUMBERS, Sealed::Sound),
    ("rsa-wrong-dq", NUMBERS, Sealed::Sound),
    ("rsa-wrong-qinv", NUMBERS, Sealed::Sound),
    ("rsa-wrong-d", NUMBERS, Sealed::Sound),
    ("rsa-wrong-modulus", NUMBERS, Sealed::Unproven),
    ("public-exponent", NUMBERS, Sealed::Unproven),
];

const BROKEN_EC: [Broken; 8] = [
    (
        "no-parameters",
        "the parameters of its algorithm are missing",
        Sealed::NotTaken,
    ),
    ("non-minimal", "not a DER PrivateKeyInfo", Sealed::NotTaken),
    (
        "wrong-curve",
        "its algorithm has other parameters",
        Sealed::NotTaken,
    ),
    (
        "wrong-inner-curve",
        "its ECPrivateKey names a different curve",
        Sealed::Sound,
    ),
    ("wrong-point", "its publicKey is not d·G", Sealed::Sound),
    (
        "zero-scalar",
        "its scalar is not a valid private key",
        Sealed::Unproven,
    ),
    (
        "large-scalar",
        "its scalar is not a valid private key",
        Sealed::Sound,
    ),
    (
        "v1-outer-public",
        "its version is v1, but it has the publicKey of v2",
        Sealed::Sound,
    ),
];

const BROKEN_ED25519: [Broken; 7] = [
    ("non-minimal", "not a DER PrivateKeyInfo", Sealed::NotTaken),
    (
        "wrong-point",
        "its publicKey does not belong to its seed",
        Sealed::Sound,
    ),
    (
        "v1-outer-public",
        "its version is v1, but it has the publicKey of v2",
        Sealed::Sound,
    ),
    ("bare-seed", "not a seed of 32 bytes", Sealed::NotTaken),
    ("short-seed", "not a seed of 32 bytes", Sealed::NotTaken),
    ("long-seed", "not a seed of 32 bytes", Sealed::Unproven),
    (
        "null-parameters",
        "its algorithm has parameters",
        Sealed::NotTaken,
    ),
];

/// Asserts that no bytes of the key are printed: neither eight in hexadecimal or base64, nor four as a list.
pub(crate) fn assert_tells_nothing(rig: &Rig, run: &Run, case: &str) {
    let (base64, der) = rig.private_key();
    let told = run.stdout.clone() + &run.stderr;
    let lower = told.to_lowercase();
    for window in der.windows(8) {
        let hex: String = window.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!lower.contains(&hex), "{case}: bytes in hexadecimal: {told}");
        let list: Vec<_> = window[..4].iter().map(u8::to_string).collect();
        assert!(
            !told.contains(&list.join(", ")),
            "{case}: bytes as a list: {told}"
        );
    }
    for window in base64.as_bytes().windows(11) {
        let text = std::str::from_utf8(window).expect("base64");
        assert!(!told.contains(text), "{case}: bytes in base64: {told}");
    }
}

#[track_caller]
fn assert_proven(rig: &Rig, case: &str) {
    let verify = ["key", "verify", "customer-ca", "--public-key", "pair.json"];
    let run = rig.command(&verify);
    assert_eq!(run.code, Some(0), "{case}: {run:?}");
}

/// This process refuses it if it has the plaintext. Otherwise the token and the proofs decide, and a key that signs wrongly never remains.
fn refuse_every_broken_form(spec: &str, forms: &[Broken], access_key: &str) {
    let rig = Rig::sealing(access_key);
    let key = rig.kms_key("");
    for (form, fault, sealed) in EVERY.iter().chain(forms) {
        let case = format!("{spec}, {form}");
        rig.describe_kms_key(&key, &format!("encoding={form}"));
        rig.generate(&key, spec, "pair.json");

        // The key is checked before the token is used, so the route without a wrapping key is enough.
        let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
        let import = [&import[..], &["--route", "create-object"]].concat();
        let verbose = rig.command(&[&["--verbose"], &import[..]].concat());
        let run = rig.json(&import);
        for run in [&verbose, &run] {
            assert_tells_nothing(&rig, run, &case);
            assert_eq!(run.code, Some(3), "{case}: {run:?}");
        }
        let other = *form == "other-key";
        let message = run.refused(3, if other { "proof-failed" } else { "private-key" });
        assert!(
            message.contains(fault) && message.contains("nothing was put on the token"),
            "{case}: {message}"
        );
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}");

        let run = rig.import_sealed(&["--keep-recipient-key"]);
        assert_tells_nothing(&rig, &run, &case);
        let message = run.stderr.clone();
        let outcome = match run.code {
            Some(0) => {
                assert_proven(&rig, &case);
                rig.delete_imported();
                Sealed::Sound
            }
            Some(3 | 4) if message.contains("no proof that") => {
                assert!(message.contains("were destroyed"), "{case}: {message}");
                Sealed::Unproven
            }
            Some(3) if message.contains("encryptedContent has 48 bytes") => Sealed::NotTaken,
            Some(4) if message.contains("C_UnwrapKey: CKR_") => Sealed::NotTaken,
            _ => panic!("{case}: {run:?}"),
        };
        assert_eq!(outcome, *sealed, "{case}, sealed: {run:?}");
        assert_eq!(rig.private_keys(), [RECIPIENT], "{case}, sealed");
    }
}

#[test]
fn every_broken_form_of_an_rsa_key_is_refused_where_it_is_seen() {
    refuse_every_broken_form("RSA_2048", &BROKEN_RSA, "AKIABROKENRSA");
}

#[test]
fn every_broken_form_of_an_ec_key_is_refused_where_it_is_seen() {
    refuse_every_broken_form("ECC_NIST_P256", &BROKEN_EC, "AKIABROKENEC");
}

#[test]
fn every_broken_form_of_an_ed25519_key_is_refused_where_it_is_seen() {
    refuse_every_broken_form("ECC_NIST_EDWARDS25519", &BROKEN_ED25519, "AKIABROKENED");
}
