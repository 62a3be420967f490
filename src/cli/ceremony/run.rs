//! `ceremony run`.

mod room;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::Args;
use hsm_ca::token::{Session, Token, TokenError};
use hsm_ca::workflow::{
    CeremonyError, CeremonyRun, Machine, OpenedCeremony, Opening, RunError, RunRequest, RunSummary,
    WorkflowError, digest_of_file,
};

use self::room::Room;
use super::kms::connect_kms;
use super::plan::describe_module;
use super::source;
use super::tokens::find_tokens;
use super::unlisted::what_is_left;
use super::words::add_words;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony as output;
use crate::cli::json::ceremony_unlisted::UnlistedRevocation;
use crate::cli::json::common::{CeremonyKindName, Fingerprint};
use crate::cli::lock_directory::lock_directory;
use crate::cli::recorder::who;
use crate::cli::report::{Fields, Report};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct RunCeremony {
    /// The directory of the ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The session of the plan; without it, the one that is now
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

impl RunCeremony {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let ceremony = OpenedCeremony::open(&self.directory)?;
        ceremony.refuse_aborted()?;
        ceremony.refuse_missing_files()?;
        let read = source::read(&ceremony.directory.file())?.refusing_keys_of(settings)?;
        let module = settings.load_module()?;
        let wanted = ceremony.plan.tokens.iter();
        let wanted = wanted.map(|(name, token)| (name, token.serial.as_str()));
        let missing = |name, serial| RunError::NoToken { name, serial }.into();
        let tokens = find_tokens(wanted, &module.slots()?, missing)?;
        let this = Path::new("/proc/self/exe");
        let request = RunRequest {
            decryptors: connect_kms(&read.source)?,
            source: read.source,
            session: self.session.clone(),
            quorum: settings.ceremony_quorum(),
            tool: digest_of_file(this).map_err(|cause| CeremonyError::Unreadable {
                path: this.to_owned(),
                cause,
            })?,
            module: describe_module(&module)?,
            tokens,
            machine: describe_machine(),
            lock_directory: lock_directory(ui),
            clock: settings.clock.clone(),
            ceremony,
        };
        settings.check_logins(request.tokens.values())?;
        let recorder = settings.open_recorder()?;
        let room = Room::new(ui, settings.no_input, &self.directory);
        ui.explain_ctrl_c(self.after_ctrl_c());
        let summary = match CeremonyRun::open(&request, recorder, &room, ui)? {
            Opening::Closed(summary) => summary,
            Opening::Run(run) => {
                let sessions = log_in(&request.tokens, settings).inspect_err(|error| run.note_stop(error))?;
                let sessions = sessions.iter().map(|(name, session)| (name.clone(), session));
                run.carry_out(&sessions.collect())?
            }
        };
        Ok(describe(&request.ceremony, &summary, &self.directory))
    }
}

impl RunCeremony {
    /// Describes what Ctrl-C did, and how to continue.
    fn after_ctrl_c(&self) -> String {
        let directory = quote(&self.directory.display().to_string());
        // With every option: the next run needs the same ones. No argument is a secret.
        let arguments = env::args_os().skip(1);
        let arguments: Vec<_> = arguments
            .map(|argument| as_typed(&argument.to_string_lossy()))
            .collect();
        let command = arguments.join(" ");
        format!(
            "\nCtrl-C ended this run. Everything up to here is in the transcript. The next run records there \
             that this one was interrupted, and repeats nothing that was done. To continue:\n  \
             hsm-ca {command}\nTo end the ceremony for good:\n  \
             hsm-ca ceremony abort {directory} --because TEXT\n"
        )
    }
}

/// An argument, quoted for the shell. An option needs no quotes.
fn as_typed(argument: &str) -> String {
    let name = argument.trim_start_matches('-');
    match quote(name) == name {
        true => argument.to_owned(),
        false => quote(argument),
    }
}

/// Logs in to each token once, when everyone is present.
fn log_in(
    tokens: &BTreeMap<String, Token>,
    settings: &Settings,
) -> Result<BTreeMap<String, Session>, CliError> {
    let session = |(name, token): (&String, &Token)| {
        let session = settings.start_session(token);
        Ok((
            name.clone(),
            session.map_err(|error| stopped_by_pin(name, error))?,
        ))
    };
    tokens.iter().map(session).collect()
}

/// After a wrong PIN, the next step is the same command. Other errors of a login name their own.
fn stopped_by_pin(name: &str, error: CliError) -> CliError {
    let CliError::Workflow { file, cause } = error else {
        return error;
    };
    match *cause {
        WorkflowError::Token(cause @ TokenError::PinIncorrect { .. }) => RunError::LogIn {
            name: name.to_owned(),
            cause: Box::new(cause),
        }
        .into(),
        other => CliError::Workflow {
            file,
            cause: Box::new(other),
        },
    }
}

/// Describes this machine.
pub(super) fn describe_machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let unknown = |_: io::Error| "unknown".to_owned();
    Machine {
        boot: read("/proc/sys/kernel/random/boot_id").unwrap_or_else(unknown),
        host: read("/proc/sys/kernel/hostname").unwrap_or_else(unknown),
        network: interfaces_up(),
        by: who(),
    }
}

/// The network interfaces that are up, without loopback (`/sys/class/net/*/operstate`, Documentation/ABI/testing/sysfs-class-net). A machine for an
/// offline root has none.
fn interfaces_up() -> Vec<String> {
    const NET: &str = "/sys/class/net";
    let mut up = Vec::new();
    for entry in fs::read_dir(NET).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let state = fs::read_to_string(entry.path().join("operstate")).unwrap_or_default();
        if name != "lo" && state.trim() != "down" {
            up.push(name);
        }
    }
    up.sort();
    up
}

fn describe(ceremony: &OpenedCeremony, summary: &RunSummary, directory: &Path) -> Report {
    let mut fields = Fields::default();
    fields.add("head", summary.head.to_string());
    add_words(&mut fields, &summary.head.hash);
    let out = ceremony.directory.out();
    for (name, sha256) in &summary.out {
        fields.add(
            out.join(name).display().to_string(),
            format!("SHA-256 of the file: {sha256}"),
        );
    }
    let shown = quote(&directory.display().to_string());
    let text = format!(
        "The ceremony {} is closed.\n{}The files are PEM: `sha256sum` prints these hashes. The hashes on the screen before, and \
         in the report, are of the same objects in DER, as `openssl x509 -fingerprint -sha256` prints \
         them for a certificate, and `openssl crl -fingerprint -sha256` for a CRL.\n\n{}Write the head down. Those who attest sign it now:\n  hsm-ca ceremony attest {shown} --ssh-key FILE\nthen, on any machine:\n  hsm-ca ceremony verify {shown} --head {}\n",
        ceremony.plan.ceremony,
        fields.render(2),
        what_is_left(&summary.unlisted, directory),
        summary.head
    );
    let out = summary.out.iter();
    let json = output::CeremonyRun {
        ceremony: ceremony.plan.ceremony.clone(),
        ceremony_kind: CeremonyKindName::of(ceremony.plan.kind),
        head: summary.head.to_string(),
        out: out
            .map(|(name, sha256)| (name.clone(), Fingerprint::new(sha256)))
            .collect(),
        unlisted_revocations: UnlistedRevocation::list(&summary.unlisted),
    };
    Report {
        warnings: summary.notices.clone(),
        ..Report::new(text, json.document())
    }
}
