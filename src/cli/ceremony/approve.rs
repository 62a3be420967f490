//! `ceremony approve`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{Decision, GateBytes, Verdict};
use hsm_ca::workflow::{OpenedCeremony, Saying, count_approvals, find_lost_statement, prepare_statement};

use super::object_text::objects_text;
use super::signing::{InWords, SigningOptions};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_gate::ConfirmedGate;
use crate::cli::json::ceremony_people::CeremonyApprove;
use crate::cli::report::Report;
use crate::cli::shell::quote;
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
        let lost = match (&self.because, &gate) {
            (None, None) => find_lost_statement(&ceremony, transcript.as_ref(), &key)?,
            _ => None,
        };
        let (saying, what) = match (&self.because, gate, lost) {
            (Some(because), _, _) => {
                let because = because.clone();
                let what = format!("REJECTS the plan: {because}");
                (Saying::Plan(Decision::Reject { because }), what)
            }
            (None, Some(gate), _) => {
                let what = confirms(&gate);
                (Saying::Gate(gate), what)
            }
            (None, None, Some(lost)) => {
                let what = format!(
                    "{}, once more: the statement from {} is lost, with which the gate was passed",
                    confirms(lost.bytes()),
                    lost.time()
                );
                (Saying::PassedGate(lost), what)
            }
            (None, None, None) => (
                Saying::Plan(Decision::Approve),
                format!("approves the plan of the {} ceremony", ceremony.plan.kind.word()),
            ),
        };
        let now = settings.clock.now();
        let prepared = prepare_statement(&ceremony, transcript.as_ref(), &key, &saying, now)?;
        let gate = match &saying {
            Saying::Gate(gate) => Some(ConfirmedGate::of(gate, prepared.objects())),
            Saying::PassedGate(lost) => Some(ConfirmedGate::of(lost.bytes(), prepared.objects())),
            _ => None,
        };
        let said = InWords {
            what,
            shown: objects_text(prepared.objects(), self.signing.width()),
            asked: false,
        };
        let document = |statement| CeremonyApprove { statement, gate }.document();
        let mut report = self
            .signing
            .carry_out(&ceremony, prepared, &said, document, settings, ui)?;
        if matches!(saying, Saying::Plan(Decision::Approve)) {
            let rejected = rejection_that_stays(&ceremony, settings);
            report.warnings.extend(rejected.and_then(|text| ui.warn(&text)));
        }
        if matches!(saying, Saying::Plan(_)) {
            let directory = quote(&self.directory.display().to_string());
            report.next = Some(format!("hsm-ca ceremony approvals {directory}"));
        }
        Ok(report)
    }
}

fn confirms(gate: &GateBytes) -> String {
    let steps: Vec<_> = gate.objects.keys().map(String::as_str).collect();
    format!(
        "confirms the completed bytes at step {:?}: {}",
        gate.step,
        steps.join(", ")
    )
}

/// An approval does not withdraw a rejection, not even by the same person. If the approvals cannot be counted, `ceremony approvals` says why.
fn rejection_that_stays(ceremony: &OpenedCeremony, settings: &Settings) -> Option<String> {
    let counted = count_approvals(ceremony, settings.ceremony_quorum()).ok()?;
    let Verdict::Rejected { rejections } = counted.verdict else {
        return None;
    };
    let by: Vec<_> = rejections
        .iter()
        .map(|rejection| rejection.person.as_str())
        .collect();
    Some(format!(
        "the ceremony cannot run: the plan is rejected by {}, and an approval does not withdraw that. Plan it again",
        by.join(", ")
    ))
}
