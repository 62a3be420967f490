//! Which requests are answered.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE, ID_PKIX_OCSP_RESPONSE};

use super::{CertId, OcspRequest};
use crate::x509::name::describe_oid;
use crate::x509::{Certificate, X509Error, extension, rules};

/// The extensions of a request that are processed.
const PROCESSED: [ObjectIdentifier; 2] = [ID_PKIX_OCSP_NONCE, ID_PKIX_OCSP_RESPONSE];

/// A request that the CA answers, because it asks about at least one of its certificates.
#[derive(Clone, Debug)]
pub struct AcceptedOcspRequest {
    request: OcspRequest,
    is_ours: Vec<bool>,
}

impl OcspRequest {
    /// Decides whether this CA answers the request. The answer for certificates of other CAs in it is `unknown`, as long as one is from this CA
    /// (RFC 6960 section 2.2: "usually because the request indicates an unrecognized issuer").
    ///
    /// # Errors
    /// [`X509Error::Rule`]: it is signed, has an unknown critical extension, does not accept a basic response, or asks about no certificate of this
    /// CA, which a server answers with `unauthorized` (section 2.3).
    pub fn accept(self, authority: &Certificate) -> Result<AcceptedOcspRequest, X509Error> {
        self.check_acceptable()?;
        let is_ours = self.certificates.iter().map(|id| id.is_of(authority));
        let is_ours: Vec<_> = is_ours.collect::<Result<_, _>>()?;
        if !is_ours.contains(&true) {
            // Section 4.1.1 hashes the encoded name, so another spelling of the name cannot be recognised.
            let found = match self.certificates.iter().any(|id| id.has_key_of(authority)) {
                true => {
                    "the request names this CA's key, but hashes a different name than the CA certificate's, \
                     or the same name in another encoding"
                }
                false => "the request asks only about certificates that this CA and key did not issue",
            };
            return Err(X509Error::broken(rules::OCSP_ISSUER, found));
        }
        Ok(AcceptedOcspRequest {
            request: self,
            is_ours,
        })
    }

    fn check_acceptable(&self) -> Result<(), X509Error> {
        // Section 4.1.2 lets the responder decide whose signatures it accepts; this one accepts none.
        if self.is_signed() {
            return Err(X509Error::broken(
                rules::OCSP_SIGNED_REQUEST,
                "the request is signed, and hsm-ca verifies no requester's signature; send it unsigned",
            ));
        }
        let mut extensions = self.extensions().iter().chain(self.single_extensions());
        let unknown = extensions.find(|found| found.critical && !PROCESSED.contains(&found.extn_id));
        if let Some(unknown) = unknown {
            let name = describe_oid(unknown.extn_id);
            return Err(X509Error::broken(
                rules::OCSP_CRITICAL_EXTENSION,
                format!("{name} is not supported"),
            ));
        }
        // Section 4.4.3: a list of response types is a limit.
        let types: Option<Vec<ObjectIdentifier>> = extension::find(self.extensions(), ID_PKIX_OCSP_RESPONSE)?;
        if types.is_some_and(|types| !types.contains(&ID_PKIX_OCSP_BASIC)) {
            return Err(X509Error::broken(
                rules::OCSP_RESPONSE_TYPE,
                "the request does not accept a basic response, the only kind",
            ));
        }
        Ok(())
    }
}

impl AcceptedOcspRequest {
    /// The request.
    #[must_use]
    pub const fn request(&self) -> &OcspRequest {
        &self.request
    }

    /// The certificates of the request, and whether each is from this CA.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = (&CertId, bool)> {
        self.request.certificates.iter().zip(self.is_ours.iter().copied())
    }
}
