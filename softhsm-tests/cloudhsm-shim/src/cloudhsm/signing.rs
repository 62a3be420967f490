//! Signing: single-part mechanisms accept one part, and a strong key refuses a weak hash.

use cryptoki_sys::*;

use super::CloudHsm;
use crate::log;
use crate::target::Answer;

/// "Single-part operations only": <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-mechanisms.html>.
const SINGLE_PART: &[CK_MECHANISM_TYPE] = &[CKM_ECDSA, CKM_RSA_PKCS, CKM_RSA_PKCS_PSS];

/// The length of the digest of each hashed ECDSA mechanism.
const HASHED_ECDSA: &[(CK_MECHANISM_TYPE, CK_ULONG)] = &[
    (CKM_ECDSA_SHA1, 20),
    (CKM_ECDSA_SHA224, 28),
    (CKM_ECDSA_SHA256, 32),
    (CKM_ECDSA_SHA384, 48),
    (CKM_ECDSA_SHA512, 64),
];

/// The curves of pkcs11-key-types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    P224,
    P256,
    Secp256k1,
    P384,
    P521,
    Ed25519,
}

impl Curve {
    const ALL: &[(Self, &[u8])] = &[
        (Self::P224, &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x21]),
        (
            Self::P256,
            &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        ),
        (Self::Secp256k1, &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a]),
        (Self::P384, &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]),
        (Self::P521, &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23]),
        // "EC_PARAMS = OID 06 03 2b 65 70": AWS's EdDSA sample.
        (Self::Ed25519, &[0x06, 0x03, 0x2b, 0x65, 0x70]),
    ];

    /// The curve of a `CKA_EC_PARAMS`.
    pub fn of(params: &[u8]) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, oid)| *oid == params)
            .map(|(curve, _)| *curve)
    }

    /// The key's security strength in bits, NIST SP 800-57 part 1 table 2, as ki-all has it.
    fn strength(self) -> CK_ULONG {
        match self {
            Self::P224 => 112,
            Self::P256 | Self::Secp256k1 | Self::Ed25519 => 128,
            Self::P384 => 192,
            Self::P521 => 256,
        }
    }
}

/// The signing operation of a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signing {
    single_part: bool,
    /// Set if the length of the data must be checked against the key.
    curve: Option<Curve>,
}

/// # Safety
///
/// As for `C_SignInit` in PKCS#11 v2.40 section 5.11.
pub unsafe fn sign_init(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises.
    let asked = unsafe { hsm.mechanism(mechanism, CKF_SIGN) }?;
    let key = hsm.key_to_use(session, key)?;
    let hashed = HASHED_ECDSA.iter().find(|(kind, _)| *kind == asked.mechanism);
    let is_ecdsa = asked.mechanism == CKM_ECDSA || hashed.is_some();
    let curve = match is_ecdsa && hsm.is_fips() {
        true => hsm.curve(session, key),
        false => None,
    };
    if let (Some(curve), Some((_, len))) = (curve, hashed) {
        refuse_weak_digest(curve, *len)?;
    }
    // SAFETY: the caller's mechanism.
    unsafe { hsm.target.C_SignInit(session, mechanism, key) }?;
    let signing = Signing {
        single_part: SINGLE_PART.contains(&asked.mechanism),
        curve: curve.filter(|_| asked.mechanism == CKM_ECDSA),
    };
    hsm.sessions.begin_signing(session, signing);
    Ok(())
}

/// # Safety
///
/// As for `C_Sign` in PKCS#11 v2.40 section 5.11.
pub unsafe fn sign(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_len: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_len: *mut CK_ULONG,
) -> Answer {
    let curve = hsm.sessions.signing(session).and_then(|signing| signing.curve);
    if let Some(Err(rv)) = curve.map(|curve| refuse_weak_digest(curve, data_len)) {
        hsm.end_signing(session);
        return Err(rv);
    }
    // SAFETY: the caller's arguments.
    let answer = unsafe {
        hsm.target
            .C_Sign(session, data, data_len, signature, signature_len)
    };
    if !signature.is_null() && answer != Err(CKR_BUFFER_TOO_SMALL) {
        hsm.sessions.end_signing(session);
    }
    answer
}

/// That a second part answers `CKR_MECHANISM_INVALID` is INF, from ki-pkcs11-sdk, where
/// `C_EncryptUpdate` does so for the mechanism that has one part.
///
/// # Safety
///
/// As for `C_SignUpdate` in PKCS#11 v2.40 section 5.11.
pub unsafe fn sign_update(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    part_len: CK_ULONG,
) -> Answer {
    if hsm
        .sessions
        .signing(session)
        .is_some_and(|signing| signing.single_part)
    {
        hsm.end_signing(session);
        return Err(CKR_MECHANISM_INVALID);
    }
    // SAFETY: the caller's arguments.
    unsafe { hsm.target.C_SignUpdate(session, part, part_len) }
}

/// Verifying does not check the strength: the known issue is about signing.
///
/// # Safety
///
/// As for `C_VerifyInit` in PKCS#11 v2.40 section 5.11.
pub unsafe fn verify_init(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises.
    unsafe { hsm.mechanism(mechanism, CKF_VERIFY) }?;
    let key = hsm.key_to_use(session, key)?;
    // SAFETY: the caller's mechanism.
    unsafe { hsm.target.C_VerifyInit(session, mechanism, key) }
}

/// "ECDSA signing fails with "invalid mechanism" error starting with SDK 5.16", in FIPS mode:
/// <https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-all.html>, issue 12. A digest has half
/// its bits of strength.
fn refuse_weak_digest(curve: Curve, len: CK_ULONG) -> Answer {
    let (digest, key) = (len.saturating_mul(8) / 2, curve.strength());
    if digest >= key {
        return Ok(());
    }
    log::note(&format!(
        "Digest security strength ({digest}) is weaker than the key security strength ({key})"
    ));
    Err(CKR_MECHANISM_INVALID)
}

impl CloudHsm {
    /// The curve of a key, by the target's handle; `None` if it has none, which the target refuses.
    fn curve(&self, session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> Option<Curve> {
        let params = self.bytes(session, key, CKA_EC_PARAMS).ok()?;
        Curve::of(&params)
    }

    fn end_signing(&self, session: CK_SESSION_HANDLE) {
        self.sessions.end_signing(session);
        self.target.end_signing(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_as_strong_as_the_key_or_refused() {
        for (curve, least) in [
            (Curve::P224, 28),
            (Curve::P256, 32),
            (Curve::Secp256k1, 32),
            (Curve::P384, 48),
            (Curve::P521, 64),
        ] {
            for len in [20, 28, 32, 48, 64] {
                let expected = if len >= least {
                    Ok(())
                } else {
                    Err(CKR_MECHANISM_INVALID)
                };
                assert_eq!(refuse_weak_digest(curve, len), expected, "{curve:?} {len}");
            }
        }
    }

    #[test]
    fn curves_are_recognised_by_their_oid() {
        for (curve, oid) in Curve::ALL {
            assert_eq!(Curve::of(oid), Some(*curve));
            assert_eq!(oid.len(), usize::from(oid[1]) + 2);
        }
        assert_eq!(Curve::of(&[0x06]), None);
    }
}
