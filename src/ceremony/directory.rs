//! The directory of a ceremony, from its plan to its archive: what is where.

use std::path::{Path, PathBuf};

/// The directory of a ceremony. Nothing is looked at here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyDirectory(PathBuf);

impl CeremonyDirectory {
    /// At this path.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Itself.
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

    /// The plan for people.
    #[must_use]
    pub fn plan_text(&self) -> PathBuf {
        self.0.join("plan.txt")
    }

    /// Approvals: `NAME.json`, and `NAME.json.sig`.
    #[must_use]
    pub fn approvals(&self) -> PathBuf {
        self.0.join("approvals")
    }

    /// What `run` writes.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// The transcript.
    #[must_use]
    pub fn transcript(&self) -> PathBuf {
        self.run().join("transcript.jsonl")
    }

    /// What was signed: `STEP.tbs`, `STEP.sig` and `STEP.der`.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.run().join("objects")
    }

    /// The statements of gates: `STEP@SESSION-NN.json`, and its signature. NN is the person's place in the plan, from 01.
    #[must_use]
    pub fn gates(&self) -> PathBuf {
        self.run().join("gates")
    }

    /// The results, once the ceremony is closed.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    /// Attestations of those present: `NN.json`, and `NN.json.sig`.
    #[must_use]
    pub fn attestations(&self) -> PathBuf {
        self.0.join("attest")
    }

    /// Says that the ceremony was given up. Only there if it was.
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

    /// The head as a checkpoint of C2SP tlog-checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Where a rehearsal is held.
    #[must_use]
    pub fn rehearsal(&self) -> PathBuf {
        self.0.join("rehearsal")
    }
}
