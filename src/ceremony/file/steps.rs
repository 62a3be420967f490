//! What is done, step by step. The values inside a step that only X.509 understands (names, profiles, key types) stay text here.

use serde::{Deserialize, Serialize};
use toml::{Spanned, Table, Value};

use super::people::{self, Role};
use super::{CeremonyFileError, NotAfter, NotBefore, names, text};
use crate::values::Digest;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub id: String,
    /// Its line in the file.
    pub line: usize,
    /// What is done.
    pub action: StepAction,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StepAction {
    /// People do something, say so, and write down what they see.
    Manual(Manual),
    /// A token generates a key.
    GenerateKey(GenerateKey),
    /// A key pair that AWS KMS generated is imported into a token.
    ImportKey(ImportKey),
    /// People sign the completed bytes before a key does.
    Confirm(Confirm),
    /// A self-signed CA certificate.
    CreateCa(CreateCa),
    /// A certificate for a request.
    SignCsr(SignCsr),
    /// A certificate that repeats another CA's.
    CrossSign(CrossSign),
    /// A certificate is revoked. The next `crl` step of its issuer says so.
    Revoke(Revoke),
    /// A certificate revocation list.
    Crl(Crl),
    /// A token destroys a key.
    DestroyKey(DestroyKey),
}

/// `do = "manual"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    /// What is read aloud.
    pub say: String,
    /// What is written down: `wall-clock`, `bag:NAME`, or a name of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<String>,
}

/// `do = "generate-key"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateKey {
    /// The token.
    pub token: String,
    /// `CKA_LABEL`
    pub label: String,
    /// The type, as `hsm-ca key generate --type` takes it.
    #[serde(rename = "type")]
    pub key_type: String,
}

/// `do = "import-key"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportKey {
    /// The token.
    pub token: String,
    /// `CKA_LABEL`
    pub label: String,
    /// The input with the pair file of `hsm-ca kms generate-key-pair`.
    pub pair: String,
    /// SHA-256 of the only public key to accept, as it was noted when KMS generated the pair. Anyone who may call `kms:Encrypt` can make
    /// another pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Digest>,
}

/// `do = "confirm"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Confirm {
    /// Who signs.
    pub sign_by: SignBy,
}

/// How many people of a role sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignBy {
    /// The role.
    #[serde(deserialize_with = "role")]
    pub role: Role,
    /// How many distinct people.
    pub threshold: usize,
}

/// `do = "create-ca"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateCa {
    /// The step that makes the key, or the input with its public half.
    pub key: String,
    /// The token of a key that was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Subject and issuer, as `CN=Root R1,O=Example`.
    pub subject: String,
    /// The profile.
    pub profile: String,
    /// The first second.
    #[serde(default)]
    pub not_before: NotBefore,
    /// Days of 24 hours, the last second included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The last second, instead of `days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<NotAfter>,
    /// The hash of the signature, where the key's own is not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The name of its file in `out`.
    pub out: String,
}

/// `do = "sign-csr"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignCsr {
    /// The step that makes the CA's certificate, or the input with it.
    pub issuer: String,
    /// The token of the issuer's key, where an input is the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The input with the request.
    pub csr: String,
    /// The profile.
    pub profile: String,
    /// The first second.
    #[serde(default)]
    pub not_before: NotBefore,
    /// Days of 24 hours, the last second included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The last second, instead of `days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<NotAfter>,
    /// The hash of the signature, where the key's own is not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The name of its file in `out`.
    pub out: String,
}

/// `do = "cross-sign"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrossSign {
    /// The step that makes the CA's certificate, or the input with it.
    pub issuer: String,
    /// The token of the issuer's key, where an input is the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The step that makes the certificate that is repeated, or the input with it.
    pub subject_of: String,
    /// The issuer of that certificate, where it is not self-signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The issuer's own profile for intermediates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Purposes that the original does not restrict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended_key_usage: Vec<String>,
    /// The first second.
    #[serde(default)]
    pub not_before: NotBefore,
    /// Days of 24 hours, the last second included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The last second, instead of `days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<NotAfter>,
    /// The hash of the signature, where the key's own is not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The name of its file in `out`.
    pub out: String,
}

/// `do = "revoke"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Revoke {
    /// The step that makes the CA's certificate, or the input with it.
    pub issuer: String,
    /// The input with the certificate.
    pub certificate: String,
    /// `CRLReason`, as `hsm-ca cert revoke --reason` takes it.
    pub reason: String,
    /// `invalidityDate`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_since: Option<String>,
}

/// `do = "crl"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Crl {
    /// The step that makes the CA's certificate, or the input with it.
    pub issuer: String,
    /// The token of the issuer's key, where an input is the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `cRLNumber`
    pub number: u64,
    /// The step or the input with the CRL before it, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Days until the next one.
    pub days: u32,
    /// The hash of the signature, where the key's own is not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The name of its file in `out`.
    pub out: String,
}

