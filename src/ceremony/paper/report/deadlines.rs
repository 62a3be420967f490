//! What is due after the ceremony, with the clause that demands it.

use super::{ReportContent, ReportedObject};
use crate::ceremony::{StepAction, TrailSignature};
use crate::values::UnixTime;

/// CCADB Policy section 3.2: the deadline in days for disclosing intermediate certificates.
const DISCLOSURE_DAYS: u32 = 7;

/// CA/B Baseline Requirements section 4.9.7, in days: "Within twenty-four (24) hours of issuing its first Certificate, the CA MUST generate and publish"
/// a CRL, and "MUST update and publish a new CRL within twenty-four (24) hours after recording a Certificate as revoked".
const CRL_DAYS: u32 = 1;

/// The rule that a plan waives to renew a CA under its own key. Such a CA has issued before.
const RENEWAL: &str = "second-certificate";

/// The rows of the table: by when, what, and why.
pub(super) fn deadlines(content: &ReportContent<'_>) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    for made in &content.made {
        let time = signature_of(content, made).map(|signature| signature.time);
        if let (true, Some(time)) = (made.is_subordinate, time) {
            rows.push([
                time.plus_days(DISCLOSURE_DAYS).to_string(),
                format!("disclose {} in the CCADB", made.out),
                "CCADB Policy 3.2: within 7 days".to_owned(),
            ]);
        }
        if let Some(next) = made.next_update {
            rows.push([
                next.to_string(),
                format!("publish the CRL after {}", made.out),
                "its nextUpdate".to_owned(),
            ]);
        }
        rows.extend(first_list(content, made));
    }
    for unlisted in content.unlisted {
        let by = unlisted
            .decided_at
            .map(|time| time.plus_days(CRL_DAYS).to_string());
        rows.push([
            by.unwrap_or_default(),
            format!(
                "issue another CRL of {} that lists certificate {}",
                unlisted.issuer, unlisted.serial
            ),
            format!(
                "it was revoked when step {} got its spare serial number, but {}. CA/B BR 4.9.7: within 24 hours",
                unlisted.step,
                unlisted.missing_from()
            ),
        ]);
    }
    rows.sort();
    rows
}

/// The first CRL of the CA that got this certificate, if it is a new CA. A CA of the ceremony has issued its first certificate here. One that sent its
/// request has not.
fn first_list(content: &ReportContent<'_>, made: &ReportedObject) -> Option<[String; 3]> {
    const WHY: &str = "CA/B BR 4.9.7: within 24 hours of its first certificate";
    let subject = made.subject.as_ref()?;
    match content.plan.step(&made.step)?.action {
        StepAction::CreateCa(_) if !content.plan.waives(&made.step, RENEWAL) => {
            let key = &signature_of(content, made)?.key;
            let by_it = |of: &ReportedObject| signature_of(content, of).filter(|signed| signed.key == *key);
            let certificates = content.made.iter().filter(|of| of.subject.is_some());
            let first: UnixTime = certificates.filter_map(by_it).map(|signed| signed.time).min()?;
            let mut lists = content.made.iter().filter(|of| of.subject.is_none());
            let what = match lists.find(|of| by_it(of).is_some()) {
                Some(list) => format!("publish {}, the first CRL of {subject}", list.out),
                None => format!("issue and publish the first CRL of {subject}: this ceremony made none"),
            };
            Some([first.plus_days(CRL_DAYS).to_string(), what, WHY.to_owned()])
        }
        StepAction::SignCsr(_) if made.is_subordinate => Some([
            "a day after its first certificate".to_owned(),
            format!("issue and publish the first CRL of {subject}, if it is a new CA"),
            WHY.to_owned(),
        ]),
        _ => None,
    }
}

/// The signature that counts, the last one.
fn signature_of<'a>(content: &'a ReportContent<'_>, made: &ReportedObject) -> Option<&'a TrailSignature> {
    let signatures = content.trail.signatures.iter().rev();
    signatures
        .into_iter()
        .find(|signature| signature.step == made.step)
}
