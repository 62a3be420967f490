//! `CLOUDHSM_SHIM_STORED_PAIR`: a stored wrapping pair replaces one that the target would generate, which takes a second or two each time.
//! The two objects follow the caller's templates, except for the attributes of generated keys (`CKA_LOCAL` and others).

use std::sync::OnceLock;

use cryptoki_sys::*;

use crate::oddities::Oddity;
use crate::shim::Shim;
use crate::target::{Answer, Target, rv_of};
use crate::template::Template;

/// The values of the pair, in hexadecimal.
const PAIR: &str = include_str!("stored_pair.txt");
const BITS: CK_ULONG = 3072;
const EXPONENT: [u8; 3] = [1, 0, 1];

static PUBLIC_CLASS: CK_OBJECT_CLASS = CKO_PUBLIC_KEY;
static PRIVATE_CLASS: CK_OBJECT_CLASS = CKO_PRIVATE_KEY;
static RSA: CK_KEY_TYPE = CKK_RSA;

/// The values of the private key in the order of the file, the modulus first.
fn values() -> &'static [(CK_ATTRIBUTE_TYPE, Vec<u8>)] {
    static VALUES: OnceLock<Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>> = OnceLock::new();
    const ORDER: [CK_ATTRIBUTE_TYPE; 7] = [
        CKA_MODULUS,
        CKA_PRIVATE_EXPONENT,
        CKA_PRIME_1,
        CKA_PRIME_2,
        CKA_EXPONENT_1,
        CKA_EXPONENT_2,
        CKA_COEFFICIENT,
    ];
    VALUES.get_or_init(|| {
        let lines = PAIR.lines().filter(|line| !line.starts_with('#'));
        let numbers = lines.filter_map(|line| line.split_once(' '));
        let bytes = numbers.map(|(_, digits)| {
            let pairs = digits.as_bytes().chunks(2).map(|pair| {
                let pair = str::from_utf8(pair).expect("ASCII");
                u8::from_str_radix(pair, 16).expect("hexadecimal digits")
            });
            pairs.collect()
        });
        ORDER.into_iter().zip(bytes).collect()
    })
}

/// Whether the call asks for an RSA-3072 session pair for unwrapping.
fn fits(mechanism: CK_MECHANISM_TYPE, public: &Template, private: &Template) -> bool {
    mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN
        && public.number(CKA_MODULUS_BITS) == Some(BITS)
        && public.bytes(CKA_PUBLIC_EXPONENT) == Some(&EXPONENT[..])
        && private.boolean(CKA_UNWRAP) == Some(true)
        && private.boolean(CKA_TOKEN) == Some(false)
}

/// Makes the two objects, public half first; `None` if the target must generate them.
///
/// # Safety
///
/// The places for the handles are those of a `C_GenerateKeyPair` (PKCS#11 v2.40 section 5.13).
pub unsafe fn create(
    target: &Target,
    session: CK_SESSION_HANDLE,
    mechanism: CK_MECHANISM_TYPE,
    public: &Template,
    private: &Template,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> Option<Answer> {
    if !target.stored_pair || !fits(mechanism, public, private) {
        return None;
    }
    let (mut public, mut private) = (public.clone(), private.clone());
    public.remove(CKA_MODULUS_BITS);
    public.put(CKA_CLASS, &PUBLIC_CLASS);
    private.put(CKA_CLASS, &PRIVATE_CLASS);
    private.put(CKA_PUBLIC_EXPONENT, &EXPONENT);
    for template in [&mut public, &mut private] {
        template.put(CKA_KEY_TYPE, &RSA);
    }
    for (kind, value) in values() {
        if *kind == CKA_MODULUS {
            public.put_bytes(*kind, value);
        }
        private.put_bytes(*kind, value);
    }
    // SAFETY: complete templates, and the caller's places for the handles.
    Some(unsafe {
        target
            .C_CreateObject(session, public.as_mut_ptr(), public.count(), public_key)
            .and_then(|()| {
                let made = target.C_CreateObject(session, private.as_mut_ptr(), private.count(), private_key);
                if made.is_err() {
                    let _ = target.C_DestroyObject(session, *public_key);
                }
                made
            })
    })
}

/// `C_GenerateKeyPair` in front of a plain target.
///
/// # Safety
///
/// As in section 5.13.
#[allow(clippy::too_many_arguments, reason = "PKCS#11 fixes them")]
pub unsafe fn generate_pair(
    shim: &Shim,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> Option<CK_RV> {
    // CloudHSM's own rules come first, and call `create` where they end.
    if shim.cloudhsm.is_some() {
        return None;
    }
    // SAFETY: the caller's mechanism and templates, for as long as the call; the places for the handles.
    unsafe {
        let mechanism_given = mechanism;
        let mechanism = mechanism.as_ref()?.mechanism;
        let mut public = Template::read(public, public_count).ok()?;
        let mut private = Template::read(private, private_count).ok()?;
        if shim.rules.is_odd(Oddity::KeepsSessionKeys) {
            public.set(CKA_TOKEN, true);
            private.set(CKA_TOKEN, true);
            let (public_count, private_count) = (public.count(), private.count());
            let answer = shim.target.C_GenerateKeyPair(
                session,
                mechanism_given,
                public.as_mut_ptr(),
                public_count,
                private.as_mut_ptr(),
                private_count,
                public_key,
                private_key,
            );
            return Some(rv_of(answer));
        }
        create(
            shim.target,
            session,
            mechanism,
            &public,
            &private,
            public_key,
            private_key,
        )
        .map(rv_of)
    }
}
