//! `cert`, and certificates in other results.

use std::time::SystemTime;

use hsm_ca::output::encode_pem;
use hsm_ca::signer::Hex as HexOf;
use hsm_ca::workflow::{Delivered, IssueSummary};
use hsm_ca::x509::{CERTIFICATE, CertificateRole, ExtensionText, UnixTime, words};
use serde::Serialize;

use super::Output;
use super::check::Check;
use super::common::{FileName, Fingerprint, Time};

/// A certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Certificate {
    /// The X.509 version: 1, 2 or 3.
    version: u64,
    certificate_kind: CertificateKind,
    serial_number: String,
    subject: String,
    issuer: String,
    /// The attributes of the subject, each as TYPE=VALUE.
    subject_parts: Vec<String>,
    issuer_parts: Vec<String>,
    self_issued: bool,
    /// For a self-issued certificate: whether its own key signed it.
    self_signature_verified: Option<bool>,
    not_before: Time,
    not_after: Time,
    validity: Validity,
    /// Days until it expires; negative after that.
    days_left: i64,
    /// For example "RSA 2048" or "EC P-256".
    key_type: String,
    /// The public exponent of an RSA key.
    key_exponent: Option<u32>,
    /// The fault of the key, for which nothing should be signed.
    key_problem: Option<String>,
    /// The SHA-1 of the public key, by RFC 5280 section 4.2.1.2 (1).
    key_identifier: Option<String>,
    public_key_sha256: Fingerprint,
    signature_algorithm: String,
    subject_key_identifier: Option<String>,
    authority_key_identifier: Option<String>,
    extensions: Vec<Extension>,
    sha256: Fingerprint,
    /// The same in words of the PGP word list.
    sha256_words: String,
    pem: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum CertificateKind {
    RootCa,
    IntermediateCa,
    SelfSigned,
    EndEntity,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Validity {
    NotYetValid,
    Valid,
    Expired,
}

/// An extension.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Extension {
    name: String,
    critical: bool,
    /// The value as text for people.
    value: String,
}

impl Extension {
    pub(in crate::cli) fn list(extensions: &[ExtensionText]) -> Vec<Self> {
        let one = |extension: &ExtensionText| Self {
            name: extension.name.clone(),
            critical: extension.critical,
            value: extension.value.clone(),
        };
        extensions.iter().map(one).collect()
    }
}

impl Certificate {
    pub(in crate::cli) fn of(certificate: &hsm_ca::x509::Certificate) -> Self {
        let now = UnixTime::from_system(SystemTime::now());
        let (validity, key) = (certificate.validity(), certificate.key_summary());
        let identifier =
            |found: Result<Option<Vec<u8>>, _>| found.ok().flatten().map(|found| HexOf(&found).to_string());
        Self {
            version: certificate.version().into(),
            certificate_kind: match certificate.role() {
                CertificateRole::Root => CertificateKind::RootCa,
                CertificateRole::Intermediate => CertificateKind::IntermediateCa,
                CertificateRole::SelfSigned => CertificateKind::SelfSigned,
                CertificateRole::EndEntity => CertificateKind::EndEntity,
            },
            serial_number: certificate.serial_number().to_string(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            subject_parts: certificate.subject().parts(),
            issuer_parts: certificate.issuer().parts(),
            self_issued: certificate.is_self_issued(),
            self_signature_verified: certificate
                .is_self_issued()
                .then(|| certificate.check_self_signature().is_ok()),
            not_before: Time::of(validity.not_before),
            not_after: Time::of(validity.not_after),
            validity: if now < validity.not_before {
                Validity::NotYetValid
            } else if now > validity.not_after {
                Validity::Expired
            } else {
                Validity::Valid
            },
            days_left: validity.days_left(now),
            key_type: key.kind,
            key_exponent: key.exponent,
            key_problem: key.fault,
            key_identifier: key.identifier,
            public_key_sha256: Fingerprint::new(certificate.key_fingerprint()),
            signature_algorithm: certificate.describe_signature(),
            subject_key_identifier: identifier(certificate.subject_key_identifier()),
            authority_key_identifier: identifier(certificate.authority_key_identifier()),
            extensions: Extension::list(&certificate.describe_extensions()),
            sha256: Fingerprint::new(certificate.fingerprint()),
            sha256_words: words(&certificate.sha256()).join(" "),
            pem: encode_pem(CERTIFICATE, certificate.der()),
        }
    }
}

/// A certificate that was just signed, or delivered again.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Issued {
    #[serde(flatten)]
    certificate: Certificate,
    /// Whether it was signed earlier for the same request, and is delivered again.
    retried: bool,
    /// The number of the ledger's entry.
    entry: u64,
    /// What the request asks for and the profile does not allow.
    dropped: Vec<Extension>,
    /// The certificate that it replaces.
    renews: Option<Renewed>,
    /// Null if it went to stdout.
    file: Option<FileName>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Renewed {
    entry: u64,
    serial_number: String,
    not_after: Time,
}

impl Issued {
    pub(in crate::cli) fn of(summary: &IssueSummary) -> Self {
        Self {
            certificate: Certificate::of(&summary.certificate),
            retried: summary.retried,
            entry: summary.entry.0,
            dropped: Extension::list(&summary.dropped),
            renews: summary.renews.as_ref().map(|renewed| Renewed {
                entry: renewed.entry.0,
                serial_number: renewed.serial.to_string(),
                not_after: Time::of(renewed.not_after),
            }),
            file: match &summary.delivered {
                Delivered::File(path) => Some(FileName::of(path)),
                Delivered::Content(_) => None,
            },
        }
    }
}

/// `cert rules`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertRules {
    pub(in crate::cli) rules: Vec<RuleText>,
}

