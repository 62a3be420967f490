//! Reads back planned certificates that were stored.
//!
//! A stored plan is built again from its inputs, with the serial number, the dates and the algorithm of its bytes: the result must be the same,
//! byte for byte. Only then is it checked against the rules again.

use std::sync::Arc;

use der::Decode;

use super::tbs::{Tbs, TbsCertificate};
use super::{
    Certificate, Name, Original, Profile, SerialNumber, UnixTime, Validity, VerifiedRequest, X509Error,
    algorithm, rules,
};
use crate::signer::{PublicKey, SignatureAlgorithm};

/// The inputs of a stored certificate, besides its profile.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Basis<'a> {
    /// Its own name and key, which signs it.
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
    /// [`X509Error::Malformed`]; the rule `planned-bytes` if profile, basis, serial number and dates make other bytes.
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

/// Makes sure that the stored bytes are those that were built again.
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
    /// [`X509Error::Malformed`]; never for known algorithms.
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
    /// [`X509Error`] for a weak or unknown one.
    pub fn from_identifier(der: &[u8]) -> Result<Self, X509Error> {
        use x509_cert::spki::AlgorithmIdentifierOwned;
        let identifier = AlgorithmIdentifierOwned::from_der(der);
        let identifier = identifier.map_err(X509Error::malformed("signature algorithm"))?;
        algorithm::recognise(&identifier, "planned object")
    }
}
