//! Checks every rule for a planned list before it is signed. As for certificates, the rules read the encoded bytes.

use x509_cert::time::Time;

use super::entry::Entries;
use super::fields::{Fields, V2};
use super::{CertificateRevocationList, CrlContent, CrlKind, CrlTbs, WHAT, extension, reread};
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::extension as certificate_extension;
use crate::x509::{Certificate, CrlReason, Name, Rule, UnixTime, X509Error, algorithm, rules};

/// A planned list that passed every rule: the only thing that can be signed.
#[derive(Clone)]
pub struct CheckedCrl {
    pub(super) tbs: CrlTbs,
    pub(super) authority: Certificate,
    pub(super) entries: usize,
    pub(super) unusual_serials: usize,
}

impl CheckedCrl {
    /// The DER bytes that will be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.tbs.der()
    }

    /// The plan of it.
    #[must_use]
    pub const fn plan(&self) -> &CrlContent {
        &self.tbs.plan
    }

    /// The CA certificate that it was checked against.
    #[must_use]
    pub const fn authority(&self) -> &Certificate {
        &self.authority
    }

    /// The key that will sign.
    #[must_use]
    pub const fn issuer_key(&self) -> &PublicKey {
        &self.tbs.issuer_key
    }

    /// How it will be signed.
    #[must_use]
    pub const fn signature(&self) -> SignatureAlgorithm {
        self.tbs.signature
    }

    /// How many certificates are on it.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// How many of them have a serial number that RFC 5280 section 4.1.2.2 does not allow: zero, negative, or above 20 octets. A certificate is
    /// revoked under the number that it has.
    #[must_use]
    pub const fn unusual_serials(&self) -> usize {
        self.unusual_serials
    }
}

/// 2049-12-31T23:59:59Z
const LAST_UTC_TIME: UnixTime = UnixTime(2_524_607_999);

fn broken<T>(rule: &Rule, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::broken(rule, found))
}

impl CrlTbs {
    /// Checks the list against its plan, its issuer and RFC 5280; a delta CRL also against its base CRL, which was verified before.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn check(
        self,
        authority: &Certificate,
        base: Option<&CertificateRevocationList>,
        now: UnixTime,
    ) -> Result<CheckedCrl, X509Error> {
        let fields = Fields::read(self.der())?;
        let planned = Planned {
            fields: &fields,
            of: &self,
            authority,
            now,
        };
        planned.check_version()?;
        planned.check_issuer()?;
        planned.check_signature_algorithm()?;
        planned.check_updates()?;
        planned.check_extension_list()?;
        planned.check_numbers()?;
        planned.check_distribution()?;
        planned.check_base(base)?;
        let (entries, unusual_serials) = planned.check_entries()?;
        // A second opinion on the bytes, before a signature is spent on them.
        if let Err(found) = reread::read_tbs(self.der(), &fields) {
            return broken(rules::SECOND_DECODER, found);
        }
        Ok(CheckedCrl {
            authority: authority.clone(),
            tbs: self,
            entries,
            unusual_serials,
        })
    }
}

struct Planned<'a> {
    fields: &'a Fields,
    of: &'a CrlTbs,
    authority: &'a Certificate,
    now: UnixTime,
}

