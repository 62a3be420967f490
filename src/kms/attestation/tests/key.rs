//! The document is for one key.

use super::*;

#[test]
fn a_document_for_another_key_is_refused() {
    let read = |key: &[u8]| AttestationDocument::read(&with("public_key", bytes(key))).unwrap();
    let (ours, other) = (rsa_key(1), rsa_key(2));
    assert_eq!(read(&ours).carries(&ours), Ok(()));
    let error = read(&other).carries(&ours).unwrap_err();
    assert_eq!(
        error,
        AttestationError::OtherKey {
            document: fingerprint(&other),
            token: fingerprint(&ours)
        }
    );
    let said = error.to_string();
    assert!(
        said.contains(&fingerprint(&ours)) && said.contains(&fingerprint(&other)),
        "{said}"
    );

    let curve = PublicKey::from_ec_point(
        crate::signer::Curve::P256,
        // The base point.
        &Base64::decode_vec(
            "BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU=",
        )
        .unwrap(),
    )
    .unwrap();
    // Without the NULL beside rsaEncryption: the same key to many readers, but not the same bytes.
    let without_null = {
        let at = ours.windows(2).position(|two| two == [5, 0]).unwrap();
        let mut der = [&ours[..at], &ours[at + 2..]].concat();
        // Two lengths shrink by two: that of the whole, and that of the AlgorithmIdentifier.
        der[3] -= 2;
        der[5] -= 2;
        der
    };
    // A length in more octets than necessary: BER, not DER.
    let long_form = {
        let length = ours.len() - 4;
        let length = u32::try_from(length).unwrap().to_be_bytes();
        [&[0x30, 0x83][..], &length[1..], &ours[4..]].concat()
    };
    let trailing = [&ours[..], &[0]].concat();
    let document = KeyOwner::Document;
    let token = KeyOwner::Token;
    type Refusal = fn(KeyOwner) -> AttestationError;
    let not_rsa: Refusal = |whose| AttestationError::NotRsa {
        whose,
        algorithm: KeyAlgorithm::Ec(crate::signer::Curve::P256),
    };
    let not_der: Refusal = |whose| AttestationError::NotDer { whose };
    for (key, error) in [(curve.der(), not_rsa), (&without_null, not_der)] {
        assert_eq!(read(key).carries(&ours), Err(error(document)));
        assert_eq!(read(&ours).carries(key), Err(error(token)));
        // Not even when both are the same.
        assert_eq!(read(key).carries(key), Err(error(token)));
    }
    for key in [&long_form[..], &trailing, b"no key"] {
        for (outcome, wanted) in [
            (read(key).carries(&ours), document),
            (read(&ours).carries(key), token),
        ] {
            assert!(
                matches!(outcome, Err(AttestationError::PublicKey { whose, .. }) if whose == wanted),
                "{outcome:?}"
            );
        }
    }
    assert!(read(&ours).carries(&[]).is_err());
}
