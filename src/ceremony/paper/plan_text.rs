//! The plan as text for a terminal: `plan.txt`, and `ceremony show`. Lines have 80 columns.

#[cfg(test)]
mod tests;

use super::objects::{holes_text, kind_text, rules_text, spare_text, split_line};
use super::people::{key_text, roles_text, rules_about};
use super::step::StepText;
use crate::ceremony::{
    CeremonyKind, CeremonyPlan, Digest, PlanError, PlannedInput, PlannedObject, PlannedToken, hash_words,
};
use crate::values::{hang, printable};

/// The whole plan in words, for people to read before they approve it. The same plan gives the same text.
///
/// # Errors
/// [`PlanError`]. A plan that was read never causes it.
pub fn plan_text(plan: &CeremonyPlan) -> Result<String, PlanError> {
    let mut page = Page::default();
    head(&mut page, plan)?;
    sessions(&mut page, plan);
    people(&mut page, plan)?;
    machines(&mut page, plan);
    inputs(&mut page, plan);
    refused_keys(&mut page, plan);
    steps(&mut page, plan);
    for session in &plan.sessions {
        page.title(&format!("What is signed in session {}", session.name));
        for object in plan.objects_of(&session.name) {
            describe_object(&mut page, object);
        }
    }
    budget(&mut page, plan);
    waivers(&mut page, plan);
    Ok(page.0)
}

fn head(page: &mut Page, plan: &CeremonyPlan) -> Result<(), PlanError> {
    let hash = plan.identity()?.hash;
    page.line(0, &format!("Ceremony {}: {}", plan.ceremony, plan.kind.word()));
    if plan.kind == CeremonyKind::Practice {
        page.line(0, "PRACTICE: nothing that it makes is real.");
    }
    page.blank();
    page.row(0, "plan's hash", &hash.to_string());
    page.words(0, "in words", &hash);
    page.row(0, "planned", &plan.time);
    page.row(0, "program", &format!("{} {}", plan.tool.name, plan.tool.version));
    page.row(0, "its SHA-256", &plan.tool.sha256.to_string());
    page.row(0, "ceremony.toml", &plan.file.to_string());
    page.row(0, "policy", plan.policy.as_deref().unwrap_or("none named"));
    match &plan.previous {
        Some(previous) => {
            page.row(0, "head of the previous ceremony", &previous.head);
            page.row(0, "its export", &previous.file);
            page.row(0, "its SHA-256", &previous.sha256.to_string());
        }
        None => page.row(0, "previous", "none: this is the first ceremony"),
    }
    Ok(())
}

fn sessions(page: &mut Page, plan: &CeremonyPlan) {
    page.title("Sessions (UTC; both times are included)");
    for session in &plan.sessions {
        page.row(
            2,
            &session.name,
            &format!("{} to {}", session.begins, session.ends),
        );
    }
}

fn people(page: &mut Page, plan: &CeremonyPlan) -> Result<(), PlanError> {
    page.title("People");
    for rule in rules_about(&plan.people) {
        page.line(2, &rule);
    }
    page.row(
        2,
        "quorum, for the settings",
        &format!("sha256:{}", plan.people.quorum()?),
    );
    for person in &plan.people.persons {
        page.line(2, &person.name);
        page.row(4, "roles", &roles_text(&person.roles));
        page.row(4, "key", &key_text(person)?);
    }
    Ok(())
}

fn machines(page: &mut Page, plan: &CeremonyPlan) {
    page.title("Tokens");
    for (name, token) in &plan.tokens {
        page.row(2, name, &token_text(token));
    }
    if let Some(module) = &plan.module {
        page.title("PKCS#11 module");
        page.row(2, "file", &module.file);
        page.row(2, "library", &module.library);
        page.row(2, "SHA-256", &module.sha256.to_string());
    }
    if !plan.profiles.is_empty() {
        page.title("Profiles");
    }
    for (name, profile) in &plan.profiles {
        page.line(2, name);
        page.row(4, "SHA-256", &profile.to_string());
        if let Some(linter) = plan.linters.get(name) {
            page.row(4, "linter", &linter.command.join(" "));
            page.row(4, "its SHA-256", &linter.sha256.to_string());
        }
    }
}

/// What is known about a token.
pub(super) fn token_text(token: &PlannedToken) -> String {
    let serial = format!("serial number {}", token.serial);
    match &token.seen {
        Some(seen) => format!(
            "{serial}, {} {}, firmware {}, hardware {}",
            seen.manufacturer, seen.model, seen.firmware, seen.hardware
        ),
        None => format!("{serial}; not connected when the ceremony was planned"),
    }
}

