//! Our own requests: exactly the plan is signed, and a plan that no CA should sign is refused.

use super::*;
use crate::output::{Encoding, Verified};
use crate::signer::{KeyAlgorithm, MlDsaParameterSet, Signer};
use crate::x509::Profile;
use crate::x509::fixture::SoftwareKey;

fn name() -> Name {
    Name::from_rfc4514("CN=Example,O=Example\\, Inc.,C=US").unwrap()
}

fn names() -> Vec<AlternativeName> {
    let texts = [
        "dns:example.com",
        "ip:192.0.2.1",
        "email:a@example.com",
        "uri:https://example.com/",
    ];
    texts.map(|text| AlternativeName::parse(text).unwrap()).to_vec()
}

fn plan(key: &SoftwareKey, names: &[AlternativeName], profile: Option<&Profile>) -> RequestTbs {
    let public_key = key.public_key();
    let signature = public_key.algorithm().default_signature();
    RequestTbs::build(public_key, &name(), names, profile, signature).unwrap()
}

#[test]
fn a_planned_request_is_read_back_the_same() {
    for kind in [
        KeyAlgorithm::Ec(crate::signer::Curve::P384),
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa44),
    ] {
        let key = SoftwareKey::of(kind);
        let intermediate = Profile::named("intermediate", false).unwrap();
        for (names, profile) in [(vec![], None), (names(), None), (names(), Some(&intermediate))] {
            let planned = plan(&key, &names, profile);
            let bytes = planned.der().to_vec();
            let issued = planned.check().unwrap().sign(&key).unwrap();
            let request = issued.request();
            assert_eq!(request.0.signed.content(WHAT).unwrap(), bytes);
            assert_eq!(request.subject(), &name());
            assert_eq!(request.alternative_names().unwrap(), names);
            assert_eq!(request.public_key().unwrap(), *key.public_key());
            assert!(request.other_attributes().is_empty());
            let asked = request.requested_extensions();
            let critical = asked.iter().filter(|extension| extension.critical).count();
            assert_eq!(critical, if profile.is_some() { 2 } else { 0 }, "{asked:?}");
            for encoding in [Encoding::Der, Encoding::Pem] {
                issued.recheck(&issued.content(encoding)).unwrap();
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_or_holds_another_request_is_noticed() {
    let key = SoftwareKey::generate();
    let issued = plan(&key, &names(), None).check().unwrap().sign(&key).unwrap();
    let der = issued.content(Encoding::Der);
    assert!(issued.recheck(&der[..der.len() - 1]).is_err());
    assert!(issued.recheck(&[&der[..], &[0]].concat()).is_err());
    let other = plan(&key, &[], None).check().unwrap().sign(&key).unwrap();
    assert!(issued.recheck(&other.content(Encoding::Der)).is_err());
}

#[test]
fn a_signature_that_does_not_verify_makes_no_request() {
    let key = SoftwareKey::generate().that_signs_wrongly();
    let checked = plan(&key, &names(), None).check().unwrap();
    assert!(matches!(checked.sign(&key), Err(X509Error::TokenSignature)));
    let checked = plan(&key, &names(), None).check().unwrap();
    let other = SoftwareKey::generate();
    assert_eq!(checked.sign(&other).unwrap_err().rule(), Some("signing-key"));
}

#[test]
fn a_request_that_no_ca_should_sign_is_refused() {
    let weak = PublicKey::from_rsa(&[0xff; 128], &[1, 0, 1]).unwrap();
    let signature = weak.algorithm().default_signature();
    let planned = RequestTbs::build(&weak, &name(), &[], None, signature).unwrap();
    assert_eq!(planned.check().unwrap_err().rule(), Some("key-size"));
    let factored = PublicKey::from_rsa(&[0xff; 256], &[1, 0, 1]).unwrap();
    let planned = RequestTbs::build(&factored, &name(), &[], None, signature).unwrap();
    assert_eq!(planned.check().unwrap_err().rule(), Some("key-small-factors"));
    let key = SoftwareKey::generate();
    let planned = RequestTbs::build(key.public_key(), &name(), &[], None, signature).unwrap();
    assert_eq!(planned.check().unwrap_err().rule(), Some("signature-algorithm"));
}

/// A signed request with this attribute.
fn with_attribute(kind: &str, values: &[u8]) -> Result<VerifiedRequest, X509Error> {
    use der::Encode;
    let key = SoftwareKey::generate();
    let info = CertificationRequestInfo {
        version: 0,
        subject: name().to_any().unwrap(),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(key.public_key().der()).unwrap(),
        attributes: Some(vec![Attribute {
            kind: ObjectIdentifier::new(kind).unwrap(),
            values: Any::from_der(values).unwrap(),
        }]),
    };
    let content = info.to_der().unwrap();
    let algorithm = key.public_key().algorithm().default_signature();
    let signature = key.sign(algorithm, &content).unwrap();
    let der = Signed::assemble(&content, algorithm, &signature)?.to_der()?;
    CertificationRequest::read(&der)?.verify()
}

#[test]
fn values_that_are_not_a_set_are_refused() {
    for kind in ["1.2.840.113549.1.9.14", "1.2.840.113549.1.9.7", "1.2.3"] {
        assert!(with_attribute(kind, b"\x31\x02\x30\x00").is_ok());
        for values in [b"\x30\x02\x30\x00", b"\x04\x02\x30\x00"] {
            let refused = with_attribute(kind, values).unwrap_err();
            assert!(refused.to_string().ends_with("are not a SET"), "{refused}");
        }
    }
}

#[test]
fn a_challenge_password_is_never_shown() {
    // A valid one, two of them, and one of a type that is not text here.
    for values in [
        &b"\x31\x06\x0c\x04word"[..],
        b"\x31\x0c\x0c\x04word\x0c\x04word",
        b"\x31\x06\x14\x04word",
    ] {
        let request = with_attribute("1.2.840.113549.1.9.7", values).unwrap();
        let shown = request.request.other_attributes();
        assert_eq!(shown[0].1, "present, not shown", "{shown:?}");
    }
}

#[test]
fn an_altered_plan_is_refused() {
    let key = SoftwareKey::generate();
    let sound = plan(&key, &names(), None);
    for length in [0, 1, sound.der.len() - 1] {
        let bent = RequestTbs {
            der: sound.der[..length].to_vec(),
            ..sound.clone()
        };
        assert!(bent.check().is_err());
    }
    let longer = RequestTbs {
        der: [&sound.der[..], &[0]].concat(),
        ..sound
    };
    assert!(longer.check().is_err());
}

fn alternative_names(names: &[&str]) -> Vec<Extension> {
    let names: Vec<_> = names
        .iter()
        .map(|name| AlternativeName::parse(name).unwrap())
        .collect();
    let key = SoftwareKey::generate();
    let named =
        crate::x509::ProfileExtension::SubjectAlternativeName(crate::x509::AlternativeNames::default());
    let context = extension::Context {
        key: key.public_key(),
        key_identifier: None,
        subject_is_empty: false,
        authority_key_identifier: &[],
        serial: None,
        names: &names,
    };
    vec![extension::build(&named, context).unwrap().unwrap()]
}

#[test]
fn extensions_in_microsofts_attribute_are_requested_extensions() {
    let key = SoftwareKey::generate();
    let asked = alternative_names(&["dns:a.example.com", "upn:alice@example.com"]);
    let other = alternative_names(&["dns:b.example.com"]);
    let read = |lists: Vec<(ObjectIdentifier, Vec<Extension>)>| {
        let request = VerifiedRequest::asking_in(&key, &name(), lists);
        request.map(|request| (request.requested_extensions(), request.other_attributes()))
    };
    let standard = read(vec![(ID_EXTENSION_REQ, asked.clone())]).unwrap();
    assert_eq!(standard.0[0].value, "DNS:a.example.com, upn:alice@example.com");
    assert_eq!(standard.1, []);
    let microsoft = (MICROSOFT_EXTENSIONS, asked.clone());
    assert_eq!(read(vec![microsoft.clone()]).unwrap(), standard);
    // Both, if they have the same content, in either order.
    assert_eq!(
        read(vec![(ID_EXTENSION_REQ, asked.clone()), microsoft.clone()]).unwrap(),
        standard
    );
    for lists in [
        vec![(ID_EXTENSION_REQ, other.clone()), microsoft.clone()],
        vec![microsoft.clone(), (ID_EXTENSION_REQ, other)],
        vec![microsoft, (ID_EXTENSION_REQ, Vec::new())],
    ] {
        let refused = read(lists).unwrap_err();
        assert!(
            matches!(&refused, X509Error::Malformed { reason, .. } if reason.contains("ask for different extensions")),
            "{refused}"
        );
    }
}
