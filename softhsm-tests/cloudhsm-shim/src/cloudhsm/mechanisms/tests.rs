use super::vendor::*;
use super::*;

const FIPS: bool = true;

#[test]
fn the_standard_aes_key_wrap_is_missing() {
    for kind in [
        CKM_AES_KEY_WRAP,
        CKM_AES_KEY_WRAP_PAD,
        CKM_AES_KEY_WRAP_KWP,
        CKM_EDDSA,
    ] {
        assert_eq!(find(kind, 0, false).err(), Some(CKR_MECHANISM_INVALID));
    }
    for kind in [0x8000_216F, 0x8000_2109, 0x8000_210A, 0x8000_1087, 0x1054] {
        assert!(find(kind, CKF_WRAP | CKF_UNWRAP, FIPS).is_ok());
    }
    assert_eq!(CKM_CLOUDHSM_SP800_108_COUNTER_KDF, 0x8000_0001);
}

#[test]
fn a_mechanism_is_for_its_functions_only() {
    assert!(find(CKM_AES_CBC_PAD, CKF_DECRYPT, FIPS).is_ok());
    assert!(find(CKM_AES_CBC_PAD, CKF_UNWRAP, FIPS).is_err());
    assert!(find(CKM_RSA_PKCS, CKF_SIGN, FIPS).is_ok());
    assert!(find(CKM_ECDSA, CKF_ENCRYPT, FIPS).is_err());
}

#[test]
fn mechanisms_that_fips_mode_lacks_exist_without_it() {
    assert!(find(CKM_RSA_PKCS, CKF_UNWRAP, FIPS).is_err());
    assert!(find(CKM_RSA_PKCS, CKF_UNWRAP, false).is_ok());
    assert!(find(CKM_DES3_KEY_GEN, 0, FIPS).is_err());
    assert!(find(CKM_DES3_KEY_GEN, CKF_GENERATE, false).is_ok());
}

#[test]
fn no_mechanism_is_in_the_table_twice() {
    for row in MECHANISMS {
        assert_eq!(
            MECHANISMS.iter().filter(|other| other.kind == row.kind).count(),
            1
        );
    }
}

#[test]
fn oaep_requires_the_same_hash_twice() {
    let params = |hash, mgf, source| CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: hash,
        mgf,
        source,
        pSourceData: ptr::null_mut(),
        ulSourceDataLen: 0,
    };
    for source in [0, CKZ_DATA_SPECIFIED] {
        let checked = oaep::checked(&params(CKM_SHA256, CKG_MGF1_SHA256, source)).unwrap();
        assert_eq!(checked.source, CKZ_DATA_SPECIFIED);
    }
    for bad in [
        params(CKM_SHA256, CKG_MGF1_SHA1, 1),
        params(CKM_SHA_1, CKG_MGF1_SHA256, 1),
        params(CKM_SHA256, CKG_MGF1_SHA256, 2),
        params(CKM_SHA3_256, CKG_MGF1_SHA3_256, 1),
    ] {
        assert_eq!(oaep::checked(&bad).err(), Some(CKR_MECHANISM_PARAM_INVALID));
    }
}