impl Planned<'_> {
    /// RFC 5280 section 5.1.2.1
    fn check_version(&self) -> Result<(), X509Error> {
        match self.fields.version {
            V2 => Ok(()),
            other => broken(rules::CRL_VERSION, format!("version number {other}")),
        }
    }

    /// RFC 5280 sections 5.1.2.3 and 4.2.1.3: the CA itself, if it may sign CRLs.
    fn check_issuer(&self) -> Result<(), X509Error> {
        self.authority.check_authority(self.now)?;
        let issuer = Name::from_any(&self.fields.issuer, "issuer")?;
        if issuer.is_empty() {
            return broken(rules::CRL_ISSUER, "the issuer is empty");
        }
        if issuer != *self.authority.subject() || self.authority.public_key()? != self.of.issuer_key {
            return broken(
                rules::CRL_ISSUER,
                "the name or the key is not the CA certificate's",
            );
        }
        // Without keyUsage, as in a CA certificate by AWS's own recipe, nothing is restricted.
        let usage = certificate_extension::find_key_usage(self.authority.extensions())?;
        if usage.is_some_and(|usage| !usage.crl_sign()) {
            return broken(
                rules::CRL_SIGN,
                "the CA certificate's keyUsage does not include cRLSign",
            );
        }
        Ok(())
    }

    /// RFC 5280 section 5.1.2.2; hash and key as in FIPS 186-5 section 6.1.1.
    fn check_signature_algorithm(&self) -> Result<(), X509Error> {
        let found = algorithm::recognise(&self.fields.signature, WHAT)?;
        let key = self.of.issuer_key.algorithm();
        if found != self.of.signature || !key.makes(found) {
            return broken(rules::SIGNATURE_ALGORITHM, format!("{found} with an {key} key"));
        }
        Ok(())
    }

    /// RFC 5280 sections 5.1.2.4 and 5.1.2.5. A list that outlives its CA could never be replaced.
    fn check_updates(&self) -> Result<(), X509Error> {
        let Some(next_update) = &self.fields.next_update else {
            return broken(rules::NEXT_UPDATE, "the list has none");
        };
        for time in [&self.fields.this_update, next_update] {
            check_time(time)?;
        }
        let [this_update, next_update] = [&self.fields.this_update, next_update].map(UnixTime::from_time);
        if this_update > self.now {
            return broken(rules::THIS_UPDATE, format!("{this_update} is in the future"));
        }
        if next_update <= this_update {
            return broken(
                rules::NEXT_UPDATE,
                format!("it is {next_update}, and thisUpdate is {this_update}"),
            );
        }
        let validity = self.authority.validity();
        if this_update < validity.not_before || next_update > validity.not_after {
            return broken(
                rules::UPDATE_NESTING,
                format!(
                    "from {this_update} to {next_update}, and the CA is valid from {} to {}",
                    validity.not_before, validity.not_after
                ),
            );
        }
        Ok(())
    }

    /// Exactly the plan's extensions, each once, each critical or not as RFC 5280 section 5.2 requires.
    fn check_extension_list(&self) -> Result<(), X509Error> {
        let found = self.fields.extensions().iter();
        if found
            .map(|extension| (extension.extn_id, extension.critical))
            .eq(extension::shape(&self.of.plan))
        {
            return Ok(());
        }
        broken(rules::CRL_EXTENSIONS, "not those of the plan")
    }

    /// RFC 5280 sections 5.2.1, 5.2.3 and 5.2.4
    fn check_numbers(&self) -> Result<(), X509Error> {
        let extensions = self.fields.extensions();
        let key_identifier = certificate_extension::find_authority_key_identifier(extensions)?;
        let wanted = self
            .authority
            .subject_key_identifier()?
            .unwrap_or_else(|| self.of.issuer_key.key_identifier());
        if key_identifier != Some(wanted) {
            return broken(
                rules::CRL_AUTHORITY_KEY_IDENTIFIER,
                "it is not the CA certificate's",
            );
        }
        match extension::find_number(extensions)? {
            Some(number) if number == self.of.plan.number => {}
            _ => {
                return broken(rules::CRL_NUMBER, "not the plan's");
            }
        }
        let base = extension::find_base(extensions)?;
        if base.as_ref() != self.of.plan.base() {
            return broken(rules::DELTA_INDICATOR, "not the plan's base CRL");
        }
        if base.is_some_and(|base| base >= self.of.plan.number) {
            return broken(
                rules::DELTA_INDICATOR,
                "the base CRL's number is not below the delta's",
            );
        }
        Ok(())
    }

    /// RFC 5280 sections 5.2.5 and 5.2.6
    fn check_distribution(&self) -> Result<(), X509Error> {
        let plan = &self.of.plan;
        for url in plan.distribution_point.iter().chain(plan.freshest()) {
            // Section 8: checking the certificate of an https server may need the CRL that is fetched from it.
            let known = ["http://", "ldap://"].iter().any(|scheme| {
                let rest = url.strip_prefix(scheme);
                rest.is_some_and(|rest| !rest.is_empty())
            });
            if !known || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
                return broken(
                    rules::DISTRIBUTION_POINT,
                    format!("\"{url}\" is not an http or ldap URL"),
                );
            }
        }
        let extensions = self.fields.extensions();
        let found = extension::find_distribution(extensions)?;
        let wanted = plan
            .distribution()
            .map(|()| extension::issuing_distribution_point(plan))
            .transpose()?;
        if found != wanted {
            return broken(rules::ISSUING_DISTRIBUTION_POINT, "it is not the plan's");
        }
        let freshest = plan.freshest().map(|url| extension::point_at(url)).transpose()?;
        if extension::find_freshest(extensions)? != freshest.map(|point| vec![point]) {
            return broken(rules::FRESHEST_CRL, "it is not the plan's");
        }
        Ok(())
    }

    /// RFC 5280 section 5.2.4: a delta CRL and its base have the same issuer, key and scope.
    fn check_base(&self, base: Option<&CertificateRevocationList>) -> Result<(), X509Error> {
        const RULE: &Rule = rules::BASE_CRL;
        let (CrlKind::Delta { base: number }, Some(base)) = (&self.of.plan.kind, base) else {
            return match (&self.of.plan.kind, base) {
                (CrlKind::Delta { .. }, None) => broken(RULE, "it is not available"),
                (CrlKind::Full { .. }, Some(_)) => broken(RULE, "a full CRL has none"),
                _ => Ok(()),
            };
        };
        if base.base()?.is_some() {
            return broken(RULE, "it is a delta CRL itself");
        }
        if base.number()?.as_ref() != Some(number) {
            return broken(RULE, "its cRLNumber is not BaseCRLNumber");
        }
        let extensions = self.fields.extensions();
        let same_key = certificate_extension::find_authority_key_identifier(extensions)?
            == certificate_extension::find_authority_key_identifier(base.extensions())?;
        let same_scope =
            extension::find_distribution(extensions)? == extension::find_distribution(base.extensions())?;
        if !base.issuer().is_like(self.authority.subject()) || !same_key {
            return broken(RULE, "it is from a different issuer");
        }
        if !same_scope {
            return broken(RULE, "its issuingDistributionPoint is different");
        }
        if base.this_update() > UnixTime::from_time(&self.fields.this_update) {
            return broken(RULE, "it is newer than its delta CRL");
        }
        Ok(())
    }

    /// RFC 5280 sections 5.1.2.6 and 5.3, in one pass. Counts the entries, and those with an unusual serial number.
    fn check_entries(&self) -> Result<(usize, usize), X509Error> {
        let Some(range) = &self.fields.entries else {
            return Ok((0, 0));
        };
        let (mut count, mut unusual) = (0, 0);
        let mut previous: &[u8] = &[];
        let mut again = Vec::new();
        for entry in Entries::of(&self.of.der()[range.clone()]) {
            let entry = entry?;
            count += 1;
            let serial = entry.serial;
            if (serial.len(), serial) <= (previous.len(), previous) {
                return broken(
                    rules::ENTRY_ORDER,
                    format!("entry {count} is out of order, or repeats the certificate before it"),
                );
            }
            previous = serial;
            unusual += usize::from(serial.len() > 20 || serial == [0] || serial[0] & 0x80 != 0);
            self.check_entry(&entry, count, &mut again)?;
        }
        if count == 0 {
            return broken(rules::REVOKED_CERTIFICATES, "an empty list, which must be absent");
        }
        Ok((count, unusual))
    }

    fn check_entry(
        &self,
        entry: &super::CrlEntry<'_>,
        position: usize,
        again: &mut Vec<u8>,
    ) -> Result<(), X509Error> {
        check_time_type(entry.revoked_at, entry.is_utc_time)?;
        let this_update = UnixTime::from_time(&self.fields.this_update);
        for (rule, time) in [
            (rules::REVOCATION_DATE, Some(entry.revoked_at)),
            (rules::INVALIDITY_DATE, entry.invalid_since),
        ] {
            if let Some(late) = time.filter(|time| *time > this_update) {
                let found = format!("entry {position}: {late} is after thisUpdate");
                return broken(rule, found);
            }
        }
        // Section 5.3.1: "The removeFromCRL (8) reasonCode value may only appear in delta CRLs".
        if entry.reason == CrlReason::RemoveFromCrl && self.of.plan.base().is_none() {
            let found = format!("entry {position}: removeFromCRL in a full CRL");
            return broken(rules::REASON_CODE, found);
        }
        again.clear();
        entry.append_to(again)?;
        if again != entry.der || entry.unprocessed_critical.is_some() {
            return broken(
                rules::ENTRY,
                format!("entry {position} is not encoded as hsm-ca encodes it"),
            );
        }
        Ok(())
    }
}

/// RFC 5280 sections 5.1.2.4 to 5.1.2.6: UTCTime through 2049, GeneralizedTime from 2050.
fn check_time(time: &Time) -> Result<(), X509Error> {
    check_time_type(UnixTime::from_time(time), matches!(time, Time::UtcTime(_)))
}

fn check_time_type(time: UnixTime, is_utc_time: bool) -> Result<(), X509Error> {
    match is_utc_time == (time <= LAST_UTC_TIME) {
        true => Ok(()),
        false => broken(rules::TIME_ENCODING, "UTCTime ends with the year 2049"),
    }
}
