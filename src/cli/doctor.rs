//! `doctor`.

#[cfg(feature = "aws")]
use std::path::PathBuf;

use clap::Args;
use hsm_ca::workflow::{
    Check, CheckState, Progress, check_import_routes, check_login, check_signing, check_token,
};
use serde_json::json;

use super::exit::{CliError, UNAVAILABLE};
use super::global::Settings;
use super::report::{Report, printable};
use super::ui::Ui;

/// Looks at everything in turn, and does not stop at the first thing that fails.
#[derive(Debug, Args)]
pub(super) struct DoctorCommand {
    /// Leave KMS out
    #[arg(long)]
    no_kms: bool,
    /// Ask KMS whether it would generate a key pair under this key (DryRun): nothing is generated
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "KEY", conflicts_with = "no_kms")]
    key_id: Option<String>,
    /// Ask KMS whether it would decrypt this pair file's private key (DryRun): nothing is decrypted
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "FILE", conflicts_with = "no_kms")]
    pair: Option<PathBuf>,
    /// A grant token that allows the calls; may be given more than once
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "TOKEN", value_parser = super::kms::grant_token, conflicts_with = "no_kms")]
    grant_token: Vec<String>,
}

impl DoctorCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let mut checks = Vec::new();
        let mut hints = Vec::new();
        if let Err((name, error)) = look_at_token(settings, ui, &mut checks) {
            let refusal = error.explain();
            checks.push(Check::failed(name, refusal.message));
            hints.extend(refusal.hint);
        }
        if !self.no_kms {
            ui.step("asking KMS");
            checks.extend(self.look_at_kms(&mut hints)?);
        }
        let failed = checks.iter().any(|check| check.state == CheckState::Failed);
        let word = |state| match state {
            CheckState::Passed => "ok",
            CheckState::Noted => "note",
            CheckState::Warning => "warning",
            CheckState::Failed => "FAILED",
        };
        let line = |check: &Check| {
            format!(
                "{:13} {:8} {}\n",
                check.name,
                word(check.state),
                printable(&check.found)
            )
        };
        let mut text: String = checks.iter().map(line).collect();
        text.extend(hints.iter().map(|hint| format!("hint: {hint}\n")));
        let list: Vec<_> = checks
            .iter()
            .map(|check| json!({ "check": check.name, "state": word(check.state).to_lowercase(), "found": check.found }))
            .collect();
        let json = json!({ "passed": !failed, "checks": list, "hints": hints });
        Ok(Report {
            exit_code: if failed { UNAVAILABLE } else { 0 },
            ..Report::new(text, json)
        })
    }
}

fn look_at_token(
    settings: &Settings,
    ui: &Ui,
    checks: &mut Vec<Check>,
) -> Result<(), (&'static str, CliError)> {
    let module = settings.load_module().map_err(|error| ("module", error))?;
    let described = module.describe().map_err(|error| ("module", error.into()))?;
    checks.push(Check::passed(
        "module",
        format!("{}, {}", described.path.display(), described.library),
    ));
    let token = settings
        .find_token_of(&module, None)
        .map_err(|error| ("token", error))?;
    checks.extend(check_token(&token));
    checks.push(check_signing(&token));
    checks.extend(check_import_routes(&token));
    ui.step("logging in");
    let session = settings.log_in(&token).map_err(|error| ("login", error))?;
    checks.push(check_login(&session));
    Ok(())
}

#[cfg(feature = "aws")]
impl DoctorCommand {
    fn look_at_kms(&self, hints: &mut Vec<String>) -> Result<Vec<Check>, CliError> {
        use hsm_ca::aws::AwsError;
        use hsm_ca::kms::{KeyPairFile, Kms, KmsError, Reachability};
        let pair = self.pair.as_ref().map(|path| {
            KeyPairFile::read(&super::input::read(path)?).map_err(|error| CliError::in_file(path, error))
        });
        let pair = pair.transpose()?;
        let key = self
            .key_id
            .as_deref()
            .or(pair.as_ref().map(|pair| pair.key_id.as_str()));
        let mut failed = |name, error: KmsError| {
            let refusal = CliError::from(error).explain();
            hints.extend(refusal.hint);
            Check::failed(name, refusal.message)
        };
        let kms = match Kms::connect(key) {
            Ok(kms) => kms.with_grant_tokens(self.grant_token.clone()),
            Err(KmsError::Aws(AwsError::NoRegion)) => {
                let found = "not set up: no AWS region (only `kms` commands need one)";
                return Ok(vec![Check::warning("KMS", found)]);
            }
            Err(error) => return Ok(vec![failed("KMS", error)]),
        };
        let mut checks = Vec::new();
        let region = kms.region();
        checks.push(match kms.probe() {
            Ok(Reachability::Answered) => Check::passed("KMS", format!("answers in {region}")),
            Ok(Reachability::Denied) => Check::passed(
                "KMS",
                format!("answers in {region} (kms:ListAliases is denied, which is no matter)"),
            ),
            Err(error) => failed("KMS", error),
        });
        if let Some(key) = &self.key_id {
            checks.push(match kms.rehearse_generate(key) {
                Ok(()) => Check::passed("KMS generate", format!("allowed under {key} (DryRun)")),
                Err(error) => failed("KMS generate", error),
            });
        }
        if let Some(pair) = &pair {
            checks.push(match kms.rehearse_decrypt(pair) {
                Ok(()) => Check::passed("KMS decrypt", format!("allowed under {} (DryRun)", pair.key_id)),
                Err(error) => failed("KMS decrypt", error),
            });
        }
        Ok(checks)
    }
}

#[cfg(not(feature = "aws"))]
impl DoctorCommand {
    fn look_at_kms(&self, _: &mut Vec<String>) -> Result<Vec<Check>, CliError> {
        Ok(vec![Check::warning("KMS", "this build has no network code")])
    }
}
