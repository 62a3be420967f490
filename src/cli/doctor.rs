//! `doctor`.

use clap::Args;
use hsm_ca::workflow::{
    Check, CheckState, Progress, check_import_route, check_login, check_signing, check_token,
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
            checks.push(look_at_kms(&mut hints));
        }
        let failed = checks.iter().any(|check| check.state == CheckState::Failed);
        let word = |state| match state {
            CheckState::Passed => "ok",
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
    checks.push(check_import_route(&token));
    ui.step("logging in");
    let session = settings.log_in(&token).map_err(|error| ("login", error))?;
    checks.push(check_login(&session));
    Ok(())
}

#[cfg(feature = "aws")]
fn look_at_kms(hints: &mut Vec<String>) -> Check {
    use hsm_ca::kms::{Kms, KmsError, Reachability};
    let answer = Kms::connect(None).and_then(|kms| Ok((kms.probe()?, kms.region().to_owned())));
    match answer {
        Ok((Reachability::Answered, region)) => Check::passed("KMS", format!("answers in {region}")),
        Ok((Reachability::Denied, region)) => Check::passed(
            "KMS",
            format!("answers in {region} (kms:ListAliases is denied, which is no matter)"),
        ),
        Err(KmsError::NoRegion) => {
            Check::warning("KMS", "not set up: no AWS region (only `kms` commands need one)")
        }
        Err(error) => {
            let refusal = CliError::from(error).explain();
            hints.extend(refusal.hint);
            Check::failed("KMS", refusal.message)
        }
    }
}

#[cfg(not(feature = "aws"))]
fn look_at_kms(_: &mut Vec<String>) -> Check {
    Check::warning("KMS", "this build has no network code")
}
