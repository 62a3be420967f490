//! Planned certificates that were stored, and are read back.
//!
//! A stored plan is built once more from what it was built from, with the serial number, the dates and the algorithm of its bytes: it must
//! be the same, byte for byte. Only then is it checked against the rules again.

use std::sync::Arc;

use der::Decode;

use super::tbs::{Tbs, TbsCertificate};
use super::{
    Certificate, Name, Original, Profile, SerialNumber, UnixTime, Validity, VerifiedRequest, X509Error,
    algorithm, rules,
};
use crate::signer::{PublicKey, SignatureAlgorithm};

/// What a stored certificate was built from, besides its profile.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Basis<'a> {
    /// Its own name and key, which it is signed by.
    Itself,
    /// A request, and the certificate of the CA that signs.
    Request(&'a VerifiedRequest, &'a Certificate),
    /// The certificate of another CA, and that of the CA that signs.
    Original(&'a Original, &'a Certificate),
}

impl Tbs {
    /// Reads a planned certificate back from its bytes. Its rules are not checked yet: [`check`](Self::check) does that, as for a new one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; the rule `planned-bytes` where these are not the bytes that profile, basis, serial number and dates make.
    pub fn reopen(der: &[u8], profile: impl Into<Arc<Profile>>, basis: Basis<'_>) -> Result<Self, X509Error> {
        let read = TbsCertificate::from_der(der).map_err(X509Error::malformed("TBSCertificate"))?;
        let serial = SerialNumber::from_int(&read.serial_number);
        let validity = Validity {
            not_before: UnixTime::from_time(&read.validity.not_before),
            not_after: UnixTime::from_time(&read.validity.not_after),
        };
        let signature = algorithm::recognise(&read.signature, "planned certificate")?;
        let profile = profile.into();
        let again = match basis {
            Basis::Itself => {
                let key = PublicKey::from_info(&read.subject_public_key_info)?;
                let subject = Name::from_any(&read.subject, "TBSCertificate")?;
                Self::self_signed(profile, &key, &subject, &serial, validity, signature)?
            }
            Basis::Request(request, authority) => {
                Self::for_request(profile, request, authority, &serial, validity, signature)?
            }
            Basis::Original(original, authority) => {
                Self::cross(profile, original, authority, &serial, validity, signature)?
            }
        };
        refuse_other_bytes(der, again.der())?;
        Ok(again)
    }
}

/// What was stored is what is built again.
pub(super) fn refuse_other_bytes(stored: &[u8], again: &[u8]) -> Result<(), X509Error> {
    if stored == again {
        return Ok(());
    }
    let same = stored.iter().zip(again).take_while(|(a, b)| a == b).count();
    let found = format!("they differ from byte {same} on from those that the same inputs make");
    Err(X509Error::broken(rules::PLANNED_BYTES, found))
}

impl SignatureAlgorithm {
    /// The DER of its `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2).
    ///
    /// # Errors
    /// [`X509Error::Malformed`], which those that are known here do not give.
    pub fn to_identifier(self) -> Result<Vec<u8>, X509Error> {
        use der::Encode;
        let identifier = algorithm::identifier(self)?;
        identifier
            .to_der()
            .map_err(X509Error::malformed("signature algorithm"))
    }

    /// From the DER of an `AlgorithmIdentifier`.
    ///
    /// # Errors
    /// [`X509Error`] for one that is weak, or not known here.
    pub fn from_identifier(der: &[u8]) -> Result<Self, X509Error> {
        use x509_cert::spki::AlgorithmIdentifierOwned;
        let identifier = AlgorithmIdentifierOwned::from_der(der);
        let identifier = identifier.map_err(X509Error::malformed("signature algorithm"))?;
        algorithm::recognise(&identifier, "planned object")
    }
}
