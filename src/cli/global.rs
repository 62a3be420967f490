//! The options of every command, and the resulting settings: flag before environment before configuration file.

mod asked_format;
mod found_config;
mod layer;
mod ledger;
mod named_file;
mod own_files;
mod refused_keys;
mod restart;
mod token_store;

#[cfg(feature = "postgres")]
use std::cell::OnceCell;
use std::env;
use std::path::{Path, PathBuf};
#[cfg(feature = "postgres")]
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hsm_ca::ceremony::Digest;
use hsm_ca::ledger::{Head, LedgerUrl};
#[cfg(feature = "postgres")]
use hsm_ca::secret::Pin;
use hsm_ca::workflow::{Clock, Guards, HeadPlace};

pub(super) use asked_format::{asked_color, asked_format, asks_for_options};
pub(super) use found_config::FoundConfig;
pub(super) use own_files::OwnFiles;

use layer::Layer;
use ledger::{head_place, read_head};
use named_file::NamedBy;
use restart::{RESTARTED, set_module_environment};
use token_store::{exported_for_modules, protect_token_stores};

use super::closing::Opened;
use super::exit::CliError;
use super::format::Format;
use super::inherited::{keep_from_children, take_variable};
use super::input;
use super::pin::HeldPins;
use super::terminal_type::is_dumb;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct GlobalOptions {
    /// Settings as TOML [env: HSM_CA_CONFIG] [default: ./hsm-ca.toml if it exists]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// PKCS#11 module (.so) [env: HSM_CA_MODULE]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Token label, or pkcs11: URI [env: HSM_CA_TOKEN]
    #[arg(long, global = true, hide_short_help = true, value_name = "T")]
    token: Option<String>,
    /// prompt, env:NAME, file:PATH, fd:N or credential:NAME [env: HSM_CA_PIN_SOURCE]
    #[arg(long, global = true, hide_short_help = true, value_name = "S")]
    pin_source: Option<String>,
    /// The ledger: sqlite:PATH, or postgres://[USER@]HOST[:PORT]/DATABASE [env: HSM_CA_LEDGER] [default: sqlite:hsm-ca.db beside the
    /// settings]
    #[arg(long, global = true, hide_short_help = true, value_name = "URL")]
    ledger: Option<String>,
    /// The password for a ledger on a server: env:NAME, file:PATH, fd:N or credential:NAME [env: HSM_CA_LEDGER_PASSWORD_SOURCE]
    #[arg(long, global = true, hide_short_help = true, value_name = "S")]
    ledger_password_source: Option<String>,
    /// Where the ledger's head is kept, so that an older copy is noticed: token, file:PATH or none [env: HSM_CA_LEDGER_HEAD] [default:
    /// token, if it accepts data objects]
    #[arg(long, global = true, hide_short_help = true, value_name = "PLACE")]
    ledger_head: Option<String>,
    /// A head that was kept elsewhere, as COUNT:HASH: the ledger must contain it. For `ceremony verify` and `ceremony report` it is the head of
    /// the transcript, as `ceremony run` prints it
    #[arg(long, global = true, hide_short_help = true, value_name = "COUNT:HASH", value_parser = read_head)]
    head: Option<Head>,
    /// A list of keys to refuse, because others have their private keys: hashes from openssl-blacklist, dwk_blocklists or badkeys
    /// [env: HSM_CA_REFUSED_KEYS]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    refused_keys: Option<PathBuf>,
    /// Continue although the clock is behind the ledger's newest event; the ledger records that
    #[arg(long, global = true, hide_short_help = true)]
    clock_is_right: bool,
    /// The result on stdout as text, or as one JSON object [env: HSM_CA_FORMAT]
    #[arg(long, global = true, hide_short_help = true, value_name = "FORMAT")]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, global = true, hide_short_help = true)]
    json: bool,
    /// Never prompt: fail if input is needed
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) no_input: bool,
    /// No progress on stderr
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(super) quiet: bool,
    /// The kind and the causes of an error, and progress with --format json too; twice: the settings as well
    #[arg(short, long, global = true, hide_short_help = true, conflicts_with = "quiet", action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Colours: auto means on a terminal, and not with NO_COLOR
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = false
    )]
    pub(super) color: ColorChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Whether a stream gets colours (<https://no-color.org>). A dumb terminal would show their codes.
    pub(super) fn has_colors(self, is_terminal: bool) -> bool {
        let no_color = || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !is_dumb() && !no_color(),
        }
    }
}

impl GlobalOptions {
    /// Refuses two options of which only one can be followed.
    pub(super) fn refuse_contradiction(&self) -> Result<(), CliError> {
        match self.json && self.format == Some(Format::Text) {
            true => Err(CliError::options(
                "--json and --format text contradict each other",
            )),
            false => Ok(()),
        }
    }
}

