//! `ocsp`.

mod answers;
mod publish;
mod respond;
mod show;

use clap::{Subcommand, ValueEnum};
use hsm_ca::x509::ResponderIdKind;
pub(super) use show::ShowOcsp;

use super::exit::CliError;
use super::global::Settings;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum OcspCommand {
    /// Answer an OCSP request from the ledger, signed by a key on the token
    Respond(respond::Respond),
    /// Sign the answers that are due for the certificates in the ledger, as files that a web server serves
    ///
    /// Each certificate that has not expired gets two answers, because clients name the CA by SHA-1 or by SHA-256. An answer is signed if
    /// none exists, if the status changed, if a different key signs now, or if half of its validity is over. The others are not changed, so
    /// you can run the command as often as you want; docs/publication.md has a timer for it.
    ///
    /// A file is replaced only if it is an earlier answer of this CA about the same certificate. The same command continues a job that
    /// was interrupted.
    Publish(Box<publish::Publish>),
    /// Show an OCSP request or response, and whether it verifies
    Show(ShowOcsp),
}

/// How a response identifies its signer.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum NamedBy {
    /// SHA-1 of its key
    Key,
    /// Its subject
    Name,
}

impl NamedBy {
    const fn kind(self) -> ResponderIdKind {
        match self {
            Self::Key => ResponderIdKind::Key,
            Self::Name => ResponderIdKind::Name,
        }
    }
}

/// A warning if the CA's own key signs although its certificate's key usage does not include it.
const UNUSUAL_USAGE: &str = "the CA certificate's keyUsage does not include digitalSignature (RFC 5280 section 4.2.1.3), so a client may \
     refuse the response; a delegated signer (csr sign --profile ocsp-signer) does not need it";

impl OcspCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Respond(respond) => respond.run(settings, ui),
            Self::Publish(publish) => publish.run(settings, ui),
            Self::Show(show) => show.run(),
        }
    }
}
