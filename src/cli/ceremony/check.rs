//! `ceremony check`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{CeremonyFile, KeyBudget, Role, Session};
use hsm_ca::signer::SystemRandom;
use hsm_ca::workflow::{CeremonyDraft, CeremonyError, DraftObject, DraftedSession, draft_ceremony};

use super::long_crls::warn_of_long_crls;
use super::source;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_check as output;
use crate::cli::json::common::{CeremonyKindName, Time};
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckCeremony {
    /// The ceremony file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl CheckCeremony {
    /// Checks `file`.
    pub(in crate::cli) const fn of(file: PathBuf) -> Self {
        Self { file }
    }

    pub(in crate::cli) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        self.check(settings, true, ui)
    }

    /// Only shows the file: after the ceremony, the ledger would refuse what it has.
    pub(in crate::cli) fn run_without_ledger(
        &self,
        settings: &Settings,
        ui: &Ui,
    ) -> Result<Report, CliError> {
        let report = self.check(settings, false, ui)?;
        Ok(Report { next: None, ..report })
    }

    fn check(&self, settings: &Settings, asks_ledger: bool, ui: &Ui) -> Result<Report, CliError> {
        let read = source::read(&self.file)?.refusing_keys_of(settings)?;
        let file = &read.source.file;
        let (ledger, not_asked) = match asks_ledger {
            true => settings.open_recorder_to_plan()?,
            false => (None, None),
        };
        let draft = draft_ceremony(&read.source, &SystemRandom, ledger.as_ref(), ui)
            .map_err(|error| CliError::in_file(&self.file, error))?;
        let quorum = file.quorum_hash().map_err(CeremonyError::from)?;
        let quorum = format!("sha256:{quorum}");
        let shown = quote(&self.file.display().to_string());
        let mut report = Report {
            next: Some(format!("hsm-ca ceremony plan {shown} --out DIR")),
            ..Report::new(
                describe(file, &draft, &quorum),
                to_json(file, &draft, &quorum).document(),
            )
        };
        report
            .warnings
            .extend(not_asked.and_then(|warning| ui.warn(&warning)));
        report.warnings.extend(warn_of_long_crls(file, ui)?);
        let now = settings.clock.now();
        for session in file.sessions.iter().filter(|session| session.ends < now) {
            let warning = format!("session {:?} is over: it ended at {}", session.name, session.ends);
            report.warnings.extend(ui.warn(&warning));
        }
        Ok(report)
    }
}

fn describe(file: &CeremonyFile, draft: &CeremonyDraft, quorum: &str) -> String {
    let but = match file.close.waivers.is_empty() {
        true => "",
        false => " that is not waived",
    };
    let mut text = format!(
        "{}: a {} ceremony\nEvery object passes every rule{but} in every session. Nothing was signed.\n",
        printable(&file.id),
        file.kind.word()
    );
    let mut fields = Fields::default();
    fields.add("steps", file.steps.len());
    let approvers = file
        .people
        .iter()
        .filter(|person| person.roles.contains(&Role::Approver));
    fields.add(
        "people",
        format!(
            "{}; {} of the {} approvers must approve the plan",
            file.people.len(),
            file.quorum.threshold,
            approvers.count()
        ),
    );
    for (name, token) in &file.tokens {
        fields.add(format!("token {name}"), format!("serial number {}", token.serial));
    }
    for KeyBudget {
        key,
        token,
        signatures,
        proofs,
    } in &draft.budget
    {
        let proof = if *proofs == 0 {
            ""
        } else {
            ", and one more to prove the key"
        };
        fields.add(
            format!("key {key}"),
            format!("on token {token}; signatures: {signatures}{proof}"),
        );
    }
    for waiver in &file.close.waivers {
        let text = format!("{}, because: {}", waiver.rule, printable(&waiver.because));
        fields.add(format!("waived for {}", waiver.step), text);
    }
    text.push_str(&fields.render(2));
    text.push_str(&format!("Quorum: {quorum}\n"));
    for (session, drafted) in file.sessions.iter().zip(&draft.sessions) {
        text.push_str(&format!(
            "\nSession {}: {} to {}\n",
            session.name, session.begins, session.ends
        ));
        for object in &drafted.objects {
            text.push_str(&describe_object(object));
        }
    }
    text
}

fn describe_object(object: &DraftObject) -> String {
    let mut fields = Fields::default();
    let title = match object {
        DraftObject::Certificate {
            step,
            out,
            subject,
            issuer,
            key,
            validity,
            signature,
        } => {
            fields.add("subject", subject);
            let issuer = if issuer == subject {
                "itself".to_owned()
            } else {
                issuer.to_string()
            };
            fields
                .add("issuer", issuer)
                .add("key", key)
                .add("signature", signature);
            fields.add(
                "valid",
                format!("{} to {}", validity.not_before, validity.not_after),
            );
            format!("{step}: certificate {out}")
        }
        DraftObject::Crl {
            step,
            out,
            issuer,
            number,
            this_update,
            next_update,
            entries,
        } => {
            fields.add("issuer", issuer).add("number", number);
            fields.add("entries", entries);
            fields.add("updates", format!("{this_update}, the next by {next_update}"));
            format!("{step}: CRL {out}")
        }
        _ => return String::new(),
    };
    format!("  {title}\n{}", fields.render(4))
}

fn to_json(file: &CeremonyFile, draft: &CeremonyDraft, quorum: &str) -> output::CeremonyCheck {
    let sessions = file.sessions.iter().zip(&draft.sessions);
    let session = |(session, drafted): (&Session, &DraftedSession)| output::DraftedSession {
        name: session.name.clone(),
        begins: Time::of(session.begins),
        ends: Time::of(session.ends),
        objects: drafted.objects.iter().map(output::DraftedObject::of).collect(),
    };
    output::CeremonyCheck {
        ceremony: file.id.clone(),
        ceremony_kind: CeremonyKindName::of(file.kind),
        steps: file.steps.len(),
        people: file.people.len(),
        approve_threshold: file.quorum.threshold,
        quorum: quorum.to_owned(),
        budget: output::KeyBudget::list(&draft.budget),
        waived: output::WaivedRule::list(&file.close.waivers),
        sessions: sessions.map(session).collect(),
    }
}
