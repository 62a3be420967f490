//! `rig new`: a new software token in a directory, for tests and rehearsals.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Clock, Recorder, WorkflowError};
use crate::ledger::LedgerUrl;
use crate::output::OutputError;
use crate::secret::{MemoryGuard, Pin};
use crate::token::RigToken;

/// The rig that is requested.
#[derive(Clone, Debug)]
pub struct RigRequest {
    /// The token software.
    pub kind: RigToken,
    /// Its directory, as an absolute path. It must be empty or not exist.
    pub directory: PathBuf,
    /// The token's label.
    pub label: String,
    /// The PKCS#11 module.
    pub module: PathBuf,
    /// The operator, for the ledger's first event.
    pub by: String,
    /// The time of that event.
    pub clock: Clock,
}

/// A rig that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rig {
    /// The token software.
    pub kind: RigToken,
    /// Its directory.
    pub directory: PathBuf,
    /// The token's label.
    pub label: String,
    /// The PKCS#11 module.
    pub module: PathBuf,
}

/// The files of a rig, by their names in its directory.
const TOKENS: &str = "tokens";
const USER_PIN: &str = "pin";
const SO_PIN: &str = "so-pin";
const SETTINGS: &str = "hsm-ca.toml";
const ENVIRONMENT: &str = "env.sh";
/// The default path of the ledger in the settings.
const LEDGER: &str = "hsm-ca.db";

impl Rig {
    /// The module's configuration; the variable [`RigToken::variable`] names it.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.directory.join(self.kind.configuration_file())
    }

    /// The file with the user PIN.
    #[must_use]
    pub fn user_pin(&self) -> PathBuf {
        self.directory.join(USER_PIN)
    }

    /// The file with the security officer's PIN.
    #[must_use]
    pub fn so_pin(&self) -> PathBuf {
        self.directory.join(SO_PIN)
    }

    /// This program's settings.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.directory.join(SETTINGS)
    }

    /// The ledger of the rig's keys.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.directory.join(LEDGER)
    }

    /// The shell file that exports what other programs need.
    #[must_use]
    pub fn environment(&self) -> PathBuf {
        self.directory.join(ENVIRONMENT)
    }
}

/// The files that `rig new` made in this directory, with PINs and configuration. Empty if it has no rig. No output may replace them.
#[must_use]
pub fn rig_files(directory: &Path) -> Vec<PathBuf> {
    let kinds = RigToken::ALL.iter().map(RigToken::configuration_file);
    let names = [SETTINGS, ENVIRONMENT, USER_PIN, SO_PIN].into_iter().chain(kinds);
    let files: Vec<_> = names.map(|name| directory.join(name)).collect();
    let is_rig = [SETTINGS, ENVIRONMENT, SO_PIN]
        .iter()
        .all(|name| directory.join(name).exists());
    if is_rig { files } else { Vec::new() }
}

