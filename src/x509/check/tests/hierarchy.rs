//! What the CA certificate above, the key, and the profile itself do not allow.

mod keys;

use std::borrow::Cow;

use num_bigint::BigUint;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::*;
use crate::signer::{Curve, KeyAlgorithm};
use crate::x509::fixture::{self, Constant, issue, plan};
use crate::x509::{
    AlternativeName, AlternativeNames, KeyKinds, NameConstraints, NameKind, Policy, ProfileExtension,
    Purpose, Role, SerialNumber, Subtree, Usage,
};

fn trees(texts: &[&str]) -> Vec<Subtree> {
    texts.iter().map(|text| Subtree::parse(text).unwrap()).collect()
}

/// An intermediate with these extensions after basicConstraints and keyUsage.
fn intermediate(path_length: Option<u8>, more: Vec<ProfileExtension>) -> Profile {
    let mut profile = Profile::intermediate();
    profile.extensions[0] = ProfileExtension::BasicConstraints {
        ca: true,
        path_length,
    };
    profile.extensions.splice(2..2, more);
    profile
}

fn permitting(permitted: &[&str], excluded: &[&str]) -> ProfileExtension {
    ProfileExtension::NameConstraints(NameConstraints {
        permitted: trees(permitted),
        excluded: trees(excluded),
    })
}

fn purposes(purposes: &[Purpose]) -> ProfileExtension {
    ProfileExtension::ExtendedKeyUsage(Cow::Owned(purposes.to_vec()))
}

fn asking(key: &SoftwareKey, subject: &Name, names: &[&str]) -> VerifiedRequest {
    let names = names.iter().map(|name| AlternativeName::parse(name).unwrap());
    let names: Vec<GeneralName> = names.map(|name| name.to_general_name().unwrap()).collect();
    let extension = Extension {
        extn_id: const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME,
        critical: false,
        extn_value: OctetString::new(SubjectAltName(names).to_der().unwrap()).unwrap(),
    };
    VerifiedRequest::asking_for(key, subject, vec![extension]).unwrap()
}

