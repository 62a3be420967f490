//! Checks every rule for a planned certificate before it is signed. The rules read the encoded bytes, not the input of the builder, so they also
//! detect a fault in the builder.

mod cross;
mod extensions;
mod hierarchy;
mod key_usage;
mod subject;
#[cfg(test)]
mod tests;

pub(super) use subject::confirm_quality;
pub use subject::{check_existing_key, check_quality};

use std::sync::Arc;

use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::time::Time;

use super::signed::longest_signature;
use super::tbs::{TbsCertificate, V3};
use super::{
    Certificate, Issuer, Name, Profile, Rule, SerialNumber, Tbs, UnixTime, Validity, VerifiedRequest,
    X509Error, algorithm, extension,
    named::{names_of, written_names_of},
    pem, reread, rules,
};
use crate::output::pem_length;
use crate::signer::{PublicKey, SignatureAlgorithm};

/// A planned certificate that passed every rule. Only this can be signed.
#[derive(Clone, Debug)]
pub struct Checked {
    pub(super) tbs: Tbs,
    /// The CA certificate that it was checked against; `None` if it is its own issuer.
    pub(super) authority: Option<Certificate>,
    content: CertificateContent,
}

impl Checked {
    /// The DER bytes that will be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.tbs.der
    }

    /// The key that will sign it.
    #[must_use]
    pub const fn issuer_key(&self) -> &PublicKey {
        &self.tbs.issuer_key
    }

    /// The algorithm of its future signature.
    #[must_use]
    pub const fn signature(&self) -> SignatureAlgorithm {
        self.tbs.signature
    }

    /// The CA certificate that it was checked against; `None` for a self-signed certificate.
    #[must_use]
    pub const fn authority(&self) -> Option<&Certificate> {
        self.authority.as_ref()
    }

    /// The profile that it was checked against.
    #[must_use]
    pub const fn profile(&self) -> &Arc<Profile> {
        &self.tbs.profile
    }

    /// The request that it answers, if any.
    #[must_use]
    pub fn request(&self) -> Option<&VerifiedRequest> {
        self.tbs.request.as_deref()
    }

    /// The certificate that it repeats, for a cross-certificate.
    #[must_use]
    pub fn original(&self) -> Option<&Certificate> {
        self.tbs.original.as_deref()
    }

    /// The content of the bytes.
    #[must_use]
    pub const fn content(&self) -> &CertificateContent {
        &self.content
    }

    /// A certificate that was not checked against any rule.
    #[cfg(test)]
    pub(super) fn unchecked(tbs: Tbs) -> Self {
        let content = CertificateContent::of(&TbsCertificate::from_der(&tbs.der).unwrap()).unwrap();
        Self {
            tbs,
            authority: None,
            content,
        }
    }
}

impl CertificateContent {
    fn of(tbs: &TbsCertificate) -> Result<Self, X509Error> {
        let subject = Name::from_any(&tbs.subject, "TBSCertificate")?;
        let extensions = tbs.extensions.as_deref().unwrap_or_default();
        let constraints = extension::find_basic_constraints(extensions)?;
        Ok(Self {
            serial: SerialNumber::from_int(&tbs.serial_number),
            names: names_of(&subject, extensions)?,
            written_names: written_names_of(&subject, extensions)?,
            is_authority: constraints.is_some_and(|constraints| constraints.ca),
            issuer: Name::from_any(&tbs.issuer, "TBSCertificate")?,
            subject,
            key: PublicKey::from_info(&tbs.subject_public_key_info)?,
            key_identifier: extension::find_subject_key_identifier(extensions)?,
            validity: Validity {
                not_before: UnixTime::from_time(&tbs.validity.not_before),
                not_after: UnixTime::from_time(&tbs.validity.not_after),
            },
        })
    }
}

/// The content of a certificate that is about to be signed, read from its bytes.
#[derive(Clone, Debug)]
pub struct CertificateContent {
    /// `serialNumber`
    pub serial: SerialNumber,
    /// `issuer`
    pub issuer: Name,
    /// `subject`
    pub subject: Name,
    /// The subject's key.
    pub key: PublicKey,
    /// `subjectKeyIdentifier`
    pub key_identifier: Option<Vec<u8>>,
    /// `validity`
    pub validity: Validity,
    /// The names that it is for, as [`Certificate::names`](super::Certificate::names) returns them.
    pub names: Vec<u8>,
    /// The same with hosts as they are written, as earlier versions of this library hashed them.
    pub written_names: Vec<u8>,
    /// Whether it is a CA certificate.
    pub is_authority: bool,
}

