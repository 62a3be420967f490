//! Shared options for checkpoints: the signing key, a kept checkpoint, and the output.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::file_trust::{self, Owners};
use hsm_ca::output::Verified;
use hsm_ca::secret::{Ed25519Key, MemoryGuard};
use hsm_ca::transparency::{SignedCheckpoint, TransparencyError, VerifierKey};
use hsm_ca::workflow::{WorkflowError, deliver};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::common::{FileName, Fingerprint};
use crate::cli::json::ledger::Checkpoint;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::Report;

/// The largest key file. A key has 120 bytes, and a comment may precede it.
const LARGEST_KEY: u64 = 4096;

#[derive(Debug, Args)]
pub(super) struct SigningKeyOption {
    /// Sign the checkpoint with this Ed25519 key, in PKCS#8 as PEM, which only you can read: `openssl genpkey -algorithm ed25519`
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

impl SigningKeyOption {
    pub(super) fn read(&self) -> Result<Option<Ed25519Key>, CliError> {
        let Some(path) = &self.signing_key else {
            return Ok(None);
        };
        let guard = MemoryGuard::engage()?;
        let file =
            file_trust::open(path, Owners::Any).map_err(|cause| CliError::trust(path, Owners::Any, cause))?;
        let found = file.metadata().map_err(|cause| CliError::read(path, cause))?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CliError::KeyFileMode {
                path: path.clone(),
                mode,
            });
        }
        input::protect(path);
        let mut pem = Zeroizing::new(String::with_capacity(
            usize::try_from(LARGEST_KEY).unwrap_or_default(),
        ));
        file.take(LARGEST_KEY)
            .read_to_string(&mut pem)
            .map_err(|cause| CliError::read(path, cause))?;
        let key = Ed25519Key::read(&guard, &pem).map_err(|error| CliError::in_file(path, error))?;
        Ok(Some(key))
    }
}

/// A kept checkpoint in a file. If a key is given, it must have signed it.
pub(super) fn read_kept(path: &Path, key: Option<&VerifierKey>) -> Result<SignedCheckpoint, CliError> {
    let read = SignedCheckpoint::read(&input::read(path)?);
    let verified = read.and_then(|read| key.map_or(Ok(()), |key| read.verify(key)).map(|()| read));
    verified.map_err(|error| CliError::in_file(path, error))
}

#[derive(Debug, Args)]
pub(super) struct TextOutput {
    /// The file, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

impl TextOutput {
    /// Reserves the output, then writes what `make` returns. `describe` makes the report from the file's name.
    pub(super) fn write<T: Verified>(
        &self,
        settings: &Settings,
        make: impl FnOnce() -> Result<T, WorkflowError>,
        describe: impl FnOnce(&T, Option<FileName>) -> (String, Value),
    ) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let delivery = OutputOptions::of(false, self.force).delivery(&self.out);
        let (made, delivered) = deliver(&delivery, make)?;
        let (path, content) = split(delivered);
        let (text, json) = describe(&made, path.as_deref().map(FileName::of));
        Ok(Report {
            content,
            ..Report::new(text, json)
        })
    }
}

/// The signing key, in the form of --verifier-key.
pub(super) fn verifier_key(
    checkpoint: &SignedCheckpoint,
    key: Option<&Ed25519Key>,
) -> Result<Option<String>, TransparencyError> {
    use hsm_ca::signer::Signer;
    let origin = checkpoint.checkpoint().origin();
    let key = key.map(|key| VerifierKey::new(origin, key.public_key()));
    Ok(key.transpose()?.map(|key| key.to_string()))
}

/// A checkpoint as JSON.
pub(in crate::cli) fn describe(checkpoint: &SignedCheckpoint) -> Checkpoint {
    let head = checkpoint.checkpoint();
    let signatures = checkpoint.signatures().iter();
    Checkpoint {
        origin: head.origin().to_owned(),
        size: head.size(),
        root_sha256: Fingerprint::new(head.root()),
        signatures: signatures.map(|one| one.name().to_owned()).collect(),
    }
}
