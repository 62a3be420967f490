//! `crl show`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use hsm_ca::x509::{CertificateRevocationList, CrlEntry, CrlReason, SerialNumber, UnixTime, X509Error};
use serde_json::{Value, json};

use super::super::cert::extensions_json;
use super::super::exit::{CliError, REFUSED};
use super::super::input;
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
    /// The one in `file`, with no option.
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
        let mut json = describe(&list).map_err(in_file)?;
        let mut exit_code = 0;
        if let Some(authority) = &authority {
            let problem = list.verify(authority, now).err().map(|error| error.to_string());
            let shown = problem
                .as_ref()
                .map_or_else(|| "ok".to_owned(), |problem| format!("FAILED: {problem}"));
            fields.add("verified", shown);
            json["verified"] = problem.is_none().into();
            json["problem"] = problem.as_deref().into();
            exit_code = if problem.is_none() { 0 } else { REFUSED };
        }
        if let Some(serial) = &self.serial {
            let found = list.find(serial.octets());
            let shown = found.as_ref().map_or_else(|| "not on this CRL".to_owned(), words);
            fields.add(format!("serial {serial}"), shown);
            json["serial"] = found.as_ref().map_or(Value::Null, entry_json);
        }
        let mut text = fields.render(0);
        if self.entries {
            for entry in list.entries() {
                let serial = SerialNumber::from_octets(entry.serial);
                writeln!(text, "{serial}  {}", words(&entry)).unwrap_or_default();
            }
            json["revoked"] = list.entries().map(|entry| entry_json(&entry)).collect();
        }
        Ok(Report {
            exit_code,
            ..Report::new(text, json)
        })
    }
}

/// A CRL in lines.
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
pub(super) fn describe(list: &CertificateRevocationList) -> Result<Value, X509Error> {
    let reasons = count_reasons(list);
    let named: BTreeMap<_, _> = reasons
        .iter()
        .map(|(reason, count)| (reason.to_string(), count))
        .collect();
    Ok(json!({
        "version": list.version(),
        "issuer": list.issuer().to_string(),
        "number": list.number()?.map(|number| number.to_string()),
        "base": list.base()?.map(|number| number.to_string()),
        "this_update": list.this_update().to_string(),
        "next_update": list.next_update().map(|time| time.to_string()),
        "signature_algorithm": list.describe_signature(),
        "extensions": extensions_json(&list.describe_extensions()),
        "entries": reasons.values().sum::<usize>(),
        "reasons": named,
        "sha256": list.fingerprint(),
    }))
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

fn entry_json(entry: &CrlEntry<'_>) -> Value {
    json!({
        "serial_number": SerialNumber::from_octets(entry.serial).to_string(),
        "revoked_at": entry.revoked_at.to_string(),
        "reason": entry.reason.to_string(),
        "invalid_since": entry.invalid_since.map(|time| time.to_string()),
    })
}

/// As `cert show` and openssl print it, with or without colons.
fn parse_serial(text: &str) -> Result<SerialNumber, String> {
    SerialNumber::from_hex(text).ok_or_else(|| "write a hexadecimal number".to_owned())
}
