//! Every rule is broken once; every response that can be built reads back the same; altered bytes are refused.

mod requests;
mod rules;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::Encode;
use der::asn1::Any;

use super::request::{OcspRequestDer, SingleRequestDer, TbsRequestDer};
use super::*;
use crate::output::{Encoding, Verified};
use crate::x509::fixture::{NOW, Numbers, SoftwareKey, authority, issue};
use crate::x509::{Certificate, CrlReason, Name, Profile, SerialNumber, UnixTime, VerifiedRequest};

const HOUR: u64 = 3600;

/// The CA is an hour old.
const LATER: UnixTime = UnixTime(NOW.0 + HOUR);

/// A CA, another with a different name, and a signer of responses.
struct Ca {
    key: SoftwareKey,
    certificate: Certificate,
    signer_key: SoftwareKey,
    signer: Certificate,
}

impl Ca {
    fn new() -> Self {
        let (key, signer_key) = (SoftwareKey::generate(), SoftwareKey::generate());
        let certificate = authority(&key);
        let asked = VerifiedRequest::for_tests(&signer_key, &Name::from_rfc4514("CN=OCSP").unwrap());
        let signer = issue(&Profile::ocsp_signer(), &asked, &certificate, &key);
        Self {
            key,
            certificate,
            signer_key,
            signer,
        }
    }

    fn id(&self, serial: &[u8], hash: ObjectIdentifier) -> Any {
        CertId::for_tests(&self.certificate, &SerialNumber::from_octets(serial), hash)
    }

    /// About certificate 7, with a nonce.
    fn request(&self) -> OcspRequest {
        Asking::about(vec![self.id(&[7], ID_SHA_1)])
            .with(b"nonce")
            .read()
            .unwrap()
    }

    fn plan(&self, request: OcspRequest, statuses: &[CertificateStatus]) -> OcspContent {
        OcspContent {
            request: request.accept(&self.certificate).unwrap(),
            statuses: statuses.to_vec(),
            responder: Responder::authority(self.certificate.clone()),
            responder_id: ResponderIdKind::Key,
            produced_at: LATER,
            next_update: UnixTime(LATER.0 + 24 * HOUR),
        }
    }

    fn good(&self) -> OcspContent {
        self.plan(self.request(), &[CertificateStatus::Good])
    }

    fn delegated(&self, signer: &Certificate) -> OcspContent {
        OcspContent {
            responder: Responder::delegated(self.certificate.clone(), signer.clone()),
            ..self.good()
        }
    }
}

fn build(plan: OcspContent) -> OcspTbs {
    let key = plan.responder.certificate().public_key().unwrap();
    OcspTbs::build(plan, key.algorithm().default_signature()).unwrap()
}

fn revoked(at: UnixTime, reason: CrlReason) -> CertificateStatus {
    CertificateStatus::Revoked {
        revoked_at: at,
        reason,
    }
}

/// A request under construction.
#[derive(Clone)]
struct Asking(OcspRequestDer);

impl Asking {
    fn about(ids: Vec<Any>) -> Self {
        let single = |req_cert| SingleRequestDer {
            req_cert,
            single_request_extensions: None,
        };
        Self(OcspRequestDer {
            tbs_request: TbsRequestDer {
                version: 0,
                requestor_name: None,
                request_list: ids.into_iter().map(single).collect(),
                request_extensions: None,
            },
            optional_signature: None,
        })
    }

    fn with(mut self, nonce: &[u8]) -> Self {
        let extensions = self.0.tbs_request.request_extensions.get_or_insert_default();
        extensions.push(nonce::build(nonce).unwrap());
        self
    }

    fn der(&self) -> Vec<u8> {
        self.0.to_der().unwrap()
    }

    fn read(&self) -> Result<OcspRequest, X509Error> {
        OcspRequest::read(&self.der())
    }
}

