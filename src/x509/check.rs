//! Every rule a planned certificate must keep before it is signed. The rules read the encoded bytes, not what they
//! were built from, so that a fault in the building shows too.

#[cfg(test)]
mod tests;

use der::{Decode, Encode};
use x509_cert::time::Time;

use super::signed::longest_signature;
use super::tbs::{TbsCertificate, V3};
use super::{
    Issuer, Name, ProfileExtension, Tbs, UnixTime, Validity, X509Error, algorithm, extension, pem, reread,
};
use crate::output::encode_pem;
use crate::signer::PublicKey;

const RFC5280: &str = "RFC 5280";

/// A planned certificate that passed every rule: the only thing that can be signed.
#[derive(Clone, Debug)]
pub struct Checked(pub(super) Tbs);

impl Checked {
    /// The DER bytes that will be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }
}

impl Tbs {
    /// Holds the plan against its profile, its issuer and RFC 5280.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
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
        plan.check_serial()?;
        plan.check_signature_algorithm()?;
        plan.check_issuer()?;
        plan.check_validity()?;
        plan.check_subject()?;
        plan.check_extension_list()?;
        plan.check_identifiers()?;
        plan.check_purposes()?;
        plan.check_length()?;
        // A second opinion on the bytes, before a signature is spent on them.
        if let Err(found) = reread::read_tbs(&self.der) {
            return broken("second-decoder", "X.690", found);
        }
        Ok(Checked(self))
    }
}

struct Plan<'a> {
    tbs: &'a TbsCertificate,
    of: &'a Tbs,
    issuer: Issuer<'a>,
    now: UnixTime,
}

fn broken<T>(rule: &'static str, source: &'static str, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::Rule {
        rule,
        source,
        found: found.into(),
    })
}

