//! `ceremony attest`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{Presence, Remarks};
use hsm_ca::workflow::{OpenedCeremony, Saying, prepare_statement};

use super::signing::SigningOptions;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_people::CeremonyAttest;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct AttestCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    signing: SigningOptions,
    /// The person was not there from beginning to end
    #[arg(long)]
    part: bool,
    /// What the person saw did not go as planned
    #[arg(long)]
    not_as_planned: bool,
    /// What else the person says, in one line
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,
}

impl AttestCeremony {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let key = self.signing.public_key()?;
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let remarks = Remarks {
            present: if self.part { Presence::Part } else { Presence::All },
            as_planned: !self.not_as_planned,
            remarks: self.remarks.clone(),
        };
        let seen = match remarks.present {
            Presence::Part => "was there for a part of it",
            _ => "was there from beginning to end",
        };
        let went = match remarks.as_planned {
            true => "it went as planned",
            false => "it did NOT go as planned",
        };
        let head = ceremony.transcript()?.map(|transcript| transcript.head());
        let head = head.map_or_else(String::new, |head| format!("; the head is {head}"));
        let mut what = format!("{seen}, and {went}{head}");
        if let Some(text) = &remarks.remarks {
            what.push_str(&format!("; remarks: {text}"));
        }
        let saying = Saying::Attestation(remarks);
        let prepared = prepare_statement(&ceremony, &key, &saying, settings.clock.now())?;
        let document = |statement| CeremonyAttest(statement).document();
        self.signing
            .carry_out(&ceremony, prepared, &what, document, settings, ui)
    }
}