/// A random plan that the rules accept.
fn random_plan(ca: &Ca, other: &Ca, numbers: &mut Numbers) -> OcspContent {
    let hashes = [ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512];
    let (mut ids, mut statuses) = (vec![ca.id(&[1], ID_SHA_1)], vec![CertificateStatus::Good]);
    for _ in 0..numbers.below(5) {
        let hash = hashes[usize::try_from(numbers.below(4)).unwrap()];
        let is_ours = numbers.below(4) > 0;
        let reason = CrlReason::ALL[usize::try_from(numbers.below(10)).unwrap()];
        let reason = match reason {
            CrlReason::RemoveFromCrl => CrlReason::Unspecified,
            other => other,
        };
        ids.push(if is_ours { ca } else { other }.id(&numbers.serial(), hash));
        statuses.push(match numbers.below(3) {
            0 if is_ours => CertificateStatus::Good,
            1 if is_ours => revoked(UnixTime(numbers.below(LATER.0)), reason),
            _ => CertificateStatus::Unknown,
        });
    }
    let nonce: Vec<u8> = (0..numbers.below(129)).map(|_| numbers.byte()).collect();
    let asking = match nonce.as_slice() {
        [] => Asking::about(ids),
        nonce => Asking::about(ids).with(nonce),
    };
    OcspContent {
        responder: match numbers.below(2) {
            0 => Responder::authority(ca.certificate.clone()),
            _ => Responder::delegated(ca.certificate.clone(), ca.signer.clone()),
        },
        responder_id: match numbers.below(2) {
            0 => ResponderIdKind::Key,
            _ => ResponderIdKind::Name,
        },
        next_update: UnixTime(LATER.0 + 1 + numbers.below(28 * 24 * HOUR)),
        ..ca.plan(asking.read().unwrap(), &statuses)
    }
}

#[test]
fn every_list_that_can_be_built_reads_back_the_same() {
    let (ca, other) = (Ca::new(), Ca::new());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..200 {
        let plan = random_plan(&ca, &other, &mut numbers);
        let key = match plan.responder.is_delegated() {
            true => &ca.signer_key,
            false => &ca.key,
        };
        let tbs = build(plan.clone());
        let issued = tbs.check(LATER).unwrap().sign(key).unwrap();
        for encoding in [Encoding::Pem, Encoding::Der] {
            let content = issued.content(encoding);
            assert_eq!(issued.recheck(&content), Ok(()));
            let read = OcspResponse::read(&content).unwrap();
            read.verify(&ca.certificate, LATER).unwrap();
            read.verify_answers(plan.request.request()).unwrap();
            assert_eq!(read.der(), issued.response().der());
            let basic = read.basic().unwrap();
            let statuses: Vec<_> = basic.responses().iter().map(|single| single.status).collect();
            assert_eq!(statuses, plan.statuses);
            assert_eq!(basic.nonce(), plan.request.request().nonce());
            assert_eq!(basic.produced_at(), plan.produced_at);
            assert!(
                basic
                    .responses()
                    .iter()
                    .all(|single| single.next_update == Some(plan.next_update))
            );
            // Built again from what was read, the same bytes would be signed.
            let again = OcspContent {
                statuses,
                ..plan.clone()
            };
            assert_eq!(build(again).der(), basic.tbs);
            assert!(matches!(
                OcspMessage::read(&content),
                Ok(OcspMessage::Response(_))
            ));
        }
        let request = plan.request.request();
        assert!(matches!(
            OcspMessage::read(request.der()),
            Ok(OcspMessage::Request(_))
        ));
    }
}

#[test]
fn a_response_with_one_wrong_bit_is_refused() {
    let ca = Ca::new();
    let issued = build(ca.good()).check(LATER).unwrap().sign(&ca.key).unwrap();
    let der = issued.response().der();
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut bent = der.to_vec();
            bent[at] ^= 1 << bit;
            let taken = OcspResponse::read(&bent).and_then(|read| read.verify(&ca.certificate, LATER));
            assert!(taken.is_err(), "byte {at}, bit {bit}");
            assert!(issued.recheck(&bent).is_err());
        }
        assert!(OcspResponse::read(&der[..at]).is_err());
    }
    assert!(OcspResponse::read(&[der, &[0]].concat()).is_err());
}

