//! The tokens that the tests run on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::stored_keys::StoredKeys;
use super::{Rig, Run, beside_program, shim, softhsm};

/// A kind of token that a test can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// SoftHSM, Debian's.
    SoftHsm,
    /// Kryoptic, built from its crate.
    Kryoptic,
    /// NSS softokn, Debian's.
    Nss,
    /// `cloudhsm-shim` with AWS CloudHSM's rules, in front of Kryoptic.
    CloudHsm,
    /// A TPM 2.0 (swtpm) through tpm2-pkcs11, Debian's.
    Tpm2,
    /// opencryptoki's soft token, Debian's: RSA only, and PINs of 4 to 8 bytes.
    OpenCryptoki,
    /// The same of Debian 13, with elliptic curves.
    OpenCryptoki323,
}

impl TokenKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::SoftHsm,
        Self::Kryoptic,
        Self::Nss,
        Self::CloudHsm,
        Self::Tpm2,
    ];

    /// The tokens of the compatibility table. opencryptoki 3.8 has no elliptic curves, which most other tests need.
    pub(crate) const TABLED: [Self; 7] = [
        Self::SoftHsm,
        Self::Kryoptic,
        Self::Nss,
        Self::CloudHsm,
        Self::Tpm2,
        Self::OpenCryptoki,
        Self::OpenCryptoki323,
    ];

    /// The tokens that support unwrapping.
    pub(crate) const UNWRAPPING: [Self; 4] = [Self::SoftHsm, Self::Kryoptic, Self::Nss, Self::CloudHsm];

    /// Its name in the compatibility table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::SoftHsm => "SoftHSM 2.6.1",
            Self::Kryoptic => "Kryoptic 1.5.4",
            Self::Nss => "NSS softokn 3.87",
            Self::CloudHsm => "AWS CloudHSM (`cloudhsm-shim`)",
            Self::Tpm2 => "TPM 2.0 (tpm2-pkcs11 1.9, swtpm)",
            Self::OpenCryptoki => "opencryptoki 3.8 (soft token)",
            Self::OpenCryptoki323 => "opencryptoki 3.23 (soft token)",
        }
    }

    /// The token's label.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::CloudHsm => "hsm1",
            _ => "ca",
        }
    }
}

/// The processes that a token needs besides its files.
pub(super) struct Daemon {
    stop: PathBuf,
    directory: PathBuf,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new(&self.stop).arg("stop").arg(&self.directory).status();
    }
}

fn token_script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("softhsm-tests/tokens")
        .join(name)
}

/// The Kryoptic module.
pub(crate) fn kryoptic() -> PathBuf {
    beside_program("libkryoptic_module.so")
}

