//! Certificates and lists of a CA whose key is in a safe, with a stand-in key in its place, for a rehearsal.

use der::asn1::Any;
use der::{Decode, Encode, Tag};

use super::signed::{Signed, sign_once};
use super::{Certificate, CertificateRevocationList, X509Error, algorithm, rules};
use crate::signer::{PublicKey, Signer};

const CERTIFICATE: &str = "certificate";
const LIST: &str = "CRL";

/// The certificate with another key in place of its own, signed by another key in place of its issuer's. Every other octet of the signed part is
/// unchanged; `None` leaves that part unchanged. A certificate with another key and the old signature is never valid.
///
/// # Errors
/// [`X509Error`]; the rule `signing-key` if `issuer` is the key that signed the original: the real key never signs a stand-in.
pub fn stand_in_certificate(
    original: &Certificate,
    own: Option<&PublicKey>,
    issuer: Option<&dyn Signer>,
) -> Result<Certificate, X509Error> {
    let signed = Signed::from_der(original.der(), CERTIFICATE)?;
    let mut content = signed.content(CERTIFICATE)?;
    if let Some(own) = own {
        content = with_key(&content, &original.public_key()?, own)?;
    }
    let signature = match issuer {
        None => signed.signature_octets(CERTIFICATE)?.to_vec(),
        Some(issuer) => {
            refuse_original_key(original.verify_signature(issuer.public_key()).is_ok())?;
            let algorithm = algorithm::recognise(&signed.algorithm, CERTIFICATE)?;
            sign_once(issuer, issuer.public_key(), algorithm, &content)?
        }
    };
    Certificate::from_der(&signed.with(&content, &signature)?)
}

/// The list, signed by another key in place of its issuer's. The signed part is unchanged.
///
/// # Errors
/// As [`stand_in_certificate`].
pub fn stand_in_list(
    original: &CertificateRevocationList,
    issuer: &dyn Signer,
) -> Result<CertificateRevocationList, X509Error> {
    refuse_original_key(original.verify_signature(issuer.public_key()).is_ok())?;
    let signed = Signed::from_der(original.der(), LIST)?;
    let content = signed.content(LIST)?;
    let algorithm = algorithm::recognise(&signed.algorithm, LIST)?;
    let signature = sign_once(issuer, issuer.public_key(), algorithm, &content)?;
    CertificateRevocationList::from_der(signed.with(&content, &signature)?)
}

fn refuse_original_key(is_original: bool) -> Result<(), X509Error> {
    match is_original {
        true => Err(X509Error::broken(
            rules::SIGNING_KEY,
            "this key signed the original, so it cannot be a stand-in",
        )),
        false => Ok(()),
    }
}

/// Puts another `subjectPublicKeyInfo` in place of the first one.
fn with_key(content: &[u8], old: &PublicKey, new: &PublicKey) -> Result<Vec<u8>, X509Error> {
    let malformed = X509Error::malformed(CERTIFICATE);
    let mut octets = Any::from_der(content).map_err(&malformed)?.value().to_vec();
    let place = octets
        .windows(old.der().len())
        .position(|window| window == old.der());
    let place = place.ok_or_else(|| X509Error::Malformed {
        what: CERTIFICATE,
        reason: "its key is not encoded as this program encodes it".to_owned(),
    })?;
    octets.splice(place..place + old.der().len(), new.der().iter().copied());
    let content = Any::new(Tag::Sequence, octets).map_err(&malformed)?;
    Encode::to_der(&content).map_err(malformed)
}

#[cfg(test)]
mod tests;
