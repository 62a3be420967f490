//! One certificate as text.

use hsm_ca::signer::Hex;
use hsm_ca::x509::{Certificate, CertificateRole, ExtensionText, KeySummary, Name, UnixTime, words};

use crate::cli::canvas::Tone;
use crate::cli::page::Page;

/// A certificate with fewer days left is highlighted.
const SOON: i64 = 30;

/// Everything about a certificate.
pub(super) fn write(page: &mut Page, certificate: &Certificate, now: UnixTime) {
    let validity = certificate.validity();
    page.line(&format!(
        "{}, X.509 v{}",
        kind(certificate),
        certificate.version()
    ))
    .blank();
    page.rows("subject", &parts(certificate.subject()));
    match certificate.is_self_issued() {
        true => match certificate.check_self_signature() {
            Ok(()) => page.row("issuer", "itself (self-signed, and the signature verifies)"),
            Err(error) => page.toned_row(
                "issuer",
                &format!("itself, by its name; NOT VERIFIED: {error}"),
                Some(Tone::Bad),
            ),
        },
        false => page.rows("issuer", &parts(certificate.issuer())),
    };
    let (beginning, end) = (
        describe_beginning(certificate, now),
        describe_end(certificate, now),
    );
    page.toned_row(
        "valid from",
        &format!("{}{beginning}", validity.not_before),
        (!beginning.is_empty()).then_some(Tone::Bad),
    )
    .toned_row(
        "valid until",
        &format!("{} ({end})", validity.not_after),
        tone_of_end(certificate, now),
    )
    .row("serial", &certificate.serial_number().to_string());
    write_key(page, &certificate.key_summary());
    page.row("signed with", &certificate.describe_signature());
    write_extensions(page, "extensions", &certificate.describe_extensions());
    page.blank();
    write_fingerprint(page, &certificate.sha256());
}

/// The kind of certificate, by its extensions.
fn kind(certificate: &Certificate) -> &'static str {
    match certificate.role() {
        CertificateRole::Root => return "Root CA certificate",
        CertificateRole::Intermediate => return "Intermediate CA certificate",
        CertificateRole::SelfSigned => return "Self-signed certificate",
        CertificateRole::EndEntity => {}
    }
    let extensions = certificate.describe_extensions();
    let purposes = extensions.iter().find(|one| one.name == "extendedKeyUsage");
    match purposes.map(|purposes| purposes.value.as_str()) {
        Some("serverAuth") => "TLS server certificate",
        Some("clientAuth") => "TLS client certificate",
        Some("serverAuth, clientAuth" | "clientAuth, serverAuth") => "TLS server and client certificate",
        Some("codeSigning") => "Code signing certificate",
        Some("OCSPSigning") => "OCSP signer's certificate",
        Some("timeStamping") => "Time stamping certificate",
        Some("emailProtection") => "E-mail certificate",
        _ => "End-entity certificate",
    }
}

/// The attributes of a name, one per line.
pub(in crate::cli) fn parts(name: &Name) -> Vec<String> {
    match name.parts() {
        parts if parts.is_empty() => vec!["(empty)".to_owned()],
        parts => parts,
    }
}

/// The key, its identifier, and its fault, if any.
pub(in crate::cli) fn write_key(page: &mut Page, key: &KeySummary) {
    let exponent = key.exponent.map(|exponent| format!(", exponent {exponent}"));
    page.row("key", &format!("{}{}", key.kind, exponent.unwrap_or_default()));
    if let Some(fault) = &key.fault {
        page.toned_row("", &format!("WEAK: {fault}"), Some(Tone::Bad));
    }
    if let Some(identifier) = &key.identifier {
        page.row("key identifier", identifier);
    }
}

/// Extensions by name, under a title.
pub(in crate::cli) fn write_extensions(page: &mut Page, title: &str, extensions: &[ExtensionText]) {
    if extensions.is_empty() {
        return;
    }
    let pair = |extension: &ExtensionText| {
        let is_unknown = extension.name.starts_with(|first: char| first.is_ascii_digit());
        let critical = if extension.critical { "critical, " } else { "" };
        let unknown = if is_unknown { "unknown extension: " } else { "" };
        let tone = (is_unknown && extension.critical).then_some(Tone::Bad);
        (
            extension.name.clone(),
            format!("{critical}{unknown}{}", extension.value),
            tone,
        )
    };
    let pairs: Vec<_> = extensions.iter().map(pair).collect();
    page.blank().line(title).table(&pairs);
}

/// In hex, and in words to read aloud.
pub(in crate::cli) fn write_fingerprint(page: &mut Page, sha256: &[u8]) {
    page.row("SHA-256", &Hex(sha256).to_string())
        .words("in words", &words(sha256));
}

fn describe_beginning(certificate: &Certificate, now: UnixTime) -> String {
    let not_before = certificate.validity().not_before;
    if now >= not_before {
        return String::new();
    }
    format!(" (NOT YET: {})", in_days(now.days_until(not_before)))
}

/// How long it is still valid, or when it expired.
pub(super) fn describe_end(certificate: &Certificate, now: UnixTime) -> String {
    let not_after = certificate.validity().not_after;
    if now > not_after {
        return match -now.days_until(not_after) {
            0 => "EXPIRED today".to_owned(),
            1 => "EXPIRED 1 day ago".to_owned(),
            days => format!("EXPIRED {days} days ago"),
        };
    }
    match certificate.validity().days_left(now) {
        1 if now.days_until(not_after.next()) == 0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

fn in_days(days: i64) -> String {
    match days {
        0 => "in less than a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

pub(super) fn tone_of_end(certificate: &Certificate, now: UnixTime) -> Option<Tone> {
    let not_after = certificate.validity().not_after;
    if now > not_after {
        return Some(Tone::Bad);
    }
    (now.days_until(not_after) < SOON).then_some(Tone::Doubtful)
}
