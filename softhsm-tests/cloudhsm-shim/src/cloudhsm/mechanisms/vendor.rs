//! Mechanisms of AWS CloudHSM's own.
//!
//! The numbers are those of `cloudhsm_pkcs11_vendor_defs.h`, as in
//! <https://github.com/aws-samples/cloudhsm-workshop>.

use cryptoki_sys::{CK_MECHANISM_TYPE, CKM_VENDOR_DEFINED};

pub const CKM_CLOUDHSM_AES_GCM: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x1087;
/// RFC 3394.
pub const CKM_CLOUDHSM_AES_KEY_WRAP_NO_PAD: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x2109;
/// RFC 3394 over data with PKCS#5 padding.
pub const CKM_CLOUDHSM_AES_KEY_WRAP_PKCS5_PAD: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x210A;
/// RFC 5649.
pub const CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x216F;
pub const CKM_CLOUDHSM_SP800_108_COUNTER_KDF: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x1;
