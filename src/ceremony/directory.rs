//! The layout of a ceremony's directory, from the plan to the archive.

use std::path::{Path, PathBuf};

/// The path of a ceremony's directory. This type does not access the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyDirectory(PathBuf);

impl CeremonyDirectory {
    /// The directory at this path.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The ceremony file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.0.join("ceremony.toml")
    }

    /// A file that the ceremony file names: an input or a profile.
    #[must_use]
    pub fn named(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// The plan as text for people.
    #[must_use]
    pub fn plan_text(&self) -> PathBuf {
        self.0.join("plan.txt")
    }

    /// The approvals: `NAME.json` and `NAME.json.sig`.
    #[must_use]
    pub fn approvals(&self) -> PathBuf {
        self.0.join("approvals")
    }

    /// The directory to which `run` writes.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// The transcript.
    #[must_use]
    pub fn transcript(&self) -> PathBuf {
        self.run().join("transcript.jsonl")
    }

    /// The signed objects: `STEP.tbs`, `STEP.sig` and `STEP.der`.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.run().join("objects")
    }

    /// The statements of gates, `STEP@SESSION-NN.json`, and their signatures. NN is the person's place in the plan, from 01.
    #[must_use]
    pub fn gates(&self) -> PathBuf {
        self.run().join("gates")
    }

    /// The results, once the ceremony is closed.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    /// The attestations: `NN.json` and `NN.json.sig`.
    #[must_use]
    pub fn attestations(&self) -> PathBuf {
        self.0.join("attest")
    }

    /// The notice that the ceremony was aborted. It exists only in that case.
    #[must_use]
    pub fn aborted(&self) -> PathBuf {
        self.0.join("ABORTED.txt")
    }

    /// What the next ceremony inherits, and the ledger's events.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// SHA-256 of every file, as `sha256sum -c` reads it.
    #[must_use]
    pub fn checksums(&self) -> PathBuf {
        self.0.join("SHA256SUMS")
    }

    /// The head as a C2SP tlog-checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// The directory for rehearsals.
    #[must_use]
    pub fn rehearsal(&self) -> PathBuf {
        self.0.join("rehearsal")
    }
}
