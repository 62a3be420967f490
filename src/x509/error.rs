//! One variant per refusal, with the values that were found.

mod made;

use std::fmt;

use super::{Name, UnixTime, Validity, rules};
use crate::signer::{BadSignature, KeyAlgorithm, PublicKeyError, SignError};

/// Why a structure was not read, not accepted, or not issued.
#[derive(Debug)]
#[non_exhaustive]
pub enum X509Error {
    /// The input has no bytes.
    Empty,
    /// Text in an encoding that is not supported, or half a character of UTF-16.
    BrokenText {
        /// The encoding.
        is: &'static str,
    },
    /// A character in a PEM block that is not base64.
    NotBase64 {
        /// The character.
        character: char,
        /// Its line in the block; the line of BEGIN is the first.
        line: usize,
    },
    /// Neither a PEM block of the expected kind nor DER.
    NotPem {
        /// The kind that was expected, such as `CERTIFICATE REQUEST`.
        expected: &'static str,
        /// What it seems to be, if that can be recognised.
        found: Option<&'static str>,
    },
    /// A PEM block of another kind.
    WrongPem {
        /// The kind that was expected.
        expected: &'static str,
        /// The kind that was found.
        found: String,
    },
    /// A PEM block that does not end, or contains something other than base64.
    BrokenPem {
        /// What is wrong.
        reason: &'static str,
    },
    /// More than one PEM block where one is expected.
    SeveralPem {
        /// How many.
        count: usize,
    },
    /// More certificates in one file than are processed together.
    TooManyCertificates {
        /// How many.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// Bytes after the structure.
    TrailingBytes {
        /// What they follow.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// The DER does not decode.
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// A date that X.509 has, but this program does not.
    EarlyDate {
        /// What was being read.
        what: &'static str,
        /// The date, `1950-01-01`.
        date: String,
    },
    /// A version other than the standard's.
    Version {
        /// What was being read.
        what: &'static str,
        /// The version number as encoded.
        found: u64,
    },
    /// A hash that can be forged: MD5 or SHA-1.
    WeakSignature {
        /// What was being read.
        what: &'static str,
        /// The algorithm's name.
        algorithm: &'static str,
    },
    /// A signature algorithm that this program does not know.
    UnknownSignature {
        /// What was being read.
        what: &'static str,
        /// The object identifier.
        oid: String,
    },
    /// RSASSA-PSS with parameters that are not accepted.
    SignatureParameters {
        /// What was being read.
        what: &'static str,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A signature that does not verify.
    Signature {
        /// What was signed.
        what: &'static str,
        /// Always the same sentence.
        cause: BadSignature,
    },
    /// The signature algorithms inside and outside the signed part differ (RFC 5280 section 4.1.1.2).
    AlgorithmMismatch,
    /// The public key cannot be used.
    Key(PublicKeyError),
    /// The key is too small.
    WeakKey {
        /// The key.
        found: KeyAlgorithm,
    },
    /// The text is not a distinguished name.
    Subject {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The profile does not exist for this purpose.
    UnknownProfile {
        /// The name that was given.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The profile exists, for the other purpose.
    OtherRole {
        /// The name that was given.
        name: String,
        /// Whether one for self-signed certificates is needed.
        self_signed: bool,
        /// The names that fit.
        known: Vec<String>,
    },
    /// A profile file with an invalid field.
    Profile {
        /// The profile's name.
        name: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A rule of the profile or of RFC 5280 that the planned certificate breaks.
    Rule {
        /// The rule's name.
        rule: &'static str,
        /// The source of the rule.
        source: &'static str,
        /// What was found.
        found: String,
    },
    /// The signature of a certificate that is to be cross-signed cannot be verified without the certificate of its issuer.
    NoOriginalIssuer {
        /// Its issuer.
        issuer: Name,
        /// The subject of the certificate that was given for it.
        given: Option<Name>,
    },
    /// The issuing certificate is not a CA certificate.
    NotAnAuthority {
        /// Its subject.
        subject: Name,
        /// What is missing.
        reason: &'static str,
    },
    /// The issuing certificate is not valid at that time.
    IssuerNotValid {
        /// Its subject.
        subject: Name,
        /// It is valid from this second on …
        not_before: UnixTime,
        /// … until this one.
        not_after: UnixTime,
        /// The time: now, or that of a planned signature.
        at: UnixTime,
    },
    /// The requested validity ends after the CA's.
    OutlivesIssuer {
        /// The requested end.
        not_after: UnixTime,
        /// The CA's end.
        issuer_not_after: UnixTime,
    },
    /// The calendar of X.509 does not have the time: it ends with the year 9999 (RFC 5280 section 4.1.2.5).
    Calendar,
    /// The requested validity is empty.
    EndsBeforeItBegins {
        /// The validity.
        validity: Validity,
    },
    /// The requested validity is in the past.
    OverWhenIssued {
        /// Its end.
        not_after: UnixTime,
        /// The time of issue.
        now: UnixTime,
    },
    /// A throwaway key could not be made or did not sign.
    Throwaway,
    /// A line of an index of `openssl ca` that cannot be read.
    Index {
        /// Its number.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The token, or whatever holds the key, did not sign.
    Signer(SignError),
    /// It signed, but the signature does not verify under the issuer's public key.
    TokenSignature,
}

impl fmt::Display for X509Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the input is empty"),
            Self::NotPem { expected, found } => {
                write!(f, "neither a PEM block \"{expected}\" nor DER")?;
                found.map_or(Ok(()), |found| write!(f, ": it is {found}"))
            }
            Self::BrokenText { is } => write!(f, "it is {is} that cannot be read: save it as UTF-8"),
            Self::NotBase64 { character, line } => write!(
                f,
                "the PEM block is broken: U+{:04X} in its line {line} is not base64",
                u32::from(*character)
            ),
            Self::WrongPem { expected, found } => {
                write!(f, "a PEM block \"{found}\" where \"{expected}\" is expected")
            }
            Self::BrokenPem { reason } => write!(f, "the PEM block is broken: {reason}"),
            Self::SeveralPem { count } => write!(f, "{count} PEM blocks; expected one"),
            Self::TooManyCertificates { count, most } => {
                write!(f, "{count} certificates; at most {most} are shown as a chain")
            }
            Self::TrailingBytes { what, count } => write!(f, "{count} bytes follow the end of the {what}"),
            Self::Malformed { what, reason } => write!(f, "not a well-formed {what}: {reason}"),
            Self::EarlyDate { what, date } => write!(
                f,
                "the {what}'s date {date} lies before 1970, which is not supported"
            ),
            Self::Version { what, found } => write!(
                f,
                "the {what} has version number {found}, which does not exist for that type"
            ),
            Self::WeakSignature { what, algorithm } => {
                write!(f, "the {what} is signed with {algorithm}, which can be forged")
            }
            Self::UnknownSignature { what, oid } => {
                write!(
                    f,
                    "the {what} is signed with an algorithm that is not supported ({oid})"
                )
            }
            Self::SignatureParameters { what, reason } => {
                write!(f, "the {what}'s RSASSA-PSS signature is unusable: {reason}")
            }
            Self::Signature { what, cause } => write!(f, "the {what}'s signature is wrong: {cause}"),
            Self::AlgorithmMismatch => write!(
                f,
                "the signature algorithms inside and outside the signed part differ"
            ),
            Self::Key(error) => error.fmt(f),
            Self::WeakKey { found } => write!(f, "the public key is {found}, less than RSA 2048"),
            Self::Subject { text, reason } => write!(f, "\"{text}\" is not a distinguished name: {reason}"),
            Self::UnknownProfile { name, known } => {
                write!(
                    f,
                    "the profile \"{name}\" does not exist; profiles: {}",
                    known.join(", ")
                )
            }
            Self::OtherRole {
                name,
                self_signed,
                known,
            } => {
                let of = match self_signed {
                    true => "certificates that a CA signs",
                    false => "self-signed certificates",
                };
                write!(
                    f,
                    "the profile \"{name}\" is for {of}; those that fit: {}",
                    known.join(", ")
                )
            }
            Self::Profile { name, field, reason } => write!(f, "the profile \"{name}\": {field}: {reason}"),
            Self::Rule { rule, source, found } => write!(f, "{rule} ({source}): {found}"),
            Self::NoOriginalIssuer { issuer, given } => {
                let rule = rules::CROSS_ORIGINAL;
                write!(f, "{} ({}): \"{issuer}\" issued it, ", rule.name, rule.source)?;
                match given {
                    Some(given) => write!(f, "not \"{given}\""),
                    None => write!(f, "without whose certificate it cannot be verified"),
                }
            }
            Self::NotAnAuthority { subject, reason } => {
                write!(f, "\"{subject}\" is not a CA certificate: {reason}")
            }
            Self::IssuerNotValid {
                subject,
                not_before,
                not_after,
                at,
            } => {
                write!(
                    f,
                    "the CA certificate \"{subject}\" is valid from {not_before} to {not_after}, not at {at}"
                )
            }
            Self::OutlivesIssuer {
                not_after,
                issuer_not_after,
            } => {
                write!(
                    f,
                    "the certificate would be valid until {not_after}, but its CA only until {issuer_not_after}"
                )
            }
            Self::Calendar => write!(
                f,
                "it would end after the year 9999, which X.509 cannot express (RFC 5280 section 4.1.2.5)"
            ),
            Self::EndsBeforeItBegins { validity } => write!(
                f,
                "the certificate would end at {}, before it begins at {}",
                validity.not_after, validity.not_before
            ),
            Self::OverWhenIssued { not_after, now } => write!(
                f,
                "the certificate would end at {not_after}, but it is already {now}"
            ),
            Self::Throwaway => write!(
                f,
                "no throwaway key: AWS-LC could not make one, or could not sign with it"
            ),
            Self::Index { line, reason } => write!(f, "line {line}: {reason}"),
            Self::Signer(error) => error.fmt(f),
            Self::TokenSignature => {
                write!(
                    f,
                    "what was returned as a signature does not verify under the CA's public key; nothing was written"
                )
            }
        }
    }
}

impl std::error::Error for X509Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Key(error) => error.source(),
            Self::Signature { cause, .. } => cause.source(),
            Self::Signer(error) => error.source(),
            _ => None,
        }
    }
}
