//! `cert revoke`.

use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ledger::{Object, RevocationState};
use hsm_ca::workflow::{
    HeadPlace, RevocationSummary, RevokeRequest, Revoked, WorkflowError, revoke_certificate,
};
use hsm_ca::x509::{CrlReason, SerialNumber, UnixTime};

use super::super::exit::CliError;
use super::super::global::Settings;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::ledger::CertRevoke;
use super::super::ledger::entry;
use super::super::next_steps;
use super::super::report::{Fields, Report};
use super::super::suggest::Unknown;

#[derive(Debug, Args)]
pub(in super::super) struct RevokeCertificate {
    /// The certificate (PEM or DER, or - for stdin), or its serial number in hex
    #[arg(value_name = "FILE|SERIAL")]
    certificate: String,
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// Why: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold,
    /// privilegeWithdrawn, aACompromise; or removeFromCRL, which ends a hold
    ///
    /// Hyphens and any case are accepted too, as in key-compromise.
    #[arg(long, value_parser = parse_reason)]
    reason: CrlReason,
    /// Since when the key is known or suspected to be compromised, or the certificate invalid, as 2026-11-20 or 2026-11-20T08:30:00Z
    #[arg(long, value_name = "TIME")]
    invalid_since: Option<UnixTime>,
}

/// A revocation for a compromise should also stop the key. The certificate says which key that is.
fn key_is_unknown() -> String {
    "the ledger does not have this certificate, so it does not know the compromised key: a request with the same key is not refused. If you \
     have the certificate, adopt it (`hsm-ca ca adopt` with --certificates DIR); otherwise add the key to a list for --refused-keys"
        .to_owned()
}

/// The names of RFC 5280, also with hyphens, in any case.
fn parse_reason(text: &str) -> Result<CrlReason, Unknown> {
    let bare = text.replace('-', "");
    let names = CrlReason::ALL.map(CrlReason::name);
    bare.parse().map_err(|_| Unknown::among(text, &names))
}

impl RevokeCertificate {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let authority = input::named(&self.ca, input::certificate)?;
        let revoked = self.named()?;
        let mut recorder = settings.open_recorder_of(&authority)?;
        let request = RevokeRequest {
            authority: authority.value,
            revoked,
            reason: self.reason,
            invalid_since: self.invalid_since,
        };
        let about = |error: WorkflowError| match &request.revoked {
            Revoked::Certificate(_) => CliError::in_file(Path::new(&self.certificate), error),
            _ => error.into(),
        };
        let (store, warning) = settings.store_of_head();
        let revoked = revoke_certificate(&mut recorder, store.as_deref(), &request).map_err(about)?;
        let RevocationSummary {
            entry,
            is_head_raised,
            is_key_unknown,
        } = revoked;
        let place = &settings.guards().place;
        let json = CertRevoke {
            entry: entry::describe(&entry),
            ledger_head: recorder.ledger().head()?.to_string(),
            head_kept: is_head_raised,
        };
        let mut fields = Fields::default();
        if let Object::Certificate { subject, serial, .. } = &entry.object {
            fields.add("subject", &subject.text).add("serial", serial);
        }
        let done = match entry.revocation.as_ref().map(|last| &last.state) {
            Some(RevocationState::Revoked {
                reason,
                revoked,
                invalidity_date,
            }) => {
                fields.add("reason", reason.name()).add("revoked", *revoked);
                if let Some(since) = invalidity_date {
                    fields.add("invalid since", *since);
                }
                "Revoked"
            }
            _ => "The hold ended",
        };
        if let HeadPlace::File(path) = place
            && is_head_raised
        {
            fields.add("head", format!("kept in {}", path.display()));
        } else if is_head_raised {
            fields.add("head", "kept on the token");
        } else if place.is_token() {
            fields.add(
                "head",
                "on the token it is raised by the next signature; until then, an older copy of the ledger without this is not noticed",
            );
        }
        let text = format!("{done}: entry {} of the ledger\n{}", entry.id, fields.render(2));
        Ok(Report {
            next: Some(next_steps::after_revocation(&self.ca)),
            warnings: warning
                .into_iter()
                .chain(is_key_unknown.then(key_is_unknown))
                .chain(recorder.take_notices())
                .collect(),
            ..Report::new(text, json.document())
        })
    }

    /// A file of that name takes precedence over a serial number. `./…` is always a file.
    fn named(&self) -> Result<Revoked, CliError> {
        let path = Path::new(&self.certificate);
        if self.certificate != "-"
            && !path.exists()
            && let Some(serial) = SerialNumber::from_hex(&self.certificate)
        {
            return Ok(Revoked::Serial(serial));
        }
        Ok(Revoked::Certificate(Box::new(input::certificate(path)?)))
    }
}
