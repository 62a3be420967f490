//! The revocations and the CRLs of a ceremony.

use super::{Authority, Made, ObjectBuilder, time, value};
use crate::ceremony::{Crl, Revoke, Session, Step};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;
use crate::x509::{
    CertificateRevocationList, CheckedCrl, CrlContent, CrlKind, CrlNumber, CrlReason, CrlScope, CrlTbs,
    Period, Revocation, Revocations, X509Error,
};

impl ObjectBuilder<'_> {
    pub(super) fn revoke(
        &self,
        step: &Step,
        revoke: &Revoke,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let authority = self.authority(&revoke.issuer, session, made)?;
        let certificate = self.certificate(&revoke.certificate, made)?;
        if certificate.issuer() != authority.certificate.subject() {
            let reason = format!(
                "\"{}\" issued it, not \"{}\"",
                certificate.issuer(),
                authority.certificate.subject()
            );
            return Err(value(&step.id, "certificate", reason).into());
        }
        if authority.is_input {
            certificate.verify_signature(&authority.key)?;
        }
        let reason: CrlReason =
            (revoke.reason.parse()).map_err(|error| value(&step.id, "reason", format!("{error}")))?;
        if reason == CrlReason::RemoveFromCrl {
            let reason = "only a delta CRL has this reason, and a ceremony makes complete ones".to_owned();
            return Err(value(&step.id, "reason", reason).into());
        }
        let invalid_since = revoke
            .invalid_since
            .as_ref()
            .map(|text| time(step, "invalid-since", text))
            .transpose()?;
        if invalid_since.is_some_and(|since| since > session.begins) {
            return Err(value(
                &step.id,
                "invalid-since",
                "it is after the session begins".to_owned(),
            )
            .into());
        }
        let revocation = Revocation {
            serial: certificate.serial_number(),
            revoked_at: session.begins,
            reason,
            invalid_since,
        };
        let revocations = made.revocations.entry(revoke.issuer.clone()).or_default();
        if revocations.iter().any(|other| other.serial == revocation.serial) {
            return Err(value(&step.id, "certificate", "an earlier step revokes it".to_owned()).into());
        }
        revocations.push(revocation);
        Ok(())
    }

    pub(super) fn crl(
        &self,
        step: &Step,
        crl: &Crl,
        session: &Session,
        made: &mut Made,
    ) -> Result<CheckedCrl, WorkflowError> {
        let authority = self.authority(&crl.issuer, session, made)?;
        let number = number(step, crl.number)?;
        let mut revocations: Vec<_> = made.revocations.get(&crl.issuer).cloned().unwrap_or_default();
        if let Some(previous) = crl.previous.as_ref().filter(|name| self.inputs.has(name)) {
            let previous = self.inputs.crl(previous)?;
            continue_crl(step, &previous, &authority, number, &mut revocations)?;
        }
        let mut sorted = Revocations::default();
        let twice = |error| {
            value(
                &step.id,
                "previous",
                format!("its entries cannot be repeated: {error}"),
            )
        };
        for revocation in &revocations {
            sorted.push(revocation).map_err(twice)?;
        }
        let sorted = sorted.sorted().map_err(twice)?;
        let signature = self.signature(step, crl.hash.as_deref(), &authority.key)?;
        let next_update = Period::Days(crl.days).after(session.begins)?;
        let content = CrlContent {
            number,
            this_update: session.begins,
            next_update,
            scope: CrlScope::All,
            distribution_point: None,
            kind: CrlKind::Full { freshest: None },
        };
        let issuer = &authority.certificate;
        let entries = sorted.iter().map(Ok::<_, X509Error>);
        let checked =
            CrlTbs::build(content, issuer, signature, entries)?.check(issuer, None, session.begins)?;
        // Every entry of a CRL stays on the next one.
        made.revocations.insert(crl.issuer.clone(), revocations);
        Ok(checked)
    }
}

/// Checks the new CRL against the previous one: the same CA, a higher number, and all earlier entries.
fn continue_crl(
    step: &Step,
    previous: &CertificateRevocationList,
    authority: &Authority,
    number: CrlNumber,
    revocations: &mut Vec<Revocation>,
) -> Result<(), WorkflowError> {
    previous.verify_undated(&authority.certificate)?;
    match previous.number()? {
        Some(before) if number <= before => {
            let reason = format!("{number} is not above the number of the CRL before it, {before}");
            return Err(value(&step.id, "number", reason).into());
        }
        Some(_) => {}
        None => return Err(value(&step.id, "previous", "it has no cRLNumber".to_owned()).into()),
    }
    for entry in previous.entries() {
        let entry = entry.to_revocation();
        if revocations.iter().any(|new| new.serial == entry.serial) {
            let reason = format!("certificate {} is revoked on it already", entry.serial);
            return Err(value(&step.id, "previous", reason).into());
        }
        revocations.push(entry);
    }
    Ok(())
}

fn number(step: &Step, number: u64) -> Result<CrlNumber, CeremonyError> {
    let octets = number.to_be_bytes();
    CrlNumber::from_octets(&octets)
        .ok_or_else(|| value(&step.id, "number", "it is not a CRL number".to_owned()))
}
