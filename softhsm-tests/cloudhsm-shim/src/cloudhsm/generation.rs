//! Generating keys and key pairs.

use cryptoki_sys::*;

use super::CloudHsm;
use super::attributes::Kind;
use super::attributes::tables::{GENERATE_KEY, GENERATE_KEY_PAIR};
use super::mechanisms::Translated;
use super::signing::Curve;
use crate::log;
use crate::stored_pair;
use crate::target::Answer;
use crate::template::Template;

/// Ed25519 at a target: PKCS#11 v3.0 has a mechanism and a key type of its own.
static EDWARDS_KEY_TYPE: CK_KEY_TYPE = CKK_EC_EDWARDS;

/// The sizes of pkcs11-key-types: "Generate 128, 192, and 256-bit AES keys", "1 to 800 bytes generic
/// secrets". That another size answers `CKR_ATTRIBUTE_VALUE_INVALID` is INF.
///
/// # Safety
///
/// As for `C_GenerateKey` in PKCS#11 v2.40 section 5.13.
pub unsafe fn key(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises.
    let asked = unsafe { hsm.mechanism(mechanism, CKF_GENERATE) }?;
    // SAFETY: as the caller promises, for as long as the call.
    let given = unsafe { Template::read(template, count) }?;
    let (kind, lengths) = match asked.mechanism {
        CKM_AES_KEY_GEN => (Kind::Aes, &[16..=16, 24..=24, 32..=32][..]),
        CKM_GENERIC_SECRET_KEY_GEN => (Kind::GenericSecret, &[1..=800][..]),
        _ => (Kind::Des3, &[][..]),
    };
    let mut complete = GENERATE_KEY.complete(kind, &given)?;
    let length = given.number(CKA_VALUE_LEN);
    if length.is_some_and(|length| !lengths.iter().any(|fitting| fitting.contains(&length))) {
        return Err(CKR_ATTRIBUTE_VALUE_INVALID);
    }
    hsm.may_make(&complete)?;
    // SAFETY: the caller's mechanism, the completed template, and the caller's place for the handle.
    unsafe {
        let template = complete.as_mut_ptr();
        hsm.target
            .C_GenerateKey(session, mechanism, template, complete.count(), key)?;
        hsm.handles.give(key);
    }
    Ok(())
}

/// # Safety
///
/// As for `C_GenerateKeyPair` in PKCS#11 v2.40 section 5.13.
#[allow(clippy::too_many_arguments, reason = "PKCS#11 fixes them")]
pub unsafe fn key_pair(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises.
    let mut asked = unsafe { hsm.mechanism(mechanism, CKF_GENERATE_KEY_PAIR) }?;
    // SAFETY: as the caller promises, for as long as the call.
    let (public, private) = unsafe {
        (
            Template::read(public, public_count)?,
            Template::read(private, private_count)?,
        )
    };
    let is_rsa = asked.mechanism != CKM_EC_KEY_PAIR_GEN;
    let (public_kind, private_kind) = match is_rsa {
        true => (Kind::RsaPublic, Kind::RsaPrivate),
        false => (Kind::EcPublic, Kind::EcPrivate),
    };
    let mut private = private_template(private_kind, private)?;
    let mut public = GENERATE_KEY_PAIR.complete(public_kind, &public)?;
    if is_rsa {
        check_rsa(&public)?;
        // "Functionally identical to the CKM_RSA_PKCS_KEY_PAIR_GEN mechanism": pkcs11-mechanisms.
        asked.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
    } else {
        let params = public.bytes(CKA_EC_PARAMS).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
        if curve(params, hsm.is_fips())? == Curve::Ed25519 {
            asked.mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
            for template in [&mut public, &mut private] {
                template.put(CKA_KEY_TYPE, &EDWARDS_KEY_TYPE);
            }
        }
    }
    hsm.may_make(&public)?;
    hsm.may_make(&private)?;
    // SAFETY: the completed templates, and the caller's places for the handles.
    let stored = unsafe {
        stored_pair::create(
            hsm.target,
            session,
            asked.mechanism,
            &public,
            &private,
            public_key,
            private_key,
        )
    };
    if let Some(stored) = stored {
        stored?;
        // SAFETY: the handles that were just written.
        unsafe {
            hsm.handles.give(public_key);
            hsm.handles.give(private_key);
        }
        return Ok(());
    }
    let mut mechanism = Translated::as_is(asked);
    // SAFETY: the completed templates, and the caller's places for the handles.
    unsafe {
        let (public_template, private_template) = (public.as_mut_ptr(), private.as_mut_ptr());
        hsm.target.C_GenerateKeyPair(
            session,
            mechanism.as_mut_ptr(),
            public_template,
            public.count(),
            private_template,
            private.count(),
            public_key,
            private_key,
        )?;
        hsm.handles.give(public_key);
        hsm.handles.give(private_key);
    }
    Ok(())
}

