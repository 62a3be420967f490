//! Cross-certificates: what may be repeated, and what must match the original.

mod corrected;
mod refused;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_AUTHORITY_INFO_ACCESS,
};

use super::*;
use crate::signer::KeyAlgorithm;
use crate::x509::fixture::{self, Sketch};
use crate::x509::{Original, ProfileExtension, Purpose, compare_with_original};

/// A subjectKeyIdentifier by no method of RFC 5280.
const SKI: &[u8] = b"\x04\x03ski";
/// Microsoft's "CA Version".
const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.21.1");

/// Another organisation's root, with extensions that no profile here has.
fn sketch() -> Sketch {
    let mut sketch = Sketch::authority("CN=Other,O=Elsewhere", "CN=Other,O=Elsewhere");
    let extensions = sketch.extensions.as_mut().unwrap();
    extensions[1].critical = false;
    extensions.extend([
        fixture::extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, SKI),
        fixture::extension(ID_CE_POLICY_CONSTRAINTS, true, b"\x30\x03\x80\x01\x00"),
        fixture::extension(
            ID_PE_AUTHORITY_INFO_ACCESS,
            false,
            b"\x30\x15\x30\x13\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x86\x07http://",
        ),
        fixture::extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, b"\x30\x05\x80\x03ski"),
        fixture::extension(UNKNOWN, false, b"\x02\x01\x00"),
    ]);
    sketch
}

pub(super) fn plan_under(
    ca: &Certificate,
    original: &Original,
    own: Option<&Profile>,
) -> Result<Tbs, X509Error> {
    Tbs::cross(
        Profile::cross(original, own)?,
        original,
        ca,
        &serial(),
        Validity::days_from(NOW, 100),
        ca.public_key()?.algorithm().default_signature(),
    )
}

struct Scene {
    ca_key: SoftwareKey,
    ca: Certificate,
    original: Original,
}

impl Scene {
    fn of(sketch: &Sketch) -> Self {
        let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
        let original = Original::verify(sketch.sign(&key, &key), None, NOW).unwrap();
        Self {
            ca: authority(&ca_key),
            ca_key,
            original,
        }
    }

    fn plan(&self) -> Tbs {
        plan_under(&self.ca, &self.original, None).unwrap()
    }
}

type Bend = fn(&mut TbsCertificate, &mut Profile);

/// Sets another value in the certificate and in its profile.
fn carry(tbs: &mut TbsCertificate, profile: &mut Profile, index: usize, value: &[u8]) {
    set(tbs, index, value);
    if let ProfileExtension::Carried(carried) = &mut profile.extensions[index] {
        carried.value = value.to_vec();
    }
}

#[test]
fn attributes_about_the_subject_are_copied_and_others_reported() {
    let scene = Scene::of(&sketch());
    let checked = scene.plan().check(Issuer::Authority(&scene.ca), NOW).unwrap();
    let key = crate::x509::ThrowawayKey::like(scene.ca_key.public_key()).unwrap();
    checked.rehearse(&key, Issuer::Authority(&scene.ca), NOW).unwrap();
    let cross = checked.sign(&scene.ca_key).unwrap().certificate().clone();
    let original = scene.original.certificate();
    assert_eq!(cross.subject(), original.subject());
    assert_eq!(cross.subject_key_identifier().unwrap().unwrap(), b"ski");
    let carried: Vec<_> = cross.extensions().iter().take(4).collect();
    let mut wanted = original.extensions()[..4].to_vec();
    // RFC 5280 section 4.2.1.3: critical, unlike in the original.
    wanted[1].critical = true;
    assert_eq!(carried, wanted.iter().collect::<Vec<_>>());
    assert_eq!(cross.extensions().len(), 5, "and authorityKeyIdentifier");
    let (kept, changes) = compare_with_original(original, &cross);
    assert_eq!(
        kept,
        [
            "subject",
            "key",
            "serial number",
            "signature algorithm",
            "basicConstraints",
            "subjectKeyIdentifier",
            "policyConstraints"
        ]
    );
    let dropped: Vec<_> = changes
        .iter()
        .filter(|change| change.cross.is_none())
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(dropped, ["authorityInfoAccess", "1.3.6.1.4.1.311.21.1"]);
    let ours: Vec<_> = changes
        .iter()
        .filter(|change| change.cross.is_some())
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(
        ours,
        [
            "issuer",
            "valid from",
            "valid until",
            "keyUsage",
            "authorityKeyIdentifier"
        ]
    );
}

