//! Parameters against RFC 4055, with one wrong field at a time.

use super::*;

fn hash(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::from(Null)),
    }
}

fn mgf1(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ID_MGF_1,
        parameters: Some(Any::encode_from(&hash(oid)).unwrap()),
    }
}

/// SHA-256 throughout, with one change.
fn read(change: impl FnOnce(&mut Parameters)) -> Result<Pss, PssError> {
    let mut parameters = Parameters {
        hash_algorithm: Some(hash(ID_SHA_256)),
        mask_gen_algorithm: Some(mgf1(ID_SHA_256)),
        salt_length: Some(32),
        trailer_field: None,
    };
    change(&mut parameters);
    Pss::from_any(&Any::encode_from(&parameters).unwrap())
}

const SHA_256_WITH_32: Pss = Pss {
    hash: Hash::Sha256,
    salt_bytes: 32,
};

#[test]
fn written_parameters_are_read_again_and_are_the_der_of_the_rfc() {
    for hash in Hash::ALL {
        for salt_bytes in [0, 20, 32, 222, 65535] {
            let pss = Pss { hash, salt_bytes };
            assert_eq!(Pss::from_any(&pss.to_any().unwrap()), Ok(pss));
        }
    }
    // As openssl writes it.
    let der = SHA_256_WITH_32.to_any().unwrap().to_der().unwrap();
    assert_eq!(
        crate::signer::Hex(&der).to_string(),
        "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
    );
}

#[test]
fn both_spellings_of_the_same_are_read() {
    assert_eq!(read(|_| ()), Ok(SHA_256_WITH_32));
    let no_null = |parameters: &mut Parameters| {
        parameters.hash_algorithm.as_mut().unwrap().parameters = None;
    };
    assert_eq!(read(no_null), Ok(SHA_256_WITH_32));
    assert_eq!(
        read(|parameters| parameters.trailer_field = Some(1)),
        Ok(SHA_256_WITH_32)
    );
    for salt_length in [None, Some(20)] {
        let read = read(|parameters| parameters.salt_length = salt_length);
        assert_eq!(read.map(|pss| pss.salt_bytes), Ok(20));
    }
}

#[test]
fn sha_1_is_weak_by_name_and_by_default() {
    let weak = Err(PssError::WeakHash {
        algorithm: "SHA-1 (rsassaPss)",
    });
    assert_eq!(read(|parameters| parameters.hash_algorithm = None), weak);
    assert_eq!(
        read(|parameters| parameters.hash_algorithm = Some(hash(ID_SHA_1))),
        weak
    );
    assert_eq!(read(|parameters| parameters.mask_gen_algorithm = None), weak);
    assert_eq!(
        read(|parameters| parameters.mask_gen_algorithm = Some(mgf1(ID_SHA_1))),
        weak
    );
    assert_eq!(
        Pss::from_any(&Any::from_der(&[0x30, 0]).unwrap()),
        weak,
        "every field has its default"
    );
    assert_eq!(
        read(|parameters| parameters.hash_algorithm = Some(hash(ID_MD_5))),
        Err(PssError::WeakHash {
            algorithm: "MD5 (rsassaPss)"
        })
    );
}

#[test]
fn every_other_deviation_is_refused_by_name() {
    let sha512_256 = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.6");
    type Change = Box<dyn FnOnce(&mut Parameters)>;
    let cases: [(&str, Change); 6] = [
        (
            "different hash",
            Box::new(|parameters| parameters.mask_gen_algorithm = Some(mgf1(ID_SHA_512))),
        ),
        (
            "not MGF1",
            Box::new(|parameters| parameters.mask_gen_algorithm = Some(hash(ID_SHA_256))),
        ),
        (
            "MGF1 without a hash",
            Box::new(|parameters| parameters.mask_gen_algorithm.as_mut().unwrap().parameters = None),
        ),
        (
            "trailer",
            Box::new(|parameters| parameters.trailer_field = Some(2)),
        ),
        (
            "not SHA-224",
            Box::new(move |parameters| parameters.hash_algorithm = Some(hash(sha512_256))),
        ),
        (
            "parameters it does not have",
            Box::new(|parameters| {
                let zero = Any::from_der(&[2, 1, 0]).unwrap();
                parameters.hash_algorithm.as_mut().unwrap().parameters = Some(zero);
            }),
        ),
    ];
    for (said, change) in cases {
        match read(change) {
            Err(PssError::Parameters { reason }) => assert!(reason.contains(said), "{reason}"),
            other => panic!("{said}: {other:?}"),
        }
    }
    // A negative salt, a salt of 65,536 bytes, an extra field, and no SEQUENCE at all.
    for hex in [
        b"\x30\x05\xa2\x03\x02\x01\xff".as_slice(),
        b"\x30\x07\xa2\x05\x02\x03\x01\x00\x00",
        b"\x30\x05\xa4\x03\x02\x01\x01",
        b"\x05\x00",
    ] {
        let refused = Pss::from_any(&Any::from_der(hex).unwrap());
        assert!(
            matches!(refused, Err(PssError::Parameters { reason }) if reason.contains("DER")),
            "{refused:?}"
        );
    }
}

#[test]
fn a_restricted_key_permits_its_hash_and_longer_salts() {
    let with = |hash, salt_bytes| Pss { hash, salt_bytes };
    assert!(SHA_256_WITH_32.permits(SHA_256_WITH_32));
    assert!(SHA_256_WITH_32.permits(with(Hash::Sha256, 222)));
    assert!(!SHA_256_WITH_32.permits(with(Hash::Sha256, 31)));
    assert!(!SHA_256_WITH_32.permits(with(Hash::Sha384, 48)));
}