/// A rule that is checked before a signature.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RuleText {
    pub(in crate::cli) rule: &'static str,
    /// The clause of the standard.
    pub(in crate::cli) source: &'static str,
    pub(in crate::cli) asks: &'static str,
    /// Whether a profile can waive it.
    pub(in crate::cli) waivable: bool,
    /// The option that waives it for one signature.
    pub(in crate::cli) flag: Option<String>,
}

impl Output for CertRules {
    const NAME: &'static str = "cert-rules";
}

/// `cert cross-sign`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertCrossSign {
    pub(in crate::cli) certificates: [CrossCertificate; 1],
}

/// A cross-certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CrossCertificate {
    #[serde(flatten)]
    pub(in crate::cli) certificate: Certificate,
    /// The fields that are carried over unchanged: `subject`, `not-before`, …, and the extensions by the names of their standard.
    pub(in crate::cli) kept: Vec<String>,
    /// What RFC 5280 does not allow in the original, and is corrected.
    pub(in crate::cli) repairs: Vec<String>,
    pub(in crate::cli) changes: Vec<Change>,
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

/// The name of a field for programs. An extension has that of its standard.
pub(in crate::cli) fn field_name(shown: String) -> String {
    match shown.as_str() {
        "serial number" => "serial-number".to_owned(),
        "valid from" => "not-before".to_owned(),
        "valid until" => "not-after".to_owned(),
        "signature algorithm" => "signature-algorithm".to_owned(),
        _ => shown,
    }
}

/// A field that differs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Change {
    /// As in `kept`.
    field: String,
    /// Null if the original has none.
    original: Option<String>,
    /// Null if it was dropped.
    cross: Option<String>,
}

impl Change {
    pub(in crate::cli) fn of(change: hsm_ca::x509::Change) -> Self {
        Self {
            field: field_name(change.field),
            original: change.original,
            cross: change.cross,
        }
    }
}

impl Output for CertCrossSign {
    const NAME: &'static str = "cert-cross-sign";
    const HAS_CONTENT: bool = true;
}

/// `cert verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertVerify {
    pub(in crate::cli) verified: bool,
    pub(in crate::cli) checks: Vec<PathCheck>,
    pub(in crate::cli) paths_tried: usize,
    pub(in crate::cli) revocation: Revocation,
}

/// A check of one certificate of the path.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PathCheck {
    /// The subject of the certificate.
    pub(in crate::cli) subject: String,
    #[serde(flatten)]
    pub(in crate::cli) check: Check,
}

/// What is known about revocation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Revocation {
    /// Whether a source had the status of every certificate that can be revoked.
    pub(in crate::cli) checked: bool,
    pub(in crate::cli) certificates: Vec<Standing>,
}

/// What is known about the revocation of one certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Standing {
    pub(in crate::cli) subject: String,
    pub(in crate::cli) serial_number: String,
    pub(in crate::cli) status: RevocationStatus,
    /// What knows it. The check `revocation` of this certificate says what it found.
    pub(in crate::cli) sources: Vec<RevocationSource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum RevocationStatus {
    Good,
    /// It is revoked, its key is compromised, or a CRL that should have its status is not usable.
    Refused,
    /// Nothing has its status.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum RevocationSource {
    Ledger,
    Crl,
}

impl Output for CertVerify {
    const NAME: &'static str = "cert-verify";
}

/// `cert show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertShow {
    #[serde(flatten)]
    pub(in crate::cli) shown: Shown,
    /// Absent for one certificate without --ca.
    #[serde(flatten)]
    pub(in crate::cli) chain: Option<ShownChain>,
}

/// How the certificates are connected.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShownChain {
    /// The certificates of the file, and those of --ca above them.
    pub(in crate::cli) chain: Vec<ChainLink>,
    pub(in crate::cli) chain_verified: bool,
    /// Whether each is followed by its issuer; null if they are not one chain.
    pub(in crate::cli) in_order: Option<bool>,
}

/// One certificate as the object itself, several as a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(in crate::cli) enum Shown {
    One(Box<Certificate>),
    Several { certificates: Vec<Certificate> },
}

/// A certificate's position in a chain.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ChainLink {
    pub(in crate::cli) index: usize,
    pub(in crate::cli) subject: String,
    pub(in crate::cli) sha256: Fingerprint,
    pub(in crate::cli) source: LinkSource,
    pub(in crate::cli) state: LinkState,
    /// The index of its issuer in this list.
    pub(in crate::cli) issuer_index: Option<usize>,
    pub(in crate::cli) verified: bool,
    pub(in crate::cli) problems: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum LinkSource {
    File,
    Ca,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum LinkState {
    SelfSigned,
    Issued,
    IssuerMissing,
    Repeated,
}

impl Output for CertShow {
    const NAME: &'static str = "cert-show";
}
