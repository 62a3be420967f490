//! `ledger accept`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::Digest;

use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::{GivenUpHead, LedgerAccept};
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct AcceptLedger {
    /// The certificate of the CA whose head is kept
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The CA's key, if it cannot be found on the token by the CA certificate's public key
    #[arg(long)]
    key: Option<String>,
}

impl AcceptLedger {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let authority = input::certificate(&self.ca)?;
        let key = authority.public_key()?;
        let mut recorder = settings.open_recorder_to_accept()?;
        let store = settings
            .guards()
            .place
            .is_token()
            .then(|| settings.open_store(self.key.as_deref()))
            .transpose()?;
        let token = store.as_deref().map(|store| (store, Digest::of(key.der())));
        let (given_up, _) = recorder.accept_ledger(token)?;
        let head = recorder.ledger().head()?;
        let mut fields = Fields::default();
        for one in &given_up {
            fields.add("given up", format!("{}, which was kept {}", one.head, one.place));
        }
        fields.add("head", head);
        let text = match given_up.as_slice() {
            [] => "The ledger contains every head that was kept for it: nothing to accept.\n",
            _ => "Accepted the ledger as it is.\n",
        };
        let json = LedgerAccept {
            given_up: given_up.iter().map(GivenUpHead::of).collect(),
            head: head.to_string(),
        };
        let mut report = Report::new(format!("{text}{}", fields.render(2)), json.document());
        if !given_up.is_empty() {
            report.warnings.push(
                "whatever was signed, numbered or revoked after this copy was made is missing from the \
                 ledger: revoke again what must stay revoked, and give the next CRL a number above the last \
                 one's (crl create --number)"
                    .to_owned(),
            );
        }
        Ok(report)
    }
}
