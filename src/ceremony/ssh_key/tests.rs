use super::*;
use crate::ceremony::ssh_wire::put_string;
use crate::ceremony::test_key::TestKey;

fn line(name: &str, parts: &[&[u8]]) -> String {
    let mut blob = Vec::new();
    put_string(&mut blob, name.as_bytes());
    for part in parts {
        put_string(&mut blob, part);
    }
    format!("{name} {}", Base64::encode_string(&blob))
}

fn rsa(bytes: usize) -> String {
    // An odd number with its first bit set. The fixed pattern does not match any known weak key.
    let mut modulus: Vec<u8> = (0..bytes)
        .map(|place| u8::try_from(place * 89 % 251).unwrap())
        .collect();
    modulus[0] = 0xc5;
    modulus[bytes - 1] |= 1;
    modulus.insert(0, 0);
    line("ssh-rsa", &[&[1, 0, 1], &modulus])
}

/// A key from `ssh-keygen -t ed25519`, and the output of `ssh-keygen -l` for it.
#[test]
fn a_line_of_a_pub_file_is_read() {
    let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGXHLVtf/2VPa9zFL2WUoBE3XSh9KrnTk564/k1d2Dlh";
    let key = SshKey::from_line(&format!("{text} witness at the ceremony\n")).unwrap();
    assert_eq!(key.kind(), SshKeyKind::Ed25519);
    assert_eq!(key.to_string(), text);
    assert_eq!(
        key.fingerprint(),
        "SHA256:xsZWfk8u608BnOUhe6wEfzcZ6qriXczQTsuMRtnYLP4"
    );
}

#[test]
fn every_kind_is_read_and_written_again() {
    for kind in SshKeyKind::ALL
        .into_iter()
        .filter(|kind| *kind != SshKeyKind::Rsa)
    {
        let test = TestKey::new(kind);
        let key = SshKey::from_line(&test.line()).unwrap();
        assert_eq!((key.kind(), key.to_string()), (kind, test.line()));
        for length in 0..key.blob().len() {
            assert!(
                SshKey::from_blob(&key.blob()[..length]).is_err(),
                "{} {length}",
                kind.name()
            );
        }
        let longer = [key.blob(), &[0]].concat();
        assert_eq!(SshKey::from_blob(&longer), Err(SshKeyError::Malformed));
    }
}

#[test]
fn the_same_numbers_are_the_same_key_whatever_it_is_called() {
    let device = TestKey::new(SshKeyKind::SkEcdsaP256);
    let plain = SshKey::from_blob(&device.blob_as(SshKeyKind::Ecdsa(Curve::P256), "")).unwrap();
    let elsewhere = SshKey::from_blob(&device.blob_as(SshKeyKind::SkEcdsaP256, "ssh:work")).unwrap();
    for other in [&plain, &elsewhere] {
        assert!(*other != device.key() && other.has_numbers_of(&device.key()));
    }
    assert!(!TestKey::new(SshKeyKind::SkEcdsaP256).key().has_numbers_of(&plain));
}

#[test]
fn rsa_keys_have_at_least_3072_bits() {
    // Long enough to reach the check for weak keys. The tests in softhsm-tests use sound keys from ssh-keygen.
    let error = SshKey::from_line(&rsa(384)).unwrap_err();
    assert_eq!(error, SshKeyError::Fault(KeyFault::SmallFactor(3)));
    assert_eq!(
        SshKey::from_line(&rsa(383)),
        Err(SshKeyError::ShortRsa { bits: 3064 })
    );
    assert_eq!(
        SshKey::from_line(&rsa(256)),
        Err(SshKeyError::ShortRsa { bits: 2048 })
    );
}

#[test]
fn what_cannot_approve_is_named() {
    let kind = |name: &str| SshKeyError::Kind {
        name: name.to_owned(),
    };
    let malformed = SshKeyError::Malformed;
    let ed25519 = [9_u8; 32];
    let other_name = line("ssh-ed25519", &[&ed25519]).replacen("ssh-ed25519", "ssh-rsa", 1);
    for (text, expected) in [
        (String::new(), SshKeyError::Line),
        ("ssh-ed25519".to_owned(), SshKeyError::Line),
        ("ssh-ed25519 AAAA=".to_owned(), SshKeyError::Line),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5".to_owned(),
            SshKeyError::Malformed,
        ),
        (line("ssh-dss", &[b"x"]), kind("ssh-dss")),
        (line("ssh-ed448", &[b"x"]), kind("ssh-ed448")),
        (line("SSH-ED25519", &[&ed25519]), kind("SSH-ED25519")),
        (
            line("ssh-ed25519-cert-v01@openssh.com", &[b"x"]),
            SshKeyError::Certificate,
        ),
        (
            line("sk-ssh-ed25519-cert-v01@openssh.com", &[b"x"]),
            SshKeyError::Certificate,
        ),
        (
            line("ecdsa-sha2-nistp256", &[b"nistp384", b"x"]),
            malformed.clone(),
        ),
        (line("ssh-rsa", &[&[1, 0, 1], &[0, 0, 0xc5]]), malformed.clone()),
        (line("ssh-rsa", &[&[1, 0, 1], &[0xc5]]), malformed.clone()),
        (line("ssh-rsa", &[&[], &[0x45]]), malformed.clone()),
        (line("sk-ssh-ed25519@openssh.com", &[&ed25519]), malformed.clone()),
        (
            line("sk-ssh-ed25519@openssh.com", &[&ed25519, b""]),
            malformed.clone(),
        ),
        (other_name, malformed),
    ] {
        assert_eq!(SshKey::from_line(&text), Err(expected), "{text}");
    }
}

#[test]
fn keys_whose_signatures_can_be_forged_are_refused() {
    // The neutral element: every signature (R, s) with R = sB would verify.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let error = SshKey::from_line(&line("ssh-ed25519", &[&neutral])).unwrap_err();
    assert!(matches!(error, SshKeyError::Fault(_)), "{error:?}");
    let point = [&[4_u8][..], &[1; 64]].concat();
    let error = SshKey::from_line(&line("ecdsa-sha2-nistp256", &[b"nistp256", &point])).unwrap_err();
    assert!(
        matches!(error, SshKeyError::Fault(KeyFault::OffCurve)),
        "{error:?}"
    );
    // One of the keys of scripts/debian_weak_keys.c: process 5, le64, rnd.
    let point = hex::decode(concat!(
        "04",
        "095b11b427d5b0890edc2a9503e69804e00d86c6c42a35c736fe9e169aba16bb",
        "6944bfa9d61c4e090513251654d15b90f0500d7f64aacc1250605704733b869f"
    ));
    let error = SshKey::from_line(&line("ecdsa-sha2-nistp256", &[b"nistp256", &point.unwrap()])).unwrap_err();
    assert!(matches!(error, SshKeyError::Fault(KeyFault::Debian)), "{error:?}");
    let compressed = [&[2_u8][..], &[1; 32]].concat();
    let error = SshKey::from_line(&line("ecdsa-sha2-nistp256", &[b"nistp256", &compressed])).unwrap_err();
    assert!(matches!(error, SshKeyError::Key(_)), "{error:?}");
}
