//! `doctor`.

mod kms;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::token::TokenError;
use hsm_ca::workflow::{
    CLUSTER_AUTHORITY, Check, CheckState, Client, WorkflowError, advise, check_authority_key, check_client,
    check_import_routes, check_kept_heads, check_key_use, check_left_key_probes, check_login, check_new_key,
    check_session, check_signing, check_slots, check_token, note_no_authority,
};

use super::exit::{CliError, NotPassed};
use super::global::Settings;
use super::input;
use super::json::Output as _;
use super::json::preflight::{AdvisedCheck, Doctor};
use super::report::Report;
use super::ui::Ui;
use super::wrap;

/// Checks everything in turn and does not stop at the first failure.
#[derive(Debug, Args)]
#[cfg_attr(feature = "aws", command(group = clap::ArgGroup::new("dry_run").args(["key_id", "pair"]).multiple(true)))]
pub(super) struct DoctorCommand {
    /// Make a test key on the token and destroy it: CloudHSM refuses that with only one HSM
    #[arg(long)]
    try_key: bool,
    /// The CA that CloudHSM's client trusts for its cluster [default: /opt/cloudhsm/etc/customerCA.crt]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Do not check KMS
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
    #[arg(long, value_name = "TOKEN", value_parser = super::kms::grant_token, requires = "dry_run", conflicts_with = "no_kms")]
    grant_token: Vec<String>,
}

impl DoctorCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let module = settings.module.as_deref().unwrap_or(Path::new(""));
        let mut checks = Vec::new();
        let mut client = Client::named(module);
        let mut failure = None;
        if let Err((name, error)) = self.look_at_token(settings, ui, &mut checks, &mut client) {
            checks.push(explain(name, &error, client.is_cloudhsm, module));
            failure = Some(error);
        }
        let authority = self.look_at_authority(&client);
        if let Some((check, error)) = authority {
            checks.push(check);
            failure = failure.or(error);
        }
        if !self.no_kms {
            checks.extend(self.look_at_kms(ui)?);
        }
        let failed: Vec<_> = checks
            .iter()
            .filter(|check| check.state == CheckState::Failed)
            .collect();
        let text: String = checks.iter().map(render).collect();
        let json = Doctor {
            verified: failed.is_empty(),
            checks: checks.iter().map(AdvisedCheck::of).collect(),
            hints: checks.iter().filter_map(|check| check.hint.clone()).collect(),
        };
        Ok(Report {
            failure: failed.first().map(|first| {
                // Same error as in every other command.
                if let Some(wrong) = failure.filter(is_wrong_setting) {
                    return wrong;
                }
                CliError::NotPassed(NotPassed::ChecksFailed {
                    first: format!("{}: {}", first.name, first.found),
                    failed: failed.len(),
                    hint: first.hint.clone(),
                })
            }),
            ..Report::new(text, json.document())
        })
    }

    fn look_at_token(
        &self,
        settings: &Settings,
        ui: &Ui,
        checks: &mut Vec<Check>,
        client: &mut Client,
    ) -> Result<(), (&'static str, CliError)> {
        let module = settings.load_module().map_err(|error| ("module", error))?;
        let described = module.describe().map_err(|error| ("module", error.into()))?;
        let found = format!("{}, {}", described.path.display(), described.library);
        checks.push(Check::passed("module", found));
        if module.is_single_threaded() {
            let found = "the module has no locks (CKR_CANT_LOCK): it is used from one thread";
            checks.push(Check::noted("locking", found));
        }
        *client = Client::described(described);
        if client.is_cloudhsm {
            checks.extend(check_client(described));
        }
        let slots = module.slots().map_err(|error| ("token", error.into()))?;
        checks.extend(check_slots(&slots));
        let token = settings
            .choose_token(&slots, None)
            .map_err(|error| ("token", error))?;
        // The module may be a proxy for CloudHSM's, such as p11-kit's.
        client.is_cloudhsm |= token.is_cloudhsm().map_err(|error| ("token", error.into()))?;
        checks.extend(check_token(&token));
        checks.push(check_signing(&token));
        checks.extend(check_import_routes(&token));
        ui.announce("logging in");
        let session = settings.log_in(&token).map_err(|error| {
            client.connected = is_about_pin(&error);
            ("login", error)
        })?;
        client.connected = true;
        let no_login = "if keys are missing, name a PIN source: --pin-source";
        checks.push(advise_if(CheckState::Noted, no_login, check_login(session)));
        checks.push(check_session(session));
        checks.push(check_kept_heads(session));
        if self.try_key {
            // This tests more than the use of an existing key.
            ui.announce("making a test key on the token and destroying it");
            checks.push(check_new_key(session));
            return Ok(());
        }
        let left = check_left_key_probes(session);
        checks.extend(
            left.map(|left| advise_if(CheckState::Warning, "`hsm-ca doctor --try-key` deletes it", left)),
        );
        if client.is_cloudhsm {
            // Last, because the session cannot be used for anything else afterwards.
            let untried = "`hsm-ca doctor --try-key` makes a key on the token and destroys it";
            checks.push(advise_if(CheckState::Noted, untried, check_key_use(session)));
        }
        Ok(())
    }

    /// The check, and the error that ended it.
    fn look_at_authority(&self, client: &Client) -> Option<(Check, Option<CliError>)> {
        match &self.ca {
            Some(path) => Some(match input::certificates(path) {
                Ok(chain) => (check_authority_key(path, &chain, client), None),
                Err(error) => (explain("cluster CA", &error, false, path), Some(error)),
            }),
            None if client.is_cloudhsm => {
                let path = Path::new(CLUSTER_AUTHORITY);
                let check = match input::certificates(path) {
                    Ok(chain) => check_authority_key(path, &chain, client),
                    Err(CliError::Read { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                        without_authority(&format!("{CLUSTER_AUTHORITY} does not exist"))
                    }
                    Err(error) => without_authority(&error.explain().message),
                };
                Some((check, None))
            }
            None => None,
        }
    }
}