/// `do = "destroy-key"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestroyKey {
    /// The token.
    pub token: String,
    /// The step that makes the key, or the input with its public half: never a label, which another key can have.
    pub key: String,
}

fn role<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    let word = String::deserialize(deserializer)?;
    Role::named(&word).ok_or_else(|| serde::de::Error::custom(format!("{word:?} is not a role")))
}

pub(super) fn read(text: &str, tables: Vec<Spanned<Table>>) -> Result<Vec<Step>, CeremonyFileError> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let line = text::line_of(text, table.span().start);
        let mut table = table.into_inner();
        let place = format!("step {}", index + 1);
        let mut take = |field: &str| match table.remove(field) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(CeremonyFileError::at(
                &place,
                Some(line),
                format!("{field} is not a text"),
            )),
            None => Err(CeremonyFileError::at(
                &place,
                Some(line),
                format!("{field} is missing"),
            )),
        };
        let (id, action) = (take("id")?, take("do")?);
        names::check("id", &place, &id, Some(line))?;
        let place = format!("step {id:?}");
        if steps.iter().any(|other| other.id == id) {
            return Err(CeremonyFileError::at(
                &place,
                Some(line),
                "another step has the same id",
            ));
        }
        let action = read_action(&action, table, &place, line)?;
        steps.push(Step { id, line, action });
    }
    if steps.is_empty() {
        let reason = "no [[step]]: nothing would be done";
        return Err(CeremonyFileError::at("the file", None, reason));
    }
    Ok(steps)
}

/// What an import has outside of ceremonies. An attestation document and a grant token are valid for minutes, and a plan is approved days before.
fn refuse_sealed_route(table: &Table, place: &str, line: usize) -> Result<(), CeremonyFileError> {
    const NOT_HERE: [&str; 4] = ["route", "attestation-document", "grant-token", "grant-tokens"];
    match NOT_HERE.iter().find(|name| table.contains_key(**name)) {
        None => Ok(()),
        Some(name) => {
            let reason = format!(
                "{name} cannot be used in a ceremony: import the key before it, and name its public key as an input"
            );
            Err(CeremonyFileError::at(place, Some(line), reason))
        }
    }
}

fn read_action(word: &str, table: Table, place: &str, line: usize) -> Result<StepAction, CeremonyFileError> {
    Ok(match word {
        "manual" => StepAction::Manual(check_manual(text::read_table(table, place, line)?, place, line)?),
        "generate-key" => StepAction::GenerateKey(text::read_table(table, place, line)?),
        "import-key" => {
            refuse_sealed_route(&table, place, line)?;
            StepAction::ImportKey(text::read_table(table, place, line)?)
        }
        "confirm" => StepAction::Confirm(text::read_table(table, place, line)?),
        "create-ca" => StepAction::CreateCa(text::read_table(table, place, line)?),
        "sign-csr" => StepAction::SignCsr(text::read_table(table, place, line)?),
        "cross-sign" => StepAction::CrossSign(text::read_table(table, place, line)?),
        "revoke" => StepAction::Revoke(text::read_table(table, place, line)?),
        "crl" => StepAction::Crl(text::read_table(table, place, line)?),
        "destroy-key" => StepAction::DestroyKey(text::read_table(table, place, line)?),
        other => {
            let known = "manual, generate-key, import-key, confirm, create-ca, sign-csr, cross-sign, revoke, crl, \
                         destroy-key";
            let reason = format!("do is {other:?}; it can be one of {known}");
            return Err(CeremonyFileError::at(place, Some(line), reason));
        }
    })
}

fn check_manual(manual: Manual, place: &str, line: usize) -> Result<Manual, CeremonyFileError> {
    names::check_text("say", place, &manual.say, Some(line))?;
    for (index, name) in manual.record.iter().enumerate() {
        let plain = name.strip_prefix("bag:").unwrap_or(name);
        names::check("record", place, plain, Some(line))?;
        if manual.record.iter().take(index).any(|other| other == name) {
            let reason = format!("record has {name:?} twice");
            return Err(CeremonyFileError::at(place, Some(line), reason));
        }
    }
    Ok(manual)
}

/// Refuses a role and a threshold that the people of the file cannot meet.
pub(super) fn check_sign_by(sign_by: &SignBy, persons: &[people::Person]) -> Result<(), String> {
    let there = persons
        .iter()
        .filter(|person| person.roles.contains(&sign_by.role))
        .count();
    match sign_by.threshold {
        0 => Err("sign-by has threshold 0: nobody would sign".to_owned()),
        wanted if wanted > there => {
            let role = sign_by.role.word();
            Err(format!(
                "sign-by asks for {wanted} of role {role}, but only {there} people have it"
            ))
        }
        _ => Ok(()),
    }
}
