//! `--out`, `--der`, `--force`, `--hash` and `--pss`: shared options of the commands that issue.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use hsm_ca::output::{Destination, Encoding, OutputError};
use hsm_ca::signer::{Hash, SignatureChoice};
use hsm_ca::workflow::{Delivered, Delivery, Waivers, rig_files};
use hsm_ca::x509::{Profile, Role};

use super::exit::CliError;
use super::input;

#[derive(Debug, Args)]
pub(super) struct OutputOptions {
    /// Write DER instead of PEM
    #[arg(long)]
    pub(super) der: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

impl OutputOptions {
    /// For output that is always text.
    #[cfg(feature = "aws")]
    pub(super) const fn pem(force: bool) -> Self {
        Self { der: false, force }
    }

    /// For a command with its own options.
    pub(super) const fn of(der: bool, force: bool) -> Self {
        Self { der, force }
    }

    /// A file, or stdout for `-`.
    pub(super) fn delivery(&self, path: &Path) -> Delivery {
        let encoding = if self.der { Encoding::Der } else { Encoding::Pem };
        if path == Path::new("-") {
            return Delivery::Caller(encoding);
        }
        protect_rig(path.parent().unwrap_or(Path::new("")));
        Delivery::File(Destination {
            encoding,
            overwrite: self.force,
            protected: input::protected(),
            ..Destination::new(path)
        })
    }
}

/// Refuses a directory for outputs that does not exist, before an input is blamed.
pub(super) fn require_directory(directory: &Path) -> Result<(), OutputError> {
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => Ok(()),
        Err(cause) if cause.kind() != ErrorKind::NotFound => Ok(()),
        _ => Err(OutputError::no_directory(directory)),
    }
}

/// Protects the files of a rig in this directory. A batch has a thousand outputs in one, so each directory is looked at once.
fn protect_rig(directory: &Path) {
    static SEEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.contains(directory) {
        seen.insert(directory.to_owned());
        rig_files(directory).iter().for_each(|file| input::protect(file));
    }
}

/// The file, or the content for stdout.
pub(super) fn split(delivered: Delivered) -> (Option<PathBuf>, Option<Vec<u8>>) {
    match delivered {
        Delivered::File(path) => (Some(path), None),
        Delivered::Content(content) => (None, Some(content)),
    }
}

#[derive(Debug, Args)]
pub(super) struct SignatureOptions {
    /// The hash that is signed [default: sha256 for RSA and P-256, sha384 for P-384, sha512 for P-521; Ed25519 and ML-DSA have
    /// their own]
    #[arg(long)]
    hash: Option<HashName>,
    /// With an RSA key, sign with RSASSA-PSS instead of PKCS#1 v1.5
    #[arg(long)]
    pss: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HashName {
    Sha256,
    Sha384,
    Sha512,
}

impl SignatureOptions {
    pub(super) fn chosen(&self) -> SignatureChoice {
        let hash = self.hash.map(|name| match name {
            HashName::Sha256 => Hash::Sha256,
            HashName::Sha384 => Hash::Sha384,
            HashName::Sha512 => Hash::Sha512,
        });
        SignatureChoice { hash, pss: self.pss }
    }
}

/// Rules about CA certificates that an operator may waive one by one. The ledger records it.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct WaiverOptions {
    /// For a CA's certificate: allow it although another one of the same name and key is still valid, or, for `ca adopt`, one of the same key under another name (rule second-certificate)
    #[arg(long)]
    second_certificate: bool,
    /// For a CA's certificate: allow it although one of the same name with a different key is still valid (rule same-name-other-key)
    #[arg(long)]
    same_name_other_key: bool,
}

impl WaiverOptions {
    /// Refuses them for a profile that does not make CA certificates: there they would have no effect.
    pub(super) fn refuse_for(self, profile: &Profile) -> Result<(), CliError> {
        let given = [
            ("--second-certificate", self.second_certificate),
            ("--same-name-other-key", self.same_name_other_key),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) if profile.role == Role::Leaf => Err(CliError::options(format!(
                "{option} is for a CA's certificate, and profile {} does not make one",
                profile.name
            ))),
            _ => Ok(()),
        }
    }

    pub(super) const fn chosen(self) -> Waivers {
        Waivers {
            second_certificate: self.second_certificate,
            same_name_other_key: self.same_name_other_key,
        }
    }
}
