//! The CRL in the file to which a recorded one is delivered.

use std::collections::HashSet;

use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::x509::{CertificateRevocationList, CrlReason, X509Error, rules};

/// Refuses to replace a CRL of the same CA by an earlier one, or a complete one by one of the same scope that lacks a certificate of it: such
/// a certificate would count as valid again. A hold may have ended.
///
/// # Errors
/// The rules `crl-number` and `crl-entries`
pub(super) fn refuse_to_replace(
    own: &CertificateRevocationList,
    key: &PublicKey,
    existing: Vec<u8>,
) -> Result<(), WorkflowError> {
    let Ok(existing) = CertificateRevocationList::read(existing) else {
        return Ok(());
    };
    let is_of_this_ca = existing.issuer().is_like(own.issuer()) && existing.verify_signature(key).is_ok();
    if !is_of_this_ca || existing.der() == own.der() {
        return Ok(());
    }
    if let (Some(there), Some(number)) = (existing.number()?, own.number()?)
        && there >= number
    {
        let found =
            format!("the CRL there has number {there}, and this one has {number}: numbers must increase");
        return Err(X509Error::broken(rules::CRL_NUMBER, found).into());
    }
    let is_complete = existing.base()?.is_none() && own.base()?.is_none();
    let is_of_one_scope = existing.restriction()? == own.restriction()?
        && existing.distribution_point_url()? == own.distribution_point_url()?;
    if !is_complete || !is_of_one_scope {
        return Ok(());
    }
    let listed: HashSet<_> = own.entries().map(|entry| entry.serial).collect();
    let is_lost = |serial, reason| reason != CrlReason::CertificateHold && !listed.contains(serial);
    let lost = existing
        .entries()
        .find(|entry| is_lost(entry.serial, entry.reason));
    match lost.map(|entry| entry.to_revocation().serial) {
        None => Ok(()),
        Some(serial) => {
            let found = format!(
                "the CRL there lists certificates that this one does not list, so they would count as valid again: {serial}"
            );
            Err(X509Error::broken(rules::CRL_ENTRIES, found).into())
        }
    }
}
