//! The dialogue with the people at the terminal.

use std::path::Path;
use std::slice;

use hsm_ca::ceremony::{Choice, Event, ObjectKind, UnlistedRevocation, record_text};
use hsm_ca::values::UnixTime;
use hsm_ca::workflow::{CeremonyRoom, Question, RunError, Told, WorkflowError};

use crate::cli::ceremony::object_text::objects_text;
use crate::cli::ceremony::step_text::describe_step;
use crate::cli::ceremony::words::two_ways;
use crate::cli::report::{Fields, printable};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;
use crate::cli::wrap;

/// Talks to people at a terminal, or reads their answers from standard input.
pub(super) struct Room<'a> {
    ui: &'a Ui,
    no_input: bool,
    /// The ceremony's directory, quoted for the shell.
    directory: String,
}

impl<'a> Room<'a> {
    pub(super) fn new(ui: &'a Ui, no_input: bool, directory: &Path) -> Self {
        Self {
            ui,
            no_input,
            directory: quote(&directory.display().to_string()),
        }
    }
}

impl CeremonyRoom for Room<'_> {
    fn ask(&self, question: &Question<'_>) -> Result<String, WorkflowError> {
        let (text, asked) = phrase(question, &self.directory);
        if self.no_input {
            return Err(RunError::NoAnswer { asked }.into());
        }
        match self.ui.ask_line(&text) {
            Ok(Some(answer)) => Ok(answer),
            _ => Err(RunError::NoAnswer { asked }.into()),
        }
    }

    fn expect_answers(&self) -> Result<(), WorkflowError> {
        match self.no_input || self.ui.input_has_ended() {
            true => Err(RunError::NoPeople.into()),
            false => Ok(()),
        }
    }

    fn tell(&self, told: &Told<'_>) {
        self.ui.say(&sentence(told, self.ui.room_width()));
    }
}

/// The text of the question, and a short name for it.
fn phrase(question: &Question<'_>, directory: &str) -> (String, &'static str) {
    match question {
        Question::WallClock { machine } => (
            format!(
                "The machine's clock says {machine}.\nWhat are the date and time by the wall clock, in UTC (YYYY-MM-DD HH:MM)? "
            ),
            "the time of the wall clock",
        ),
        Question::Attending { people } => {
            let mut text = "These people can take part:\n".to_owned();
            for person in &people.persons {
                let roles: Vec<_> = person.roles.iter().map(|role| role.word()).collect();
                text.push_str(&format!("  {} ({})\n", printable(&person.name), roles.join(", ")));
            }
            text.push_str("Who is in the room? Names, separated by commas: ");
            (text, "who is in the room")
        }
        Question::Words { step } => (
            format!("Type the four words from the script for \"{step}\": "),
            "the words of the script",
        ),
        Question::Done { say } => (
            format!(
                "Read aloud: \"{}\"\nPress Enter when it is done: ",
                printable(say)
            ),
            "whether the step is done",
        ),
        Question::Record { name } => (
            format!("Write down and type \"{}\": ", printable(&record_text(name))),
            "what is to be written down",
        ),
        Question::GateSigned { step, missing } => (
            format!(
                "Signatures still missing at step \"{step}\": {missing}. Each person signs in another terminal:\n  hsm-ca ceremony approve {directory} --ssh-key FILE\nPress Enter to count the signatures: "
            ),
            "whether the people at the gate have signed",
        ),
        Question::SaidBy { people } => (
            format!(
                "Who says this? One name of those in the room ({}): ",
                printable(&people.join(", "))
            ),
            "who says this",
        ),
        Question::Decide { choices, .. } => {
            let words: Vec<_> = choices.iter().map(|choice| choice.word()).collect();
            (format!("Decide: {} or stop? ", words.join(", ")), "a decision")
        }
        Question::DecidedBy { sign_by } => (
            format!(
                "Who decided? At least {} with the role {}. Names, separated by commas: ",
                sign_by.threshold,
                sign_by.role.word()
            ),
            "who decided",
        ),
        _ => ("? ".to_owned(), "a question"),
    }
}

