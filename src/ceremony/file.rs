//! The ceremony file: what is done, by whom, on which day and with which tokens. It contains no PIN, module path or slot. People read and approve
//! this file, and they cannot assess those values from the text.
//!
//! Reading the file checks everything that needs neither X.509 nor a token. Each name refers to one existing thing. Each step uses only what earlier
//! steps made. The people and their roles can do what the file asks of them.

mod action;
mod names;
mod people;
mod references;
mod sessions;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod validity;

use std::collections::BTreeMap;
use std::fmt;

pub use people::{Person, Quorum, Role};
pub use sessions::Session;
pub use steps::{
    Confirm, CreateCa, Crl, CrossSign, DestroyKey, GenerateKey, ImportKey, Manual, Revoke, SignBy, SignCsr,
    Step, StepAction,
};
pub use validity::{NotAfter, NotBefore};

use super::{CeremonyKind, Digest, PlanError, PlannedPeople};

/// The only version of the format.
const VERSION: u32 = 1;

/// A ceremony file that passed all checks of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyFile {
    /// The name of the ceremony. Its operators keep it unique.
    pub id: String,
    /// Whether this is the real ceremony or a practice.
    pub kind: CeremonyKind,
    /// The URL of the policy clause that the ceremony follows.
    pub policy: Option<String>,
    /// The previous ceremony.
    pub previous: PreviousCeremony,
    /// The days on which the ceremony may run, in order. The first one is the main session.
    pub sessions: Vec<Session>,
    /// The tokens, by the name used in the steps.
    pub tokens: BTreeMap<String, TokenBinding>,
    /// How many people of each role are needed.
    pub quorum: Quorum,
    /// The people.
    pub people: Vec<Person>,
    /// The input files, by the name used in the steps.
    pub inputs: BTreeMap<String, Input>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The `[close]` section.
    pub close: CloseSection,
}

/// The previous ceremony. This one inherits its numbers and its quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreviousCeremony {
    /// None: this is the first ceremony.
    None,
    /// There is one, and it exported its state.
    Exported {
        /// The head of its transcript, as `N:HASH`.
        head: String,
        /// Its export.
        export: Input,
    },
}

/// Identifies a token by its serial number, because labels can be changed and slots move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBinding {
    /// `serialNumber` of `CK_TOKEN_INFO`, without the padding (PKCS#11 v3.1 section 3.3).
    pub serial: String,
}

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its path, relative to the directory of the ceremony file.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// The end of the ceremony.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseSection {
    /// The roles that must sign the transcript. Everyone who attended with such a role must sign.
    pub attest: Vec<Role>,
    /// The rules that are waived for a step.
    pub waivers: Vec<Waiver>,
}

/// A rule that is waived for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule, as listed by `hsm-ca cert rules`.
    pub rule: String,
    /// The step.
    pub step: String,
    /// The reason.
    pub because: String,
}

impl Waiver {
    /// In bytes. "ok" and "agreed" are not reasons.
    const SHORTEST_REASON: usize = 10;
}