/// The settings that result from the options, the environment and the configuration file.
#[derive(Debug)]
pub(super) struct Settings {
    /// The PKCS#11 module.
    pub(super) module: Option<PathBuf>,
    /// The configuration file, if it names the module.
    pub(super) module_named_in: Option<PathBuf>,
    /// What the variables for modules hold, exported or set by the configuration file: often a file that decides which token there is.
    module_variables: Vec<PathBuf>,
    /// A label or a URI.
    pub(super) token: Option<String>,
    /// As written. It is read only when a PIN is needed.
    pub(super) pin_source: Option<String>,
    /// The contents of the PIN sources, out of reach of other programs.
    pub(super) pins: HeldPins,
    /// Never prompt.
    pub(super) no_input: bool,
    /// The module and the session, once they are open.
    pub(super) opened: Opened,
    /// The clock for the whole command.
    pub(super) clock: Clock,
    guards: Guards,
    refused_keys: Option<PathBuf>,
    ledger: LedgerSetting,
    config_file: Option<PathBuf>,
    ceremony_quorum: Option<Digest>,
}

/// The setting for the ledger. It is opened only when a command needs it.
#[derive(Debug)]
struct LedgerSetting {
    url: String,
    /// The setting that names it.
    origin: &'static str,
    /// The directory for a relative path.
    directory: PathBuf,
    /// The source of the password for a server. It can be taken once.
    password_source: Option<String>,
    #[cfg(feature = "postgres")]
    password: OnceCell<Arc<Pin>>,
}

/// Beside the configuration file, or in the working directory.
const DEFAULT_LEDGER: &str = "sqlite:hsm-ca.db";

const DEFAULT_ORIGIN: &str = "the default";

/// The origin of the ledger's path without any setting or file.
pub(super) const HERE: &str = "the default (in the working directory)";

impl Settings {
    /// Merges the layers. The format is read separately, because errors here must be reported in it.
    pub(super) fn load(
        options: GlobalOptions,
        config: FoundConfig,
        uses_token: bool,
    ) -> Result<Self, CliError> {
        let FoundConfig {
            config,
            directory,
            path,
            was_found,
        } = config;
        let known = ["", "text", "json"];
        if let Some(wrong) =
            env::var_os("HSM_CA_FORMAT").filter(|value| !known.iter().any(|known| value == known))
        {
            let reason = format!("HSM_CA_FORMAT is {wrong:?}; it must be text or json");
            return Err(CliError::options(reason));
        }
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let flags = Layer {
            module: options.module,
            token: options.token,
            pin_source: options.pin_source,
        };
        let environment = Layer {
            module: env::var_os("HSM_CA_MODULE")
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            token: text("HSM_CA_TOKEN"),
            pin_source: text("HSM_CA_PIN_SOURCE"),
        };
        // A relative path in the file is relative to the file, not to the working directory.
        let file = Layer {
            module: config.module.map(|module| directory.join(module)),
            token: config.token,
            pin_source: config.pin_source.map(|source| beside(&directory, source)),
        };
        let layers = [
            flags.with_uri("--token")?,
            environment.with_uri("HSM_CA_TOKEN")?,
            file.with_uri("`token` in the configuration file")?,
        ];
        let here = PathBuf::new;
        let beside_file = directory.clone();
        let ledger = [
            (options.ledger, "--ledger", here()),
            (text("HSM_CA_LEDGER"), "HSM_CA_LEDGER", here()),
            (
                config.ledger,
                "`ledger` in the configuration file",
                directory.clone(),
            ),
        ];
        let (url, origin, directory) = ledger
            .into_iter()
            .find_map(|(url, origin, directory)| Some((url?, origin, directory)))
            .unwrap_or((DEFAULT_LEDGER.to_owned(), DEFAULT_ORIGIN, directory));
        let named_by = NamedBy::settings(path.clone().filter(|_| was_found));
        let password_source = match options
            .ledger_password_source
            .or_else(|| text("HSM_CA_LEDGER_PASSWORD_SOURCE"))
        {
            Some(named) => Some(named),
            None => {
                let source = config.ledger_password_source;
                let named = source.map(|source| beside(&beside_file, source));
                named_by.check_now(named.as_deref().and_then(file_of))?;
                named
            }
        };
        if uses_token {
            let [flags, environment, file] = &layers;
            let is_module_of_file = flags.module.is_none() && environment.module.is_none();
            named_by.check_now(file.module.as_deref().filter(|_| is_module_of_file))?;
            let is_pin_of_file = flags.pin_source.is_none() && environment.pin_source.is_none();
            named_by.check_now(
                file.pin_source
                    .as_deref()
                    .and_then(file_of)
                    .filter(|_| is_pin_of_file),
            )?;
            set_module_environment(&config.module_environment, &named_by)?;
        }
        // The variable is only for this start: an hsm-ca that a child starts must be able to restart itself too.
        let _ = take_variable(RESTARTED);
        // After the restart, which must inherit them.
        let pins = HeldPins::take(
            layers
                .iter()
                .filter_map(|layer| layer.pin_source.as_deref())
                .chain(password_source.as_deref()),
        );
        keep_from_children();
        let refused_keys = match options
            .refused_keys
            .or_else(|| text("HSM_CA_REFUSED_KEYS").map(PathBuf::from))
        {
            Some(named) => Some(named),
            None => {
                let named = config.refused_keys.map(|path| beside_file.join(path));
                named_by.check_now(named.as_deref())?;
                named
            }
        };
        let guards = Guards {
            place: head_place(
                options.ledger_head,
                text("HSM_CA_LEDGER_HEAD"),
                config.ledger_head,
                &beside_file,
            )?,
            head: options.head,
            clock_is_right: options.clock_is_right,
        };
        let exported = exported_for_modules();
        protect_token_stores(&exported, &config.module_environment);
        let first = |pick: fn(&Layer) -> Option<String>| layers.iter().find_map(pick);
        let settings = Self {
            token: first(|layer| layer.token.clone()),
            pin_source: first(|layer| layer.pin_source.clone()),
            pins,
            module: layers.iter().find_map(|layer| layer.module.clone()),
            module_named_in: match &layers {
                [flags, environment, file] if flags.module.is_none() && environment.module.is_none() => {
                    path.clone().filter(|_| file.module.is_some())
                }
                _ => None,
            },
            module_variables: exported.into_values().collect(),
            no_input: options.no_input,
            opened: Opened::default(),
            clock: Clock::system(),
            config_file: path,
            ceremony_quorum: config.ceremony_quorum,
            guards,
            refused_keys,
            ledger: LedgerSetting {
                url,
                origin,
                directory,
                password_source,
                #[cfg(feature = "postgres")]
                password: OnceCell::new(),
            },
        };
        settings.own_paths().iter().for_each(|file| input::protect(file));
        Ok(settings)
    }

