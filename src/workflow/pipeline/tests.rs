//! Planned objects, stored and read back without a token.

use std::ops::Range;
use std::sync::Arc;

use super::*;
use crate::ledger::Digest;
use crate::output::Encoding;
use crate::signer::{PublicKey, Signer, SystemRandom};
use crate::workflow::record::Waivers;
use crate::workflow::{AuthorityRequest, Clock, CsrRequest, Delivery, WorkflowError};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{
    AskedValidity, Basis, CertIdHash, Certificate, CertificateStatus, Checked, CheckedCrl, CheckedOcsp,
    CheckedRequest, CrlContent, CrlKind, CrlNumber, CrlReason, CrlScope, CrlTbs, Issuer, Linter, Name,
    OcspContent, OcspRequest, OcspTbs, Profile, Responder, ResponderIdKind, Revocation, SerialNumber, Tbs,
    UnixTime, Validity, VerifiedRequest, X509Error,
};

const DAY: u64 = 24 * 60 * 60;

fn later() -> UnixTime {
    UnixTime(NOW.0 + 3 * DAY)
}

fn plan_authority(key: &PublicKey) -> Planned<Checked> {
    let request = AuthorityRequest {
        key: "ca".to_owned(),
        subject: Name::from_rfc4514("CN=Planned Root,O=Example").unwrap(),
        profile: Arc::new(Profile::named("root", true).unwrap()),
        validity: AskedValidity::default(),
        signature: Default::default(),
        waivers: Waivers {
            second_certificate: true,
            ..Waivers::default()
        },
        delivery: Delivery::Caller(Encoding::Pem),
    };
    let clock = Clock::stopped_at(NOW);
    request.plan(key, &SystemRandom, &clock, &()).unwrap()
}

fn plan_request(key: &PublicKey) -> Planned<CheckedRequest> {
    let request = CsrRequest {
        key: "key".to_owned(),
        subject: Name::from_rfc4514("CN=client 7,O=Example").unwrap(),
        names: Vec::new(),
        profile: None,
        signature: Default::default(),
        delivery: Delivery::Caller(Encoding::Pem),
    };
    request.plan(key).unwrap()
}

/// A root, a request for another key, and its profile.
struct Desk {
    key: SoftwareKey,
    authority: Certificate,
    request: VerifiedRequest,
    profile: Arc<Profile>,
}

impl Desk {
    fn new() -> Self {
        let (key, other) = (SoftwareKey::generate(), SoftwareKey::generate());
        let root = plan_authority(key.public_key()).checked.sign(&key).unwrap();
        let request = plan_request(other.public_key()).checked.sign(&other).unwrap();
        Self {
            authority: root.certificate().clone(),
            request: request.request().clone().verify().unwrap(),
            key,
            profile: Arc::new(Profile::named("tls-client", false).unwrap()),
        }
    }

