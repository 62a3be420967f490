//! `cert show`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use hsm_ca::x509::{Certificate, UnixTime, X509Error, link};

use super::chain::Chain;
use super::details;
use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::certificate::{self as output, CertShow, Shown, ShownChain};
use crate::cli::page::Page;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowCertificate {
    /// The certificate, PEM or DER, or - for stdin; several in one file are shown as a chain
    file: PathBuf,
    /// CA certificates to complete the chain with; may be given more than once. They are not trusted: use `cert verify` for that
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
}

impl ShowCertificate {
    /// Shows `file`, without options.
    pub(in crate::cli) const fn of(file: PathBuf) -> Self {
        Self { file, ca: Vec::new() }
    }

    pub(in crate::cli) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let now = UnixTime::from_system(SystemTime::now());
        let certificates = read_some(&self.file)?;
        let mut authorities = Vec::new();
        for file in &self.ca {
            authorities.extend(read_some(file)?);
        }
        let mut page = Page::new(ui.canvas());
        if let ([certificate], true) = (&certificates[..], self.ca.is_empty()) {
            details::write(&mut page, certificate, now);
            let json = CertShow {
                shown: Shown::One(Box::new(output::Certificate::of(certificate))),
                chain: None,
            };
            return Ok(Report::new(page.into_text(), json.document()));
        }
        let chain = hang_together(certificates, authorities);
        chain.write(&mut page, now);
        let shown = &chain.certificates[..chain.shown];
        for (place, certificate) in shown.iter().enumerate() {
            page.blank();
            let text = format!("[{}] {}", place + 1, certificate.subject());
            page.line(&"-".repeat(text.chars().count().min(40))).line(&text);
            details::write(&mut page, certificate, now);
        }
        let order = chain.order();
        let json = CertShow {
            shown: match shown {
                [one] => Shown::One(Box::new(output::Certificate::of(one))),
                several => Shown::Several {
                    certificates: several.iter().map(output::Certificate::of).collect(),
                },
            },
            chain: Some(ShownChain {
                chain: chain.to_json(),
                chain_verified: chain.is_sound(),
                in_order: order.as_ref().map(|(_, in_order)| *in_order),
            }),
        };
        Ok(Report::new(page.into_text(), json.document()))
    }
}

/// Each certificate may be signed by any other with its issuer's name, so the input decides how long the search takes. This limit exceeds
/// the number of all public CAs.
fn read_some(file: &Path) -> Result<Vec<Certificate>, CliError> {
    const MOST: usize = 256;
    let certificates = input::certificates(file)?;
    match certificates.len() {
        ..=MOST => Ok(certificates),
        count => {
            let error = X509Error::TooManyCertificates { count, most: MOST };
            Err(CliError::in_file(file, error))
        }
    }
}

/// Drops the certificates of `--ca` that are not above the shown ones.
fn hang_together(mut certificates: Vec<Certificate>, authorities: Vec<Certificate>) -> Chain {
    let shown = certificates.len();
    certificates.extend(authorities);
    let links = link(&certificates);
    let mut is_above = vec![false; certificates.len()];
    for start in 0..shown {
        for at in std::iter::successors(Some(start), |at| links[*at].issuer) {
            is_above[at] = true;
        }
    }
    let mut place = 0;
    certificates.retain(|_| {
        place += 1;
        place <= shown || is_above[place - 1]
    });
    Chain {
        links: link(&certificates),
        certificates,
        shown,
    }
}
