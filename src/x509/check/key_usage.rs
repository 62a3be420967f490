//! Checks `keyUsage` against the key: a certificate must not claim a use that its key does not support.

use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::{Plan, broken};
use crate::signer::KeyAlgorithm;
use crate::x509::{ProfileExtension, Rule, X509Error, extension, rules};

const RULE: &Rule = rules::KEY_USAGE_FITS;

impl Plan<'_> {
    pub(super) fn check_key_usage(&self) -> Result<(), X509Error> {
        // A CA certificate must be able to sign others, whatever its profile says.
        let constraints = extension::find_basic_constraints(self.extensions())?;
        let usage = extension::find_key_usage(self.extensions())?;
        let is_authority = constraints.is_some_and(|constraints| constraints.ca);
        if is_authority && !usage.is_some_and(|usage| usage.key_cert_sign()) {
            return broken(rules::KEY_USAGE, "a CA certificate without keyCertSign");
        }
        match usage {
            Some(usage) => self.check_fit(usage),
            None => Ok(()),
        }
    }

    /// RFC 5280 section 4.2.1.3 leaves this to the specification of each algorithm, and requires at least one bit.
    fn check_fit(&self, usage: KeyUsage) -> Result<(), X509Error> {
        let key = self.subject_key()?.algorithm();
        let (unfit, source) = unfit(key);
        let refuse = |found: String| {
            Err(X509Error::Rule {
                rule: RULE.name,
                source,
                found,
            })
        };
        if let Some((_, name)) = unfit.iter().find(|(bit, _)| usage.0.contains(*bit)) {
            return refuse(format!("{name} is not for an {key} key"));
        }
        if !usage.0.is_empty() {
            return Ok(());
        }
        let mut wanted = self.of.profile.extensions.iter();
        match wanted.any(|wanted| matches!(wanted, ProfileExtension::KeyUsage(usages) if !usages.is_empty()))
        {
            true => refuse(format!(
                "no key-usage of profile {} suits an {key} key: add digitalSignature, or remove such keys from its keys",
                self.of.profile.name
            )),
            false => broken(rules::KEY_USAGE, "it has no bit set"),
        }
    }
}

type Bit = (KeyUsages, &'static str);

const ENCIPHERMENT: [Bit; 2] = [
    (KeyUsages::KeyEncipherment, "keyEncipherment"),
    (KeyUsages::DataEncipherment, "dataEncipherment"),
];
const AGREEMENT: [Bit; 3] = [
    (KeyUsages::KeyAgreement, "keyAgreement"),
    (KeyUsages::EncipherOnly, "encipherOnly"),
    (KeyUsages::DecipherOnly, "decipherOnly"),
];
const ALL_BUT_SIGNATURES: [Bit; 5] = [
    ENCIPHERMENT[0],
    ENCIPHERMENT[1],
    AGREEMENT[0],
    AGREEMENT[1],
    AGREEMENT[2],
];

/// The bits that keyUsage must not have for such a key, and the clause.
const fn unfit(key: KeyAlgorithm) -> (&'static [Bit], &'static str) {
    match key {
        KeyAlgorithm::Rsa { .. } => (&AGREEMENT, "RFC 3279 2.3.1"),
        KeyAlgorithm::RsaPss { .. } => (&ALL_BUT_SIGNATURES, "RFC 4055 1.2"),
        // RFC 8813 updates RFC 5480 section 3, which does not mention these two bits.
        KeyAlgorithm::Ec(_) => (&ENCIPHERMENT, "RFC 8813 3"),
        // RFC 9295 updates RFC 8410 section 5, which lists the required bits but not the forbidden ones.
        KeyAlgorithm::Ed25519 => (&ALL_BUT_SIGNATURES, "RFC 9295 3"),
        KeyAlgorithm::MlDsa(_) => (&ALL_BUT_SIGNATURES, "RFC 9881 5"),
    }
}