impl Tbs {
    /// Checks the plan against its profile, its issuer and RFC 5280.
    ///
    /// # Errors
    /// [`X509Error`]: the first broken rule.
    pub fn check(self, issuer: Issuer<'_>, now: UnixTime) -> Result<Checked, X509Error> {
        let tbs = TbsCertificate::from_der(&self.der).map_err(X509Error::malformed("TBSCertificate"))?;
        let plan = Plan {
            tbs: &tbs,
            of: &self,
            issuer,
            now,
        };
        plan.check_profile()?;
        plan.check_version()?;
        plan.check_object_identifiers()?;
        plan.check_unique_identifiers()?;
        plan.check_serial()?;
        plan.check_signature_algorithm()?;
        plan.check_issuer()?;
        plan.check_validity()?;
        plan.check_subject()?;
        plan.check_key()?;
        plan.check_extension_list()?;
        plan.check_key_usage()?;
        plan.check_extension_values()?;
        plan.check_identifiers()?;
        plan.check_extension_forms()?;
        if let Issuer::Authority(authority) = issuer {
            plan.check_hierarchy(authority)?;
        }
        if let Some(original) = &self.original {
            plan.check_cross(original)?;
        }
        plan.check_length()?;
        // The second decoder reads the bytes too, before they are signed.
        if let Err(found) = reread::read_tbs(&self.der) {
            return broken(rules::SECOND_DECODER, found);
        }
        let authority = match issuer {
            Issuer::Itself => None,
            Issuer::Authority(authority) => Some(authority.clone()),
        };
        let content = CertificateContent::of(&tbs)?;
        Ok(Checked {
            tbs: self,
            authority,
            content,
        })
    }
}

struct Plan<'a> {
    tbs: &'a TbsCertificate,
    of: &'a Tbs,
    issuer: Issuer<'a>,
    now: UnixTime,
}

fn broken<T>(rule: &Rule, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::broken(rule, found))
}