#[test]
fn every_difference_from_the_original_is_found_in_the_bytes() {
    let scene = Scene::of(&sketch());
    let plan = scene.plan();
    // The profile is part of the plan, so a planning fault shows only in the comparison with the original.
    let unprofiled = |change: Bend| {
        let mut plan = plan.clone();
        let mut tbs = TbsCertificate::from_der(&plan.der).unwrap();
        change(&mut tbs, Arc::make_mut(&mut plan.profile));
        plan.der = tbs.to_der().unwrap();
        plan
    };
    let cases: [(&str, Bend); 10] = [
        ("cross-subject", |tbs, _| {
            tbs.subject = Name::from_rfc4514("CN=other,O=Elsewhere")
                .unwrap()
                .to_any()
                .unwrap();
        }),
        ("cross-key", |tbs, _| {
            let other = SoftwareKey::generate();
            tbs.subject_public_key_info =
                SubjectPublicKeyInfoOwned::from_der(other.public_key().der()).unwrap();
        }),
        ("cross-ski", |tbs, profile| {
            carry(tbs, profile, 2, &[&[4, 20][..], &[1; 20]].concat());
        }),
        ("cross-ski", |tbs, profile| {
            tbs.extensions.as_mut().unwrap().remove(2);
            profile.extensions.remove(2);
        }),
        ("cross-extensions", |tbs, profile| {
            // pathLenConstraint 0
            carry(tbs, profile, 0, b"\x30\x06\x01\x01\xff\x02\x01\x00");
        }),
        ("cross-extensions", |tbs, profile| {
            extension(tbs, 1).critical = false;
            if let ProfileExtension::Carried(carried) = &mut profile.extensions[1] {
                carried.critical = false;
            }
        }),
        ("cross-extensions", |tbs, profile| {
            tbs.extensions.as_mut().unwrap().remove(3);
            profile.extensions.remove(3);
        }),
        ("cross-extensions", |tbs, profile| {
            tbs.extensions
                .as_mut()
                .unwrap()
                .push(fixture::extension(UNKNOWN, false, b"\x02\x01\x00"));
            profile
                .extensions
                .push(ProfileExtension::Carried(crate::x509::CarriedExtension {
                    identifier: UNKNOWN,
                    critical: false,
                    value: b"\x02\x01\x00".to_vec(),
                }));
        }),
        // From the profile, not from the original.
        ("cross-extensions", |tbs, _| {
            extension(tbs, 3).extn_value = OctetString::new(*b"\x30\x03\x80\x01\x01").unwrap();
        }),
        ("authority-key-identifier", |tbs, _| {
            set(tbs, 4, b"\x30\x05\x80\x03ski");
        }),
    ];
    for (rule, change) in cases {
        assert_breaks(unprofiled(change), Issuer::Authority(&scene.ca), rule);
    }
    assert!(plan.check(Issuer::Authority(&scene.ca), NOW).is_ok());
}

#[test]
fn a_cross_certificate_does_not_begin_before_the_original_or_end_after_it() {
    let sketch = Sketch {
        validity: Validity {
            not_before: NOW,
            not_after: NOW.plus_days(50),
        },
        ..sketch()
    };
    let scene = Scene::of(&sketch);
    assert_breaks(scene.plan(), Issuer::Authority(&scene.ca), "cross-validity");
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let later = Sketch {
        validity: Validity::days_from(NOW.plus_days(1), 1000),
        ..sketch
    };
    let original = Original::verify(later.sign(&key, &key), None, NOW.plus_days(2)).unwrap();
    let plan = plan_under(&ca, &original, None).unwrap();
    assert_breaks(plan, Issuer::Authority(&ca), "cross-validity");
}

#[test]
fn the_cross_certificate_of_an_original_without_a_key_identifier_gets_that_of_the_key() {
    let scene = Scene::of(&Sketch::authority("CN=Other", "CN=Other"));
    let plan = scene.plan();
    let tbs = TbsCertificate::from_der(&plan.der).unwrap();
    let key = scene.original.certificate().public_key().unwrap();
    let found = extension::find_subject_key_identifier(tbs.extensions.as_ref().unwrap());
    assert_eq!(found.unwrap(), Some(key.key_identifier()));
    assert!(plan.check(Issuer::Authority(&scene.ca), NOW).is_ok());
}

#[test]
fn the_name_or_the_key_of_the_ca_itself_is_refused() {
    let ca_key = SoftwareKey::generate();
    let ca = authority(&ca_key);
    let other = SoftwareKey::generate();
    for (name, key, rule) in [
        ("CN=Test CA", &other, "subject"),
        ("CN=Other", &ca_key, "subject-key"),
    ] {
        let original = Sketch::authority(name, name).sign(key, key);
        let original = Original::verify(original, None, NOW).unwrap();
        assert_breaks(
            plan_under(&ca, &original, None).unwrap(),
            Issuer::Authority(&ca),
            rule,
        );
    }
}