    fn basis(&self) -> Basis<'_> {
        Basis::Request(&self.request, &self.authority)
    }

    fn plan(&self) -> Planned<Checked> {
        let tbs = Tbs::for_request(
            Arc::clone(&self.profile),
            &self.request,
            &self.authority,
            &SerialNumber::random(&SystemRandom).unwrap(),
            Validity::days_from(NOW, 30),
            self.key
                .public_key()
                .algorithm()
                .choose(Default::default())
                .unwrap(),
        );
        let checked = tbs.unwrap().check(Issuer::Authority(&self.authority), NOW);
        Planned::new(checked.unwrap()).unwrap()
    }

    fn reopen(&self, bytes: &[u8]) -> Result<Planned<Checked>, WorkflowError> {
        Planned::<Checked>::reopen(bytes, &self.profile, self.basis(), later())
    }

    fn plan_crl(&self) -> Planned<CheckedCrl> {
        let content = CrlContent {
            number: CrlNumber::from_octets(&[7]).unwrap(),
            this_update: NOW,
            next_update: UnixTime(NOW.0 + 7 * DAY),
            scope: CrlScope::UserCertificates,
            distribution_point: Some("http://example.com/7.crl".to_owned()),
            kind: CrlKind::Full {
                freshest: Some("http://example.com/delta.crl".to_owned()),
            },
        };
        let revoked = [3, 9].map(|number| {
            Ok::<_, X509Error>(Revocation {
                serial: SerialNumber::from_octets([number]),
                revoked_at: NOW,
                reason: CrlReason::KeyCompromise,
                invalid_since: Some(UnixTime(NOW.0 - DAY)),
            })
        });
        let signature = self.key.public_key().algorithm().choose(Default::default());
        let tbs = CrlTbs::build(content, &self.authority, signature.unwrap(), revoked).unwrap();
        let checked = tbs.check(&self.authority, None, NOW).unwrap();
        Planned::new(checked).unwrap().read_at(41)
    }

    fn plan_ocsp(&self) -> Planned<CheckedOcsp> {
        let serials = [3, 9].map(|number| SerialNumber::from_octets([number]));
        let request = OcspRequest::about(&self.authority, &serials, CertIdHash::Sha256).unwrap();
        let content = OcspContent {
            request: request.accept(&self.authority).unwrap(),
            statuses: vec![
                CertificateStatus::Good,
                CertificateStatus::Revoked {
                    revoked_at: NOW,
                    reason: CrlReason::Superseded,
                },
            ],
            responder: Responder::authority(self.authority.clone()),
            responder_id: ResponderIdKind::Key,
            produced_at: NOW,
            next_update: UnixTime(NOW.0 + 7 * DAY),
        };
        let signature = self.key.public_key().algorithm().choose(Default::default());
        let tbs = OcspTbs::build(content, signature.unwrap()).unwrap();
        Planned::new(tbs.check(NOW).unwrap()).unwrap()
    }
}

/// The file with other planned bytes, and the matching hash.
fn with_bytes(file: &[u8], tbs: &[u8]) -> Vec<u8> {
    use base64ct::{Base64, Encoding as _};
    let fields: serde_json::Value = serde_json::from_slice(file).unwrap();
    let field = |name: &str| fields[name].as_str().unwrap();
    let text = String::from_utf8(file.to_vec()).unwrap();
    let text = text.replace(field("tbs"), &Base64::encode_string(tbs));
    text.replace(field("sha256"), &Digest::of(tbs).to_string())
        .into_bytes()
}

/// The position of `part` in `whole`, where it occurs once.
fn position(whole: &[u8], part: &[u8]) -> Range<usize> {
    let mut found = whole.windows(part.len()).enumerate();
    let (start, _) = found.find(|(_, window)| *window == part).unwrap();
    assert!(found.all(|(_, window)| window != part), "it is there twice");
    start..start + part.len()
}

#[test]
fn what_is_stored_is_read_back_days_later_and_the_same_bytes_are_signed() {
    let desk = Desk::new();
    let planned = desk.plan();
    let file = planned.to_bytes().unwrap();
    let again = desk.reopen(&file).unwrap();
    assert_eq!(again.checked().der(), planned.checked().der());
    assert_eq!(again.intent(), planned.intent());
    assert_eq!(again.to_bytes().unwrap(), file);
    let issued = again.checked.sign(&desk.key).unwrap();
    assert_eq!(
        issued.certificate().serial_number(),
        planned.checked().content().serial.clone()
    );

    let root = plan_authority(desk.key.public_key());
    let file = root.to_bytes().unwrap();
    let profile = Arc::new(Profile::named("root", true).unwrap());
    let again = Planned::<Checked>::reopen(&file, &profile, Basis::Itself, later()).unwrap();
    assert_eq!(again.checked().der(), root.checked().der());
    assert!(again.waivers.second_certificate && !again.waivers.same_name_other_key);

    let request = plan_request(desk.key.public_key());
    let again = Planned::<CheckedRequest>::reopen(&request.to_bytes().unwrap()).unwrap();
    assert_eq!(again.checked().der(), request.checked().der());

    let crl = desk.plan_crl();
    let file = crl.to_bytes().unwrap();
    let again = Planned::<CheckedCrl>::reopen(&file, &desk.authority, None, later()).unwrap();
    assert_eq!(again.checked().der(), crl.checked().der());
    assert_eq!((again.since, again.intent()), (Some(41), crl.intent()));

    let answer = desk.plan_ocsp();
    let file = answer.to_bytes().unwrap();
    let content = answer.checked().plan().clone();
    let again = Planned::<CheckedOcsp>::reopen(&file, content.request, content.responder, later()).unwrap();
    assert_eq!(again.checked().der(), answer.checked().der());
}

