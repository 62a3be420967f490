//! The messages of errors.

use std::fmt;
use std::path::{Display, Path};

use hsm_ca::file_trust::TrustError;
use hsm_ca::workflow::Refusals;
use hsm_ca::x509::Profile;

use super::CliError;

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow {
                file: Some(file),
                cause,
            } => write!(f, "{}: {cause}", named(file)),
            Self::Workflow { file: None, cause } => cause.fmt(f),
            Self::Read { path, cause } => write!(f, "{} cannot be read: {cause}", named(path)),
            Self::Empty { path } => write!(f, "{} is empty", named(path)),
            Self::Unrecognised { path } => write!(
                f,
                "{} is not a certificate, request, CRL, OCSP request or response, public key, pair file, profile, settings, ledger export, checkpoint, proof, or a ceremony's file, plan, transcript, statement or export",
                named(path)
            ),
            Self::TooLarge { path, limit } => {
                write!(f, "{} exceeds the {} KiB limit", named(path), limit / 1024)
            }
            Self::Config {
                path,
                line: Some(line),
                reason,
            } => write!(f, "{}, line {line}: {reason}", path.display()),
            Self::Config {
                path,
                line: None,
                reason,
            } => write!(f, "{}: {reason}", path.display()),
            Self::Trust {
                path,
                found: true,
                cause,
            } => {
                write!(f, "{} was found but not used: {cause}", path.display())
            }
            Self::Trust {
                path,
                found: false,
                cause: cause @ TrustError::NotAFile { .. },
            } => write!(f, "{} is not used: {cause}", path.display()),
            Self::Trust {
                path,
                found: false,
                cause,
            } => {
                write!(
                    f,
                    "{} is not used, because others could change it: {cause}",
                    path.display()
                )
            }
            Self::NamedByFound {
                path,
                settings,
                cause,
            } => write!(
                f,
                "{} is not used, because {} names it, which was found and not named: {cause}",
                path.display(),
                settings.display()
            ),
            Self::Restart { cause } => write!(f, "cannot set the module's environment: {cause}"),
            Self::Uri { option, cause } => write!(f, "{option} is not a usable pkcs11: URI: {cause}"),
            Self::NoModule => f.write_str("no PKCS#11 module is configured"),
            Self::PinSource => {
                f.write_str("--pin-source must be prompt, env:NAME, file:PATH, fd:N or credential:NAME")
            }
            Self::Pin { reason } => write!(f, "no PIN: {reason}"),
            #[cfg(feature = "postgres")]
            Self::LedgerPassword { cause } => write!(
                f,
                "the password for the ledger cannot be read as a PIN would be: {cause}"
            ),
            Self::PinFileMode { path, mode } => {
                write!(
                    f,
                    "the PIN file {} can be read by others (mode {mode:04o})",
                    path.display()
                )
            }
            Self::KeyFileMode { path, mode } => {
                write!(
                    f,
                    "the private key {} can be read by others (mode {mode:04o})",
                    path.display()
                )
            }
            Self::OtherProof {
                certificate,
                found,
                proven,
            } => write!(
                f,
                "the proof is about an object with the SHA-256 {proven}, and {} has {found}",
                certificate.display()
            ),
            Self::AfterCheckpoint { sequence, size } => write!(
                f,
                "the checkpoint ends with event {size} of the ledger, and this object was recorded later, as event {sequence}"
            ),
            Self::NothingToProve { entry, state } => {
                write!(f, "entry {entry} has no signed object to prove: it is {state}")
            }
            Self::RecordsKey { entry, key, purpose } => write!(
                f,
                "entry {entry} records {key}, and has no signed object to {purpose}"
            ),
            Self::Unconfirmed { reason } => write!(f, "nothing was deleted: {reason}"),
            #[cfg(feature = "aws")]
            Self::NotInitialized { reason } => {
                write!(f, "AWS was not asked to initialise the cluster: {reason}")
            }
            Self::NotSigned { reason } => write!(f, "nothing was signed: {reason}"),
            Self::WouldPrompt { what } => {
                write!(f, "--no-input is set, and this command needs to ask for {what}")
            }
            Self::NoTerminal { what } => write!(f, "cannot ask for {what}: this process has no terminal"),
            Self::NoClusterFiles {
                directory,
                cluster: None,
            } => write!(f, "{} has no files of a cluster", directory.display()),
            Self::NoClusterFiles {
                directory,
                cluster: Some(cluster),
            } => write!(f, "{} has no files of {cluster}", directory.display()),
            Self::MissingEvidence { file } => write!(f, "{} does not exist", file.display()),
            #[cfg(feature = "aws")]
            Self::Server { cause } => cause.fmt(f),
            Self::LedgerUrl { origin, cause } => write!(f, "{origin} does not name a ledger: {cause}"),
            Self::NoLedger { place, origin } => {
                // A default names nothing: it is the place.
                match origin.starts_with("the default") {
                    true => write!(f, "no ledger at {place}, {origin}"),
                    false => write!(f, "no ledger at {place}, which {origin} names"),
                }
            }
            Self::NoEntry { wanted } => write!(f, "the ledger has no entry {wanted}"),
            Self::NoProfile { request } => {
                let profiles = Profile::built_in().into_iter();
                let names: Vec<_> = profiles
                    .filter(|profile| !profile.is_self_signed())
                    .map(|profile| profile.name)
                    .collect();
                write!(
                    f,
                    "{request}: not the request of an HSM, so --profile is required: {}, or a file of your own",
                    names.join(", ")
                )
            }
            Self::RigModule { reason, .. } => write!(f, "the token could not be initialised: {reason}"),
            Self::Rehearsal { session, reason, .. } => {
                write!(f, "session {session:?} cannot be rehearsed: {reason}")
            }
            Self::NoneSigned {
                requests,
                refused,
                first,
            } => {
                let Refusals { count, are_all } = refused;
                let at_least = if *are_all { "" } else { "at least " };
                let were = if *count == 1 { "was" } else { "were" };
                write!(
                    f,
                    "{at_least}{count} of {requests} requests {were} refused, and none was signed: {first}"
                )
            }
            Self::Options { reason } => f.write_str(reason),
            Self::NoSchema { name, .. } => write!(f, "no JSON output has the name {name:?}"),
            Self::NotPassed(what) => what.fmt(f),
        }
    }
}

/// The file, or stdin for `-`.
fn named(path: &Path) -> Display<'_> {
    match path == Path::new("-") {
        true => Path::new("stdin").display(),
        false => path.display(),
    }
}

impl std::error::Error for CliError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its message is the workflow error's own, so the causes begin below it.
            Self::Workflow { cause, .. } => cause.source(),
            Self::Read { cause, .. } | Self::Restart { cause } => cause.source(),
            Self::Uri { cause, .. } => cause.source(),
            #[cfg(feature = "aws")]
            Self::Server { cause } => cause.source(),
            Self::LedgerUrl { cause, .. } => cause.source(),
            Self::NoneSigned { first, .. } => first.source(),
            _ => None,
        }
    }
}