fn sentence(told: &Told<'_>, width: Option<usize>) -> String {
    match told {
        Told::Opened {
            ceremony,
            kind,
            plan,
            session,
            run,
            approved_by,
            network,
            needs_network,
        } => {
            let mut fields = Fields::default();
            fields
                .add("session", *session)
                .add("run", run)
                .add("approved by", printable(&approved_by.join(", ")));
            format!(
                "{} ceremony {ceremony}\n{}{}SHA-256 of the plan:\n{}",
                kind.word().to_uppercase(),
                fields.render(2),
                network_text(network, *needs_network),
                two_ways(plan)
            )
        }
        Told::Interrupted => {
            "The last run was interrupted. This run continues where it stopped.\n".to_owned()
        }
        Told::Refused { reason } => format!("Not accepted: {}\n", printable(reason)),
        Told::Recorded { line, time, event } => recorded(*line, *time, event, width),
        Told::RecordedNext => "This is recorded next. First say who made the remark before it.\n".to_owned(),
        Told::Step { number, of, step } => {
            format!("\nStep {number} of {of}, {}: {}\n", step.id, describe_step(step))
        }
        Told::AlreadyDone { number, step } => {
            format!("\nStep {number}, {}: done in an earlier run\n", step.id)
        }
        Told::Key { step, sha256 } => {
            format!(
                "The key \"{step}\" is on the token. SHA-256 of its public key:\n{}",
                two_ways(sha256)
            )
        }
        Told::ToSign { object } => objects_text(slice::from_ref(object), width),
        Told::Gate { objects, sign_by } => format!(
            "At least {} people with the role {} compare this with the script, and sign it:\n{}",
            sign_by.threshold,
            sign_by.role.word(),
            objects_text(objects, width)
        ),
        Told::GatePassed { people } => format!("Signed by {}.\n", printable(&people.join(", "))),
        Told::Signed { step, sha256 } => format!(
            "Signed \"{step}\", and the signature verifies. SHA-256 of the result:\n{}",
            two_ways(sha256)
        ),
        Told::LostSignature {
            step,
            is,
            choices,
            unlisted,
        } => lost_signature(step, *is, choices, *unlisted, width),
        Told::NoKms { step, reason } => format!(
            "KMS does not decrypt the key \"{step}\" now: {}\nThe step has begun. If its key is on the token, it can be adopted without KMS.\n",
            printable(reason)
        ),
        Told::FoundKey {
            step,
            key,
            attributes,
        } => format!(
            "The last run stopped while it made the key \"{step}\". The token has:\n  {}\n  {}\n",
            printable(key),
            printable(attributes)
        ),
        _ => String::new(),
    }
}

/// An offline root is kept away from every network, and only people can see whether it is.
fn network_text(network: &[String], needs_network: Option<&str>) -> String {
    let up = match network {
        [] => "No network interface is up.".to_owned(),
        network => format!(
            "Network interfaces that are up: {}.",
            printable(&network.join(", "))
        ),
    };
    let wanted = match (needs_network, network) {
        (Some(step), _) => format!(" Step \"{step}\" needs the network for AWS KMS."),
        (None, []) => String::new(),
        (None, _) => " An offline root must have none.".to_owned(),
    };
    format!("{up}{wanted}\n")
}

/// What each choice means, and what it leaves to be done.
fn lost_signature(
    step: &str,
    is: ObjectKind,
    choices: &[Choice],
    unlisted: Option<&UnlistedRevocation>,
    width: Option<usize>,
) -> String {
    let mut text = format!(
        "The last run stopped while a key signed \"{step}\". The token may have made a signature that was lost.\n\
         The people in the room choose:\n"
    );
    let again = match is {
        ObjectKind::Crl => "the same CRL, with the same number. Nothing is revoked.",
        _ => "the same certificate, with the same serial number. Nothing is revoked.",
    };
    text.push_str(&wrap::below("  sign-again: ", again, width));
    if choices.contains(&Choice::SpareSerial) {
        let spare = match unlisted {
            Some(unlisted) => format!(
                "another serial number. The first, {}, is revoked in the ledger, but {}: you must issue another CRL.",
                unlisted.serial,
                printable(&unlisted.missing_from())
            ),
            None => {
                "another serial number. No CRL can revoke the first, because the certificate is self-signed."
                    .to_owned()
            }
        };
        text.push_str(&wrap::below("  spare-serial: ", &spare, width));
    }
    text
}

/// Confirms a remark that was typed at a question and is now in the transcript.
fn recorded(line: u64, time: UnixTime, event: &Event, width: Option<usize>) -> String {
    let (kind, text, by) = match event {
        Event::Deviation { text, by } => ("deviation", text, by),
        Event::Note { text, by } => ("note", text, by),
        _ => return String::new(),
    };
    let said = format!("a {kind} at {time} by {by}: {text}");
    wrap::below(
        &format!("Recorded in line {line} of the transcript: "),
        &said,
        width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_wrong_for_an_offline_root_and_needed_to_import_a_key() {
        let up = ["eth0".to_owned(), "wlan0".to_owned()];
        for (network, step, said) in [
            (&up[..0], None, "No network interface is up.\n"),
            (
                &up[..],
                None,
                "Network interfaces that are up: eth0, wlan0. An offline root must have none.\n",
            ),
            (
                &up[..1],
                Some("root-key"),
                "Network interfaces that are up: eth0. Step \"root-key\" needs the network for AWS KMS.\n",
            ),
            (
                &up[..0],
                Some("root-key"),
                "No network interface is up. Step \"root-key\" needs the network for AWS KMS.\n",
            ),
        ] {
            assert_eq!(network_text(network, step), said);
        }
    }
}