#[test]
fn only_a_certificate_that_a_ca_signed_is_repeated() {
    let (key, above) = (SoftwareKey::generate(), SoftwareKey::generate());
    let own = Sketch::authority("CN=Other", "CN=Other");
    let below = Sketch::authority("CN=Other", "CN=Above");
    let root = Sketch::authority("CN=Above", "CN=Above").sign(&above, &above);
    let verify = |certificate, issuer| Original::verify(certificate, issuer, NOW).map(drop);
    assert!(verify(own.sign(&key, &key), None).is_ok());
    assert!(verify(below.sign(&key, &above), Some(&root)).is_ok());
    let rule = |found: Result<(), X509Error>| found.unwrap_err().rule();
    assert_eq!(
        rule(verify(below.sign(&key, &above), None)),
        Some("cross-original")
    );
    let elsewhere = Sketch::authority("CN=Another", "CN=Another").sign(&above, &above);
    assert_eq!(
        rule(verify(below.sign(&key, &above), Some(&elsewhere))),
        Some("cross-original")
    );
    let leaf = Sketch::version_3("CN=Above", "CN=Above", Vec::new()).sign(&above, &above);
    assert!(matches!(
        verify(below.sign(&key, &above), Some(&leaf)),
        Err(X509Error::NotAnAuthority { .. })
    ));
    for (certificate, issuer) in [
        (own.sign(&key, &above), None),
        (below.sign(&key, &key), Some(&root)),
    ] {
        assert!(matches!(
            verify(certificate, issuer),
            Err(X509Error::Signature { .. })
        ));
    }
    let expired = Sketch {
        validity: Validity::days_from(UnixTime(NOW.0 - 1_000_000), 1),
        ..own.clone()
    };
    assert!(matches!(
        verify(expired.sign(&key, &key), None),
        Err(X509Error::IssuerNotValid { .. })
    ));
    for none in [
        Sketch::version_1("CN=Other", "CN=Other"),
        Sketch::version_3("CN=Other", "CN=Other", Vec::new()),
    ] {
        assert!(matches!(
            verify(none.sign(&key, &key), None),
            Err(X509Error::NotAnAuthority { .. })
        ));
    }
    let mut strange = own;
    let unknown = fixture::extension(UNKNOWN, true, b"\x02\x01\x00");
    strange.extensions.as_mut().unwrap().push(unknown);
    assert!(matches!(
        verify(strange.sign(&key, &key), None),
        Err(X509Error::NotAnAuthority { .. })
    ));
    let weak = SoftwareKey::of(KeyAlgorithm::Rsa { bits: 1024 });
    let certificate = Sketch::authority("CN=Other", "CN=Other").sign(&weak, &weak);
    assert!(matches!(
        verify(certificate, None),
        Err(X509Error::WeakKey { .. })
    ));
}

#[test]
fn a_profile_adds_what_the_original_lacks_and_nothing_else() {
    let own = Profile {
        extensions: vec![
            ProfileExtension::BasicConstraints {
                ca: true,
                path_length: None,
            },
            ProfileExtension::ExtendedKeyUsage(vec![Purpose::SERVER_AUTH].into()),
            ProfileExtension::CrlDistributionPoints(vec!["http://crl.example/a.crl".to_owned()]),
            ProfileExtension::SubjectKeyIdentifier,
            ProfileExtension::AuthorityKeyIdentifier,
        ],
        ..Profile::intermediate()
    };
    let scene = Scene::of(&sketch());
    let plan = plan_under(&scene.ca, &scene.original, Some(&own)).unwrap();
    assert!(plan.check(Issuer::Authority(&scene.ca), NOW).is_ok());
    let mut with_purposes = sketch();
    let purposes = fixture::extension(
        ID_CE_EXT_KEY_USAGE,
        false,
        b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02",
    );
    with_purposes.extensions.as_mut().unwrap().push(purposes);
    let scene = Scene::of(&with_purposes);
    let refused = plan_under(&scene.ca, &scene.original, Some(&own));
    assert_eq!(refused.unwrap_err().rule(), Some("cross-extensions"));
    // A path length that the original does not have.
    let refused = plan_under(&scene.ca, &scene.original, Some(&Profile::intermediate()));
    assert_eq!(refused.unwrap_err().rule(), Some("cross-extensions"));
    for other in [Profile::cloudhsm_cluster(), Profile::root()] {
        let refused = plan_under(&scene.ca, &scene.original, Some(&other));
        assert_eq!(refused.unwrap_err().rule(), Some("profile"));
    }
}
