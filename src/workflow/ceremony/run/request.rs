//! The inputs of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ceremony::{Digest, PlannedModule};
use crate::token::Token;
use crate::workflow::Clock;
use crate::workflow::ceremony::people::OpenedCeremony;
use crate::workflow::ceremony::{CeremonyDecryptors, CeremonySource};

/// The inputs of a run.
#[derive(Debug)]
pub struct RunRequest {
    /// The planned ceremony.
    pub ceremony: OpenedCeremony,
    /// The ceremony's source, from its files.
    pub source: CeremonySource,
    /// The session; `None` selects it by the current time.
    pub session: Option<String>,
    /// The quorum in the machine's settings.
    pub quorum: Option<Digest>,
    /// SHA-256 of this program's file.
    pub tool: Digest,
    /// The PKCS#11 module.
    pub module: PlannedModule,
    /// The tokens of the plan, by name.
    pub tokens: BTreeMap<String, Token>,
    /// The decryptors for the keys to import.
    pub decryptors: CeremonyDecryptors,
    /// The machine.
    pub machine: Machine,
    /// The directory for the locks between this user's processes on a token.
    pub lock_directory: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
}

/// The machine that runs the ceremony.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `/proc/sys/kernel/random/boot_id`
    pub boot: String,
    /// The host name.
    pub host: String,
    /// The network interfaces that are up, without loopback.
    pub network: Vec<String>,
    /// The system user who runs it.
    pub by: String,
}
