//! Warns of CRLs that are valid for longer than the Baseline Requirements allow.

use hsm_ca::ceremony::CeremonyFile;
use hsm_ca::workflow::{LongCrl, long_crls};

use crate::cli::exit::CliError;
use crate::cli::ui::Ui;

/// One warning for each step.
pub(super) fn warn_of_long_crls(file: &CeremonyFile, ui: &Ui) -> Result<Vec<String>, CliError> {
    let warning = |LongCrl { step, days, most }| {
        format!(
            "step {step:?}: the CRL's nextUpdate is {days} days after its thisUpdate, and CA/B BR 4.9.7 and 7.2 allow 12 months for CRLs of CA \
             certificates: set its `days` to {most} or less"
        )
    };
    let warnings = long_crls(file)?.into_iter().map(warning);
    Ok(warnings.filter_map(|warning| ui.warn(&warning)).collect())
}
