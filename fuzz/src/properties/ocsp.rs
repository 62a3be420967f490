//! An OCSP request or response from a stranger.

use hsm_ca::signer::Signer;
use hsm_ca::x509::{CertId, OcspMessage, OcspRequest, OcspResponse};

use super::made::{CA, CA_KEY};
use super::shown::{printable, printable_extensions, told};

/// A parsed message can be shown, and parses the same again; a request counts only for the CA's certificates.
pub fn check(input: &[u8]) {
    match OcspMessage::read(input) {
        Ok(OcspMessage::Request(request)) => check_request(*request),
        Ok(OcspMessage::Response(response)) => check_response(&response),
        Err(error) => told(error),
    }
}

fn check_request(request: OcspRequest) {
    let again = OcspRequest::read(request.der()).expect("it parsed before");
    assert_eq!(again.der(), request.der());
    request.certificates().iter().for_each(show);
    printable_extensions(&request.describe_extensions());
    let is_ours = |id: &CertId| id.is_of(&CA).expect("the CA has a key");
    let ours = request.certificates().iter().any(is_ours);
    let asked = request.certificates().len();
    match request.accept(&CA) {
        Ok(accepted) => {
            assert!(ours);
            assert_eq!(accepted.certificates().len(), asked);
            assert!(accepted.certificates().all(|(id, ours)| is_ours(id) == ours));
        }
        Err(error) => told(error),
    }
}

fn check_response(response: &OcspResponse) {
    let again = OcspResponse::read(response.der()).expect("it parsed before");
    assert_eq!(again.der(), response.der());
    let Some(basic) = response.basic() else { return };
    printable(basic.responder());
    printable(basic.produced_at());
    printable(basic.describe_signature());
    printable_extensions(&basic.describe_extensions());
    for single in basic.responses() {
        show(&single.id);
        printable(single.this_update);
    }
    assert!(basic.verify_signature(CA_KEY.public_key()).is_err());
}

fn show(id: &CertId) {
    printable(id.serial_number());
    printable(id.describe_hash());
    id.issuer_hashes().into_iter().for_each(printable);
}
