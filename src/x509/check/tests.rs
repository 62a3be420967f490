//! Breaks every rule once.

mod cross;
mod hierarchy;
mod key_usage;
mod list;
mod properties;
mod subject;

use const_oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION;
use der::Encode;
use der::asn1::{BitString, GeneralizedTime, Int, OctetString};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::*;
use crate::output::encode_pem;
use crate::signer::Signer;
use crate::x509::fixture::{NOW, SoftwareKey, authority, authority_plan, serial};
use crate::x509::{Basis, Certificate, Profile, VerifiedRequest};

type Change = fn(&mut TbsCertificate);

fn changed(plan: &Tbs, change: Change) -> Tbs {
    let mut tbs = TbsCertificate::from_der(&plan.der).unwrap();
    change(&mut tbs);
    Tbs {
        der: tbs.to_der().unwrap(),
        ..plan.clone()
    }
}

#[track_caller]
fn assert_breaks(plan: Tbs, issuer: Issuer<'_>, wanted: &str) {
    match plan.check(issuer, NOW) {
        Err(X509Error::Rule { rule, .. }) => assert_eq!(rule, wanted),
        other => panic!("{wanted}: {other:?}"),
    }
}

fn extension(tbs: &mut TbsCertificate, index: usize) -> &mut Extension {
    &mut tbs.extensions.as_mut().unwrap()[index]
}

fn set(tbs: &mut TbsCertificate, index: usize, value: &[u8]) {
    extension(tbs, index).extn_value = OctetString::new(value).unwrap();
}

/// `keyUsage` with keyCertSign alone.
const KEY_CERT_SIGN: &[u8; 4] = b"\x03\x02\x02\x04";

#[test]
fn every_rule_for_a_self_signed_certificate_can_be_broken() {
    let key = SoftwareKey::generate();
    let plan = authority_plan(&key);
    assert!(plan.clone().check(Issuer::Itself, NOW).is_ok());
    let one_second = changed(&plan, |tbs| tbs.validity.not_after = tbs.validity.not_before);
    assert!(one_second.check(Issuer::Itself, NOW).is_ok());
    let cases: [(&str, Change); 17] = [
        ("version", |tbs| tbs.version = 0),
        ("unique-identifiers", |tbs| {
            tbs.issuer_unique_id = Some(BitString::from_bytes(&[1]).unwrap());
        }),
        ("unique-identifiers", |tbs| {
            tbs.subject_unique_id = Some(BitString::from_bytes(&[1]).unwrap());
        }),
        ("serial-number", |tbs| {
            tbs.serial_number = Int::new(&[0x80; 20]).unwrap()
        }),
        ("serial-number", |tbs| {
            tbs.serial_number = Int::new(&[0x01; 7]).unwrap()
        }),
        ("serial-number", |tbs| {
            tbs.serial_number = Int::new(&[0x01; 21]).unwrap()
        }),
        ("signature-algorithm", |tbs| {
            tbs.signature.oid = SHA_256_WITH_RSA_ENCRYPTION;
        }),
        ("issuer", |tbs| {
            tbs.issuer = Name::from_rfc4514("CN=Other").unwrap().to_any().unwrap()
        }),
        ("issuer", |tbs| {
            tbs.issuer = der::Any::from_der(&[0x30, 0]).unwrap()
        }),
        ("validity", |tbs| {
            tbs.validity.not_before = NOW.next().to_time().unwrap();
            tbs.validity.not_after = NOW.to_time().unwrap();
        }),
        ("validity", |tbs| {
            tbs.validity.not_before = UnixTime(NOW.0 - 10).to_time().unwrap();
            tbs.validity.not_after = NOW.before().to_time().unwrap();
        }),
        ("validity-encoding", |tbs| {
            let date = tbs.validity.not_after.to_date_time();
            tbs.validity.not_after = Time::GeneralTime(GeneralizedTime::from_date_time(date));
        }),
        ("extensions", |tbs| tbs.extensions.as_mut().unwrap().swap(0, 1)),
        ("extensions", |tbs| extension(tbs, 0).critical = false),
        ("extensions", |tbs| drop(tbs.extensions.take())),
        ("subject-key-identifier", |tbs| {
            set(tbs, 2, &[&[4, 20][..], &[1; 20]].concat());
        }),
        ("issuer", |tbs| {
            let other = SoftwareKey::generate();
            let info = SubjectPublicKeyInfoOwned::from_der(other.public_key().der()).unwrap();
            tbs.subject_public_key_info = info;
        }),
    ];
    for (rule, change) in cases {
        assert_breaks(changed(&plan, change), Issuer::Itself, rule);
    }
    let short = Profile {
        longest_pem: Some(100),
        ..Profile::clone(&plan.profile)
    };
    assert_breaks(
        Tbs {
            profile: short.into(),
            ..plan
        },
        Issuer::Itself,
        "pem-length",
    );
}

