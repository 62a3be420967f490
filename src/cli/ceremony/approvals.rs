//! `ceremony approvals`.

use std::path::PathBuf;

use clap::Args;
use hsm_ca::ceremony::{CeremonyKind, Decision, QuorumAnchor, Verdict};
use hsm_ca::workflow::{ApprovalFile, Approvals, OpenedCeremony, WaitingApproval, count_approvals};

use super::signing::{file_name, sign_command};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony::Identity;
use crate::cli::json::ceremony_people::{
    self as output, Anchor, ApprovalState, CeremonyApprovals, Statement, WaitingStatement,
};
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;
use crate::cli::table::{self, Column, Fit, TableOptions};

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowApprovals {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    table: TableOptions,
}

impl ShowApprovals {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let found = count_approvals(&ceremony, settings.ceremony_quorum())?;
        let ended = ceremony.refuse_ended().err();
        let mut text = describe(&ceremony, &found, self.table.wide);
        text.extend(ended.iter().map(|ended| format!("Now {ended}.\n")));
        let mut report = Report::laid_out(text, to_json(&ceremony, &found, ended.is_none()).document());
        report.failure = found.permit().err().or(ended).map(CliError::from);
        if report.failure.is_none() {
            let shown = quote(&self.directory.display().to_string());
            report.next = Some(format!("hsm-ca ceremony script {shown} --out FILE"));
        }
        Ok(report)
    }
}

/// The columns: a person, their decision, and its file. A fingerprint is as long as the other columns together, so only `--wide` shows it.
const COLUMNS: [Column; 5] = [
    ("PERSON", Fit::Whole),
    ("STATEMENT", Fit::Folded),
    ("TIME", Fit::Whole),
    ("FILE", Fit::Whole),
    ("KEY", Fit::Whole),
];

fn rows(found: &Approvals) -> Vec<table::Row> {
    let signed = found.files.iter().map(|ApprovalFile { path, approval }| {
        let said = match approval.content() {
            Decision::Reject { because } => format!("REJECTED: {because}"),
            _ => "approved".to_owned(),
        };
        let time = approval.claimed_time().to_string();
        let key = approval.key().fingerprint();
        table::row([approval.person().to_owned(), said, time, file_name(path), key])
    });
    let waiting = found.waiting.iter().map(|WaitingApproval { path, person, .. }| {
        let state = "waiting for a signature".to_owned();
        table::row([
            person.clone(),
            state,
            String::new(),
            file_name(path),
            String::new(),
        ])
    });
    let waits = |name: &String| found.waiting.iter().any(|waiting| waiting.person == *name);
    let silent = found.silent.iter().filter(|name| !waits(name)).map(|name| {
        let none = String::new;
        table::row([name.clone(), "has not signed".to_owned(), none(), none(), none()])
    });
    signed.chain(waiting).chain(silent).collect()
}

fn describe(ceremony: &OpenedCeremony, found: &Approvals, wide: bool) -> String {
    let mut text = format!(
        "{}: {}\n",
        printable(&ceremony.plan.ceremony),
        describe_state(found)
    );
    let mut fields = Fields::default();
    fields.add("plan", format!("sha256:{}", ceremony.identity.hash));
    fields.add("quorum", format!("sha256:{}", found.quorum));
    let anchor = match found.anchor {
        QuorumAnchor::Settings => "this machine's settings (ceremony-quorum)".to_owned(),
        QuorumAnchor::Previous => "the previous ceremony, which had the same quorum".to_owned(),
        QuorumAnchor::Changed { old } => {
            format!("the previous ceremony had sha256:{old}: its approvers must approve too")
        }
        QuorumAnchor::Other { settings } => format!("NOT the settings: they have sha256:{settings}"),
        _ if ceremony.plan.kind == CeremonyKind::Practice => {
            "nothing outside the plan; a practice does not need it".to_owned()
        }
        _ => "nothing outside the plan".to_owned(),
    };
    fields.add("confirmed by", anchor);
    text.push_str(&fields.render(2));
    let shown = if wide { COLUMNS.len() } else { COLUMNS.len() - 1 };
    text.push('\n');
    let mut rows = rows(found);
    rows.iter_mut().for_each(|row| row.truncate(shown));
    text.push_str(&table::render(&COLUMNS[..shown], &rows, wide));
    for WaitingApproval { path, namespace, .. } in &found.waiting {
        text.push_str(&format!("To sign it: {}\n", sign_command(path, namespace, None)));
    }
    text
}

/// The state in words: whether the ceremony may run, or what is missing.
pub(super) fn describe_state(found: &Approvals) -> String {
    let needed = |verdict: &Verdict| match verdict {
        Verdict::Open { missing, .. } => *missing,
        _ => 0,
    };
    match (ApprovalState::of(found), found.permit()) {
        (ApprovalState::Rejected, _) => "REJECTED. The ceremony cannot run".to_owned(),
        (ApprovalState::Open, _) => {
            let old = found.old_verdict.as_ref().map_or(0, needed);
            let people = match needed(&found.verdict) {
                0 => None,
                1 => Some("1 more person".to_owned()),
                more => Some(format!("{more} more people")),
            };
            let of_before = match old {
                0 => None,
                1 => Some("1 approver of the previous ceremony".to_owned()),
                old => Some(format!("{old} approvers of the previous ceremony")),
            };
            let missing: Vec<String> = people.into_iter().chain(of_before).collect();
            format!("not approved yet: {} must approve", missing.join(" and "))
        }
        (ApprovalState::Approved, Ok(())) => "approved".to_owned(),
        (ApprovalState::Approved, Err(error)) => format!("enough have approved, but {error}"),
    }
}

fn to_json(ceremony: &OpenedCeremony, found: &Approvals, goes_on: bool) -> CeremonyApprovals {
    let (anchor, anchored_quorum) = Anchor::of(&found.anchor);
    let waits = |waiting: &WaitingApproval| {
        let command = sign_command(&waiting.path, waiting.namespace, None);
        WaitingStatement::of(file_name(&waiting.path), waiting, command)
    };
    CeremonyApprovals {
        identity: Identity::of(&ceremony.plan, &ceremony.identity.hash),
        quorum: format!("sha256:{}", found.quorum),
        anchor,
        anchored_quorum,
        state: ApprovalState::of(found),
        may_run: goes_on && found.permit().is_ok(),
        approvers: output::Verdict::of(&found.verdict),
        old_approvers: found.old_verdict.as_ref().map(output::Verdict::of),
        statements: found
            .files
            .iter()
            .map(|file| Statement::of(file_name(&file.path), file))
            .collect(),
        waiting: found.waiting.iter().map(waits).collect(),
        silent: found.silent.clone(),
    }
}
