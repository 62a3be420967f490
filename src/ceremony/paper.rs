//! The pages and texts of a ceremony that people read, sign and keep. Every function here depends only on its arguments, so the same plan gives the
//! same text everywhere.

mod blocks;
mod document;
mod html;
mod objects;
mod people;
mod plan_text;
mod report;
mod script;
mod step;
#[cfg(test)]
mod test_plan;

pub use self::document::{CeremonyPage, PaperSize};
pub use self::plan_text::plan_text;
pub use self::report::{ReportContent, ReportedAttestation, ReportedObject, report_page};
pub use self::script::{ScriptState, script_page};
pub use self::step::record_text;
