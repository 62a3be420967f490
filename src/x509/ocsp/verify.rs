//! Verifies a response with the certificate of the CA whose certificates it is about (RFC 6960 section 3.2).

use const_oid::db::rfc6960::{ID_PKIX_OCSP_EXTENDED_REVOKE, ID_PKIX_OCSP_NONCE};

use super::{BasicResponse, CertId, CertificateStatus, OcspRequest, OcspResponse, ResponderId, delegate};
use crate::x509::name::describe_oid;
use crate::x509::{Certificate, Rule, UnixTime, X509Error, rules};

fn broken<T>(rule: &Rule, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::broken(rule, found))
}

impl OcspResponse {
    /// Makes sure that `authority`, which the caller trusts, or a signer that it certified for this, signed the response, that the response is
    /// about its certificates, and that it is current at `now`.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn verify(&self, authority: &Certificate, now: UnixTime) -> Result<(), X509Error> {
        let Some(basic) = self.basic() else {
            return self.no_answer();
        };
        basic.verify_signer(authority, now)?;
        basic.verify_about(authority)?;
        basic.verify_critical()?;
        basic.verify_times(now)
    }

    /// Makes sure that the response answers `request`: all its certificates, and its nonce, if it has one.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn verify_answers(&self, request: &OcspRequest) -> Result<(), X509Error> {
        let Some(basic) = self.basic() else {
            return self.no_answer();
        };
        let is_answered = |id: &CertId| basic.responses().iter().any(|single| single.id == *id);
        if !request.certificates().iter().all(is_answered) {
            return broken(
                rules::OCSP_CERT_IDS,
                "it does not cover every CertID of the request",
            );
        }
        if request.nonce().is_some() && request.nonce() != basic.nonce() {
            return broken(rules::OCSP_NONCE, "it is not the request's");
        }
        Ok(())
    }

    /// Section 2.3
    fn no_answer(&self) -> Result<(), X509Error> {
        Err(X509Error::Rule {
            rule: "ocsp-successful",
            source: "RFC 6960 2.3",
            found: format!("it says {}, and has no answer", self.status()),
        })
    }
}

impl BasicResponse {
    /// Section 4.2.2.2: the CA itself, or a signer that it certified for this, whose certificate is in the response.
    fn verify_signer(&self, authority: &Certificate, now: UnixTime) -> Result<(), X509Error> {
        if is_named(self.responder(), authority) {
            return self.verify_signature(&authority.public_key()?).map(drop);
        }
        let mut named = self.certificates().iter();
        let Some(signer) = named.find(|one| is_named(self.responder(), one)) else {
            return broken(
                rules::OCSP_RESPONDER_ID,
                format!(
                    "\"{}\" is not the CA, and the response has no certificate for it",
                    self.responder()
                ),
            );
        };
        delegate::check_authorized(signer, authority, now)?;
        self.verify_signature(&signer.public_key()?).map(drop)
    }

    /// Section 3.2: this CA must not answer for another CA's certificate, and a reader who trusts the response would believe the answer.
    fn verify_about(&self, authority: &Certificate) -> Result<(), X509Error> {
        let mut is_about_it = false;
        for single in self.responses() {
            if single.id.is_of(authority)? {
                is_about_it = true;
            } else if single.status != CertificateStatus::Unknown {
                return Err(X509Error::Rule {
                    rule: rules::OCSP_STATUS.name,
                    source: "RFC 6960 3.2",
                    found: format!(
                        "it says {} of certificate {}, which this CA and key did not issue",
                        single.status,
                        single.id.serial_number()
                    ),
                });
            }
        }
        if is_about_it {
            return Ok(());
        }
        broken(
            rules::OCSP_ISSUER,
            "it covers nothing that this CA, with this key, issued",
        )
    }

    /// Section 4.1.2: an unknown critical extension must not be ignored.
    fn verify_critical(&self) -> Result<(), X509Error> {
        const KNOWN: [const_oid::ObjectIdentifier; 2] = [ID_PKIX_OCSP_NONCE, ID_PKIX_OCSP_EXTENDED_REVOKE];
        let mut all = self.data.extensions().iter().chain(self.data.single_extensions());
        match all.find(|found| found.critical && !KNOWN.contains(&found.extn_id)) {
            Some(unknown) => broken(
                rules::OCSP_CRITICAL_EXTENSION,
                format!("{} is not supported", describe_oid(unknown.extn_id)),
            ),
            None => Ok(()),
        }
    }

    /// Section 3.2, items 5 and 6. Without a nextUpdate, "newer revocation information is available all the time" (section 4.2.2.1), and the age of
    /// a file is unknown.
    fn verify_times(&self, now: UnixTime) -> Result<(), X509Error> {
        for single in self.responses() {
            let this_update = single.this_update;
            if this_update > now {
                return broken(
                    rules::OCSP_TIMES,
                    format!("it is from {this_update}, which is in the future"),
                );
            }
            match single.next_update {
                Some(next) if next < now => {
                    return broken(rules::OCSP_NEXT_UPDATE, format!("the next one was due {next}"));
                }
                Some(_) => {}
                None => return broken(rules::OCSP_NEXT_UPDATE, "it has none, so it may be old"),
            }
        }
        Ok(())
    }
}

fn is_named(responder: &ResponderId, certificate: &Certificate) -> bool {
    match responder {
        ResponderId::Name(name) => name.is_like(certificate.subject()),
        ResponderId::Key(hash) => certificate
            .public_key()
            .is_ok_and(|key| key.key_identifier() == *hash),
    }
}