/// Why a file is not a ceremony file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyFileError {
    /// The part of the file, such as `step "root"`.
    pub place: Option<String>,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl CeremonyFileError {
    fn at(place: &str, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self {
            place: Some(place.to_owned()),
            line,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for CeremonyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        // A message of the TOML parser can span several lines.
        f.write_str(&self.reason.replace('\n', "; "))
    }
}

impl std::error::Error for CeremonyFileError {}

impl CeremonyFile {
    /// Whether a file looks like one: it is text, and has the section of a session.
    #[must_use]
    pub fn is_meant(beginning: &[u8]) -> bool {
        let mut lines = beginning.split(|byte| *byte == b'\n');
        lines.any(|line| line.trim_ascii() == b"[[session]]")
    }

    /// Reads and checks the text of a ceremony file.
    ///
    /// # Errors
    /// [`CeremonyFileError`]: the first error, and its place.
    pub fn read(text: &str) -> Result<Self, CeremonyFileError> {
        let file = text::read(text)?;
        if file.version != VERSION {
            let reason = format!(
                "version is {}, and this program knows version {VERSION}",
                file.version
            );
            return Err(CeremonyFileError::at("the file", None, reason));
        }
        names::check("id", "the file", &file.id, None)?;
        if let Some(policy) = &file.policy {
            names::check_text("policy", "the file", policy, None)?;
        }
        let kind = match file.kind.as_str() {
            "production" => CeremonyKind::Production,
            "practice" => CeremonyKind::Practice,
            other => {
                let reason = format!("kind is {other:?}; it must be production or practice");
                return Err(CeremonyFileError::at("the file", None, reason));
            }
        };
        let inputs = read_inputs(file.input)?;
        let tokens = read_tokens(file.token)?;
        let sessions = sessions::read(text, file.session)?;
        let (people, quorum) = people::read(text, file.people, file.person)?;
        let steps = steps::read(text, file.step)?;
        let read = Self {
            id: file.id,
            kind,
            policy: file.policy,
            previous: read_previous(file.previous)?,
            sessions,
            tokens,
            quorum,
            people,
            inputs,
            steps,
            close: read_close(file.close)?,
        };
        read.check_references()?;
        read.check_quorum()?;
        Ok(read)
    }

    /// SHA-256 of the people. The machine's settings or the previous ceremony must name the same value.
    ///
    /// # Errors
    /// [`PlanError`]. A file that was read never causes it.
    pub fn quorum_hash(&self) -> Result<Digest, PlanError> {
        PlannedPeople::of(self).quorum()
    }

    /// If the file claims a quorum, it must be the quorum of its people.
    fn check_quorum(&self) -> Result<(), CeremonyFileError> {
        let wrong = |reason: String| CeremonyFileError::at("people", None, reason);
        let Some(claimed) = &self.quorum.claimed else {
            return Ok(());
        };
        let hash = self.quorum_hash().map_err(|error| wrong(error.to_string()))?;
        match *claimed == format!("sha256:{hash}") {
            true => Ok(()),
            false => Err(wrong(format!(
                "quorum is {claimed}, and that of the people in this file is sha256:{hash}"
            ))),
        }
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

fn read_inputs(
    inputs: BTreeMap<String, text::InputText>,
) -> Result<BTreeMap<String, Input>, CeremonyFileError> {
    let mut read = BTreeMap::new();
    for (name, input) in inputs {
        let place = format!("input {name:?}");
        names::check("the name", &place, &name, None)?;
        read.insert(name, read_input(&place, input.file, &input.sha256)?);
    }
    Ok(read)
}

fn read_input(place: &str, file: String, sha256: &str) -> Result<Input, CeremonyFileError> {
    names::check_path(place, &file)?;
    let sha256 = names::read_sha256(place, sha256)?;
    Ok(Input { file, sha256 })
}

fn read_tokens(
    tokens: BTreeMap<String, text::TokenText>,
) -> Result<BTreeMap<String, TokenBinding>, CeremonyFileError> {
    let mut read: BTreeMap<String, TokenBinding> = BTreeMap::new();
    for (name, token) in tokens {
        let place = format!("token {name:?}");
        names::check("the name", &place, &name, None)?;
        let serial = token.serial;
        // The field in CK_TOKEN_INFO has 16 characters.
        let is_plain = |text: &str| text.chars().all(|character| character.is_ascii_graphic());
        if serial.is_empty() || serial.len() > 16 || !is_plain(&serial) {
            let reason = "serial must be 1 to 16 printable characters, as the token shows it";
            return Err(CeremonyFileError::at(&place, None, reason));
        }
        if let Some((other, _)) = read.iter().find(|(_, other)| other.serial == serial) {
            let reason = format!("token {other:?} has the same serial number");
            return Err(CeremonyFileError::at(&place, None, reason));
        }
        read.insert(name, TokenBinding { serial });
    }
    Ok(read)
}

fn read_previous(previous: text::PreviousText) -> Result<PreviousCeremony, CeremonyFileError> {
    const PLACE: &str = "previous";
    let wrong = |reason: &str| Err(CeremonyFileError::at(PLACE, None, reason));
    match (previous.head.as_str(), previous.file, previous.sha256) {
        ("none", None, None) => Ok(PreviousCeremony::None),
        ("none", _, _) => wrong("head is \"none\", so file and sha256 must be left out"),
        (head, Some(file), Some(sha256)) => {
            let is_head = head.split_once(':').is_some_and(|(count, hash)| {
                count.parse::<u64>().is_ok_and(|count| count > 0) && names::read_sha256(PLACE, hash).is_ok()
            });
            if !is_head {
                return wrong("head must be \"none\" or N:HASH, the head of that ceremony's transcript");
            }
            Ok(PreviousCeremony::Exported {
                head: head.to_owned(),
                export: read_input(PLACE, file, &sha256)?,
            })
        }
        _ => wrong("a head needs file and sha256 of what that ceremony exported"),
    }
}

fn read_close(close: text::CloseText) -> Result<CloseSection, CeremonyFileError> {
    const PLACE: &str = "close";
    let attest = people::read_roles(PLACE, None, &close.attest)?;
    if attest.is_empty() {
        let reason = "attest must name at least one role: somebody must sign the transcript";
        return Err(CeremonyFileError::at(PLACE, None, reason));
    }
    let mut waivers = Vec::new();
    for text::WaiverText { rule, step, because } in close.waive {
        names::check_text("because", PLACE, &because, None)?;
        if because.len() < Waiver::SHORTEST_REASON {
            let reason =
                format!("the waiver of {rule:?} for step {step:?} needs a reason that people can assess");
            return Err(CeremonyFileError::at(PLACE, None, reason));
        }
        waivers.push(Waiver { rule, step, because });
    }
    Ok(CloseSection { attest, waivers })
}