fn inputs(page: &mut Page, plan: &CeremonyPlan) {
    if !plan.inputs.is_empty() {
        page.title("Inputs");
    }
    for (name, input) in &plan.inputs {
        let PlannedInput {
            file,
            sha256,
            is,
            shown,
            key,
        } = input;
        page.line(2, &format!("{name}: {is}"));
        page.row(4, "file", file);
        page.row(4, "its SHA-256", &sha256.to_string());
        page.shown(4, shown);
        if let Some(key) = key {
            page.row(4, "key's SHA-256", &key.to_string());
            page.words(4, "in words", key);
        }
    }
}

fn steps(page: &mut Page, plan: &CeremonyPlan) {
    page.title("Steps");
    for (index, step) in plan.steps.iter().enumerate() {
        let StepText { title, facts } = StepText::of(&step.action);
        let number = format!("{}.", index + 1);
        page.hanging(
            &format!("{number:>4} "),
            &format!("{} ({}): {title}", step.id, step.action.word()),
        );
        for (name, value) in facts {
            page.row(5, name, &value);
        }
    }
}

fn refused_keys(page: &mut Page, plan: &CeremonyPlan) {
    if let Some(sha256) = &plan.refused_keys {
        page.title("Keys that nothing is signed for");
        page.row(2, "list's SHA-256", &sha256.to_string());
    }
}

fn describe_object(page: &mut Page, object: &PlannedObject) {
    page.line(
        2,
        &format!("{}: {} {}", object.step, kind_text(object.is), object.out),
    );
    page.shown(4, &object.shown);
    page.row(4, "signing key", &object.key);
    page.row(4, "lost signature", &spare_text(object));
    for (name, value) in rules_text(object) {
        page.row(4, name, &value);
    }
    page.row(4, "TBS SHA-256", &object.sha256.to_string());
    for hole in holes_text(object) {
        page.row(4, "hole (zeros)", &hole);
    }
}

fn budget(page: &mut Page, plan: &CeremonyPlan) {
    page.title("Signatures that each key makes in one session");
    for budget in &plan.budget {
        let proof = match budget.proofs {
            0 => String::new(),
            proofs => format!(", and {proofs} more to prove the new key"),
        };
        page.row(
            2,
            &budget.key,
            &format!("{} on token {}{proof}", budget.signatures, budget.token),
        );
    }
}

fn waivers(page: &mut Page, plan: &CeremonyPlan) {
    page.title("Waived rules");
    if plan.waived.is_empty() {
        page.line(2, "none");
    }
    for waiver in &plan.waived {
        page.line(2, &format!("{} for step {}", waiver.rule, waiver.step));
        page.row(4, "because", &waiver.because);
    }
}

/// The column where values begin.
const VALUES: usize = 20;

#[derive(Default)]
struct Page(String);

impl Page {
    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.blank();
        self.line(0, title);
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.hanging(&" ".repeat(indent), text);
    }

    /// A name with its value beside it. A long name gets its own line.
    fn row(&mut self, indent: usize, name: &str, value: &str) {
        let name = printable(name);
        if name.chars().count() + indent + 1 < VALUES {
            let width = VALUES - indent;
            return self.hanging(&format!("{:indent$}{name:width$}", ""), value);
        }
        self.line(indent, &name);
        self.hanging(&" ".repeat(indent + 2), value);
    }

    /// The description of an object, given as lines of a name and a value.
    fn shown(&mut self, indent: usize, lines: &[String]) {
        for line in lines {
            let (name, value) = split_line(line);
            self.row(indent, name, value);
        }
    }

    /// The words of a hash, an even number on each line, so that words of two and of three syllables stay aligned.
    fn words(&mut self, indent: usize, name: &str, hash: &Digest) {
        let words = hash_words(&hash.0);
        let words: Vec<&str> = words.split(' ').collect();
        for (index, line) in words.chunks(4).enumerate() {
            let cells = line.iter().enumerate();
            let cells: String = cells
                .map(|(place, word)| format!("{word:width$}", width = if place % 2 == 0 { 10 } else { 14 }))
                .collect();
            self.row(indent, if index == 0 { name } else { "" }, cells.trim_end());
        }
    }

    fn hanging(&mut self, first: &str, text: &str) {
        for line in hang(first, text).lines() {
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }
}