impl Plan<'_> {
    /// Refuses a profile for a self-signed CA if the certificate answers a request.
    fn check_profile(&self) -> Result<(), X509Error> {
        if self.of.profile.is_self_signed() == matches!(self.issuer, Issuer::Itself) {
            return Ok(());
        }
        broken(
            rules::PROFILE,
            format!("{} is not for this issuer", self.of.profile.name),
        )
    }

    /// RFC 5280 section 4.1.2.1
    fn check_version(&self) -> Result<(), X509Error> {
        match self.tbs.version {
            V3 => Ok(()),
            other => broken(rules::VERSION, format!("version number {other}")),
        }
    }

    /// RFC 5280 section 4.1.2.8: "MUST NOT generate certificates with unique identifiers".
    fn check_unique_identifiers(&self) -> Result<(), X509Error> {
        if self.tbs.issuer_unique_id.is_some() || self.tbs.subject_unique_id.is_some() {
            return broken(rules::UNIQUE_IDENTIFIERS, "it has one");
        }
        Ok(())
    }

    /// RFC 5280 section 4.1.2.2: positive, at most 20 octets; the CA/B Forum requires 64 random bits.
    fn check_serial(&self) -> Result<(), X509Error> {
        let octets = self.tbs.serial_number.as_bytes();
        match octets.first() {
            Some(first) if first & 0x80 == 0 && (8..=20).contains(&octets.len()) => Ok(()),
            _ => broken(
                rules::SERIAL_NUMBER,
                format!("{} octets, or negative", octets.len()),
            ),
        }
    }

    /// RFC 5280 section 4.1.2.3; hash and key as in FIPS 186-5 section 6.1.1.
    fn check_signature_algorithm(&self) -> Result<(), X509Error> {
        let found = algorithm::recognise(&self.tbs.signature, "planned certificate")?;
        let key = self.of.issuer_key.algorithm();
        if found != self.of.signature || !key.makes(found) {
            return broken(rules::SIGNATURE_ALGORITHM, format!("{found} with an {key} key"));
        }
        Ok(())
    }

    /// RFC 5280 sections 4.1.2.4 and 6.1.3 (a)(4)
    fn check_issuer(&self) -> Result<(), X509Error> {
        let issuer = Name::from_any(&self.tbs.issuer, "issuer")?;
        if let Err(found) = issuer.check_readable() {
            return broken(rules::ISSUER, found);
        }
        if issuer.is_empty() {
            return broken(rules::ISSUER, "the issuer is empty");
        }
        match self.issuer {
            Issuer::Itself => {
                if self.of.issuer_key.der() != self.subject_key()?.der()
                    || self.tbs.issuer != self.tbs.subject
                {
                    return broken(
                        rules::ISSUER,
                        "a self-signed certificate with another's name or key",
                    );
                }
            }
            Issuer::Authority(authority) => {
                authority.check_authority(self.now)?;
                if issuer != *authority.subject() || authority.public_key()? != self.of.issuer_key {
                    return broken(rules::ISSUER, "the name or the key is not the CA certificate's");
                }
            }
        }
        Ok(())
    }

    /// RFC 5280 section 4.1.2.5, inside the issuer's validity.
    fn check_validity(&self) -> Result<(), X509Error> {
        let times = [self.tbs.validity.not_before, self.tbs.validity.not_after];
        let [not_before, not_after] = times.each_ref().map(UnixTime::from_time);
        for time in times {
            let late = time.to_date_time().year() >= 2050;
            if late != matches!(time, Time::GeneralTime(_)) {
                return broken(rules::VALIDITY_ENCODING, "UTCTime ends with the year 2049");
            }
        }
        if not_before > not_after {
            return broken(
                rules::VALIDITY,
                format!("it starts {not_before} and ends {not_after}"),
            );
        }
        if not_after < self.now {
            return broken(
                rules::VALIDITY,
                format!("it ends {not_after}, before it is signed"),
            );
        }
        let validity = Validity {
            not_before,
            not_after,
        };
        let profile = &self.of.profile;
        let longest = profile.longest_days;
        if let Some(longest) = longest.filter(|longest| validity.seconds() > u64::from(*longest) * DAY) {
            let (days, more) = (validity.seconds() / DAY, validity.seconds() % DAY);
            let found = match more {
                0 => format!("{days} days; profile {} allows at most {longest}", profile.name),
                _ => format!(
                    "{days} days and {more} seconds; profile {} allows at most {longest} days",
                    profile.name
                ),
            };
            return broken(rules::VALIDITY_LENGTH, found);
        }
        if let Issuer::Authority(authority) = self.issuer {
            let Validity {
                not_before: earliest,
                not_after: latest,
            } = authority.validity();
            if not_after > latest {
                return Err(X509Error::OutlivesIssuer {
                    not_after,
                    issuer_not_after: latest,
                });
            }
            if not_before < earliest {
                return broken(
                    rules::VALIDITY_NESTING,
                    format!("it starts {not_before}, before its CA: {earliest}"),
                );
            }
        }
        Ok(())
    }

    /// The finished PEM file must not exceed the recipient's limit, even with the longest possible signature of the key.
    fn check_length(&self) -> Result<(), X509Error> {
        let identifier = self.tbs.signature.to_der();
        let identifier = identifier.map_err(X509Error::malformed("signature algorithm"))?;
        let signature = longest_signature(self.of.issuer_key.algorithm());
        let der = self.of.der.len() + identifier.len() + signature + FRAME_BYTES;
        let length = pem_length(pem::CERTIFICATE, der);
        let profile = &self.of.profile;
        if let Some(longest) = profile.longest_pem.filter(|longest| length > *longest) {
            let found = format!("up to {length} characters of PEM; at most {longest} are accepted");
            return broken(rules::PEM_LENGTH, found);
        }
        let Issuer::Authority(authority) = self.issuer else {
            return Ok(());
        };
        let length = length + pem_length(pem::CERTIFICATE, authority.der().len());
        if let Some(longest) = profile.longest_chain.filter(|longest| length > *longest) {
            let found = format!("up to {length} bytes of PEM with its CA's; at most {longest} are accepted");
            return broken(rules::CHAIN_LENGTH, found);
        }
        Ok(())
    }

    fn extensions(&self) -> &[Extension] {
        self.tbs.extensions.as_deref().unwrap_or_default()
    }

    fn subject_key(&self) -> Result<PublicKey, X509Error> {
        Ok(PublicKey::from_info(&self.tbs.subject_public_key_info)?)
    }
}

const DAY: u64 = 24 * 60 * 60;

/// Tags and lengths around the certificate and its signature: at most 4 + 5.
const FRAME_BYTES: usize = 9;