/// Bytes that follow from the profile, the request and the CA cannot change, whatever hash the file has.
#[test]
fn a_byte_of_a_certificate_that_changed_is_refused_but_for_serial_number_and_dates() {
    let desk = Desk::new();
    let planned = desk.plan();
    let (file, tbs) = (planned.to_bytes().unwrap(), planned.checked().der().to_vec());
    let content = planned.checked().content();
    let serial = position(&tbs, content.serial.octets());
    let text = |time: UnixTime| {
        let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
        digits[2..].to_owned()
    };
    let dates = [content.validity.not_before, content.validity.not_after]
        .map(|time| position(&tbs, text(time).as_bytes()));
    let may_change = |at: usize| serial.contains(&at) || dates.iter().any(|date| date.contains(&at));
    let mut accepted = 0;
    for at in 0..tbs.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut other = tbs.clone();
            other[at] ^= flip;
            let reopened = desk.reopen(&with_bytes(&file, &other));
            if reopened.is_ok() {
                assert!(may_change(at), "byte {at} of {}", tbs.len());
                accepted += 1;
            }
        }
    }
    // If few were accepted, the test tried nothing: most serial numbers are as good as this one.
    assert!(accepted > 20, "{accepted}");
}

#[test]
fn a_byte_of_the_file_that_changed_is_refused() {
    let desk = Desk::new();
    let file = desk.plan().to_bytes().unwrap();
    for at in 0..file.len() {
        let mut other = file.clone();
        other[at] ^= 1;
        assert!(desk.reopen(&other).is_err(), "byte {at}");
        assert!(desk.reopen(&file[..at]).is_err(), "cut at {at}");
    }
    assert!(desk.reopen(&[&file[..], b"\n"].concat()).is_err());
    let spaced = String::from_utf8(file).unwrap().replace("\":\"", "\": \"");
    let refused = desk.reopen(spaced.as_bytes()).unwrap_err();
    assert!(refused.to_string().contains("spelt"), "{refused}");
}

