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

/// The script as one HTML page, for printing from a browser. It contains the words that `run` asks for
/// ([`script_words`](crate::ceremony::script_words)), so it stays sealed until the ceremony.
///
/// # Errors
/// [`PlanError`]. A plan that was read never causes it.
pub fn script_page(plan: &CeremonyPlan, paper: PaperSize) -> Result<CeremonyPage, PlanError> {
    let hash = plan.identity()?.hash;
    let mut body = Html::default();
    blocks::practice_banner(&mut body, plan);
    cover::write(&mut body, plan, &hash)?;
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
        mark: None,
    };
    document.render(&body)
}
