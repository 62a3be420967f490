//! The options of every command, and what they come to: flag before environment before configuration file.

use std::collections::BTreeMap;
use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use hsm_ca::token::Pkcs11Uri;

use super::config::{CONFIG_FILE, ConfigFile};
use super::exit::CliError;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct GlobalOptions {
    /// Settings as TOML [default: ./hsm-ca.toml if it exists]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HSM_CA_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// PKCS#11 module (.so)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HSM_CA_MODULE",
        hide_env_values = true
    )]
    module: Option<PathBuf>,
    /// Token label, or pkcs11: URI
    #[arg(
        long,
        global = true,
        value_name = "T",
        env = "HSM_CA_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// prompt, env:NAME, file:PATH, fd:N or credential:NAME
    #[arg(
        long,
        global = true,
        value_name = "S",
        env = "HSM_CA_PIN_SOURCE",
        hide_env_values = true
    )]
    pin_source: Option<String>,
    /// The result on stdout as text, or as one JSON object
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "HSM_CA_FORMAT",
        hide_env_values = true
    )]
    pub(super) format: Option<Format>,
    /// Never prompt: what would be asked is an error
    #[arg(long, global = true)]
    no_input: bool,
    /// No progress on stderr
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// The causes of an error, and progress with --format json too
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Colours: auto means on a terminal, and not with NO_COLOR
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = false
    )]
    pub(super) color: ColorChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// What the options, the environment and the configuration file come to.
#[derive(Debug)]
pub(super) struct Settings {
    /// The PKCS#11 module.
    pub(super) module: Option<PathBuf>,
    /// A label or a URI.
    pub(super) token: Option<String>,
    /// As written; read only when a PIN is needed.
    pub(super) pin_source: Option<String>,
    /// Never prompt.
    pub(super) no_input: bool,
}

impl Settings {
    pub(super) fn load(options: GlobalOptions) -> Result<Self, CliError> {
        let (config, directory) = match &options.config {
            Some(path) => (
                ConfigFile::read(path)?,
                path.parent().unwrap_or(Path::new("")).to_owned(),
            ),
            None if Path::new(CONFIG_FILE).exists() => {
                (ConfigFile::read(Path::new(CONFIG_FILE))?, PathBuf::new())
            }
            None => (ConfigFile::default(), PathBuf::new()),
        };
        set_module_environment(&config.module_environment)?;
        let token = options.token.or(config.token);
        let uri = match &token {
            Some(token) if token.starts_with(Pkcs11Uri::SCHEME) => {
                Pkcs11Uri::parse(token).map_err(|error| CliError::uri("--token", error))?
            }
            _ => Pkcs11Uri::default(),
        };
        // A relative path in the file means beside the file, wherever the command runs.
        let module = options.module.or_else(|| uri.module_path.map(PathBuf::from));
        let pin_source = options.pin_source.or(uri.pin_source);
        Ok(Self {
            module: module.or_else(|| config.module.map(|module| directory.join(module))),
            token,
            pin_source: pin_source.or_else(|| config.pin_source.map(|source| beside(&directory, source))),
            no_input: options.no_input,
        })
    }
}

fn beside(directory: &Path, source: String) -> String {
    match source.strip_prefix("file:") {
        Some(path) => format!("file:{}", directory.join(path).display()),
        None => source,
    }
}

/// A module reads its variables when it is loaded, and a Rust program may not change its own environment safely: so it starts
/// itself once more with what the configuration says. That costs some milliseconds; when they are set already, as after
/// sourcing a rig's env.sh, nothing.
fn set_module_environment(wanted: &BTreeMap<String, String>) -> Result<(), CliError> {
    if wanted
        .iter()
        .all(|(name, value)| env::var_os(name).is_some_and(|set| set == value.as_str()))
    {
        return Ok(());
    }
    let program = env::current_exe().map_err(CliError::restart)?;
    let cause = Command::new(program)
        .args(env::args_os().skip(1))
        .envs(wanted)
        .exec();
    Err(CliError::restart(cause))
}
