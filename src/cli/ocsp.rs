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
    /// Answer an OCSP request, signed by the key on the token; the statuses are the ledger's
    Respond(respond::Respond),
    /// Sign the answers that are due for the certificates in the ledger, as files that a web server serves
    ///
    /// There are two answers for each certificate that has not expired, revoked or not: clients name the CA by SHA-1 or by SHA-256. An
    /// answer is signed if there is none yet, if the status changed, if another key signs now, or if half of its validity is over. The
    /// others stay as they are, so run the command as often as you want: docs/publication.md has a timer for it.
    ///
    /// A file is replaced only if it is an earlier answer of this CA about the same certificate. The same command continues a job that
    /// was interrupted.
    Publish(Box<publish::Publish>),
    /// Show an OCSP request or response, and whether it verifies
    Show(ShowOcsp),
}

/// How a response names its signer.
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

/// Said where the CA's own key signs, and its certificate does not say that it may.
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
