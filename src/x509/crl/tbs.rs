//! `TBSCertList` (RFC 5280 section 5.1.2), built around a stream of revocations.

use super::buffer::{DerBuffer, HEADER_BYTES};
use super::entry::{Entries, LONGEST_ENTRY};
use super::extension;
use super::fields::{Fields, V2};
use super::{CrlContent, CrlKind, CrlScope, Revocation, WHAT};
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::reopen::refuse_other_bytes;
use crate::x509::{Certificate, UnixTime, X509Error, algorithm, rules};

/// A planned list, not checked yet.
#[derive(Clone)]
pub struct CrlTbs {
    pub(super) buffer: DerBuffer,
    pub(super) plan: CrlContent,
    pub(super) issuer_key: PublicKey,
    pub(super) signature: SignatureAlgorithm,
}

impl CrlTbs {
    /// Writes the entries, one by one as they arrive, and the fields around them. The issuer is the CA certificate's subject, byte for byte.
    ///
    /// The entries come in ascending order of their serial numbers, shorter before longer: a repeated serial number is then found without
    /// remembering any, and the same revocations give the same bytes, whatever their source.
    ///
    /// # Errors
    /// The stream's own error; [`X509Error`] if a field cannot be encoded or the CA certificate's key cannot be used.
    pub fn build<E: From<X509Error>>(
        plan: CrlContent,
        authority: &Certificate,
        signature: SignatureAlgorithm,
        revocations: impl IntoIterator<Item = Result<Revocation, E>>,
    ) -> Result<Self, E> {
        let malformed = X509Error::malformed(WHAT);
        let issuer_key = authority.public_key()?;
        // RFC 5280 section 5.2.1: as in certificates, the issuer's subjectKeyIdentifier.
        let identifier = authority
            .subject_key_identifier()?
            .unwrap_or_else(|| issuer_key.key_identifier());
        let fields = Fields {
            version: V2,
            signature: algorithm::identifier(signature)?,
            issuer: authority.subject().to_any()?,
            this_update: plan.this_update.to_time()?,
            next_update: Some(plan.next_update.to_time()?),
            entries: None,
            extensions: Some(extension::build(&plan, &identifier)?),
        };
        let front = fields.encode_front().map_err(&malformed)?;
        // Before the entries: their own header, the fields, the header of the TBSCertList, and that of the CertificateList.
        let revocations = revocations.into_iter();
        let mut buffer = DerBuffer::with_room(front.len() + 3 * HEADER_BYTES);
        buffer.expect(revocations.size_hint().0.saturating_mul(LONGEST_ENTRY));
        let mut entry = Vec::new();
        for revocation in revocations {
            entry.clear();
            revocation?.append_to(&mut entry)?;
            buffer.append_bytes(&entry);
        }
        // 5.1.2.6: without revoked certificates, the list MUST be absent.
        if !buffer.as_bytes().is_empty() {
            buffer.wrap().map_err(&malformed)?;
        }
        buffer.prepend(&front).map_err(&malformed)?;
        buffer.append(&fields.back()).map_err(&malformed)?;
        buffer.wrap().map_err(&malformed)?;
        Ok(Self {
            buffer,
            plan,
            issuer_key,
            signature,
        })
    }

    /// Reads a planned list back from its bytes: takes the content from its fields, and builds it again from its own entries. Its rules are not
    /// checked yet: [`check`](Self::check) does that, as for a new one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; the rule `planned-bytes` if content and entries make other bytes.
    pub fn reopen(der: &[u8], authority: &Certificate) -> Result<Self, X509Error> {
        let fields = Fields::read(der)?;
        let missing = |what| X509Error::broken(rules::PLANNED_BYTES, format!("the list has no {what}"));
        let extensions = fields.extensions();
        let number = extension::find_number(extensions)?.ok_or_else(|| missing("cRLNumber"))?;
        let next_update = fields.next_update.as_ref().ok_or_else(|| missing("nextUpdate"))?;
        let distribution = extension::find_distribution(extensions)?;
        let kind = match extension::find_base(extensions)? {
            Some(base) => CrlKind::Delta { base },
            None => CrlKind::Full {
                freshest: extension::find_freshest_url(extensions)?,
            },
        };
        let content = CrlContent {
            number,
            this_update: UnixTime::from_time(&fields.this_update),
            next_update: UnixTime::from_time(next_update),
            scope: match &distribution {
                Some(point) if point.only_contains_user_certs => CrlScope::UserCertificates,
                Some(point) if point.only_contains_ca_certs => CrlScope::AuthorityCertificates,
                _ => CrlScope::All,
            },
            distribution_point: distribution
                .as_ref()
                .and_then(|point| point.distribution_point.as_ref())
                .and_then(extension::url_of),
            kind,
        };
        let signature = algorithm::recognise(&fields.signature, WHAT)?;
        let entries = fields.entries.clone().unwrap_or(0..0);
        let entries = Entries::of(der.get(entries).unwrap_or_default());
        let entries = entries.map(|entry| entry.map(|entry| entry.to_revocation()));
        let again = Self::build(content, authority, signature, entries)?;
        refuse_other_bytes(der, again.der())?;
        Ok(again)
    }

    /// The DER bytes that would be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.buffer.as_bytes()
    }
}
