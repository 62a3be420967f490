//! Mechanisms by their numbers: the standard's, and those of one vendor.

use std::fmt;
use std::ptr;

use cryptoki::error::Error as CryptokiError;
use cryptoki::mechanism::vendor_defined::VendorDefinedMechanism;
use cryptoki::mechanism::{Mechanism, MechanismInfo};
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CKG_MGF1_SHA1, CKG_MGF1_SHA256,
    CKM_AES_CBC_PAD, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_EC_EDWARDS_KEY_PAIR_GEN,
    CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA_SHA224, CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_ECDSA_SHA512,
    CKM_EDDSA, CKM_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN, CKM_RSA_AES_KEY_WRAP, CKM_RSA_PKCS,
    CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_OAEP, CKM_RSA_PKCS_PSS, CKM_SHA_1, CKM_SHA224_RSA_PKCS,
    CKM_SHA224_RSA_PKCS_PSS, CKM_SHA256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS,
    CKM_SHA384_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS, CKZ_DATA_SPECIFIED,
};

use super::{ImportRoute, Session};

/// A `CK_MECHANISM_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MechanismNumber(pub(super) CK_MECHANISM_TYPE);

impl MechanismNumber {
    pub(super) const RSA_PKCS_KEY_PAIR_GEN: Self = Self(CKM_RSA_PKCS_KEY_PAIR_GEN);
    pub(super) const EC_KEY_PAIR_GEN: Self = Self(CKM_EC_KEY_PAIR_GEN);
    pub(super) const EC_EDWARDS_KEY_PAIR_GEN: Self = Self(CKM_EC_EDWARDS_KEY_PAIR_GEN);
    pub(super) const ML_DSA_KEY_PAIR_GEN: Self = Self(CKM_ML_DSA_KEY_PAIR_GEN);
    pub(super) const RSA_PKCS_OAEP: Self = Self(CKM_RSA_PKCS_OAEP);
    pub(super) const RSA_AES_KEY_WRAP: Self = Self(CKM_RSA_AES_KEY_WRAP);
    pub(super) const AES_CBC_PAD: Self = Self(CKM_AES_CBC_PAD);
    /// PKCS#11 v2.40 did not define the padding, and v3.0 deprecates the number; SoftHSM uses it for RFC 5649.
    pub(super) const AES_KEY_WRAP_PAD: Self = Self(CKM_AES_KEY_WRAP_PAD);
    /// RFC 5649 by PKCS#11 v3.0 mechanisms section 2.13.
    pub(super) const AES_KEY_WRAP_KWP: Self = Self(CKM_AES_KEY_WRAP_KWP);
    /// RFC 5649 on AWS CloudHSM (`cloudhsm_pkcs11_vendor_defs.h`, Client SDK 5).
    pub(super) const CLOUDHSM_AES_KEY_WRAP_ZERO_PAD: Self = Self(0x8000_216F);
    pub(super) const RSA_PKCS: Self = Self(CKM_RSA_PKCS);
    pub(super) const RSA_PKCS_PSS: Self = Self(CKM_RSA_PKCS_PSS);
    pub(super) const ECDSA: Self = Self(CKM_ECDSA);
    pub(super) const EDDSA: Self = Self(CKM_EDDSA);
    pub(super) const SHA224_RSA_PKCS: Self = Self(CKM_SHA224_RSA_PKCS);
    pub(super) const SHA224_RSA_PKCS_PSS: Self = Self(CKM_SHA224_RSA_PKCS_PSS);
    pub(super) const ECDSA_SHA224: Self = Self(CKM_ECDSA_SHA224);
    pub(super) const SHA256_RSA_PKCS: Self = Self(CKM_SHA256_RSA_PKCS);
    pub(super) const SHA256_RSA_PKCS_PSS: Self = Self(CKM_SHA256_RSA_PKCS_PSS);
    pub(super) const ECDSA_SHA256: Self = Self(CKM_ECDSA_SHA256);
    pub(super) const SHA384_RSA_PKCS: Self = Self(CKM_SHA384_RSA_PKCS);
    pub(super) const SHA384_RSA_PKCS_PSS: Self = Self(CKM_SHA384_RSA_PKCS_PSS);
    pub(super) const ECDSA_SHA384: Self = Self(CKM_ECDSA_SHA384);
    pub(super) const SHA512_RSA_PKCS: Self = Self(CKM_SHA512_RSA_PKCS);
    pub(super) const SHA512_RSA_PKCS_PSS: Self = Self(CKM_SHA512_RSA_PKCS_PSS);
    pub(super) const ECDSA_SHA512: Self = Self(CKM_ECDSA_SHA512);
    /// PKCS#11 v3.2 section 6.67
    pub(super) const ML_DSA: Self = Self(CKM_ML_DSA);

