//! `ceremony`.

mod approvals;
mod approve;
mod attest;
mod check;
mod directory;
mod export;
mod kms;
mod long_crls;
mod new;
mod note;
mod object_text;
mod plan;
mod rehearse;
mod report;
mod run;
mod script;
mod show;
mod signing;
mod source;
mod step_text;
mod tokens;
mod unlisted;
mod verify;
mod words;

pub(super) use check::CheckCeremony;
use clap::Subcommand;
pub(super) use show::{ShowCeremony, show_transcript};

use super::exit::CliError;
use super::global::Settings;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum CeremonyCommand {
    /// Write a ceremony file with comments, to be filled in
    New(new::NewCeremony),
    /// Check a ceremony file: names, dates, profiles, rules and nesting of everything that it would sign
    ///
    /// It builds every object of every session with stand-in keys, and checks each against every rule. It needs no token, signs nothing with a
    /// real key, and writes nothing.
    Check(CheckCeremony),
    /// Freeze a ceremony: every serial number, date and octet that its tokens will sign
    ///
    /// The new directory holds the ceremony file, its inputs, the plan for programs (plan.json) and for people (plan.txt). People approve the
    /// SHA-256 of plan.json. With --check, another machine makes the same plan from the same files. Nothing is signed, and no PIN is needed.
    Plan(plan::PlanCeremony),
    /// Show a plan: its hash in hex and words, sessions, people, inputs, steps, and what will be signed
    Show(ShowCeremony),
    /// Practise every session of a ceremony on software tokens, without the real tokens and people
    ///
    /// It carries out the same steps with the same serial numbers and dates. Stand-in keys take the places of the keys in the safe, of the
    /// people's keys, and of keys to import: KMS is not asked. Then every octet that was signed is compared with the plan, outside the places
    /// that a new key fills in. DIR/rehearsal gets the result, marked as a practice; nothing else in DIR changes. Exit code 3: something
    /// differs.
    Rehearse(rehearse::RehearseCeremony),
    /// Carry out one session on a new rig (started by `ceremony rehearse`, with the module's environment)
    #[command(hide = true)]
    RehearseSession(rehearse::RehearseSession),
    /// Approve or reject a plan with an SSH key; while a gate of `run` waits, confirm its bytes
    ///
    /// ssh-keygen makes the signature, and asks for passphrase, touch and PIN itself. The signature is verified before anything is written. Without
    /// this program: --write-statement on any machine, then `ssh-keygen -Y sign` where the key is.
    Approve(approve::ApproveCeremony),
    /// Show who has approved a plan, who has rejected it, and who has not signed
    ///
    /// Exit code 0 only if the ceremony may run: enough approvals, no rejection, and a quorum that the machine's settings (ceremony-quorum in
    /// hsm-ca.toml) or the previous ceremony confirm. A practice needs no such confirmation.
    Approvals(approvals::ShowApprovals),
    /// Write the script of a ceremony as one HTML page, to be printed by a browser before the day
    ///
    /// The script has numbered steps with what is read aloud, boxes for initials, times and bag numbers, tables of everything that will be
    /// signed, and sheets for attendance, exceptions and closing. It also has the words that run asks for. They are nowhere else, so keep the
    /// script closed until the ceremony.
    Script(script::WriteScript),
    /// Hold a ceremony, step by step, with the people in the room
    ///
    /// It asks for words that only the printed script has, shows what each key is about to sign, and writes every event to the transcript before it
    /// continues. An interrupted ceremony continues from there: run the same command again. At every question, a line that begins with "note:" or
    /// "deviation:" is recorded with the name of the person who says it.
    Run(run::RunCeremony),
    /// Add a note or a deviation to the transcript
    ///
    /// While `ceremony run` is open, notes are typed there.
    Note(note::NoteInCeremony),
    /// Give a ceremony up for good
    ///
    /// The transcript and ABORTED.txt say so. Nothing is deleted, and nothing is added afterwards.
    Abort(note::AbortCeremony),
    /// Sign the transcript's head after the ceremony, as somebody who was there
    ///
    /// The statement is generated, never typed. ssh-keygen signs it, as for approve. The ceremony must be closed or aborted.
    Attest(attest::AttestCeremony),
    /// Verify a ceremony from its directory alone: plan, approvals, transcript, objects, ledger events, attestations
    ///
    /// It needs no token, module or settings, and no network, so run it on another machine. It lists everything that is wrong, with file and line.
    /// With --head, the transcript must contain that head, which somebody kept elsewhere: on paper, in an attestation, in a checkpoint.
    /// Exit code 3: not verified. A ceremony that was aborted or is not closed is not verified. docs/ceremony-format.md lists every check.
    Verify(verify::VerifyCeremony),
    /// Write a ceremony's report: one HTML page, for the screen and for paper
    ///
    /// It verifies the ceremony first, and says on every page if it is not verified. What was made, the hierarchy, fingerprints in words, attendance,
    /// deviations, the time line, evidence by clause, and deadlines. The page has no script, and loads nothing. Print it with a browser.
    Report(report::WriteReport),
    /// Write what the next ceremony inherits: head, serial numbers, CRL numbers, revocations, people
    ///
    /// The next ceremony file names it under `previous`, with its SHA-256. The ceremony must be closed or aborted.
    Export(export::ExportCeremony),
}

impl CeremonyCommand {
    /// Whether the command loads the module from the settings. A rehearsal uses its own.
    pub(super) const fn uses_token(&self) -> bool {
        match self {
            Self::Plan(plan) => plan.uses_token(),
            Self::Run(_) => true,
            _ => false,
        }
    }

    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::New(new) => new.run(settings),
            Self::Check(check) => check.run(settings, ui),
            Self::Plan(plan) => plan.run(settings, ui),
            Self::Show(show) => show.run(settings),
            Self::Script(script) => script.run(settings, ui),
            Self::Approve(approve) => approve.run(settings, ui),
            Self::Approvals(approvals) => approvals.run(settings),
            Self::Report(report) => report.run(settings),
            Self::Rehearse(rehearse) => rehearse.run(settings, ui),
            Self::RehearseSession(session) => session.run(settings, ui),
            Self::Run(run) => run.run(settings, ui),
            Self::Attest(attest) => attest.run(settings, ui),
            Self::Note(note) => note.run(settings),
            Self::Abort(abort) => abort.run(settings),
            Self::Verify(verify) => verify.run(settings, ui),
            Self::Export(export) => export.run(settings),
        }
    }
}