fn request(key: &SoftwareKey, subject: &str) -> VerifiedRequest {
    VerifiedRequest::for_tests(key, &Name::from_rfc4514(subject).unwrap())
}

fn leaf_plan(request: &VerifiedRequest, authority: &Certificate, days: u32) -> Tbs {
    let signature = authority.public_key().unwrap().algorithm().default_signature();
    let validity = Validity::days_from(NOW, days);
    Tbs::for_request(
        Profile::cloudhsm_cluster(),
        request,
        authority,
        &serial(),
        validity,
        signature,
    )
    .unwrap()
}

#[test]
fn every_rule_for_a_certificate_under_a_ca_can_be_broken() {
    let (ca_key, leaf_key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let issuer = Issuer::Authority(&ca);
    let plan = leaf_plan(&request(&leaf_key, "CN=leaf"), &ca, 100);
    assert!(plan.clone().check(issuer, NOW).is_ok());
    let cases: [(&str, Change); 7] = [
        // 2.5.4.3 with an octet 0x80 before the 4
        ("object-identifiers", |tbs| {
            let name = [
                &[0x30, 15, 0x31, 13, 0x30, 11, 6, 4, 0x55, 0x80, 4, 3, 12, 3][..],
                b"abc",
            ]
            .concat();
            tbs.subject = der::Any::from_der(&name).unwrap();
        }),
        ("object-identifiers", |tbs| {
            set(tbs, 1, &[0x30, 5, 6, 3, 0x2a, 0x80, 1])
        }),
        ("issuer", |tbs| {
            tbs.issuer = Name::from_rfc4514("CN=Other").unwrap().to_any().unwrap()
        }),
        ("authority-key-identifier", |tbs| {
            set(tbs, 1, &[&[0x30, 22, 0x80, 20][..], &[1; 20]].concat());
        }),
        ("validity-nesting", |tbs| {
            tbs.validity.not_before = UnixTime(NOW.0 - 1).to_time().unwrap()
        }),
        ("subject", |tbs| {
            tbs.subject = der::Any::from_der(&[0x30, 0]).unwrap()
        }),
        ("extensions", |tbs| {
            let usage = Extension {
                extn_id: const_oid::db::rfc5280::ID_CE_KEY_USAGE,
                critical: true,
                extn_value: OctetString::new(*KEY_CERT_SIGN).unwrap(),
            };
            tbs.extensions.as_mut().unwrap().push(usage);
        }),
    ];
    for (rule, change) in cases {
        assert_breaks(changed(&plan, change), issuer, rule);
    }
    assert_breaks(
        leaf_plan(&request(&ca_key, "CN=leaf"), &ca, 100),
        issuer,
        "subject-key",
    );
    assert_breaks(
        leaf_plan(&request(&leaf_key, "CN=Test CA"), &ca, 100),
        issuer,
        "subject",
    );
    let as_authority = Tbs {
        profile: Profile::cloudhsm_ca().into(),
        ..plan.clone()
    };
    assert_breaks(as_authority, issuer, "profile");
    let late = leaf_plan(&request(&leaf_key, "CN=leaf"), &ca, 3653);
    assert!(matches!(
        late.check(issuer, NOW),
        Err(X509Error::OutlivesIssuer { .. })
    ));
    let later = NOW.plus_days(4000);
    let plan = leaf_plan(&request(&leaf_key, "CN=leaf"), &ca, 100);
    assert!(matches!(
        plan.check(issuer, later),
        Err(X509Error::IssuerNotValid { .. })
    ));
}

#[test]
fn a_client_certificate_has_the_uses_of_its_profile_and_no_others() {
    let (ca_key, leaf_key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let issuer = Issuer::Authority(&ca);
    let plan = Tbs::for_request(
        Profile::cloudhsm_client(),
        &request(&leaf_key, "CN=client"),
        &ca,
        &serial(),
        Validity::days_from(NOW, 100),
        ca_key.public_key().algorithm().default_signature(),
    )
    .unwrap();
    assert!(plan.clone().check(issuer, NOW).is_ok());
    let cases: [(&str, Change); 5] = [
        ("key-usage", |tbs| {
            // digitalSignature and keyCertSign
            set(tbs, 1, b"\x03\x02\x02\x84");
        }),
        // CA:TRUE in place of CA:FALSE.
        ("key-usage", |tbs| {
            extension(tbs, 0).extn_value = OctetString::new(*b"\x30\x03\x01\x01\xff").unwrap();
        }),
        ("basic-constraints", |tbs| {
            extension(tbs, 0).extn_value = OctetString::new(*b"\x30\x03\x01\x01\xff").unwrap();
            set(tbs, 1, KEY_CERT_SIGN);
        }),
        ("extended-key-usage", |tbs| {
            set(tbs, 2, b"\x30\x00");
        }),
        ("extended-key-usage", |tbs| {
            let one = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
            set(tbs, 2, &[&[0x30, 20][..], one, one].concat());
        }),
    ];
    for (rule, change) in cases {
        assert_breaks(changed(&plan, change), issuer, rule);
    }
    let alone = encode_pem(pem::CERTIFICATE, &plan.der).len();
    let with_issuer = alone + encode_pem(pem::CERTIFICATE, ca.der()).len();
    let short = Profile {
        longest_chain: Some(with_issuer),
        ..Profile::clone(&plan.profile)
    };
    let short = Tbs {
        profile: short.into(),
        ..plan
    };
    assert_breaks(short, issuer, "chain-length");
}

#[test]
fn a_wrong_signature_or_another_key_issues_nothing() {
    let key = SoftwareKey::generate();
    let other = SoftwareKey::generate();
    let checked = authority_plan(&key).check(Issuer::Itself, NOW).unwrap();
    assert!(matches!(
        checked.clone().sign(&other),
        Err(X509Error::Rule {
            rule: "signing-key",
            ..
        })
    ));
    let faulty = key.that_signs_wrongly();
    assert!(matches!(checked.sign(&faulty), Err(X509Error::TokenSignature)));
}

#[test]
fn a_reopened_plan_is_what_its_inputs_make() {
    let plan = authority_plan(&SoftwareKey::generate());
    let reopen = |der: &[u8]| Tbs::reopen(der, Arc::clone(&plan.profile), Basis::Itself);
    assert_eq!(reopen(plan.der()).unwrap().der(), plan.der());
    let other = changed(&plan, |tbs| {
        tbs.extensions.as_mut().unwrap().pop();
    });
    match reopen(other.der()) {
        Err(X509Error::Rule { rule, .. }) => assert_eq!(rule, "planned-bytes"),
        other => panic!("{other:?}"),
    }
    assert!(reopen(&plan.der()[..plan.der().len() - 1]).is_err());
    assert!(reopen(&[plan.der(), &[0]].concat()).is_err());
}
