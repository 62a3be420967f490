//! The parameters of RSA-OAEP.

use cryptoki_sys::*;

use crate::target::Answer;

/// "The following CK_MECHANISM_TYPE and CK_RSA_PKCS_MGF_TYPE are supported as
/// CK_RSA_PKCS_OAEP_PARAMS": pkcs11-mechanisms, footnote 4.
const PAIRS: &[(CK_MECHANISM_TYPE, CK_RSA_PKCS_MGF_TYPE)] = &[
    (CKM_SHA_1, CKG_MGF1_SHA1),
    (CKM_SHA224, CKG_MGF1_SHA224),
    (CKM_SHA256, CKG_MGF1_SHA256),
    (CKM_SHA384, CKG_MGF1_SHA384),
    (CKM_SHA512, CKG_MGF1_SHA512),
];

/// The parameters as a target takes them. `source` may be 0 with nothing in it, as in AWS's
/// sample `src/wrapping/rsa_wrapping.c`, or `CKZ_DATA_SPECIFIED`; SoftHSM wants the latter.
pub fn checked(asked: &CK_RSA_PKCS_OAEP_PARAMS) -> Answer<CK_RSA_PKCS_OAEP_PARAMS> {
    let empty = asked.pSourceData.is_null() && asked.ulSourceDataLen == 0;
    let source = match asked.source {
        0 => empty,
        CKZ_DATA_SPECIFIED => true,
        _ => false,
    };
    if !source || !PAIRS.contains(&(asked.hashAlg, asked.mgf)) {
        return Err(CKR_MECHANISM_PARAM_INVALID);
    }
    Ok(CK_RSA_PKCS_OAEP_PARAMS {
        source: CKZ_DATA_SPECIFIED,
        ..*asked
    })
}
