//! A certificate for a stranger's request.

use hsm_ca::x509::{CertificationRequest, Profile, ProfileExtension, Role, X509Error, dropped};

use super::made::{issue, named, request};
use super::pieces::{Pieces, element};
use super::shown::{printable, printable_extensions};

/// The last arcs of the requested extensions: id-ce 14 to 37, or, with the highest bit, the byte itself in an unknown arc.
const ID_CE: &[u8] = &[0x55, 0x1d];

/// Issues with the built-in profile that the first byte selects, for a subject and extensions made from the rest. The result is a
/// certificate that follows the profile, not the request, or a refusal that names its rule.
pub fn check(input: &[u8]) {
    let mut pieces = Pieces(input);
    let profiles = Profile::built_in();
    let profiles: Vec<_> = profiles
        .into_iter()
        .filter(|profile| profile.role != Role::Root)
        .collect();
    let profile = profiles[usize::from(pieces.byte()) % profiles.len()].clone();
    let subject = pieces.piece();
    let mut asked = Vec::new();
    while !pieces.is_empty() {
        let oid = [ID_CE, &[pieces.byte() & 0x7f]].concat();
        let value = element(4, pieces.piece());
        asked.extend(element(0x30, &[element(6, &oid), value].concat()));
    }
    let der = request(subject, &asked);
    let request = match CertificationRequest::read(&der) {
        Ok(request) => request,
        // The frame is sound, and the subject's bytes may be anything else.
        Err(X509Error::Malformed { reason, .. }) if reason.starts_with("the object identifier ") => return,
        Err(other) => panic!("{other}"),
    };
    printable(request.subject());
    printable_extensions(&request.requested_extensions());
    let asked = request.requested_extensions();
    let request = request.verify().expect("it is signed by its key");
    let certificate = match issue(profile.clone(), &request) {
        Ok(certificate) => certificate,
        Err(error) => return named(&error),
    };
    assert_eq!(certificate.subject(), request.subject());
    assert_eq!(certificate.subject().check_readable(), Ok(()));
    assert_eq!(certificate.public_key().ok().as_ref(), Some(request.public_key()));
    let extensions = certificate.describe_extensions();
    assert!(extensions.len() <= profile.extensions.len());
    let is_ca = extensions
        .iter()
        .any(|extension| extension.value.starts_with("CA:TRUE"));
    assert_eq!(is_ca, profile.role != Role::Leaf);
    let gives_names = profile
        .extensions
        .iter()
        .any(|extension| matches!(extension, ProfileExtension::SubjectAlternativeName(_)));
    assert!(
        gives_names
            || !extensions
                .iter()
                .any(|extension| extension.name == "subjectAltName")
    );
    printable_extensions(&dropped(asked, &extensions));
}