    const NAMES: [(Self, &'static str); 27] = [
        (Self::RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"),
        (Self::EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"),
        (Self::EC_EDWARDS_KEY_PAIR_GEN, "CKM_EC_EDWARDS_KEY_PAIR_GEN"),
        (Self::ML_DSA_KEY_PAIR_GEN, "CKM_ML_DSA_KEY_PAIR_GEN"),
        (Self::RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"),
        (Self::RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP"),
        (Self::AES_CBC_PAD, "CKM_AES_CBC_PAD"),
        (Self::AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD"),
        (Self::AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP"),
        (
            Self::CLOUDHSM_AES_KEY_WRAP_ZERO_PAD,
            "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD",
        ),
        (Self::RSA_PKCS, "CKM_RSA_PKCS"),
        (Self::RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"),
        (Self::ECDSA, "CKM_ECDSA"),
        (Self::EDDSA, "CKM_EDDSA"),
        (Self::ML_DSA, "CKM_ML_DSA"),
        (Self::SHA224_RSA_PKCS, "CKM_SHA224_RSA_PKCS"),
        (Self::SHA224_RSA_PKCS_PSS, "CKM_SHA224_RSA_PKCS_PSS"),
        (Self::ECDSA_SHA224, "CKM_ECDSA_SHA224"),
        (Self::SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"),
        (Self::SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"),
        (Self::ECDSA_SHA256, "CKM_ECDSA_SHA256"),
        (Self::SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"),
        (Self::SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS"),
        (Self::ECDSA_SHA384, "CKM_ECDSA_SHA384"),
        (Self::SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"),
        (Self::SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS"),
        (Self::ECDSA_SHA512, "CKM_ECDSA_SHA512"),
    ];
}

impl fmt::Display for MechanismNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(number, _)| number == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "mechanism 0x{:08X}", self.0),
        }
    }
}

/// The hash of RSA-OAEP, and of its MGF1. Neither needs collision resistance here, because the label is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OaepHash {
    Sha1,
    Sha256,
}

impl fmt::Display for OaepHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
        })
    }
}

/// The mechanism that unwraps a key.
#[derive(Debug)]
pub(super) enum UnwrapMechanism<'a> {
    /// `CKM_RSA_PKCS_OAEP` (PKCS#11 v2.40 mechanisms section 2.1.8)
    RsaOaep(OaepHash),
    /// RFC 5649 without parameters, under the token's number for it.
    AesKeyWrapPadded(MechanismNumber),
    /// `CKM_RSA_AES_KEY_WRAP` with a 256-bit AES key (section 2.1.23): an OAEP block, then RFC 5649.
    RsaAesKeyWrap(OaepHash),
    /// `CKM_AES_CBC_PAD` (section 2.8.6)
    AesCbcPad(&'a [u8; 16]),
}

impl UnwrapMechanism<'_> {
    /// The route on which a private key is unwrapped with it.
    pub(super) const fn route(&self) -> ImportRoute {
        match self {
            Self::AesCbcPad(_) => ImportRoute::Sealed,
            Self::RsaAesKeyWrap(_) => ImportRoute::RsaAesKeyWrap,
            Self::RsaOaep(_) | Self::AesKeyWrapPadded(_) => ImportRoute::OaepAesKwp,
        }
    }
}

/// PKCS#11 v2.40 mechanisms section 2.1.7; an empty label. `source` is `CKZ_DATA_SPECIFIED` because SoftHSM and NSS refuse 0.
const fn oaep_parameters(hash: OaepHash) -> CK_RSA_PKCS_OAEP_PARAMS {
    let (digest, mask) = match hash {
        OaepHash::Sha1 => (CKM_SHA_1, CKG_MGF1_SHA1),
        OaepHash::Sha256 => (CKM_SHA256, CKG_MGF1_SHA256),
    };
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: digest,
        mgf: mask,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: ptr::null_mut(),
        ulSourceDataLen: 0,
    }
}

impl Session {
    /// `C_UnwrapKey` (PKCS#11 v2.40 section 5.13), once.
    pub(super) fn unwrap_key(
        &self,
        mechanism: &UnwrapMechanism<'_>,
        unwrapping_key: ObjectHandle,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Result<ObjectHandle, CryptokiError> {
        let unwrap = |mechanism: &Mechanism<'_>| {
            self.cryptoki()
                .unwrap_key(mechanism, unwrapping_key, wrapped, template)
        };
        // All of them as numbers with parameters, because some have no name in cryptoki.
        let parameterless = |number: MechanismNumber| VendorDefinedMechanism::new::<()>(number.into(), None);
        match mechanism {
            UnwrapMechanism::AesKeyWrapPadded(number) => {
                unwrap(&Mechanism::VendorDefined(parameterless(*number)))
            }
            UnwrapMechanism::AesCbcPad(initialization_vector) => {
                unwrap(&Mechanism::VendorDefined(VendorDefinedMechanism::new(
                    MechanismNumber::AES_CBC_PAD.into(),
                    Some(*initialization_vector),
                )))
            }
            UnwrapMechanism::RsaOaep(hash) => {
                let oaep = oaep_parameters(*hash);
                unwrap(&Mechanism::VendorDefined(VendorDefinedMechanism::new(
                    MechanismNumber::RSA_PKCS_OAEP.into(),
                    Some(&oaep),
                )))
            }
            UnwrapMechanism::RsaAesKeyWrap(hash) => {
                let mut oaep = oaep_parameters(*hash);
                let parameters = CK_RSA_AES_KEY_WRAP_PARAMS {
                    ulAESKeyBits: 256,
                    pOAEPParams: &raw mut oaep,
                };
                unwrap(&Mechanism::VendorDefined(VendorDefinedMechanism::new(
                    MechanismNumber::RSA_AES_KEY_WRAP.into(),
                    Some(&parameters),
                )))
            }
        }
    }
}

/// What a mechanism must be able to do (`CK_MECHANISM_INFO.flags`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MechanismUse {
    GenerateKeyPair,
    Unwrap,
    Sign,
}

impl MechanismUse {
    pub(super) fn is_in(self, info: &MechanismInfo) -> bool {
        match self {
            Self::GenerateKeyPair => info.generate_key_pair(),
            Self::Unwrap => info.unwrap(),
            Self::Sign => info.sign(),
        }
    }
}

impl fmt::Display for MechanismUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GenerateKeyPair => "generate a key pair",
            Self::Unwrap => "unwrap",
            Self::Sign => "sign",
        })
    }
}