impl Plan<'_> {
    /// A profile for a CA of its own is none for a stranger's request.
    fn check_profile(&self) -> Result<(), X509Error> {
        if self.of.profile.self_signed == matches!(self.issuer, Issuer::Itself) {
            return Ok(());
        }
        broken(
            "profile",
            "hsm-ca",
            format!("{} is not for this issuer", self.of.profile.name),
        )
    }

    /// RFC 5280 section 4.1.2.1
    fn check_version(&self) -> Result<(), X509Error> {
        match self.tbs.version {
            V3 => Ok(()),
            other => broken("version", "RFC 5280 4.1.2.1", format!("version number {other}")),
        }
    }

    /// RFC 5280 section 4.1.2.2: positive, at most 20 octets; 64 bits of chance is the CA/B Forum's.
    fn check_serial(&self) -> Result<(), X509Error> {
        let octets = self.tbs.serial_number.as_bytes();
        match octets.first() {
            Some(first) if first & 0x80 == 0 && (8..=20).contains(&octets.len()) => Ok(()),
            _ => broken(
                "serial-number",
                "RFC 5280 4.1.2.2",
                format!("{} octets, or negative", octets.len()),
            ),
        }
    }

    /// RFC 5280 section 4.1.2.3; hash and key as in FIPS 186-5 section 6.1.1.
    fn check_signature_algorithm(&self) -> Result<(), X509Error> {
        let found = algorithm::recognise(&self.tbs.signature, "planned certificate")?;
        let key = self.of.issuer_key.algorithm();
        if found != self.of.signature || !key.makes(found) {
            return broken(
                "signature-algorithm",
                "FIPS 186-5 6.1.1",
                format!("{found} with an {key} key"),
            );
        }
        Ok(())
    }

    /// RFC 5280 sections 4.1.2.4 and 6.1.3 (a)(4)
    fn check_issuer(&self) -> Result<(), X509Error> {
        let issuer = Name::from_any(&self.tbs.issuer, "issuer")?;
        if let Err(found) = issuer.check_readable() {
            return broken("issuer", "RFC 5280 4.1.2.4", found);
        }
        if issuer.is_empty() {
            return broken("issuer", "RFC 5280 4.1.2.4", "the issuer is empty");
        }
        match self.issuer {
            Issuer::Itself => {
                if self.of.issuer_key.der() != self.subject_key()?.der()
                    || self.tbs.issuer != self.tbs.subject
                {
                    return broken(
                        "issuer",
                        RFC5280,
                        "a self-signed certificate with another's name or key",
                    );
                }
            }
            Issuer::Authority(authority) => {
                authority.check_authority(self.now)?;
                if issuer != *authority.subject() || authority.public_key()? != self.of.issuer_key {
                    return broken(
                        "issuer",
                        "RFC 5280 6.1.3",
                        "name or key are not the CA certificate's",
                    );
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
                return broken(
                    "validity-encoding",
                    "RFC 5280 4.1.2.5",
                    "UTCTime is for years up to 2049 only",
                );
            }
        }
        if not_before >= not_after {
            return broken(
                "validity",
                "RFC 5280 4.1.2.5",
                format!("it starts {not_before} and ends {not_after}"),
            );
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
                    "validity-nesting",
                    RFC5280,
                    format!("it starts {not_before}, its CA {earliest}"),
                );
            }
        }
        Ok(())
    }

    /// RFC 5280 section 4.1.2.6: a CA has a name of its own; a certificate under it has another's.
    fn check_subject(&self) -> Result<(), X509Error> {
        let subject = Name::from_any(&self.tbs.subject, "subject")?;
        let key = self.subject_key()?;
        if let Err(found) = subject.check_readable() {
            return broken("subject", "RFC 5280 4.1.2.6", found);
        }
        if subject.is_empty() {
            return broken("subject", "RFC 5280 4.1.2.6", "the subject is empty");
        }
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        for algorithm in [key.algorithm(), self.of.issuer_key.algorithm()] {
            if !self.of.profile.takes(algorithm) {
                let found = format!("{} certificates take no {algorithm} key", self.of.profile.name);
                return broken("key-kind", "profile", found);
            }
        }
        if matches!(self.issuer, Issuer::Authority(_)) {
            if key == self.of.issuer_key {
                return broken("subject-key", RFC5280, "the request carries the CA's own key");
            }
            if subject.is_like(&Name::from_any(&self.tbs.issuer, "issuer")?) {
                return broken("subject", RFC5280, "the request carries the CA's own name");
            }
        }
        Ok(())
    }

    /// Exactly the profile's extensions, each once, each critical or not as RFC 5280 section 4.2.1 says.
    fn check_extension_list(&self) -> Result<(), X509Error> {
        let extensions = self.tbs.extensions.as_deref().unwrap_or_default();
        let found = extensions
            .iter()
            .map(|extension| (extension.extn_id, extension.critical));
        if found.eq(self.of.profile.extensions.iter().map(extension::shape)) {
            return Ok(());
        }
        broken(
            "extensions",
            "RFC 5280 4.2",
            format!("not those of the profile {}", self.of.profile.name),
        )
    }

    /// The key identifiers are the key's and the issuer's certificate's.
    fn check_identifiers(&self) -> Result<(), X509Error> {
        let extensions = self.tbs.extensions.as_deref().unwrap_or_default();
        let identifier = extension::find_subject_key_identifier(extensions)?;
        if identifier.is_some_and(|found| {
            found
                != self
                    .subject_key()
                    .map(|key| key.key_identifier())
                    .unwrap_or_default()
        }) {
            return broken(
                "subject-key-identifier",
                "RFC 5280 4.2.1.2",
                "it is not the key's",
            );
        }
        if let (Some(found), Issuer::Authority(authority)) =
            (extension::find_authority_key_identifier(extensions)?, self.issuer)
        {
            let wanted = authority
                .subject_key_identifier()?
                .unwrap_or_else(|| self.of.issuer_key.key_identifier());
            if found != wanted {
                return broken(
                    "authority-key-identifier",
                    "RFC 5280 4.2.1.1",
                    "it is not the CA certificate's",
                );
            }
        }
        Ok(())
    }

    /// What the certificate may be used for is what the profile says, no more and no less; and a CA certificate can sign others.
    fn check_purposes(&self) -> Result<(), X509Error> {
        let extensions = self.tbs.extensions.as_deref().unwrap_or_default();
        let is_authority =
            extension::find_basic_constraints(extensions)?.is_some_and(|constraints| constraints.ca);
        let usage = extension::find_key_usage(extensions)?;
        if is_authority && !usage.is_some_and(|usage| usage.key_cert_sign()) {
            return broken(
                "key-usage",
                "RFC 5280 4.2.1.3",
                "a CA certificate without keyCertSign",
            );
        }
        for wanted in self.of.profile.extensions {
            let (same, rule, source) = match wanted {
                ProfileExtension::BasicConstraints { ca } => {
                    (is_authority == *ca, "basic-constraints", "RFC 5280 4.2.1.9")
                }
                ProfileExtension::KeyUsage(usages) => (
                    usage == Some(extension::usage_bits(usages)),
                    "key-usage",
                    "RFC 5280 4.2.1.3",
                ),
                ProfileExtension::ExtendedKeyUsage(purposes) => (
                    extension::find_purposes(extensions)? == Some(extension::purpose_identifiers(purposes)),
                    "extended-key-usage",
                    "RFC 5280 4.2.1.12",
                ),
                ProfileExtension::SubjectKeyIdentifier | ProfileExtension::AuthorityKeyIdentifier => continue,
            };
            if !same {
                let found = format!("not what the profile {} says", self.of.profile.name);
                return broken(rule, source, found);
            }
        }
        Ok(())
    }

    /// The finished PEM file, with the longest signature the key can make, fits where it goes.
    fn check_length(&self) -> Result<(), X509Error> {
        let identifier = self.tbs.signature.to_der();
        let identifier = identifier.map_err(X509Error::malformed("signature algorithm"))?;
        let signature = longest_signature(self.of.issuer_key.algorithm());
        let der = vec![0; self.of.der.len() + identifier.len() + signature + FRAME_BYTES];
        let length = encode_pem(pem::CERTIFICATE, &der).len();
        let profile = &self.of.profile;
        if let Some(longest) = profile.longest_pem.filter(|longest| length > *longest) {
            let found = format!("up to {length} characters of PEM where {longest} are taken");
            return broken("pem-length", "CloudHSM InitializeCluster", found);
        }
        let Issuer::Authority(authority) = self.issuer else {
            return Ok(());
        };
        let length = length + encode_pem(pem::CERTIFICATE, authority.der()).len();
        if let Some(longest) = profile.longest_chain.filter(|longest| length > *longest) {
            let found = format!("up to {length} bytes of PEM with its CA's where {longest} are taken");
            return broken("chain-length", "CloudHSM mutual TLS", found);
        }
        Ok(())
    }

    fn subject_key(&self) -> Result<PublicKey, X509Error> {
        Ok(PublicKey::from_info(&self.tbs.subject_public_key_info)?)
    }
}

/// Tags and lengths around the certificate and around its signature: 4 + 5 at most.
const FRAME_BYTES: usize = 9;