#[test]
fn a_wrong_signature_by_the_token_is_dropped() {
    let ca = Ca::new();
    let checked = build(ca.good()).check(LATER).unwrap();
    assert!(matches!(
        checked.clone().sign(&ca.signer_key),
        Err(X509Error::Rule {
            rule: "signing-key",
            ..
        })
    ));
    let key = ca.key.that_signs_wrongly();
    assert!(matches!(checked.sign(&key), Err(X509Error::TokenSignature)));
}

#[test]
fn the_five_bytes_of_an_error_are_read() {
    for (code, status) in [
        (1, ResponseStatus::MalformedRequest),
        (3, ResponseStatus::TryLater),
        (6, ResponseStatus::Unauthorized),
    ] {
        let read = OcspResponse::read(&[0x30, 3, 0x0a, 1, code]).unwrap();
        assert_eq!(read.status(), status);
        assert!(read.verify(&Ca::new().certificate, LATER).is_err());
    }
    assert!(OcspResponse::read(&[0x30, 3, 0x0a, 1, 4]).is_err(), "not used");
    assert!(OcspResponse::read(&[0x30, 3, 0x0a, 1, 0]).is_err(), "no answer");
    assert!(OcspResponse::read(&[0x30, 3, 2, 1, 6]).is_err(), "no ENUMERATED");
}

#[test]
fn an_index_gives_the_status_of_the_requested_certificates() {
    let index = "V\t350101000000Z\t\t07\tunknown\t/CN=a\n\
        E\t200101000000Z\t\t08\tunknown\t/CN=b\n\
        R\t350101000000Z\t261120000000Z,superseded\t00FF\tunknown\t/CN=c\n\
        R\t350101000000Z\t261120000000Z\t0A\tunknown\t/CN=d\n";
    let wanted = [&[7][..], &[8], &[0, 0xff], &[9]].map(SerialNumber::from_octets);
    let found = IndexStatuses::read(index.as_bytes(), &wanted).unwrap();
    let at = UnixTime(1_795_132_800);
    assert_eq!(
        wanted.each_ref().map(|serial| found.of(serial)),
        [
            CertificateStatus::Good,
            CertificateStatus::Good,
            revoked(at, CrlReason::Superseded),
            CertificateStatus::Unknown
        ]
    );
    assert_eq!(
        found.of(&SerialNumber::from_octets([10])),
        CertificateStatus::Unknown
    );
    let twice = index.replace("08\tu", "07\tu");
    assert!(matches!(
        IndexStatuses::read(twice.as_bytes(), &wanted),
        Err(X509Error::Index { line: 2, .. })
    ));
    let wrong = index.replace("261120000000Z,s", "later,s");
    assert!(IndexStatuses::read(wrong.as_bytes(), &wanted).is_err());
}

#[test]
fn a_date_before_1970_is_named_in_every_field_of_a_response() {
    let ca = Ca::new();
    let tbs = build(ca.plan(ca.request(), &[revoked(NOW, CrlReason::KeyCompromise)]));
    let mut found = 0;
    for at in 0..tbs.der().len() - 17 {
        if tbs.der()[at..at + 2] != [0x18, 15] || tbs.der()[at + 16] != b'Z' {
            continue;
        }
        let mut bent = tbs.der().to_vec();
        bent[at + 2..at + 6].copy_from_slice(b"1955");
        let error = data::ResponseData::read(&bent).unwrap_err().to_string();
        assert!(error.starts_with("the OCSP response's date 1955-11-2"), "{error}");
        found += 1;
    }
    assert_eq!(found, 4, "producedAt, revocationTime, thisUpdate, nextUpdate");
}