/// Makes a rig, complete or not at all. It is built in a temporary directory beside its place, which is renamed at the end.
///
/// `initialise` initialises the only token of the rig, with its label and the PINs in its files. The module reads its environment once per
/// process, so the caller does this in a separate process.
///
/// # Errors
/// [`WorkflowError`]; nothing is left behind.
pub fn create_rig(
    request: &RigRequest,
    initialise: &dyn Fn(&Rig) -> Result<(), String>,
) -> Result<Rig, WorkflowError> {
    let RigRequest {
        kind,
        directory,
        label,
        module,
        by,
        clock,
    } = request;
    let wrong = |character: char| character.is_control() || matches!(character, '#' | '"' | '\'' | '=');
    // SoftHSM 2.6.1 cannot use tokens at paths of about 1,000 bytes. Kryoptic's SQLite cannot use a file whose path is longer than 504 bytes.
    if directory
        .to_str()
        .is_none_or(|text| text.len() > 480 || text.contains(wrong))
    {
        return Err(WorkflowError::RigPath {
            path: directory.clone(),
        });
    }
    let parent = directory.parent().unwrap_or(Path::new("/"));
    if !parent.is_dir() {
        return Err(OutputError::no_directory(parent).into());
    }
    let exists = || WorkflowError::RigExists {
        path: directory.clone(),
    };
    match fs::read_dir(directory).map(|mut found| found.next().is_some()) {
        Ok(false) => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
            return Err(WorkflowError::Rig {
                doing: "look at",
                path: directory.clone(),
                cause,
            });
        }
        Ok(true) | Err(_) => return Err(exists()),
    }
    let staging = tempfile::Builder::new()
        .prefix(".hsm-ca-rig-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(|cause| WorkflowError::Rig {
            doing: "make a directory in",
            path: parent.to_owned(),
            cause,
        })?;

    let staged = Rig {
        kind: *kind,
        directory: staging.path().to_owned(),
        label: label.clone(),
        module: module.clone(),
    };
    fill(&staged)?;
    initialise(&staged).map_err(|reason| WorkflowError::RigToken { reason })?;

    let rig = Rig {
        directory: directory.clone(),
        ..staged.clone()
    };
    // From here on, the paths are those of the finished rig.
    let configuration = kind.configuration(&rig.directory.join(TOKENS));
    fs::remove_file(staged.configuration()).map_err(|cause| WorkflowError::Rig {
        doing: "replace",
        path: staged.configuration(),
        cause,
    })?;
    write(&staged.configuration(), 0o600, &configuration)?;
    write(&staged.settings(), 0o600, &settings_text(&rig))?;
    write(&staged.environment(), 0o600, &environment_text(&rig))?;
    drop(Recorder::make(
        &LedgerUrl::Sqlite(staged.ledger()),
        by.clone(),
        clock.clone(),
    )?);
    let published = staging.keep();
    fs::rename(&published, directory).map_err(|cause| {
        let _ = fs::remove_dir_all(&published);
        match cause.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => exists(),
            _ => WorkflowError::Rig {
                doing: "rename the finished rig to",
                path: directory.clone(),
                cause,
            },
        }
    })?;
    let _ = File::open(parent).and_then(|parent| parent.sync_all());
    Ok(rig)
}

fn fill(staged: &Rig) -> Result<(), WorkflowError> {
    let tokens = staged.directory.join(TOKENS);
    DirBuilder::new()
        .mode(0o700)
        .create(&tokens)
        .map_err(|cause| WorkflowError::Rig {
            doing: "make",
            path: tokens.clone(),
            cause,
        })?;
    write(
        &staged.configuration(),
        0o600,
        &staged.kind.configuration(&tokens),
    )?;
    let guard = MemoryGuard::engage()?;
    write(&staged.user_pin(), 0o600, Pin::random(&guard)?.expose())?;
    write(&staged.so_pin(), 0o600, Pin::random(&guard)?.expose())
}

fn write(path: &Path, mode: u32, text: &str) -> Result<(), WorkflowError> {
    let open = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    open.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })
    .map_err(|cause| WorkflowError::Rig {
        doing: "write",
        path: path.to_owned(),
        cause,
    })
}

fn settings_text(rig: &Rig) -> String {
    // JSON quotes a string the same way as TOML (TOML 1.0, "Basic strings").
    let quote = |text: String| serde_json::Value::String(text).to_string();
    format!(
        "# A {} test rig, made by `hsm-ca rig new`. Its PINs are in files beside this one.\n\
         module = {}\n\
         token = {}\n\
         pin-source = {}\n\
         \n\
         # Set for the module before it is loaded.\n\
         [module-environment]\n\
         {} = {}\n",
        rig.kind,
        quote(rig.module.display().to_string()),
        quote(rig.label.clone()),
        quote(format!("file:{}", rig.user_pin().display())),
        rig.kind.variable(),
        quote(rig.configuration().display().to_string()),
    )
}

fn environment_text(rig: &Rig) -> String {
    format!(
        "# Source this file: hsm-ca then works on this rig, and so do pkcs11-tool, p11tool and openssl.\n\
         export {}='{}'\n\
         export HSM_CA_CONFIG='{}'\n",
        rig.kind.variable(),
        rig.configuration().display(),
        rig.settings().display(),
    )
}
