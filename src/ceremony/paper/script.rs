//! The script of a ceremony, made from the plan alone and printed before the day. It is read aloud and filled in by hand.

mod cover;
mod objects;
mod preparation;
mod sheets;
mod steps;
#[cfg(test)]
mod tests;

use super::blocks;
use super::document::{CeremonyPage, Document, PaperSize};
use super::html::Html;
use crate::ceremony::{CeremonyPlan, PlanError};

/// What is known of the plan when its script is made. The script says it, because it may be printed before the approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptState {
    /// The plan is approved.
    Approved,
    /// It is not known that the plan is approved.
    NotApproved,
    /// Somebody rejected the plan, so it never runs.
    Rejected,
    /// The ceremony was aborted, so it does not continue.
    Aborted,
}

impl ScriptState {
    /// The mark on every sheet of a script that nobody may use.
    const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Approved | Self::NotApproved => None,
            Self::Rejected => Some("REJECTED"),
            Self::Aborted => Some("ABORTED"),
        }
    }
}

/// The script as one HTML page, for printing from a browser. It contains the words that `run` asks for
/// ([`script_words`](crate::ceremony::script_words)), so it stays sealed until the ceremony.
///
/// # Errors
/// [`PlanError`]. A plan that was read never causes it.
pub fn script_page(
    plan: &CeremonyPlan,
    state: ScriptState,
    paper: PaperSize,
) -> Result<CeremonyPage, PlanError> {
    let hash = plan.identity()?.hash;
    let mut body = Html::default();
    blocks::practice_banner(&mut body, plan);
    cover::write(&mut body, plan, state, &hash)?;
    preparation::write(&mut body, plan);
    sheets::attendance(&mut body, plan);
    steps::write(&mut body, plan, &hash);
    sheets::closing(&mut body, plan, &hash);
    objects::write(&mut body, plan);
    sheets::exceptions(&mut body);
    let document = Document {
        title: "Script",
        plan,
        paper: Some(paper),
        mark: state.mark(),
    };
    document.render(&body)
}