/// A root, an intermediate below it with that profile, and the intermediate's key.
fn under(profile: &Profile) -> (Certificate, SoftwareKey) {
    let (root_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let root = authority(&root_key);
    (issue(profile, &request(&key, "CN=Below"), &root, &root_key), key)
}

fn found(plan: Tbs, issuer: &Certificate) -> Option<&'static str> {
    match plan.check(Issuer::Authority(issuer), NOW) {
        Ok(_) => None,
        Err(X509Error::Rule { rule, .. }) => Some(rule),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn path_length() {
    let key = SoftwareKey::generate();
    let below = request(&key, "CN=Lower");
    for (above, planned, is_fine) in [
        (None, None, true),
        (None, Some(5), true),
        (Some(1), Some(0), true),
        (Some(1), Some(1), false),
        (Some(1), None, false),
        (Some(0), Some(0), false),
        (Some(0), None, false),
    ] {
        let (issuer, _) = under(&intermediate(above, Vec::new()));
        let plan = plan(&intermediate(planned, Vec::new()), &below, &issuer);
        let wanted = if is_fine { None } else { Some("path-length") };
        assert_eq!(found(plan, &issuer), wanted, "{planned:?} under {above:?}");
        // Leaves are not CAs.
        assert_eq!(
            found(fixture::plan(&Profile::tls_client(), &below, &issuer), &issuer),
            None
        );
    }
}

#[test]
fn a_ca_cannot_sign_ocsp_responses_for_the_ca_above_it() {
    let key = SoftwareKey::generate();
    let below = request(&key, "CN=Lower");
    let (issuer, _) = under(&intermediate(None, Vec::new()));
    let signer = intermediate(
        None,
        vec![purposes(&[Purpose::OCSP_SIGNING, Purpose::CLIENT_AUTH])],
    );
    assert_eq!(
        found(plan(&signer, &below, &issuer), &issuer),
        Some("ocsp-signing-ca")
    );
    let waived = Profile {
        waived: vec!["extended-key-usage-nesting".into()],
        ..signer
    };
    assert_eq!(
        found(plan(&waived, &below, &issuer), &issuer),
        Some("ocsp-signing-ca")
    );
}

#[test]
fn purposes_stay_inside_those_above_unless_the_profile_waives_it() {
    let key = SoftwareKey::generate();
    let below = request(&key, "CN=leaf");
    let (issuer, _) = under(&intermediate(Some(0), vec![purposes(&[Purpose::CLIENT_AUTH])]));
    let of = |profile: &Profile| found(plan(profile, &below, &issuer), &issuer);
    assert_eq!(of(&Profile::tls_client()), None);
    assert_eq!(of(&Profile::code_signing()), Some("extended-key-usage-nesting"));
    assert_eq!(
        of(&Profile::cloudhsm_cluster()),
        Some("extended-key-usage-nesting")
    );
    // RFC 6960 section 4.2.2.2: an OCSP signer signs for the CA that issued it.
    assert_eq!(of(&Profile::ocsp_signer()), None);
    let waived = Profile {
        waived: vec!["extended-key-usage-nesting".into()],
        ..Profile::code_signing()
    };
    assert_eq!(of(&waived), None);
    let any = Purpose::named("2.5.29.37.0").unwrap();
    let (issuer, _) = under(&intermediate(Some(0), vec![purposes(&[any])]));
    assert_eq!(
        found(plan(&Profile::code_signing(), &below, &issuer), &issuer),
        None
    );
    // A purpose that is in the certificate but not in the profile.
    let rule = "extended-key-usage";
    let plan = Tbs {
        profile: Profile::tls_client().into(),
        ..plan(&Profile::code_signing(), &below, &issuer)
    };
    assert_eq!(found(plan, &issuer), Some(rule));
}

#[test]
fn names_stay_inside_the_constraints() {
    let key = SoftwareKey::generate();
    let constraints = permitting(
        &["dns:example.com", "dn:O=Example"],
        &["dns:secret.example.com", "ip:0.0.0.0/0"],
    );
    let (issuer, _) = under(&intermediate(Some(0), vec![constraints]));
    let of = |profile: &Profile, subject: &str, names: &[&str]| {
        let subject = Name::from_rfc4514(subject).unwrap();
        let request = match names {
            [] => VerifiedRequest::for_tests(&key, &subject),
            names => asking(&key, &subject, names),
        };
        found(plan(profile, &request, &issuer), &issuer)
    };
    let server = Profile::tls_server();
    let wrong = Some("name-constraints");
    assert_eq!(of(&server, "CN=a,O=Example", &["dns:www.example.com"]), None);
    assert_eq!(of(&server, "CN=a,O=Example", &["dns:www.example.org"]), wrong);
    assert_eq!(
        of(
            &server,
            "CN=a,O=Example",
            &["dns:a.example.com", "dns:b.secret.example.com"]
        ),
        wrong
    );
    assert_eq!(of(&server, "CN=a,O=Example", &["dns:*.example.com"]), wrong);
    assert_eq!(of(&server, "CN=a,O=Example", &["ip:192.0.2.1"]), wrong);
    assert_eq!(of(&server, "CN=a,O=Other", &["dns:www.example.com"]), wrong);
    // Without other names, OpenSSL treats it as a host name.
    let client = Profile::tls_client();
    assert_eq!(of(&client, "CN=www.example.org,O=Example", &[]), wrong);
    assert_eq!(of(&client, "CN=www.example.com,O=Example", &[]), None);
    assert_eq!(of(&client, "CN=some body,O=Example", &[]), None);
}

#[test]
fn a_ca_below_a_constrained_one_needs_constraints_as_strict() {
    let key = SoftwareKey::generate();
    let below = request(&key, "CN=Lower,O=Example");
    let above = permitting(
        &["dns:example.com", "dn:O=Example"],
        &["dns:secret.example.com", "ip:0.0.0.0/0"],
    );
    let (issuer, _) = under(&intermediate(Some(1), vec![above]));
    let excluded = ["dns:secret.example.com", "ip:0.0.0.0/0"];
    for (permitted, excluded, is_fine) in [
        (&["dns:example.com", "dn:O=Example"][..], &excluded[..], true),
        // Narrower, plus a kind of name that is not constrained above.
        (
            &["dns:a.example.com", "dn:OU=x,O=Example", "email:example.com"],
            &[
                "dns:.b.example.com",
                "dns:secret.example.com",
                "ip:0.0.0.0/0",
                "ip:::/0",
            ],
            true,
        ),
        (&["dns:.example.com", "dn:O=Example"], &excluded, true),
        (&["dns:example.org", "dn:O=Example"], &excluded, false),
        (&["dns:", "dn:O=Example"], &excluded, false),
        (&["dns:example.com", "dn:C=US"], &excluded, false),
        (
            &["dns:example.com", "dns:example.org", "dn:O=Example"],
            &excluded,
            false,
        ),
        (&["dn:O=Example"], &excluded, false),
        (&["dns:example.com", "dn:O=Example"], &excluded[..1], false),
        (
            &["dns:example.com", "dn:O=Example"],
            &[excluded[0], "ip:10.0.0.0/8"],
            false,
        ),
    ] {
        let profile = intermediate(Some(0), vec![permitting(permitted, excluded)]);
        let wanted = if is_fine {
            None
        } else {
            Some("name-constraints-nesting")
        };
        let outcome = found(plan(&profile, &below, &issuer), &issuer);
        assert_eq!(outcome, wanted, "{permitted:?} {excluded:?}");
    }
    let none = plan(&intermediate(Some(0), Vec::new()), &below, &issuer);
    let refused = none
        .check(Issuer::Authority(&issuer), NOW)
        .unwrap_err()
        .to_string();
    let fits = "[name-constraints] with permitted = [\"dns:example.com\", \"dn:O=Example\"] and \
        excluded = [\"dns:secret.example.com\", \"ip:0.0.0.0/0\"], or less";
    assert!(
        refused.contains("name-constraints-nesting (RFC 5280 4.2.1.10)"),
        "{refused}"
    );
    assert!(refused.contains(fits), "{refused}");
}

#[test]
fn a_server_gets_only_names_that_the_profile_accepts() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let subject = |text: &str| Name::from_rfc4514(text).unwrap();
    let of = |profile: &Profile, request: &VerifiedRequest| found(plan(profile, request, &ca), &ca);
    let server = Profile::tls_server();
    let wrong = Some("subject-alternative-name");
    let other_kind = asking(&key, &subject("CN=a"), &["email:a@example.com"]);
    assert_eq!(of(&server, &other_kind), wrong);
    assert_eq!(of(&server, &request(&key, "CN=a")), wrong);
    let other_host = asking(&key, &subject("CN=b.example.com"), &["dns:a.example.com"]);
    assert_eq!(of(&server, &other_host), Some("common-name"));
    let waived = Profile {
        waived: vec![Cow::Borrowed("common-name")],
        ..server.clone()
    };
    assert_eq!(of(&waived, &other_host), None);
    let address = asking(&key, &subject("CN=2001:DB8::1"), &["ip:2001:db8::1"]);
    assert_eq!(of(&server, &address), None);
    // Names in the certificate that the profile does not accept.
    let names = ["dns:a.example.com", "dns:*.example.com"];
    let sound = plan(&server, &asking(&key, &subject("CN=a.example.com"), &names), &ca);
    for taken in [
        AlternativeNames {
            kinds: Cow::Borrowed(&[NameKind::Ip]),
            required: true,
            wildcards: true,
        },
        AlternativeNames {
            kinds: Cow::Borrowed(&[NameKind::Dns]),
            required: true,
            wildcards: false,
        },
    ] {
        let mut profile = server.clone();
        let place = profile
            .extensions
            .iter_mut()
            .find(|extension| matches!(extension, ProfileExtension::SubjectAlternativeName(_)));
        *place.unwrap() = ProfileExtension::SubjectAlternativeName(taken);
        let plan = Tbs {
            profile: profile.into(),
            ..sound.clone()
        };
        assert_eq!(found(plan, &ca), wrong);
    }
    let twice = changed(&sound, |tbs| set(tbs, 3, b"\x30\x06\x82\x01a\x82\x01a"));
    assert_eq!(found(twice, &ca), wrong);
    let registered = changed(&sound, |tbs| set(tbs, 3, b"\x30\x04\x88\x02\x2a\x03"));
    assert_eq!(found(registered, &ca), wrong);
}

#[test]
fn an_empty_subject_needs_names_and_makes_them_critical() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let empty = Name::from_der(&[0x30, 0]).unwrap();
    let sound = plan(
        &Profile::tls_server(),
        &asking(&key, &empty, &["dns:a.example"]),
        &ca,
    );
    assert!(sound.clone().check(Issuer::Authority(&ca), NOW).is_ok());
    let mild = changed(&sound, |tbs| extension(tbs, 3).critical = false);
    assert_eq!(found(mild, &ca), Some("extensions"));
    let nameless = plan(
        &Profile::tls_client(),
        &VerifiedRequest::for_tests(&key, &empty),
        &ca,
    );
    assert_eq!(found(nameless, &ca), Some("subject"));
}

