//! A PKCS#10 request.

use hsm_ca::output::encode_pem;
use hsm_ca::x509::{CERTIFICATE_REQUEST, CertificationRequest, Profile};

use super::made::issue;
use super::second;
use super::shown::{printable, printable_extensions, told};

/// A parsed request can be shown; the second decoder parses it too, if its names are readable; and a verified one gets a certificate or a
/// refusal.
pub fn check(input: &[u8]) {
    let request = match CertificationRequest::read(input) {
        Ok(request) => request,
        Err(error) => return told(error),
    };
    printable(request.subject());
    printable(request.describe_key());
    printable(request.describe_signature());
    printable_extensions(&request.requested_extensions());
    for (name, value) in request.other_attributes() {
        printable(name);
        printable(value);
    }
    let pem = encode_pem(CERTIFICATE_REQUEST, request.der());
    let again = CertificationRequest::read(pem.as_bytes()).expect("it parsed before");
    assert_eq!(again.der(), request.der());
    if request.subject().check_readable().is_ok() {
        second::reads_request(&request);
    }
    match request.verify() {
        Err(error) => told(error),
        Ok(request) => {
            for profile in Profile::built_in()
                .into_iter()
                .filter(|profile| !profile.is_self_signed())
            {
                if let Err(error) = issue(profile, &request) {
                    told(error);
                }
            }
        }
    }
}
