//! The report of a ceremony for those who rely on it: what was made, by whom and when, and the evidence.

mod course;
mod deadlines;
mod drawing;
mod evidence;
mod made;
#[cfg(test)]
mod tests;

use super::blocks;
use super::document::{CeremonyPage, Document, PaperSize};
use super::html::Html;
use crate::ceremony::{
    CeremonyKind, CeremonyPlan, Digest, Finding, PlanError, Trail, TrailEnd, Transcript, UnlistedRevocation,
};
use crate::values::UnixTime;

/// The content of a report, after a verification.
#[derive(Debug)]
pub struct ReportContent<'a> {
    /// The plan.
    pub plan: &'a CeremonyPlan,
    /// Its hash.
    pub hash: Digest,
    /// The transcript.
    pub transcript: &'a Transcript,
    /// What the transcript shows.
    pub trail: &'a Trail,
    /// Every problem found. If the list is empty, the ceremony is verified.
    pub findings: &'a [Finding],
    /// Who approved the plan.
    pub approved_by: &'a [String],
    /// Who attested the ceremony, and what they said.
    pub attested: Vec<ReportedAttestation>,
    /// What was made.
    pub made: Vec<ReportedObject>,
    /// What was revoked in the ledger, and is on no CRL of the ceremony.
    pub unlisted: &'a [UnlistedRevocation],
}

/// An attestation, as shown in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedAttestation {
    /// Who.
    pub person: String,
    /// Whether it went as planned, as far as the person saw.
    pub as_planned: bool,
    /// The statement in words.
    pub said: String,
}

/// A certificate or a CRL, as shown in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedObject {
    /// The step.
    pub step: String,
    /// The name of its file in `out`.
    pub out: String,
    /// Its content, as lines of a name and a value.
    pub lines: Vec<String>,
    /// SHA-256 of its DER.
    pub sha256: Digest,
    /// Its issuer.
    pub issuer: String,
    /// Its subject, if it is a certificate.
    pub subject: Option<String>,
    /// SHA-256 of the `subjectPublicKeyInfo` that it certifies, if it is a certificate.
    pub key: Option<Digest>,
    /// Whether it is a CA certificate issued by another CA, which must be disclosed.
    pub is_subordinate: bool,
    /// When the next CRL is due.
    pub next_update: Option<UnixTime>,
}

/// Builds the report.
///
/// # Errors
/// [`PlanError`]. A plan that was read never causes it.
pub fn report_page(content: &ReportContent<'_>, paper: PaperSize) -> Result<CeremonyPage, PlanError> {
    let document = Document {
        title: "Report",
        plan: content.plan,
        paper: Some(paper),
        mark: match (&content.trail.end, content.findings) {
            (TrailEnd::Aborted { .. }, _) => Some("ABORTED"),
            (TrailEnd::Closed { .. }, []) => None,
            _ => Some("NOT VERIFIED"),
        },
    };
    let mut html = Html::default();
    cover(&mut html, content);
    made::write(&mut html, content);
    made::write_keys(&mut html, content);
    drawing::write_hierarchy(&mut html, content);
    html.leaf("h2", "", "Waived rules");
    blocks::waivers(&mut html, content.plan);
    course::write_people(&mut html, content);
    course::write_deviations(&mut html, content);
    course::write_time_line(&mut html, content);
    evidence::write(&mut html, content);
    document.render(&html)
}

fn cover(html: &mut Html, content: &ReportContent<'_>) {
    let plan = content.plan;
    let head = content.transcript.head();
    html.leaf("p", "kind", &format!("{} ceremony", plan.kind.word()));
    html.leaf("h1", "", &format!("Report of the ceremony {}", plan.ceremony));
    blocks::practice_banner(html, plan);
    verdict(html, content);
    let session = content.trail.session.as_deref().unwrap_or("none");
    let runs = content.trail.runs.to_string();
    let head_text = head.to_string();
    let tool = format!(
        "{} {}, SHA-256 {}",
        plan.tool.name, plan.tool.version, plan.tool.sha256
    );
    let mut facts = vec![
        ("session", session),
        ("runs", runs.as_str()),
        ("program", tool.as_str()),
        ("transcript's head", head_text.as_str()),
    ];
    if let Some(policy) = &plan.policy {
        facts.push(("policy", policy));
    }
    blocks::facts(html, "", facts);
    html.leaf("h2", "", "The plan and the head");
    html.leaf(
        "p",
        "",
        "SHA-256 of plan.json, in hex and in words (the first 24 octets):",
    );
    blocks::hash(html, &content.hash);
    html.leaf(
        "p",
        "",
        "The head of the transcript stands for everything that happened. Its hash, in words:",
    );
    blocks::words(html, &head.hash);
    html.leaf(
        "p",
        "",
        "The same head as a QR code, to compare with what those present have:",
    );
    drawing::write_code(html, &head.to_string());
}

fn verdict(html: &mut Html, content: &ReportContent<'_>) {
    match &content.trail.end {
        TrailEnd::Aborted { because, by } => {
            html.element("div", "verdict bad", |html| {
                html.leaf(
                    "p",
                    "",
                    "This ceremony was ABORTED. Nothing that it made may be used.",
                );
                html.leaf("p", "", &format!("{by}: {because}"));
                for finding in content.findings {
                    html.leaf("p", "", &finding.to_string());
                }
            });
        }
        TrailEnd::Closed { .. } if content.findings.is_empty() => {
            html.element("div", "verdict good", |html| {
                html.leaf("p", "", "Verified when this report was made.");
                html.leaf(
                    "p",
                    "",
                    "Plan, approvals, transcript, signatures, certificates, CRLs, ledger events and attestations agree. Do not rely on \
                     this page for it: verify the directory with the head that you kept.",
                );
            });
        }
        _ => {
            html.element("div", "verdict bad", |html| {
                html.leaf("p", "", "NOT VERIFIED.");
                for finding in content.findings {
                    html.leaf("p", "", &finding.to_string());
                }
            });
        }
    }
    if content.plan.kind == CeremonyKind::Practice {
        html.leaf("p", "", "It was a practice: its keys are not the real ones.");
    }
}
