//! `ceremony approve`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::Decision;
use hsm_ca::workflow::{OpenedCeremony, Saying, prepare_statement};

use super::object_text::objects_text;
use super::signing::{InWords, SigningOptions};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_gate::ConfirmedGate;
use crate::cli::json::ceremony_people::CeremonyApprove;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct ApproveCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    signing: SigningOptions,
    /// Reject the plan: it cannot run then, however many approve
    #[arg(long, requires = "because")]
    reject: bool,
    /// Why it is rejected, in one line
    #[arg(long, value_name = "TEXT", requires = "reject")]
    because: Option<String>,
}

impl ApproveCeremony {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let key = self.signing.public_key()?;
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let transcript = ceremony.transcript()?;
        let gate = OpenedCeremony::course_of(transcript.as_ref())?.waiting_gate();
        let (saying, what) = match (&self.because, gate) {
            (Some(because), _) => {
                let because = because.clone();
                let what = format!("REJECTS the plan: {because}");
                (Saying::Plan(Decision::Reject { because }), what)
            }
            (None, Some(gate)) => {
                let steps: Vec<_> = gate.objects.keys().map(String::as_str).collect();
                let what = format!(
                    "confirms the completed bytes at step {:?}: {}",
                    gate.step,
                    steps.join(", ")
                );
                (Saying::Gate(gate), what)
            }
            (None, None) => (
                Saying::Plan(Decision::Approve),
                format!("approves the plan of the {} ceremony", ceremony.plan.kind.word()),
            ),
        };
        let now = settings.clock.now();
        let prepared = prepare_statement(&ceremony, transcript.as_ref(), &key, &saying, now)?;
        let gate = match &saying {
            Saying::Gate(gate) => Some(ConfirmedGate::of(gate, prepared.objects())),
            _ => None,
        };
        let said = InWords {
            what,
            shown: objects_text(prepared.objects()),
        };
        let document = |statement| CeremonyApprove { statement, gate }.document();
        self.signing
            .carry_out(&ceremony, prepared, &said, document, settings, ui)
    }
}