/// Whether the error is the module that no setting names, or a file that one names and that cannot be read.
fn is_wrong_setting(error: &CliError) -> bool {
    let refusal = error.explain();
    ["no-module", "unreadable-file"].contains(&refusal.kind)
}

/// The option of this program that helps with this result of a check.
fn advise_if(state: CheckState, advice: &str, check: Check) -> Check {
    if check.state == state {
        check.with_hint(advice.to_owned())
    } else {
        check
    }
}

fn without_authority(reason: &str) -> Check {
    let check = note_no_authority(reason);
    let hint = check
        .hint
        .as_ref()
        .map(|hint| format!("{hint}; `hsm-ca doctor --ca FILE` checks that one"));
    check.with_hint(hint)
}

/// A check that ended with an error: with a hint for CloudHSM, or with the error's own hint.
fn explain(name: &'static str, error: &CliError, is_cloudhsm: bool, module: &Path) -> Check {
    let refusal = error.explain();
    let advice = match error {
        CliError::Workflow { cause, .. } if is_cloudhsm => match cause.as_ref() {
            WorkflowError::Token(error) => advise(error, module),
            _ => None,
        },
        _ => None,
    };
    Check::failed(name, refusal.message).with_hint(advice.or(without_doctor(refusal.hint)))
}

/// The hint without its parts that suggest the command which is running.
fn without_doctor(hint: Option<String>) -> Option<String> {
    let hint = hint?;
    let parts = hint.split("; ").filter(|part| !part.contains("`hsm-ca doctor`"));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Whether the token rejected the PIN, which shows that it was reached.
fn is_about_pin(error: &CliError) -> bool {
    let CliError::Workflow { cause, .. } = error else {
        return false;
    };
    matches!(
        cause.as_ref(),
        WorkflowError::Token(TokenError::PinIncorrect { .. } | TokenError::PinLocked { .. })
    )
}

const fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Passed => "ok",
        CheckState::Noted => "note",
        CheckState::Warning => "warning",
        CheckState::Failed => "FAILED",
    }
}

/// Name, state, finding and hint, wrapped to the terminal.
fn render(check: &Check) -> String {
    let first = format!("{:13} {:8} ", check.name, word(check.state));
    let width = wrap::width_of(io::stdout());
    let mut text = wrap::below(&first, &check.found, width);
    if let Some(hint) = &check.hint {
        text.push_str(&wrap::below(
            &" ".repeat(first.len()),
            &format!("hint: {hint}"),
            width,
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_doctor;

    #[test]
    fn doctor_does_not_suggest_itself() {
        let without = |hint: &str| without_doctor(Some(hint.to_owned()));
        let network = "check the network; `hsm-ca doctor` tests the connection again";
        assert_eq!(without(network).as_deref(), Some("check the network"));
        assert_eq!(without("`hsm-ca doctor` shows the routes"), None);
        let other = "`hsm-ca doctor --try-key` makes a key";
        assert_eq!(without(other).as_deref(), Some(other));
    }
}
