//! The ceremony file of a practice: stand-ins replace a few values, and every other character stays unchanged.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::{
    CeremonyFile, CeremonyFileError, CeremonyKind, Digest, PlannedPeople, PreviousCeremony, SshKey,
    StepAction,
};

/// The values that a practice replaces in the ceremony file.
#[derive(Clone, Debug, Default)]
pub struct PracticeChanges {
    /// The serial numbers of the practice's tokens, by token name.
    pub tokens: BTreeMap<String, String>,
    /// The keys of the practice's people, in the order of the file. They have no requirements, because only a security key could meet them.
    pub keys: Vec<SshKey>,
    /// SHA-256 of each stand-in input, by input name.
    pub inputs: BTreeMap<String, Digest>,
    /// SHA-256 of the public key that each import step expects of its stand-in pair, by step.
    pub pins: BTreeMap<String, Digest>,
    /// SHA-256 of the previous ceremony's export, if the file names one.
    pub previous: Option<Digest>,
}

/// Why a file cannot be turned into a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PracticeFileError {
    /// The ceremony file or the changed file is invalid.
    File(CeremonyFileError),
    /// A value to replace is missing.
    Missing {
        /// Which.
        what: String,
    },
    /// The changed file also differs in another place.
    OtherFile,
}

/// The places of the values to replace. Reading ignores everything else.
#[derive(Deserialize)]
struct Places {
    kind: Spanned<String>,
    previous: PreviousPlaces,
    people: PeoplePlaces,
    #[serde(default)]
    token: BTreeMap<String, TokenPlaces>,
    #[serde(default)]
    person: Vec<PersonPlaces>,
    #[serde(default)]
    input: BTreeMap<String, InputPlaces>,
    #[serde(default)]
    step: Vec<StepPlaces>,
}

#[derive(Deserialize)]
struct PreviousPlaces {
    sha256: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct PeoplePlaces {
    quorum: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct TokenPlaces {
    serial: Spanned<String>,
}

#[derive(Deserialize)]
struct PersonPlaces {
    key: Spanned<String>,
    require: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
struct InputPlaces {
    sha256: Spanned<String>,
}

#[derive(Deserialize)]
struct StepPlaces {
    id: String,
    expect: Option<Spanned<String>>,
}

impl PracticeChanges {
    /// The text and the content of the practice's file. Only the values listed here differ from `text`.
    ///
    /// # Errors
    /// [`PracticeFileError`]
    pub fn apply(&self, text: &str) -> Result<(String, CeremonyFile), PracticeFileError> {
        let expected = self.change(CeremonyFile::read(text).map_err(PracticeFileError::File)?)?;
        let places: Places = toml::from_str(text).map_err(|error| {
            let reason = error.message().to_owned();
            PracticeFileError::File(CeremonyFileError {
                place: None,
                line: None,
                reason,
            })
        })?;
        let mut edits = Edits::default();
        edits.text(&places.kind, CeremonyKind::Practice.word());
        for (name, serial) in &self.tokens {
            let token = places.token.get(name).ok_or_else(|| missing("token", name))?;
            edits.text(&token.serial, serial);
        }
        for (person, key) in places.person.iter().zip(&self.keys) {
            edits.text(&person.key, &key.line());
            if let Some(require) = &person.require {
                edits.empty_list(require.span(), text);
            }
        }
        for (name, sha256) in &self.inputs {
            let input = places.input.get(name).ok_or_else(|| missing("input", name))?;
            edits.text(&input.sha256, &sha256.to_string());
        }
        for (name, pin) in &self.pins {
            let step = places.step.iter().find(|step| step.id == *name);
            let expect = step.and_then(|step| step.expect.as_ref());
            edits.text(
                expect.ok_or_else(|| missing("expect of step", name))?,
                &pin.to_string(),
            );
        }
        if let (Some(place), Some(sha256)) = (&places.previous.sha256, self.previous) {
            edits.text(place, &sha256.to_string());
        }
        if let (Some(place), Some(claimed)) = (&places.people.quorum, &expected.quorum.claimed) {
            edits.text(place, claimed);
        }
        let practice = edits.apply(text);
        let read = CeremonyFile::read(&practice).map_err(PracticeFileError::File)?;
        match read == expected {
            true => Ok((practice, read)),
            false => Err(PracticeFileError::OtherFile),
        }
    }

    /// The content that the practice's file must have.
    fn change(&self, mut file: CeremonyFile) -> Result<CeremonyFile, PracticeFileError> {
        file.kind = CeremonyKind::Practice;
        for (name, serial) in &self.tokens {
            let token = file.tokens.get_mut(name).ok_or_else(|| missing("token", name))?;
            token.serial.clone_from(serial);
        }
        if self.keys.len() != file.people.len() {
            return Err(missing("person", "a key for each"));
        }
        for (person, key) in file.people.iter_mut().zip(&self.keys) {
            person.key = key.clone();
            person.require.clear();
        }
        for (name, sha256) in &self.inputs {
            let input = file.inputs.get_mut(name).ok_or_else(|| missing("input", name))?;
            input.sha256 = *sha256;
        }
        for (name, pin) in &self.pins {
            let step = file.steps.iter_mut().find(|step| step.id == *name);
            match step.map(|step| &mut step.action) {
                Some(StepAction::ImportKey(import)) => import.expect = Some(*pin),
                _ => return Err(missing("expect of step", name)),
            }
        }
        if let (PreviousCeremony::Exported { export, .. }, Some(sha256)) = (&mut file.previous, self.previous)
        {
            export.sha256 = sha256;
        }
        if file.quorum.claimed.is_some() {
            let quorum = PlannedPeople::of(&file).quorum();
            let quorum = quorum.map_err(|_| missing("people", "quorum"))?;
            file.quorum.claimed = Some(format!("sha256:{quorum}"));
        }
        Ok(file)
    }
}

/// Replacement texts for ranges of the file.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Replaces a string. No replacement contains a character that TOML escapes.
    fn text(&mut self, place: &Spanned<String>, new: &str) {
        self.put(place.span(), format!("\"{new}\""));
    }

    /// Replaces a list with an empty one of the same number of lines, because steps store their line.
    fn empty_list(&mut self, place: Range<usize>, text: &str) {
        let lines = text.get(place.clone()).unwrap_or_default().matches('\n').count();
        self.put(place, format!("[{}]", "\n".repeat(lines)));
    }

    fn put(&mut self, place: Range<usize>, new: String) {
        self.0.push((place, new));
    }

    /// Applies the edits from last to first, so that earlier ranges stay valid.
    fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(place, _)| place.start);
        let mut edited = text.to_owned();
        for (place, new) in self.0.into_iter().rev() {
            if edited.get(place.clone()).is_some() {
                edited.replace_range(place, &new);
            }
        }
        edited
    }
}

fn missing(what: &str, name: &str) -> PracticeFileError {
    PracticeFileError::Missing {
        what: format!("{what} {name:?}"),
    }
}

impl fmt::Display for PracticeFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Missing { what } => write!(f, "cannot make a practice of the ceremony file: {what} is missing"),
            Self::OtherFile => f.write_str(
                "cannot make a practice of the ceremony file: the result differs from it in another place too",
            ),
        }
    }
}

impl std::error::Error for PracticeFileError {}
