//! `rig`.

use std::env;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use hsm_ca::token::{InitTokenError, NOTE_LABEL, Pkcs11Uri, RigToken, init_token};
use hsm_ca::workflow::{Rig, RigRequest, WorkflowError, create_rig};
use rustix::fs::Mode;
use rustix::process::umask;

use super::exit::CliError;
use super::global::Settings;
use super::json::Output as _;
use super::json::preflight::{RigNew, RigToken as InitialisedToken};
use super::last_rig;
use super::next_steps;
use super::pin::{HeldPins, read_pin};
use super::recorder::who;
use super::report::{Fields, Report};

#[derive(Debug, Subcommand)]
pub(super) enum RigCommand {
    /// Make a software token with random PINs, hsm-ca.toml, a ledger and env.sh in a new directory
    ///
    /// The rig is for tests and rehearsals: the token keeps keys in files, encrypted under a PIN that is stored next to them.
    New(NewRig),
    /// Initialise the token of a new rig (started by `rig new`, with the module's environment)
    #[command(hide = true)]
    InitializeToken(InitializeToken),
}

#[derive(Debug, Args)]
pub(super) struct NewRig {
    /// The directory to create; it must not exist
    directory: PathBuf,
    /// The token's label
    #[arg(long, default_value = "ca", value_parser = token_label)]
    label: String,
    /// The software token to use
    #[arg(long, value_parser = kinds(), default_value = RigToken::ALL[0].name())]
    kind: RigToken,
}

#[derive(Debug, Args)]
pub(super) struct InitializeToken {
    #[arg(long, value_parser = kinds())]
    kind: RigToken,
    #[arg(long)]
    label: String,
    #[arg(long)]
    user_pin_file: PathBuf,
    #[arg(long)]
    so_pin_file: PathBuf,
}

/// The names of [`RigToken::ALL`], which the help shows.
fn kinds() -> impl TypedValueParser<Value = RigToken> {
    PossibleValuesParser::new(RigToken::ALL.map(|kind| kind.name())).try_map(|name| {
        RigToken::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or("no such kind")
    })
}

/// PKCS#11 v2.40 section 3.2: a token label has 32 bytes, padded with spaces.
fn token_label(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && !text.starts_with(Pkcs11Uri::SCHEME)
        && !text.starts_with('-')
        && text.len() <= 32
        && text.trim() == text
        && !text.contains(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        "a token label has 1 to 32 bytes, no space at either end, and does not start with - or pkcs11:"
            .to_owned()
    })
}

impl RigCommand {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        match self {
            Self::New(new) => new.run(settings),
            Self::InitializeToken(initialise) => initialise.run(settings),
        }
    }
}

impl NewRig {
    fn find_module(&self) -> Result<PathBuf, CliError> {
        let built = self.kind.built_as().and_then(|name| {
            let program = env::current_exe().ok()?;
            Some(program.with_file_name(name)).filter(|module| module.is_file())
        });
        built.or_else(|| self.kind.find_module()).ok_or_else(|| {
            CliError::options(format!(
                "{} is not at any of its usual paths: install it ({}), or name its module with --module",
                self.kind,
                self.kind.package()
            ))
        })
    }

    /// A hint for a shell with the settings of another rig, whose module may be of another kind.
    fn explain(&self, error: WorkflowError, settings: &Settings) -> CliError {
        match (error, &settings.module_named_in) {
            (WorkflowError::RigToken { reason }, Some(file)) => CliError::RigModule {
                product: self.kind.product(),
                reason,
                named_in: file.clone(),
                usual: self.find_module().ok(),
            },
            (error, _) => error.into(),
        }
    }

    fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let module = match settings.module.clone() {
            Some(module) => module,
            None => self.find_module()?,
        };
        let directory =
            path::absolute(&self.directory).map_err(|cause| CliError::read(&self.directory, cause))?;
        let module = path::absolute(&module).map_err(|cause| CliError::read(&module, cause))?;
        let request = RigRequest {
            kind: self.kind,
            directory,
            label: self.label.clone(),
            module,
            by: who(),
            clock: settings.clock.clone(),
        };
        let rig =
            create_rig(&request, &initialise_in_child).map_err(|error| self.explain(error, settings))?;
        last_rig::remember(&rig);
        let mut fields = Fields::default();
        fields
            .add("token", &rig.label)
            .add("kind", rig.kind)
            .add("module", rig.module.display())
            .add("settings", rig.settings().display())
            .add("ledger", rig.ledger().display())
            .add(
                "PINs",
                format!("{} and {}", rig.user_pin().display(), rig.so_pin().display()),
            )
            .add(
                "ledger head",
                format!(
                    "kept on the token from the first signature on, as a data object named \"{NOTE_LABEL}\""
                ),
            );
        let text = format!(
            "Made a test rig in {}\n{}",
            rig.directory.display(),
            fields.render(2),
        );
        Ok(Report {
            next: Some(next_steps::after_rig(&rig.environment())),
            ..Report::new(text, RigNew::of(&rig).document())
        })
    }
}

/// Initialises the token in a separate process, because a module reads its environment when it is loaded. The PINs stay in files.
fn initialise_in_child(rig: &Rig) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program);
    for inherited in [
        "HSM_CA_CONFIG",
        "HSM_CA_TOKEN",
        "HSM_CA_PIN_SOURCE",
        "HSM_CA_MODULE",
        "HSM_CA_FORMAT",
    ] {
        child.env_remove(inherited);
    }
    let output = child
        .args(["rig", "initialize-token", "--kind", rig.kind.name()])
        .args(["--label", &rig.label])
        .arg("--user-pin-file")
        .arg(rig.user_pin())
        .arg("--so-pin-file")
        .arg(rig.so_pin())
        .arg("--module")
        .arg(&rig.module)
        .env(rig.kind.variable(), rig.configuration())
        .current_dir(&rig.directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(told
        .lines()
        .next()
        .unwrap_or("no reason was given")
        .trim_start_matches("error: ")
        .to_owned())
}

impl InitializeToken {
    fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let pin = |file: &Path| {
            let source = format!("file:{}", file.display());
            read_pin(Some(&source), &HeldPins::default(), &self.label, true)
        };
        let (user_pin, so_pin) = (pin(&self.user_pin_file)?, pin(&self.so_pin_file)?);
        // Without this, other users could read the token's SQLite file.
        umask(Mode::RWXG | Mode::RWXO);
        let token = init_token(
            &settings.load_module()?,
            self.kind,
            &self.label,
            &so_pin,
            &user_pin,
        )
        .map_err(|error| match error {
            InitTokenError::Token(error) => error.into(),
            other => CliError::options(other.to_string()),
        })?;
        let json = InitialisedToken {
            token: token.label.clone(),
            serial_number: token.serial.clone(),
        };
        Ok(Report::new(format!("Initialised {token}\n"), json.document()))
    }
}