    /// The checks of the ledger: kept head and clock.
    pub(super) const fn guards(&self) -> &Guards {
        &self.guards
    }

    /// Refuses a file or directory for the module, named by a variable, that others could change. It decides which token there is, as the module
    /// does.
    pub(super) fn check_module_variables(&self) -> Result<(), CliError> {
        let named_by = NamedBy::settings(None);
        self.module_variables
            .iter()
            .try_for_each(|path| named_by.check(path))
    }

    /// Who may approve a ceremony. Only the configuration file can set this, because flags and environment are not settings of the machine.
    pub(super) const fn ceremony_quorum(&self) -> Option<Digest> {
        self.ceremony_quorum
    }

    /// Where the ledger is.
    pub(super) fn ledger(&self) -> Result<LedgerUrl, CliError> {
        let LedgerSetting {
            url,
            origin,
            directory,
            ..
        } = &self.ledger;
        match LedgerUrl::parse(url) {
            Ok(url) => Ok(url.beside(directory)),
            Err(cause) => Err(CliError::LedgerUrl { origin, cause }),
        }
    }
}

impl GlobalOptions {
    /// The file that these options or the environment name, or the one in the working directory.
    pub(super) fn read_config(&self) -> Result<FoundConfig, CliError> {
        FoundConfig::read(self.config.clone())
    }

    /// The format of the result and of errors, from the flag, the environment, or the file, if it could be read.
    pub(super) fn format(&self, config: Option<&FoundConfig>) -> Format {
        let json = self.json.then_some(Format::Json);
        choose_format(json.or(self.format), || config?.config.format)
    }
}

/// Flag before environment before file.
fn choose_format(flag: Option<Format>, in_file: impl FnOnce() -> Option<Format>) -> Format {
    let in_environment = || match env::var("HSM_CA_FORMAT").as_deref() {
        Ok("json") => Some(Format::Json),
        Ok("text") => Some(Format::Text),
        _ => None,
    };
    flag.or_else(in_environment)
        .or_else(in_file)
        .unwrap_or(Format::Text)
}

fn beside(directory: &Path, source: String) -> String {
    match source.strip_prefix("file:") {
        Some(path) => format!("file:{}", directory.join(path).display()),
        None => source,
    }
}

/// The file of a PIN source `file:PATH`.
fn file_of(source: &str) -> Option<&Path> {
    source.strip_prefix("file:").map(Path::new)
}