#[test]
fn the_certificate_says_what_the_profile_says() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority(&ca_key);
    let below = request(&key, "CN=leaf");
    let url = |text: &str| vec![text.to_owned()];
    let policies = |identifier: &str| {
        ProfileExtension::CertificatePolicies(vec![Policy {
            identifier: const_oid::ObjectIdentifier::new(identifier).unwrap(),
            cps: None,
        }])
    };
    let access = |host: &str| ProfileExtension::AuthorityInformationAccess {
        ocsp: url(host),
        issuers: Vec::new(),
    };
    for (one, other) in [
        (
            permitting(&["dns:a.example"], &[]),
            permitting(&["dns:b.example"], &[]),
        ),
        (policies("1.2.3"), policies("1.2.4")),
        (
            ProfileExtension::CrlDistributionPoints(url("http://a.example/")),
            ProfileExtension::CrlDistributionPoints(url("http://b.example/")),
        ),
        (access("http://a.example/"), access("http://b.example/")),
    ] {
        let plan = Tbs {
            profile: intermediate(None, vec![other]).into(),
            ..plan(&intermediate(None, vec![one]), &below, &ca)
        };
        assert_eq!(found(plan, &ca), Some("extensions"));
    }
    let timed = |longest_days, validity| {
        let profile = Profile {
            longest_days: Some(longest_days),
            ..Profile::tls_client()
        };
        let signature = ca_key.public_key().algorithm().default_signature();
        let plan = Tbs::for_request(profile, &below, &ca, &serial(), validity, signature);
        found(plan.unwrap(), &ca)
    };
    let month = Validity::days_from(NOW, 30);
    let longer = Validity {
        not_after: month.not_after.next(),
        ..month
    };
    assert_eq!(timed(30, month), None);
    assert_eq!(timed(30, longer), Some("validity-length"), "one second");
    assert_eq!(timed(29, month), Some("validity-length"));
    // keyEncipherment is for RSA, so an EC key has no bit left.
    let mut encipherment = Profile::tls_client();
    encipherment.extensions[1] = ProfileExtension::KeyUsage(Cow::Borrowed(&[Usage::KeyEncipherment]));
    assert_eq!(
        found(plan(&encipherment, &below, &ca), &ca),
        Some("key-usage-fits")
    );
    // A time-stamping certificate: RFC 3161 section 2.3 requires the purpose to be critical.
    let mut stamps = Profile::tls_client();
    stamps.extensions[2] = purposes(&[Purpose::TIME_STAMPING]);
    let stamp = issue(&stamps, &below, &ca, &ca_key);
    assert!(stamp.describe_extensions()[2].critical);
    assert_eq!(stamps.role, Role::Leaf);
}
