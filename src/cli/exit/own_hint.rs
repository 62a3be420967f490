//! Hints with commands that contain values of the error.

use std::path::Path;

use hsm_ca::file_trust::{self, Owners, TrustError};
use hsm_ca::ledger::LedgerUrl;
use hsm_ca::token::{KeyClass, KeyDescription, TokenError, tell_apart};
use hsm_ca::workflow::{CeremonyError, KnownAs, UnknownAuthority, WorkflowError};
use hsm_ca::x509::{Structure, X509Error};

use super::CliError;
use super::entry_hint::{entry_hint, show_hint};
use super::trust_hint::trust_hint;
use crate::cli::global::HERE;
use crate::cli::input;
use crate::cli::last_rig;
use crate::cli::shell::quote;
use crate::cli::suggest;

impl CliError {
    /// A hint with a command that contains values of this error.
    pub(super) fn own_hint(&self) -> Option<String> {
        match self {
            Self::Rehearsal { hint, .. } => hint.clone(),
            Self::RigModule {
                product,
                named_in,
                usual,
                ..
            } => {
                let module = usual.as_ref().map(|module| quote(&module.display().to_string()));
                Some(format!(
                    "{} names the module, as the env.sh of another rig does; for {product}: --module {}",
                    quote(&named_in.display().to_string()),
                    module.as_deref().unwrap_or("FILE")
                ))
            }
            Self::NotPassed(what) => what.hint(),
            Self::NoSchema { meant, .. } => {
                let meant = meant.map(|meant| format!("did you mean {meant}? "));
                Some(format!("{}`hsm-ca schema` lists all", meant.unwrap_or_default()))
            }
            Self::NoneSigned {
                requests,
                refused,
                first,
            } => {
                let hint = first.explain().hint;
                let others = requests.saturating_sub(refused.count);
                let go_on = (others > 0).then(|| match refused.are_all {
                    true => format!("--keep-going signs the other {others}"),
                    false => "--keep-going signs those that are not refused".to_owned(),
                });
                let parts: Vec<_> = [hint, go_on].into_iter().flatten().collect();
                (!parts.is_empty()).then(|| parts.join("; "))
            }
            Self::NoModule => last_rig::command().map(|command| {
                format!(
                    "to use the last rig: {command}; or name another module with --module, HSM_CA_MODULE, or `module` in hsm-ca.toml"
                )
            }),
            Self::NoLedger { origin, .. } if origin == HERE && let Some(command) = last_rig::command() => {
                Some(format!(
                    "to use the last rig: {command}; or name another ledger with --ledger"
                ))
            }
            Self::NoLedger { place, .. } if let Some(directory) = missing_directory(place) => {
                let directory = quote(&directory.display().to_string());
                Some(format!(
                    "the directory {directory} does not exist: mount or restore it, or name another ledger with --ledger"
                ))
            }
            Self::NoLedger { place, .. } => {
                let url = quote(&place.to_string());
                Some(format!(
                    "if there was a ledger, restore it or name it with --ledger; if there never was one: hsm-ca ledger new --ledger {url}"
                ))
            }
            Self::NamedByFound { settings, cause, .. } => Some(trust_hint(cause).unwrap_or_else(|| {
                let settings = quote(&settings.display().to_string());
                format!("read both first; to use them on purpose: --config {settings}")
            })),
            Self::Trust {
                path: file,
                found,
                cause,
            } => {
                let path = quote(&file.display().to_string());
                let on_purpose = format!("read it first; to use it on purpose: --config {path}");
                let refused = quote(&cause.path().display().to_string());
                let of_cause = trust_hint(cause);
                of_cause.or_else(|| Some(match cause {
                    TrustError::OtherOwner { .. } if *found && file_trust::check_file(file, Owners::Any).is_ok() => {
                        on_purpose
                    }
                    TrustError::OtherOwner { .. } => {
                        format!("move it to a place where only you and root can write, chown it, or copy it: {refused}")
                    }
                    _ => format!("name a regular file instead of {refused}"),
                }))
            }
            Self::NothingToProve { entry, .. } | Self::RecordsKey { entry, .. } => Some(show_hint(entry)),
            Self::Workflow { cause, .. } if let Some(hint) = entry_hint(cause) => Some(hint),
            Self::Workflow { file, cause } => match (unknown_authority(cause), file) {
                (Some((unknown, Some(name))), _) => Some(adopt_hint(unknown, name)),
                (Some((unknown, None)), Some(file)) => Some(adopt_hint(unknown, &file.display().to_string())),
                (None, Some(file)) if let Some(hint) = other_structure_hint(file, cause) => Some(hint),
                _ => match (token_error(cause), cause.as_ref()) {
                    // The loader searches the system's directories for a name without a slash. Taking the file here instead would let
                    // the owner of the working directory decide what is loaded.
                    (Some(TokenError::Module { path, .. } | TokenError::ModuleNotFound { path }), _)
                        if !path.contains('/') && Path::new(path).is_file() =>
                    {
                        Some(format!(
                            "without a slash, only the system's directories are searched; the file here is {}",
                            quote(&format!("./{path}"))
                        ))
                    }
                    (Some(TokenError::SeveralKeys { found, .. }), _) => Some(several_hint(found)),
                    (Some(TokenError::NoKey { wanted, found }), _) => {
                        let labels = found.iter().map(|key| key.label.as_str());
                        meant_hint(wanted, labels, "`hsm-ca key list` shows the keys")
                    }
                    (Some(TokenError::NoToken { wanted, found, .. }), _) => {
                        let labels = found.iter().map(|token| token.label.as_str());
                        meant_hint(wanted, labels, "`hsm-ca token list` shows the tokens")
                    }
                    (_, WorkflowError::X509(X509Error::UnknownProfile { name, known })) => {
                        let known = known.iter().map(AsRef::as_ref);
                        suggest::closest(name, known)
                            .map(|profile| format!("did you mean {profile}?"))
                    }
                    (_, WorkflowError::Ceremony(error)) => match error.as_ref() {
                        CeremonyError::UnknownProfile {
                            cause: X509Error::UnknownProfile { name, known },
                            ..
                        } => suggest::closest(name, known.iter().map(AsRef::as_ref)).map(|profile| {
                            format!("did you mean profile = \"{profile}\"? `hsm-ca profile list` shows the profiles")
                        }),
                        _ => None,
                    },
                    _ => None,
                },
            },
            _ => None,
        }
    }
}

