//! `ledger verify`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::{Evidence, Fault, KeptHead, VerifyReport};
use hsm_ca::transparency::VerifierKey;

use super::checkpoint_options::read_kept;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::{ComparedCheckpoint, FoundHead, LedgerFault, LedgerVerify};
use crate::cli::report::{Fields, Report, printable};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyLedger {
    /// A checkpoint that was kept elsewhere: the ledger must extend it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The key that must have signed that checkpoint, as `ledger checkpoint` shows it: NAME+ID+KEY
    #[arg(long, value_name = "KEY", requires = "checkpoint")]
    verifier_key: Option<VerifierKey>,
}

impl VerifyLedger {
    /// Compares with the given head, or with the one that is kept in the configured place.
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let checkpoint = match &self.checkpoint {
            Some(path) => Some(read_kept(path, self.verifier_key.as_ref())?),
            None => None,
        };
        let ledger = settings.open_ledger_to_verify()?;
        let (head, warning) = match settings.guards().head {
            Some(head) => (Some(head), None),
            None => settings.kept_head(ledger.as_ref())?,
        };
        let evidence = Evidence {
            head,
            checkpoint: checkpoint.map(|signed| signed.checkpoint().clone()),
        };
        // The number of events, for the progress line only. It is unverified.
        let all = ledger.head().map_or(0, |head| head.count);
        let busy = ui.busy_with("checking the ledger", all, "events");
        let report = ledger.verify_watched(&evidence, &mut |events| busy.set(events))?;
        drop(busy);
        Ok(Report {
            failure: (!report.passed()).then(|| {
                let first = report.faults.first().map(ToString::to_string);
                CliError::not_verified("the ledger", first.unwrap_or_default())
            }),
            warnings: warning.into_iter().collect(),
            ..Report::new(verdict(&report), describe(&report, &evidence).document())
        })
    }
}

fn verdict(report: &VerifyReport) -> String {
    let mut fields = Fields::default();
    fields.add("events", report.head.count).add("head", report.head);
    if report.open > 0 {
        let those = format!(
            "{} have not ended: `hsm-ca ledger list --open` lists those that are not settled",
            report.open
        );
        fields.add("open", those);
    }
    if let Some(KeptHead::OnTheChain { later }) = report.kept {
        fields.add(
            "kept",
            format!("the kept head is on the chain, {later} events ago"),
        );
    }
    if let Some(later) = report.since_checkpoint {
        fields.add("checkpoint", format!("the ledger extends it, by {later} events"));
    }
    let mut text = fields.render(0);
    for fault in &report.faults {
        text.push_str(&format!("FAILED: {}\n", printable(&fault.to_string())));
    }
    if report.more > 0 {
        text.push_str(&format!("FAILED: and {} more\n", report.more));
    }
    let is_compared = report.kept.is_some() || report.since_checkpoint.is_some();
    text.push_str(match (report.passed(), is_compared) {
        (false, _) => "The ledger is NOT sound.\n",
        (true, true) => "The ledger is sound.\n",
        (true, false) => {
            "The ledger is sound, but it was not compared with a head that was kept elsewhere. Give one with --head: without it, \
             nobody can detect that events were removed from the end, or all replaced.\n"
        }
    });
    text
}

fn describe(report: &VerifyReport, evidence: &Evidence) -> LedgerVerify {
    let fault = |fault: &Fault| LedgerFault {
        event: match fault {
            Fault::Gap { first, .. } => Some(*first),
            Fault::Hash { sequence } | Fault::Body { sequence, .. } | Fault::Event { sequence, .. } => {
                Some(*sequence)
            }
            _ => None,
        },
        found: fault.to_string(),
    };
    LedgerVerify {
        verified: report.passed(),
        events: report.head.count,
        head: report.head.to_string(),
        open: report.open,
        kept_head: FoundHead::of(report),
        checkpoint: evidence.checkpoint.as_ref().map(|kept| ComparedCheckpoint {
            size: kept.size(),
            extended_by: report.since_checkpoint,
        }),
        problems: report.faults.iter().map(fault).collect(),
        more_problems: report.more,
    }
}