#[test]
fn a_crl_a_request_and_an_answer_are_held_against_the_rules_again() {
    let desk = Desk::new();
    let crl = desk.plan_crl();
    let (file, tbs) = (crl.to_bytes().unwrap(), crl.checked().der().to_vec());
    let reopen = |bytes: &[u8], at| Planned::<CheckedCrl>::reopen(bytes, &desk.authority, None, at).map(drop);
    // The first entry, with a number above the second's.
    let mut other = tbs.clone();
    let entry = position(&tbs, &[2, 1, 3]);
    other[entry.end - 1] = 10;
    let refused = reopen(&with_bytes(&file, &other), later()).unwrap_err();
    assert!(refused.to_string().contains("entry-order"), "{refused}");
    let other_issuer = Desk::new();
    let refused = Planned::<CheckedCrl>::reopen(&file, &other_issuer.authority, None, later())
        .map(drop)
        .unwrap_err();
    assert!(
        refused.to_string().contains("another CA certificate"),
        "{refused}"
    );
    let refused = reopen(&file, UnixTime(NOW.0 - 1)).unwrap_err();
    assert!(refused.to_string().contains("not at "), "{refused}");
    let without = String::from_utf8(file)
        .unwrap()
        .replace("\"since\":41", "\"since\":null");
    let refused = reopen(without.as_bytes(), later()).unwrap_err();
    assert!(refused.to_string().contains("`since`"), "{refused}");

    let request = plan_request(desk.key.public_key());
    let (file, mut tbs) = (request.to_bytes().unwrap(), request.checked().der().to_vec());
    let last = tbs.len() - 1;
    tbs[last] ^= 1;
    let refused = Planned::<CheckedRequest>::reopen(&with_bytes(&file, &tbs));
    assert!(refused.is_err(), "{refused:?}");

    let answer = desk.plan_ocsp();
    let (file, mut tbs) = (answer.to_bytes().unwrap(), answer.checked().der().to_vec());
    let content = answer.checked().plan().clone();
    let last = tbs.len() - 1;
    tbs[last] ^= 1;
    let refused = Planned::<CheckedOcsp>::reopen(
        &with_bytes(&file, &tbs),
        content.request,
        content.responder,
        later(),
    );
    assert!(refused.is_err());
}

#[test]
fn the_linter_of_the_profile_runs_again_on_the_day_of_the_signature() {
    let desk = Desk::new();
    let file = desk.plan().to_bytes().unwrap();
    let reopen = |linter: &[&str]| {
        let command = linter.iter().map(|word| (*word).to_owned()).collect();
        let profile = Arc::new(Profile {
            linter: Some(Linter { command }),
            ..Profile::clone(&desk.profile)
        });
        Planned::<Checked>::reopen(&file, &profile, desk.basis(), later()).map(drop)
    };
    reopen(&["grep", "-q", "BEGIN CERTIFICATE"]).unwrap();
    let refused = reopen(&["grep", "-q", "BEGIN NOTHING"]).unwrap_err();
    let WorkflowError::X509(error) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.rule(), Some("linter"));
    let refused = reopen(&["/nonexistent/linter"]).unwrap_err();
    assert!(matches!(refused, WorkflowError::Linter(_)), "{refused:?}");
}

#[test]
fn it_is_reopened_with_what_it_was_planned_with_and_as_what_it_is() {
    let desk = Desk::new();
    let file = desk.plan().to_bytes().unwrap();
    let other = Desk::new();
    let refused = other.reopen(&file).unwrap_err();
    assert!(
        refused.to_string().contains("another CA certificate"),
        "{refused}"
    );
    let basis = Basis::Request(&other.request, &desk.authority);
    let refused = Planned::<Checked>::reopen(&file, &desk.profile, basis, later()).unwrap_err();
    assert!(refused.to_string().contains("planned-bytes"), "{refused}");
    let server = Arc::new(Profile::named("code-signing", false).unwrap());
    let refused = Planned::<Checked>::reopen(&file, &server, desk.basis(), later()).unwrap_err();
    assert!(refused.to_string().contains("planned-bytes"), "{refused}");
    let refused = Planned::<CheckedRequest>::reopen(&file).unwrap_err();
    assert!(refused.to_string().contains("a planned certificate"), "{refused}");
    // A profile with the same extensions still has another name.
    let renamed = Arc::new(Profile {
        name: "mine".into(),
        ..Profile::clone(&desk.profile)
    });
    let refused = Planned::<Checked>::reopen(&file, &renamed, desk.basis(), later()).unwrap_err();
    assert!(refused.to_string().contains("another profile"), "{refused}");
    // It must still be valid on the day of the signature.
    let over = UnixTime(NOW.0 + 31 * DAY);
    let refused = Planned::<Checked>::reopen(&file, &desk.profile, desk.basis(), over).unwrap_err();
    assert!(refused.to_string().contains("validity"), "{refused}");
}