/// The directory of a ledger's file, if it does not exist either.
fn missing_directory(place: &LedgerUrl) -> Option<&Path> {
    match place {
        LedgerUrl::Sqlite(path) => path.parent().filter(|directory| !directory.is_dir()),
        _ => None,
    }
}

/// The label that was probably meant, if the message ends with a label in quotes.
fn meant_hint<'a>(wanted: &str, labels: impl Iterator<Item = &'a str>, other: &str) -> Option<String> {
    let (_, label) = wanted.split_once('"')?;
    let label = suggest::closest(label.strip_suffix('"').unwrap_or(label), labels)?;
    Some(format!("did you mean {}? {other}", quote(label)))
}

/// The expected structure, by the PEM label or the type in the error.
fn structure_of(expected: &str) -> Option<Structure> {
    let lower = expected.to_lowercase();
    let known = [
        ("ocsp request", Structure::OcspRequest),
        ("ocsp", Structure::OcspResponse),
        ("crl", Structure::Crl),
        ("request", Structure::Request),
        ("certificate", Structure::Certificate),
    ];
    let found = known.into_iter().find(|(word, _)| lower.contains(word));
    found.map(|(_, structure)| structure)
}

/// The kind of a file that was given instead of another one.
fn other_structure_hint(file: &Path, cause: &WorkflowError) -> Option<String> {
    let WorkflowError::X509(error) = cause else {
        return None;
    };
    let expected = match error {
        X509Error::WrongPem { expected, .. } | X509Error::NotPem { expected, .. } => *expected,
        X509Error::Malformed { what, .. }
        | X509Error::Version { what, .. }
        | X509Error::TrailingBytes { what, .. } => *what,
        _ => return None,
    };
    if file == Path::new("-") {
        return None;
    }
    let is = Structure::recognise(&input::peek(file).ok()?)?;
    let command = match is {
        Structure::Certificate => "cert show",
        Structure::Request => "csr show",
        Structure::Crl => "crl show",
        Structure::OcspRequest | Structure::OcspResponse => "ocsp show",
        _ => "show",
    };
    (is != structure_of(expected)?).then(|| {
        format!(
            "it is {}: hsm-ca {command} {}",
            is.name(),
            quote(&file.display().to_string())
        )
    })
}

/// A CA that is not in the ledger, and the file of its certificate, if known.
fn unknown_authority(cause: &WorkflowError) -> Option<(&UnknownAuthority, Option<&str>)> {
    match cause {
        WorkflowError::UnknownAuthority(unknown) => Some((unknown, None)),
        WorkflowError::InInput { name, cause } => match cause.as_ref() {
            WorkflowError::UnknownAuthority(unknown) => Some((unknown, Some(name))),
            _ => None,
        },
        _ => None,
    }
}

/// The token's error, also if it came through a signer.
fn token_error(cause: &WorkflowError) -> Option<&TokenError> {
    match cause {
        WorkflowError::Token(error) => Some(error),
        WorkflowError::X509(X509Error::Signer(error)) => error.cause(),
        _ => None,
    }
}

/// How to name one of several keys.
fn several_hint(found: &[KeyDescription]) -> String {
    const SHOWN: usize = 4;
    const NO_NAME: &str = "they have the same name: name the CA certificate, whose public key identifies the key (`--ca`, `key verify --public-key`), or give one of them another label or id with the token's own tool (CloudHSM: `cloudhsm-cli key set-attribute`)";
    let is_public = found.iter().any(|key| key.class == KeyClass::Public);
    if is_public {
        return "with the token's own tool, delete the public-key object that does not belong to the key, or give it another id".to_owned();
    }
    let names = tell_apart(found);
    if names.is_empty() {
        return NO_NAME.to_owned();
    }
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| quote(name)).collect();
    let more = if names.len() > SHOWN {
        " (`hsm-ca key list` shows all)"
    } else {
        ""
    };
    let others = if names.len() < found.len() {
        "; the others have the same label and id: give one of them another with the token's own tool (CloudHSM: `cloudhsm-cli key set-attribute`)"
    } else {
        ""
    };
    format!(
        "name the key, with --key if the command has it: {}{more}{others}",
        shown.join(" or ")
    )
}

/// The hint for a CA certificate that is not in the ledger.
fn adopt_hint(unknown: &UnknownAuthority, file: &str) -> String {
    let file = quote(file);
    match unknown {
        UnknownAuthority::OtherCertificate {
            known: KnownAs::Entry(entry),
            ..
        } => format!(
            "use the one that `hsm-ca ledger show '{entry}'` prints; if both belong to the CA: hsm-ca ca adopt {file} --second-certificate"
        ),
        UnknownAuthority::OtherCertificate { .. } => format!(
            "use the adopted one; if both belong to the CA: hsm-ca ca adopt {file} --second-certificate"
        ),
        _ => format!(
            "if this is your CA, adopt it with what it has issued and revoked: hsm-ca ca adopt {file}"
        ),
    }
}
