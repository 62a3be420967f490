//! CRLs that are valid for longer than the Baseline Requirements allow.

use crate::ceremony::{CeremonyFile, StepAction};
use crate::workflow::WorkflowError;
use crate::x509::Period;

/// Seconds.
const DAY: u64 = 24 * 60 * 60;

/// A step whose CRL would have its nextUpdate more than twelve months after its thisUpdate: CA/B Baseline Requirements, sections 4.9.7 and 7.2, for
/// CRLs of CA certificates. RFC 5280 has no limit, so this is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongCrl {
    /// The step.
    pub step: String,
    /// The days from thisUpdate to nextUpdate.
    pub days: u32,
    /// The most days that are twelve months or less in every session.
    pub most: u32,
}

/// Lists these steps.
///
/// # Errors
/// [`WorkflowError`]: a session is outside the calendar of X.509.
pub fn long_crls(file: &CeremonyFile) -> Result<Vec<LongCrl>, WorkflowError> {
    let mut most = u32::MAX;
    for session in &file.sessions {
        let year = Period::Years(1).after(session.begins)?.0 - session.begins.0;
        most = most.min(u32::try_from(year / DAY).unwrap_or(u32::MAX));
    }
    let steps = file.steps.iter().filter_map(|step| match &step.action {
        StepAction::Crl(crl) if crl.days > most => Some(LongCrl {
            step: step.id.clone(),
            days: crl.days,
            most,
        }),
        _ => None,
    });
    Ok(steps.collect())
}
