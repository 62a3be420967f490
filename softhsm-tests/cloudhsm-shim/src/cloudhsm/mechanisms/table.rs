//! The supported mechanisms and their uses.
//!
//! <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-mechanisms.html>, text of Client
//! SDK 5.18, in its order. The key sizes are those of pkcs11-key-types, and 0 where it has none.
//!
//! Left out, because no public source has their numbers: `CKM_CLOUDHSM_EDDSA`,
//! `CKM_CLOUDHSM_ML_DSA_KEY_PAIR_GEN`, `CKM_CLOUDHSM_ML_DSA` and `CKM_CLOUDHSM_EXT_MU_ML_DSA`.

use cryptoki_sys::*;

use super::vendor::*;

pub struct Mechanism {
    pub kind: CK_MECHANISM_TYPE,
    /// The `CKF_` bits of the functions it is for.
    pub flags: CK_FLAGS,
    /// The bits that a cluster in FIPS mode does not have.
    pub not_fips: CK_FLAGS,
    /// The least and the greatest key size, in the unit that PKCS#11 has for it.
    pub sizes: (CK_ULONG, CK_ULONG),
}

const fn row(kind: CK_MECHANISM_TYPE, flags: CK_FLAGS, sizes: (CK_ULONG, CK_ULONG)) -> Mechanism {
    Mechanism {
        kind,
        flags,
        not_fips: 0,
        sizes,
    }
}

const fn without_fips(mechanism: Mechanism, not_fips: CK_FLAGS) -> Mechanism {
    Mechanism {
        not_fips,
        ..mechanism
    }
}

const PAIR: CK_FLAGS = CKF_GENERATE_KEY_PAIR;
const SIGN: CK_FLAGS = CKF_SIGN | CKF_VERIFY;
const CIPHER: CK_FLAGS = CKF_ENCRYPT | CKF_DECRYPT;
const WRAP: CK_FLAGS = CKF_WRAP | CKF_UNWRAP;
/// The curves by name, points uncompressed: PKCS#11 v2.40 mechanisms section 2.3.1.
const EC: CK_FLAGS = CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;

const RSA: (CK_ULONG, CK_ULONG) = (2048, 4096);
const CURVES: (CK_ULONG, CK_ULONG) = (224, 521);
const AES: (CK_ULONG, CK_ULONG) = (16, 32);
const SECRET: (CK_ULONG, CK_ULONG) = (1, 800);
const NO_SIZE: (CK_ULONG, CK_ULONG) = (0, 0);

pub const MECHANISMS: &[Mechanism] = &[
    // Generate key and key pair functions
    row(CKM_RSA_PKCS_KEY_PAIR_GEN, PAIR, RSA),
    row(CKM_RSA_X9_31_KEY_PAIR_GEN, PAIR, RSA),
    row(CKM_EC_KEY_PAIR_GEN, PAIR | EC, CURVES),
    row(CKM_GENERIC_SECRET_KEY_GEN, CKF_GENERATE, SECRET),
    row(CKM_AES_KEY_GEN, CKF_GENERATE, AES),
    // Footnote 5, "disallowed for clusters in FIPS mode after 2023": the DES3 and the CKM_RSA_PKCS rows.
    without_fips(row(CKM_DES3_KEY_GEN, CKF_GENERATE, NO_SIZE), CKF_GENERATE),
    // Sign and verify functions
    row(CKM_RSA_X_509, SIGN | CIPHER, RSA),
    without_fips(row(CKM_RSA_PKCS, SIGN | CIPHER | WRAP, RSA), CIPHER | WRAP),
    row(CKM_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_SHA1_RSA_PKCS, SIGN, RSA),
    row(CKM_SHA224_RSA_PKCS, SIGN, RSA),
    row(CKM_SHA256_RSA_PKCS, SIGN, RSA),
    row(CKM_SHA384_RSA_PKCS, SIGN, RSA),
    row(CKM_SHA512_RSA_PKCS, SIGN, RSA),
    row(CKM_SHA1_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_SHA224_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_SHA256_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_SHA384_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_SHA512_RSA_PKCS_PSS, SIGN, RSA),
    row(CKM_ECDSA, SIGN | EC, CURVES),
    row(CKM_ECDSA_SHA1, SIGN | EC, CURVES),
    row(CKM_ECDSA_SHA224, SIGN | EC, CURVES),
    row(CKM_ECDSA_SHA256, SIGN | EC, CURVES),
    row(CKM_ECDSA_SHA384, SIGN | EC, CURVES),
    row(CKM_ECDSA_SHA512, SIGN | EC, CURVES),
    row(CKM_SHA_1_HMAC, SIGN, SECRET),
    row(CKM_SHA224_HMAC, SIGN, SECRET),
    row(CKM_SHA256_HMAC, SIGN, SECRET),
    row(CKM_SHA384_HMAC, SIGN, SECRET),
    row(CKM_SHA512_HMAC, SIGN, SECRET),
    row(CKM_AES_CMAC, SIGN, AES),
    // Digest functions
    row(CKM_SHA_1, CKF_DIGEST, NO_SIZE),
    row(CKM_SHA224, CKF_DIGEST, NO_SIZE),
    row(CKM_SHA256, CKF_DIGEST, NO_SIZE),
    row(CKM_SHA384, CKF_DIGEST, NO_SIZE),
    row(CKM_SHA512, CKF_DIGEST, NO_SIZE),
    // Encrypt and decrypt functions; wrap and unwrap functions
    row(CKM_RSA_PKCS_OAEP, CIPHER | WRAP, RSA),
    row(CKM_AES_ECB, CIPHER, AES),
    row(CKM_AES_CTR, CIPHER, AES),
    row(CKM_AES_CBC, CIPHER, AES),
    row(CKM_AES_CBC_PAD, CIPHER, AES),
    without_fips(row(CKM_DES3_CBC, CIPHER, NO_SIZE), CIPHER),
    without_fips(row(CKM_DES3_ECB, CIPHER, NO_SIZE), CIPHER),
    without_fips(row(CKM_DES3_CBC_PAD, CIPHER, NO_SIZE), CIPHER),
    row(CKM_AES_GCM, CIPHER | WRAP, AES),
    row(CKM_CLOUDHSM_AES_GCM, CIPHER | WRAP, AES),
    row(CKM_RSA_AES_KEY_WRAP, WRAP, RSA),
    row(CKM_CLOUDHSM_AES_KEY_WRAP_NO_PAD, WRAP, AES),
    row(CKM_CLOUDHSM_AES_KEY_WRAP_PKCS5_PAD, WRAP, AES),
    row(CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD, WRAP, AES),
    // Derive key functions
    row(CKM_CLOUDHSM_SP800_108_COUNTER_KDF, CKF_DERIVE, SECRET),
    row(CKM_ECDH1_DERIVE, CKF_DERIVE | EC, CURVES),
];
