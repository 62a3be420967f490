//! Requests from strangers.

use const_oid::db::rfc6960::{ID_PKIX_OCSP_NONCE, ID_PKIX_OCSP_RESPONSE};

use super::*;
use crate::x509::fixture::extension;

#[track_caller]
fn refused(asking: &Asking, why: &str) {
    match asking.read() {
        Ok(_) => panic!("taken, where it should be refused: {why}"),
        Err(error) => assert!(error.to_string().contains(why), "{error}"),
    }
}

fn with_extension(asking: &Asking, oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Asking {
    let mut asking = asking.clone();
    let list = asking.0.tbs_request.request_extensions.get_or_insert_default();
    list.push(extension(oid, critical, value));
    asking
}

#[test]
fn a_request_that_is_cut_or_followed_is_refused() {
    let der = Ca::new().request().der().to_vec();
    assert!(OcspRequest::read(&der).is_ok());
    for length in 0..der.len() {
        assert!(OcspRequest::read(&der[..length]).is_err(), "{length}");
    }
    assert!(matches!(
        OcspRequest::read(&[&der[..], &[0]].concat()),
        Err(X509Error::TrailingBytes { count: 1, .. })
    ));
}

#[test]
fn the_size_of_a_request_is_limited() {
    let ca = Ca::new();
    let many = |count| Asking::about(vec![ca.id(&[7], ID_SHA_1); count]);
    refused(&many(0), "no certificate");
    assert_eq!(many(256).read().unwrap().certificates().len(), 256);
    refused(&many(257), "257 certificates");
    refused(&many(10_000), "exceeds the 64 KiB limit");
    let longest = |octets: usize| Asking::about(vec![ca.id(&vec![0x7f; octets], ID_SHA_1)]);
    assert!(longest(64).read().is_ok());
    refused(&longest(65), "more than 64 octets");
}

#[test]
fn a_nonce_has_1_to_128_octets() {
    let ca = Ca::new();
    let asking = Asking::about(vec![ca.id(&[7], ID_SHA_1)]);
    for length in [1, 16, 32, 128] {
        let nonce = vec![0x5a; length];
        let read = asking.clone().with(&nonce).read().unwrap();
        assert_eq!(read.nonce(), Some(&nonce[..]));
    }
    refused(&asking.clone().with(&[]), "a nonce of 0 octets");
    refused(&asking.clone().with(&[0; 129]), "a nonce of 129 octets");
    // As OpenSSL wrote it before 0.9.7d.
    let raw = with_extension(&asking, ID_PKIX_OCSP_NONCE, false, &[7; 16]);
    refused(&raw, "not an OCTET STRING");
    refused(&asking.with(b"a").with(b"b"), "twice");
}

#[test]
fn an_identifier_must_fit_its_hash() {
    let ca = Ca::new();
    for hash in [ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512] {
        let read = Asking::about(vec![ca.id(&[7], hash)]).read().unwrap();
        let id = &read.certificates()[0];
        assert!(id.is_of(&ca.certificate).unwrap());
        assert!(
            !id.is_of(&Ca::new().certificate).unwrap(),
            "the name alone is not enough"
        );
        assert_eq!(id.serial_number().octets(), [7]);
    }
    let der = Asking::about(vec![ca.id(&[7], ID_SHA_1)]).der();
    // The identifier says SHA-256, but its hashes are as long as those of SHA-1.
    let sha1 = ID_SHA_1.to_der().unwrap();
    let at = der.windows(sha1.len()).position(|window| window == sha1).unwrap();
    let mut other = der.clone();
    // The last arc is changed: an unknown hash belongs to another CA.
    other[at + 5] ^= 1;
    let read = OcspRequest::read(&other).unwrap();
    assert!(!read.certificates()[0].is_of(&ca.certificate).unwrap());
    let null = at + sha1.len();
    assert_eq!(der[null..null + 2], [5, 0]);
    let mut parameters = der.clone();
    parameters[null] = 4;
    let error = OcspRequest::read(&parameters).unwrap_err();
    assert!(error.to_string().contains("parameters"), "{error}");
}

#[test]
fn another_version_and_an_extension_twice_are_refused() {
    let ca = Ca::new();
    let mut asking = Asking::about(vec![ca.id(&[7], ID_SHA_1)]);
    let list = &mut asking.0.tbs_request.request_list;
    let one = extension(ObjectIdentifier::new_unwrap("1.2.3"), false, &[5, 0]);
    list[0].single_request_extensions = Some(vec![one.clone(), one]);
    refused(&asking, "twice");
    asking.0.tbs_request.request_list[0].single_request_extensions = None;
    asking.0.tbs_request.version = 1;
    assert!(matches!(asking.read(), Err(X509Error::Version { found: 1, .. })));
}

#[track_caller]
fn not_accepted(asking: &Asking, ca: &Ca, rule: &str) {
    let error = asking.read().unwrap().accept(&ca.certificate).unwrap_err();
    assert_eq!(error.rule(), Some(rule), "{error}");
}

#[test]
fn a_request_with_unknown_critical_parts_is_not_answered() {
    let (ca, other) = (Ca::new(), Ca::new());
    let asking = Asking::about(vec![ca.id(&[7], ID_SHA_1)]);
    let unknown = ObjectIdentifier::new_unwrap("1.2.3");
    let taken = with_extension(&asking, unknown, false, &[5, 0]);
    assert!(taken.read().unwrap().accept(&ca.certificate).is_ok());
    let critical = with_extension(&asking, unknown, true, &[5, 0]);
    not_accepted(&critical, &ca, "ocsp-critical-extension");
    let mut single = asking.clone();
    single.0.tbs_request.request_list[0].single_request_extensions =
        Some(vec![extension(unknown, true, &[5, 0])]);
    not_accepted(&single, &ca, "ocsp-critical-extension");

    let mut signed = asking.clone();
    signed.0.optional_signature = Some(Any::null());
    not_accepted(&signed, &ca, "ocsp-signed-request");

    let basic = const_oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
    let types = |types: Vec<ObjectIdentifier>| {
        with_extension(&asking, ID_PKIX_OCSP_RESPONSE, false, &types.to_der().unwrap())
    };
    assert!(
        types(vec![unknown, basic])
            .read()
            .unwrap()
            .accept(&ca.certificate)
            .is_ok()
    );
    not_accepted(&types(vec![unknown]), &ca, "ocsp-response-type");

    let foreign = Asking::about(vec![other.id(&[7], ID_SHA_256)]);
    not_accepted(&foreign, &ca, "ocsp-issuer");
    let mixed = Asking::about(vec![other.id(&[7], ID_SHA_256), ca.id(&[7], ID_SHA_1)]);
    let accepted = mixed.read().unwrap().accept(&ca.certificate).unwrap();
    let ours: Vec<_> = accepted.certificates().map(|(_, is_ours)| is_ours).collect();
    assert_eq!(ours, [false, true]);
}
