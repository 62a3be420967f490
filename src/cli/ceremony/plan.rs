//! `ceremony plan`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ceremony::{CeremonyPlan, Digest, PlannedModule, PlannedTool, SeenToken, plan_text};
use hsm_ca::output::NewDirectory;
use hsm_ca::signer::SystemRandom;
use hsm_ca::token::{Module, Token};
use hsm_ca::workflow::{
    CeremonyError, PlanCircumstances, check_plan, check_tokens, digest_of_file, plan_ceremony,
    rehearse_imports, see_token, write_plan,
};

use super::directory::ReadPlan;
use super::kms::{connect_kms, warn_of_network};
use super::long_crls::warn_of_long_crls;
use super::source::{self, ReadCeremony};
use super::tokens::find_tokens;
use super::words::add_words;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony as output;
use crate::cli::json::ceremony_check::KeyBudget;
use crate::cli::json::common::FileName;
use crate::cli::report::{Fields, Report};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanCeremony {
    /// The ceremony file
    #[arg(value_name = "FILE", required_unless_present = "check")]
    file: Option<PathBuf>,
    /// The new directory of the ceremony
    #[arg(short = 'o', long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Plan without module and tokens: only their serial numbers are fixed then, and no version or hash
    #[arg(long, requires = "file")]
    offline: bool,
    /// Make the plan in DIR again from its files, and compare: it must be the same, byte for byte
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "out", "offline"])]
    check: Option<PathBuf>,
}

impl PlanCeremony {
    pub(super) const fn uses_token(&self) -> bool {
        !self.offline && self.check.is_none()
    }

    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match (&self.check, &self.file, &self.out) {
            (Some(directory), ..) => check(directory, settings, ui),
            (None, Some(file), Some(out)) => self.plan(file, out, settings, ui),
            _ => Err(CliError::options("give FILE and --out DIR, or --check DIR")),
        }
    }

    fn plan(&self, path: &Path, out: &Path, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        // Check the output directory first. A plan takes seconds, and a typing error in the path should fail at once.
        let directory = NewDirectory::begin(out)?;
        let read = source::read(path)?.refusing_keys_of(settings)?;
        let (module, tokens) = match self.offline {
            true => (None, BTreeMap::new()),
            false => see_tokens(&read, settings)?,
        };
        let has_kms = cfg!(feature = "aws");
        let circumstances = PlanCircumstances {
            tool: this_program()?,
            module,
            tokens: tokens.iter().map(see).collect(),
            has_kms,
            time: settings.clock.now(),
        };
        let (ledger, not_asked) = settings.open_recorder_to_plan()?;
        let plan = plan_ceremony(&read.source, &circumstances, &SystemRandom, ledger.as_ref(), ui)
            .map_err(|error| CliError::in_file(path, error))?;
        if !self.offline {
            // Refuse now what `run` would refuse on the day.
            check_tokens(&read.source, &tokens).map_err(|error| CliError::in_file(path, error))?;
            rehearse_imports(&read.source, &connect_kms(&read.source)?, ui)
                .map_err(|error| CliError::in_file(path, error))?;
        }
        let (written, hash) = write_plan(directory, &read.bytes, &read.files, &plan)?;
        let mut report = describe(&plan, &hash, &written);
        if self.offline {
            let warning = "the plan fixes the serial numbers of the tokens only: no module, no firmware";
            report.warnings.extend(ui.warn(warning));
        }
        report
            .warnings
            .extend(not_asked.and_then(|warning| ui.warn(&warning)));
        report.warnings.extend(warn_of_long_crls(&read.source.file, ui)?);
        report.warnings.extend(warn_of_network(&read.source, ui)?);
        Ok(report)
    }
}

/// Describes every token of the file, and the module that shows them.
fn see_tokens(
    read: &ReadCeremony,
    settings: &Settings,
) -> Result<(Option<PlannedModule>, BTreeMap<String, Token>), CliError> {
    let module = settings.load_module()?;
    let wanted = read.source.file.tokens.iter();
    let wanted = wanted.map(|(name, token)| (name, token.serial.as_str()));
    let missing = |name, serial| CeremonyError::NoToken { name, serial }.into();
    let tokens = find_tokens(wanted, &module.slots()?, missing)?;
    Ok((Some(describe_module(&module)?), tokens))
}

fn see((name, token): (&String, &Token)) -> (String, SeenToken) {
    (name.clone(), see_token(token.description()))
}

/// The description of a module for the plan.
pub(super) fn describe_module(module: &Module) -> Result<PlannedModule, CliError> {
    let description = module.describe()?;
    let (major, minor) = description.library_version;
    let path = &description.path;
    Ok(PlannedModule {
        file: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        library: format!("{} {major}.{minor}", description.library),
        sha256: digest_of_file(path).map_err(|cause| CeremonyError::Unreadable {
            path: path.clone(),
            cause,
        })?,
    })
}

/// The description of this program for the plan.
pub(super) fn this_program() -> Result<PlannedTool, CliError> {
    let path = PathBuf::from("/proc/self/exe");
    let sha256 = digest_of_file(&path).map_err(|cause| CeremonyError::Unreadable { path, cause })?;
    Ok(PlannedTool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256,
    })
}

fn check(directory: &Path, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
    let ReadPlan {
        directory: names,
        plan,
        hash,
    } = ReadPlan::read(directory)?;
    let read = source::read(&names.file())?.refusing_keys_of(settings)?;
    check_plan(&plan, &read.source, ui)?;
    let expected = plan_text(&plan).map_err(CeremonyError::from)?;
    if input::read_regular(&names.plan_text())? != expected.as_bytes() {
        return Err(CeremonyError::OtherPlan {
            what: "plan.txt".to_owned(),
        }
        .into());
    }
    let mut report = describe(&plan, &hash, directory);
    report
        .text
        .insert_str(0, "The same files make the same plan, byte for byte.\n");
    let tool = this_program()?;
    if tool.sha256 != plan.tool.sha256 {
        let warning = format!(
            "{} {} planned it, and this is another program file: {} {}",
            plan.tool.name, plan.tool.version, tool.name, tool.version
        );
        report.warnings.extend(ui.warn(&warning));
    }
    Ok(report)
}

fn describe(plan: &CeremonyPlan, hash: &Digest, directory: &Path) -> Report {
    let mut fields = Fields::default();
    fields.add("directory", directory.display()).add("plan", hash);
    add_words(&mut fields, hash);
    for session in &plan.sessions {
        let text = format!("{} to {}", session.begins, session.ends);
        fields.add(format!("session {}", session.name), text);
    }
    for budget in &plan.budget {
        let mut text = format!("signatures: {}", budget.signatures);
        if budget.proofs > 0 {
            text.push_str(", and one more to prove the key");
        }
        fields.add(format!("key {}", budget.key), text);
    }
    let shown = quote(&directory.display().to_string());
    let text = format!(
        "Planned {}, a {} ceremony. Nothing was signed.\n{}",
        plan.ceremony,
        plan.kind.word(),
        fields.render(2)
    );
    let json = output::CeremonyPlan {
        identity: output::Identity::of(plan, hash),
        directory: FileName::of(directory),
        sessions: plan.sessions.iter().map(|session| session.name.clone()).collect(),
        budget: KeyBudget::list(&plan.budget),
    };
    let next = format!(
        "hsm-ca ceremony show {shown}\nhsm-ca ceremony rehearse {shown}\nhsm-ca ceremony approve {shown} --ssh-key FILE"
    );
    Report {
        next: Some(next),
        ..Report::new(text, json.document())
    }
}