/// "C_GenerateKeyPair should return CKA_TEMPLATE_INCONSISTENT when the private template contains
/// CKA_MODULUS_BITS or CKA_PUBLIC_EXPONENT. It instead generates a private key for which all usage
/// fields are set to FALSE": <https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-pkcs11-sdk.html>.
fn private_template(kind: Kind, mut given: Template) -> Answer<Template> {
    let public_attributes = [CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT];
    let is_useless = public_attributes.iter().any(|one| given.has(*one));
    for one in public_attributes {
        given.remove(one);
    }
    let mut complete = GENERATE_KEY_PAIR.complete(kind, &given)?;
    if is_useless {
        log::note("CKA_MODULUS_BITS or CKA_PUBLIC_EXPONENT in the private template: a key without a usage");
        for usage in kind.usages() {
            complete.set(*usage, false);
        }
    }
    Ok(complete)
}

/// "Generate 2048-bit to 4096-bit RSA keys, in increments of 256 bits": pkcs11-key-types. The
/// exponent is odd and at least 65537: cloudhsm_cli-key-attributes-table. The answer is INF.
fn check_rsa(public: &Template) -> Answer {
    let bits = public.number(CKA_MODULUS_BITS);
    let size_fits = bits.is_some_and(|bits| (2048..=4096).contains(&bits) && bits % 256 == 0);
    let exponent = public.bytes(CKA_PUBLIC_EXPONENT).unwrap_or_default();
    let digits = exponent.iter().position(|byte| *byte != 0);
    let digits = digits.map_or(&exponent[..0], |start| &exponent[start..]);
    let is_odd = digits.last().is_some_and(|byte| byte & 1 == 1);
    // Three bytes are at least 0x010000, of which the odd ones are at least 65537.
    match size_fits && is_odd && digits.len() >= 3 {
        true => Ok(()),
        false => Err(CKR_ATTRIBUTE_VALUE_INVALID),
    }
}

/// The curves of pkcs11-key-types; Ed25519 is footnote 2, "only supported on hsm2m.medium
/// instances in non-FIPS mode". The answer is PKCS#11's own (INF).
fn curve(params: &[u8], fips: bool) -> Answer<Curve> {
    match Curve::of(params) {
        Some(Curve::Ed25519) if fips => Err(CKR_CURVE_NOT_SUPPORTED),
        Some(curve) => Ok(curve),
        None => Err(CKR_CURVE_NOT_SUPPORTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_have_certain_sizes_and_exponents() {
        static SIZES: [(CK_ULONG, bool); 6] = [
            (2048, true),
            (3072, true),
            (3328, true),
            (1024, false),
            (2049, false),
            (8192, false),
        ];
        static EXPONENTS: [([u8; 4], bool); 5] = [
            ([0, 1, 0, 1], true),
            ([0, 1, 0, 3], true),
            ([0, 1, 0, 0], false),
            ([0, 0, 0, 3], false),
            ([0, 0, 0, 0], false),
        ];
        for (bits, size_fits) in &SIZES {
            for (exponent, exponent_fits) in &EXPONENTS {
                let mut template = Template::default();
                template.put(CKA_MODULUS_BITS, bits);
                template.put(CKA_PUBLIC_EXPONENT, exponent);
                assert_eq!(check_rsa(&template).is_ok(), *size_fits && *exponent_fits);
            }
        }
    }

    #[test]
    fn a_public_attribute_makes_a_private_key_useless() {
        static BITS: CK_ULONG = 2048;
        let mut given = Template::default();
        given.set(CKA_SIGN, true);
        let useful = private_template(Kind::RsaPrivate, given.clone()).unwrap();
        assert_eq!(useful.boolean(CKA_SIGN), Some(true));
        given.put(CKA_MODULUS_BITS, &BITS);
        let useless = private_template(Kind::RsaPrivate, given).unwrap();
        assert_eq!(useless.boolean(CKA_SIGN), Some(false));
        assert!(!useless.has(CKA_MODULUS_BITS));
    }

    #[test]
    fn ed25519_needs_a_cluster_without_fips() {
        let oid = [0x06, 0x03, 0x2b, 0x65, 0x70];
        assert_eq!(curve(&oid, false), Ok(Curve::Ed25519));
        assert_eq!(curve(&oid, true), Err(CKR_CURVE_NOT_SUPPORTED));
        // brainpoolP256r1
        let other = [0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07];
        assert_eq!(curve(&other, false), Err(CKR_CURVE_NOT_SUPPORTED));
    }
}
