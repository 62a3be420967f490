//! `ocsp show`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use hsm_ca::x509::{
    CertId, Certificate, CertificateStatus, OcspMessage, OcspRequest, OcspResponse, SingleResponse, UnixTime,
    X509Error,
};

use super::super::exit::CliError;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::ocsp::{Message, OcspShow, Request, Response};
use super::super::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in super::super) struct ShowOcsp {
    /// The request or response, DER or PEM, or - for stdin
    file: PathBuf,
    /// Verify it against this CA certificate: for a response its signer, dates and extensions; for a request whether it would be answered
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Verify that a response answers this request
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
}

impl ShowOcsp {
    /// Shows `file`, without options.
    pub(in crate::cli) const fn of(file: PathBuf) -> Self {
        Self {
            file,
            ca: None,
            request: None,
        }
    }

    pub(in crate::cli) fn run(&self) -> Result<Report, CliError> {
        let now = UnixTime::from_system(SystemTime::now());
        let authority = self.ca.as_deref().map(input::certificate).transpose()?;
        let authority = authority.as_ref();
        let asked = self.request.as_deref().map(input::ocsp_request).transpose()?;
        let message = input::ocsp_message(&self.file)?;
        let (fields, shown, verified) = match &message {
            OcspMessage::Request(_) if asked.is_some() => {
                return Err(CliError::options("--request is for a response"));
            }
            OcspMessage::Request(request) => (
                request_fields(request, authority),
                Message::Request(Request::of(request, |id| is_of(id, authority))),
                authority.map(|authority| request.as_ref().clone().accept(authority).map(drop)),
            ),
            OcspMessage::Response(response) => {
                let signed = authority.map(|authority| response.verify(authority, now));
                let answers = asked.as_ref().map(|asked| response.verify_answers(asked));
                (
                    response_fields(response, authority, now),
                    Message::Response(describe_response(response, authority)),
                    match (signed, answers) {
                        (Some(signed), Some(answers)) => Some(signed.and(answers)),
                        (one, other) => one.or(other),
                    },
                )
            }
        };
        Ok(report(&self.file, fields, shown, verified))
    }
}

fn report(
    file: &Path,
    mut fields: Fields,
    message: Message,
    verified: Option<Result<(), X509Error>>,
) -> Report {
    let mut json = OcspShow {
        message,
        verified: None,
        problem: None,
    };
    let mut failure = None;
    if let Some(verified) = verified {
        let problem = verified.err().map(|error| error.to_string());
        let shown = problem.as_ref().map(|problem| format!("FAILED: {problem}"));
        fields.add("verified", shown.unwrap_or_else(|| "ok".to_owned()));
        failure = problem
            .as_ref()
            .map(|problem| CliError::not_verified(file.display(), problem));
        json.verified = Some(problem.is_none());
        json.problem = problem;
    }
    Report {
        failure,
        ..Report::new(fields.render(0), json.document())
    }
}

/// Whether the CA of --ca, if given, issued a certificate.
fn is_of(id: &CertId, authority: Option<&Certificate>) -> Option<bool> {
    authority.and_then(|authority| id.is_of(authority).ok())
}

fn words_of(is_ours: Option<bool>) -> &'static str {
    match is_ours {
        Some(false) => " (of another CA)",
        _ => "",
    }
}

fn request_fields(request: &OcspRequest, authority: Option<&Certificate>) -> Fields {
    let mut fields = Fields::default();
    for id in request.certificates() {
        let of = words_of(is_of(id, authority));
        fields.add(
            "asks about",
            format!("{}{of}, by {}", id.serial_number(), id.describe_hash()),
        );
    }
    for extension in request.describe_extensions() {
        fields.add(extension.name, extension.value);
    }
    fields
        .add("signed", if request.is_signed() { "yes" } else { "no" })
        .add("SHA-256", request.fingerprint());
    fields
}

/// A response as text.
pub(super) fn response_fields(
    response: &OcspResponse,
    authority: Option<&Certificate>,
    now: UnixTime,
) -> Fields {
    let mut fields = Fields::default();
    fields.add("response", response.status());
    if let Some(basic) = response.basic() {
        fields
            .add("responder", basic.responder())
            .add("produced at", basic.produced_at())
            .add("signed with", basic.describe_signature());
        for certificate in basic.certificates() {
            fields.add("signer", certificate.subject());
        }
        for single in basic.responses() {
            let of = words_of(is_of(&single.id, authority));
            let serial = single.id.serial_number();
            fields.add(
                "serial",
                format!("{serial}: {}{of}, {}", single.status, validity(single, now)),
            );
        }
        for extension in basic.describe_extensions() {
            fields.add(extension.name, extension.value);
        }
    }
    fields.add("SHA-256", response.fingerprint());
    fields
}

fn validity(single: &SingleResponse, now: UnixTime) -> String {
    match single.next_update {
        None => format!("from {}", single.this_update),
        Some(next) if next < now => format!("from {} to {next} (OVERDUE)", single.this_update),
        Some(next) => format!("from {} to {next}", single.this_update),
    }
}

/// A response as JSON.
pub(super) fn describe_response(response: &OcspResponse, authority: Option<&Certificate>) -> Response {
    Response::of(response, |id| is_of(id, authority))
}

/// A status as one word.
pub(super) const fn status_word(status: CertificateStatus) -> &'static str {
    match status {
        CertificateStatus::Good => "good",
        CertificateStatus::Revoked { .. } => "revoked",
        CertificateStatus::Unknown => "unknown",
    }
}
