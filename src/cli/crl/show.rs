//! `crl show`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use hsm_ca::x509::{CertificateRevocationList, CrlEntry, CrlReason, SerialNumber, UnixTime, X509Error};

use super::super::exit::CliError;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::certificate::Extension;
use super::super::json::common::{Fingerprint, Reason, Time};
use super::super::json::crl::{Crl, CrlEntry as ShownEntry, CrlShow};
use super::super::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in super::super) struct ShowCrl {
    /// The CRL, PEM or DER, or - for stdin
    file: PathBuf,
    /// Verify it against this CA certificate: signature, issuer, dates, critical extensions
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// List every entry
    #[arg(long)]
    entries: bool,
    /// Look for this serial number, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = parse_serial)]
    serial: Option<SerialNumber>,
}

impl ShowCrl {
    /// Shows `file`, without options.
    pub(in crate::cli) const fn of(file: PathBuf) -> Self {
        Self {
            file,
            ca: None,
            entries: false,
            serial: None,
        }
    }

    pub(in crate::cli) fn run(&self) -> Result<Report, CliError> {
        let now = UnixTime::from_system(SystemTime::now());
        let authority = self.ca.as_deref().map(input::certificate).transpose()?;
        let list = input::revocation_list(&self.file)?;
        let in_file = |error: X509Error| CliError::in_file(&self.file, error);
        let mut fields = fields(&list, now).map_err(in_file)?;
        let mut json = CrlShow {
            crl: describe(&list).map_err(in_file)?,
            verified: None,
            problem: None,
            entry: None,
            revoked: None,
        };
        let mut failure = None;
        if let Some(authority) = &authority {
            let problem = list.verify(authority, now).err().map(|error| error.to_string());
            let shown = problem
                .as_ref()
                .map_or_else(|| "ok".to_owned(), |problem| format!("FAILED: {problem}"));
            fields.add("verified", shown);
            failure = problem
                .as_ref()
                .map(|problem| CliError::not_verified(self.file.display(), problem));
            json.verified = Some(problem.is_none());
            json.problem = problem;
        }
        if let Some(serial) = &self.serial {
            let found = list.find(serial.octets());
            let shown = found.as_ref().map_or_else(|| "not on this CRL".to_owned(), words);
            fields.add("serial", format!("{serial}: {shown}"));
            json.entry = found.as_ref().map(entry_json);
        }
        let mut text = fields.render(0);
        if self.entries {
            for entry in list.entries() {
                let serial = SerialNumber::from_octets(entry.serial);
                writeln!(text, "{serial}  {}", words(&entry)).unwrap_or_default();
            }
            json.revoked = Some(list.entries().map(|entry| entry_json(&entry)).collect());
        }
        Ok(Report {
            failure,
            ..Report::new(text, json.document())
        })
    }
}

/// A CRL as text.
pub(super) fn fields(list: &CertificateRevocationList, now: UnixTime) -> Result<Fields, X509Error> {
    let kind = match list.base()? {
        None => "full".to_owned(),
        Some(base) => format!("delta to CRL {base}"),
    };
    let next_update = match list.next_update() {
        None => "none".to_owned(),
        Some(next) if now > next => format!("{next} (OVERDUE)"),
        Some(next) => match now.days_left_until(next) {
            1 => format!("{next} (1 day left)"),
            days => format!("{next} ({days} days left)"),
        },
    };
    let reasons = count_reasons(list);
    let total: usize = reasons.values().sum();
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    let mut fields = Fields::default();
    fields
        .add("issuer", list.issuer())
        .add("kind", format!("v{}, {kind}", list.version()))
        .add("this update", list.this_update())
        .add("next update", next_update)
        .add("signed with", list.describe_signature());
    for extension in list.describe_extensions() {
        let critical = if extension.critical { "critical, " } else { "" };
        fields.add(extension.name, format!("{critical}{}", extension.value));
    }
    fields.add("SHA-256", list.fingerprint()).add(
        "entries",
        match total {
            0 => "none".to_owned(),
            _ => format!("{total}: {}", each.join(", ")),
        },
    );
    Ok(fields)
}

/// A CRL as JSON.
pub(super) fn describe(list: &CertificateRevocationList) -> Result<Crl, X509Error> {
    let reasons = count_reasons(list);
    Ok(Crl {
        version: list.version().into(),
        issuer: list.issuer().to_string(),
        number: list.number()?.map(|number| number.to_string()),
        base: list.base()?.map(|number| number.to_string()),
        this_update: Time::of(list.this_update()),
        next_update: list.next_update().map(Time::of),
        signature_algorithm: list.describe_signature(),
        extensions: Extension::list(&list.describe_extensions()),
        entries: reasons.values().sum(),
        reasons: reasons
            .iter()
            .map(|(reason, count)| (reason.to_string(), *count))
            .collect(),
        sha256: Fingerprint::new(list.fingerprint()),
    })
}

fn count_reasons(list: &CertificateRevocationList) -> BTreeMap<CrlReason, usize> {
    let mut reasons = BTreeMap::new();
    for entry in list.entries() {
        *reasons.entry(entry.reason).or_default() += 1;
    }
    reasons
}

fn words(entry: &CrlEntry<'_>) -> String {
    let since = entry.invalid_since.map(|time| format!(", invalid since {time}"));
    format!(
        "revoked {} {}{}",
        entry.revoked_at,
        entry.reason,
        since.unwrap_or_default()
    )
}

fn entry_json(entry: &CrlEntry<'_>) -> ShownEntry {
    ShownEntry {
        serial_number: SerialNumber::from_octets(entry.serial).to_string(),
        revoked_at: Time::of(entry.revoked_at),
        reason: Reason::of(entry.reason),
        invalid_since: entry.invalid_since.map(Time::of),
    }
}

/// A serial number in the form of `cert show` and openssl, with or without colons.
fn parse_serial(text: &str) -> Result<SerialNumber, String> {
    SerialNumber::from_hex(text).ok_or_else(|| "write a hexadecimal number".to_owned())
}
