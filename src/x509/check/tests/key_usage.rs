//! A certificate does not claim a use that its key does not have, even if it was requested.

use std::borrow::Cow;

use super::*;
use crate::signer::{Curve, KeyAlgorithm, MlDsaParameterSet};
use crate::x509::fixture::{Sketch, plan};
use crate::x509::{Original, ProfileExtension, Usage};

const RULE: &str = "key-usage-fits";

const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };
const EC: KeyAlgorithm = KeyAlgorithm::Ec(Curve::P256);
const ML_DSA: KeyAlgorithm = KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa44);

/// keyUsage with this bit only (RFC 5280 section 4.2.1.3), in DER.
fn only(bit: u8) -> Vec<u8> {
    match bit {
        0..8 => vec![3, 2, 7 - bit, 0x80 >> bit],
        _ => vec![3, 3, 7, 0, 0x80],
    }
}

fn broken_by(plan: Tbs, ca: &Certificate) -> (&'static str, &'static str) {
    match plan.check(Issuer::Authority(ca), NOW) {
        Err(X509Error::Rule { rule, source, .. }) => (rule, source),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_bit_is_checked_against_every_kind_of_key() {
    let ca_key = SoftwareKey::generate();
    let ca = authority(&ca_key);
    // Bit 2 is keyEncipherment, 3 dataEncipherment, 4 keyAgreement, 7 encipherOnly, 8 decipherOnly.
    for (kind, unfit, clause) in [
        (RSA, &[4, 7, 8][..], "RFC 3279 2.3.1"),
        (EC, &[2, 3], "RFC 8813 3"),
        (KeyAlgorithm::Ed25519, &[2, 3, 4, 7, 8], "RFC 9295 3"),
        (ML_DSA, &[2, 3, 4, 7, 8], "RFC 9881 5"),
    ] {
        let below = request(&SoftwareKey::of(kind), "CN=leaf");
        let sound = plan(&Profile::tls_client(), &below, &ca);
        assert!(sound.clone().check(Issuer::Authority(&ca), NOW).is_ok(), "{kind}");
        for bit in 1..=8 {
            let mut tbs = TbsCertificate::from_der(&sound.der).unwrap();
            set(&mut tbs, 1, &only(bit));
            let bent = Tbs {
                der: tbs.to_der().unwrap(),
                ..sound.clone()
            };
            let (rule, source) = broken_by(bent, &ca);
            // A bit that fits the key is still not in the profile.
            let wanted = if unfit.contains(&bit) { RULE } else { "key-usage" };
            assert_eq!(rule, wanted, "bit {bit} of {kind}");
            assert!(rule != RULE || source == clause, "{source}");
        }
    }
}

#[test]
fn a_profile_that_leaves_a_key_without_a_use_is_refused_for_it() {
    let ca_key = SoftwareKey::generate();
    let ca = authority(&ca_key);
    let mut profile = Profile::tls_client();
    let usages = ProfileExtension::KeyUsage(Cow::Borrowed(&[Usage::KeyEncipherment]));
    profile.extensions[1] = usages;
    for kind in [EC, KeyAlgorithm::Ed25519, ML_DSA] {
        let below = request(&SoftwareKey::of(kind), "CN=leaf");
        assert_breaks(
            plan(&profile, &below, &ca),
            Issuer::Authority(&ca),
            "key-usage-fits",
        );
    }
    let below = request(&SoftwareKey::of(RSA), "CN=leaf");
    let planned = plan(&profile, &below, &ca);
    assert!(planned.check(Issuer::Authority(&ca), NOW).is_ok());
}

#[test]
fn the_key_usage_of_another_ca_is_not_repeated_if_it_does_not_fit_the_key() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    for (usage, is_fine) in [(b"\x03\x02\x02\x24", false), (b"\x03\x02\x02\x84", true)] {
        let mut sketch = Sketch::authority("CN=Other", "CN=Other");
        let extensions = sketch.extensions.as_mut().unwrap();
        extensions[1].extn_value = OctetString::new(usage.as_slice()).unwrap();
        let original = Original::verify(sketch.sign(&key, &key), None, NOW).unwrap();
        let cross = Tbs::cross(
            Profile::cross(&original, None).unwrap(),
            &original,
            &ca,
            &serial(),
            Validity::days_from(NOW, 100),
            ca_key.public_key().algorithm().default_signature(),
        )
        .unwrap();
        match is_fine {
            true => assert!(cross.check(Issuer::Authority(&ca), NOW).is_ok()),
            false => assert_breaks(cross, Issuer::Authority(&ca), RULE),
        }
    }
}