impl Rig {
    /// A token of this kind in its own directory, which is also the working directory.
    pub(crate) fn of(kind: TokenKind) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut rig = Self {
            kind,
            directory,
            environment: Vec::new(),
            shim: None,
            keys: StoredKeys::default(),
            daemon: None,
        };
        match kind {
            TokenKind::SoftHsm => drop(rig.command(&["rig", "new", "rig"]).ok()),
            TokenKind::Kryoptic | TokenKind::CloudHsm => {
                let module = kryoptic();
                let module = ["--module", module.to_str().expect("UTF-8")];
                rig.command(&[&module[..], &["rig", "new", "rig", "--kind", "kryoptic"]].concat())
                    .ok();
            }
            TokenKind::Nss => {
                Run::of(Command::new(token_script("nss.sh")).arg(rig.path("rig"))).ok();
            }
            TokenKind::Tpm2 => {
                let stop = token_script("tpm2.sh");
                Run::of(Command::new(&stop).arg("start").arg(rig.path("rig"))).ok();
                rig.daemon = Some(Daemon {
                    stop,
                    directory: rig.path("rig"),
                });
            }
            TokenKind::OpenCryptoki | TokenKind::OpenCryptoki323 => {
                let stop = token_script("opencryptoki.sh");
                let remote = beside_program("remote-token");
                let remote = remote.parent().expect("a directory");
                let mut start = Command::new(&stop);
                start.arg("start").arg(rig.path("rig")).arg(remote);
                if kind == TokenKind::OpenCryptoki323 {
                    start.arg(beside_program("../debian-13"));
                }
                Run::of(&mut start).ok();
                rig.daemon = Some(Daemon {
                    stop,
                    directory: rig.path("rig"),
                });
            }
        }
        rig.with_settings()
    }

    /// The settings that the program needs to find the token.
    fn with_settings(self) -> Self {
        match self.kind {
            TokenKind::SoftHsm | TokenKind::Kryoptic => {
                let config = self.path("rig/hsm-ca.toml");
                self.with("HSM_CA_CONFIG", config)
            }
            TokenKind::Nss | TokenKind::Tpm2 | TokenKind::OpenCryptoki | TokenKind::OpenCryptoki323 => {
                let (module, pin) = (
                    self.oracle_module(),
                    format!("file:{}", self.path("rig/pin").display()),
                );
                let mut rig = self
                    .with("HSM_CA_MODULE", module)
                    .with("HSM_CA_TOKEN", "ca")
                    .with("HSM_CA_PIN_SOURCE", pin);
                for (name, value) in rig.module_environment() {
                    rig = rig.with(&name, value);
                }
                rig
            }
            TokenKind::CloudHsm => {
                let pin = self.write("crypto-user", format!("CryptoUser:{}", self.pin()));
                Run::of(Command::new("chmod").arg("600").arg(&pin)).ok();
                self.with("HSM_CA_MODULE", shim())
                    .with("HSM_CA_TOKEN", "hsm1")
                    .with("HSM_CA_PIN_SOURCE", format!("file:{}", pin.display()))
                    .with_target(kryoptic())
                    .with("CLOUDHSM_SHIM_BEHAVIOUR", "cloudhsm")
                    .with("CLOUDHSM_SHIM_STORED_PAIR", "1")
            }
        }
    }

    fn with_target(self, target: PathBuf) -> Self {
        let conf = self.path("rig/kryoptic.conf");
        self.with("CLOUDHSM_SHIM_TARGET", target)
            .with("KRYOPTIC_CONF", conf)
    }

    /// The module itself, without the fault-injecting one in front of it.
    pub(crate) fn oracle_module(&self) -> PathBuf {
        match self.kind {
            TokenKind::SoftHsm => softhsm(),
            TokenKind::Kryoptic | TokenKind::CloudHsm => kryoptic(),
            TokenKind::Nss | TokenKind::Tpm2 | TokenKind::OpenCryptoki | TokenKind::OpenCryptoki323 => {
                let module = fs::read_to_string(self.path("rig/module")).expect("the script wrote it");
                PathBuf::from(module.trim())
            }
        }
    }

    /// The environment variables of that module.
    pub(super) fn module_environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.path(name).to_str().expect("UTF-8").to_owned();
        match self.kind {
            TokenKind::SoftHsm => vec![("SOFTHSM2_CONF".to_owned(), path("rig/softhsm2.conf"))],
            TokenKind::Kryoptic | TokenKind::CloudHsm => {
                vec![("KRYOPTIC_CONF".to_owned(), path("rig/kryoptic.conf"))]
            }
            TokenKind::Nss | TokenKind::Tpm2 | TokenKind::OpenCryptoki | TokenKind::OpenCryptoki323 => {
                let text = fs::read_to_string(self.path("rig/token.env")).expect("the script wrote it");
                text.lines()
                    .filter_map(|line| line.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect()
            }
        }
    }

    /// The module that the program loads: for CloudHSM the shim with its rules, otherwise the token's own.
    pub(super) fn module_behind_all(&self) -> PathBuf {
        match self.kind {
            TokenKind::CloudHsm => shim(),
            _ => self.oracle_module(),
        }
    }

    /// The shim's own settings, if it simulates CloudHSM.
    pub(super) fn shim_environment(&self) -> impl Iterator<Item = &(String, String)> {
        self.environment
            .iter()
            .filter(|(name, _)| name.starts_with("CLOUDHSM_SHIM_"))
    }

    /// The file with the PIN in the form that the program must use.
    pub(super) fn pin_file(&self) -> PathBuf {
        match self.kind {
            TokenKind::CloudHsm => self.path("crypto-user"),
            _ => self.path("rig/pin"),
        }
    }
}
