//! Opens the ledger of the settings for recording, and names the user.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::sync::OnceLock;

use hsm_ca::file_trust::Owner;
use hsm_ca::ledger::{Access, EntryId, Head, Ledger, LedgerError, LedgerUrl};
use hsm_ca::signer::KeyStore;
use hsm_ca::workflow::{
    KeyLog, Named, Recorder, WorkflowError, find_kept_head, refuse_without_ledger, require_head,
};
use hsm_ca::x509::Certificate;

use super::exit::CliError;
use super::global::Settings;
use super::ui::Ui;

impl Settings {
    /// Refuses a ledger that cannot be written, or a place where none can be created or its head not be kept, before the PIN prompt. For
    /// commands that create a ledger if none exists.
    pub(super) fn check_ledger_or_its_place(&self) -> Result<(), CliError> {
        let there = self.ledger_to_open()?.is_there();
        match there.map_err(|error| self.explain_place(error))? {
            true => Ok(()),
            false => Ok(refuse_without_ledger(self.guards())?),
        }
    }

    /// Opens the ledger for reading.
    pub(super) fn open_ledger(&self) -> Result<Box<dyn Ledger>, CliError> {
        let ledger = self.open(Access::Read)?;
        if let Some(head) = &self.guards().head {
            require_head(ledger.as_ref(), head)?;
        }
        Ok(ledger)
    }

    /// Opens the ledger to look up revocations. Refuses one whose tables contradict its events. `None` if no setting names a ledger and
    /// none is in the default place.
    pub(super) fn open_ledger_if_any(&self) -> Result<Option<Box<dyn Ledger>>, CliError> {
        let ledger = match self.open(Access::Decide) {
            Err(CliError::NoLedger { .. }) if !self.names_ledger() => return Ok(None),
            other => other?,
        };
        let in_file = find_kept_head(ledger.as_ref(), &self.guards().place, None)?;
        for head in self.guards().head.iter().chain(&in_file) {
            require_head(ledger.as_ref(), head)?;
        }
        Ok(Some(ledger))
    }

    /// Opens the ledger for verification, even if it does not contain the kept head.
    pub(super) fn open_ledger_to_verify(&self) -> Result<Box<dyn Ledger>, CliError> {
        self.open(Access::Read)
    }

    /// The kept head of this ledger: from a file, or from the token if the login needs no prompt. A token that cannot be read is only a
    /// warning, because a ledger can be verified without it.
    pub(super) fn kept_head(&self, ledger: &dyn Ledger) -> Result<(Option<Head>, Option<String>), CliError> {
        let place = &self.guards().place;
        if !place.is_token() {
            return Ok((find_kept_head(ledger, place, None)?, None));
        }
        let (store, warning) = self.store_of_head();
        match store {
            Some(store) => Ok((find_kept_head(ledger, place, Some(store.as_ref()))?, None)),
            None => Ok((None, warning)),
        }
    }

    /// The token that keeps heads, for a command that can do without it: if the login needs no prompt. Otherwise there may be a warning.
    pub(super) fn store_of_head(&self) -> (Option<Box<dyn KeyStore + '_>>, Option<String>) {
        let asks = self.pin_source.as_deref().is_none_or(|source| source == "prompt");
        if asks || self.module.is_none() || !self.guards().place.is_token() {
            return (None, None);
        }
        match self.open_store(None) {
            Ok(store) => (Some(store), None),
            Err(error) => {
                let warning = format!("the ledger was not compared with the head on the token: {error}");
                (None, Some(warning))
            }
        }
    }

    /// Opens the ledger for recording, before the PIN prompt, and refuses it if this CA is not in it.
    pub(super) fn open_recorder_of(&self, authority: &Named<Certificate>) -> Result<Recorder, CliError> {
        let mut recorder = self.open_recorder()?;
        recorder
            .require_known(&authority.value)
            .map_err(|error| authority.about(error))?;
        Ok(recorder)
    }

    /// The same for a command that will sign with `key`. Its module is loaded meanwhile.
    pub(super) fn open_recorder_to_sign(
        &self,
        authority: &Named<Certificate>,
        key: Option<&str>,
    ) -> Result<Recorder, CliError> {
        self.begin_loading(key);
        self.open_recorder_of(authority)
    }

    /// Opens the ledger for recording. Every event is read and compared with the tables once, before the PIN prompt.
    pub(super) fn open_recorder(&self) -> Result<Recorder, CliError> {
        Ok(self.open_recorder_to_accept()?.guarded(self.guards().clone())?)
    }

    /// Opens the ledger to find out what it would refuse. A missing ledger is only a warning, because a ceremony file is also checked on
    /// machines without one.
    pub(super) fn open_recorder_to_plan(&self) -> Result<(Option<Recorder>, Option<String>), CliError> {
        let ledger = match self.open(Access::Decide) {
            Err(CliError::NoLedger { .. }) => {
                let warning = "the ledger does not exist, so the ceremony was not checked against it: its CAs, and their names, numbers and \
                               revocations";
                return Ok((None, Some(warning.to_owned())));
            }
            other => other?,
        };
        if let Some(head) = &self.guards().head {
            require_head(ledger.as_ref(), head)?;
        }
        Ok((Some(Recorder::new(ledger, who(), self.clock.clone())), None))
    }

    /// Opens the ledger for recording, even if it does not contain the kept head.
    pub(super) fn open_recorder_to_accept(&self) -> Result<Recorder, CliError> {
        let recorder = Recorder::new(self.open(Access::Record)?, who(), self.clock.clone());
        Ok(recorder.to_accept(self.guards().clone()))
    }

    fn open(&self, access: Access) -> Result<Box<dyn Ledger>, CliError> {
        let opened = self.ledger_to_open()?.open(access);
        opened.map_err(|error| self.explain_place(error))
    }

    /// Without its directory, a ledger is missing too. Who can write to the default place does not matter if no ledger is there: the user means
    /// another ledger.
    fn explain_place(&self, error: LedgerError) -> CliError {
        match error {
            LedgerError::NotFound { .. } | LedgerError::NoDirectory { .. } => self.no_ledger(),
            LedgerError::OpenToOthers { .. } if !self.names_ledger() && self.has_no_file() => {
                self.no_ledger()
            }
            error => error.into(),
        }
    }

    fn has_no_file(&self) -> bool {
        let Ok(LedgerUrl::Sqlite(path)) = self.ledger() else {
            return false;
        };
        fs::symlink_metadata(path).is_err_and(|cause| cause.kind() == ErrorKind::NotFound)
    }

    /// The log for generating, importing or deleting a key: the ledger, which must be writable. Without a ledger in the settings or in the
    /// default place, the action is not recorded: a key can exist before a CA, and does not create a ledger.
    pub(super) fn open_key_log(&self) -> Result<KeyLog, CliError> {
        match self.open_recorder() {
            Ok(recorder) => Ok(KeyLog::of(recorder)),
            Err(CliError::NoLedger { .. }) if !self.names_ledger() => Ok(KeyLog::nowhere()),
            Err(error) => Err(error),
        }
    }

    /// Reports where a key was recorded.
    pub(super) fn describe_recorded(&self, recorded: Option<EntryId>) -> String {
        match recorded {
            Some(entry) => format!("entry {entry}"),
            None => "NOT RECORDED: no ledger at the configured place".to_owned(),
        }
    }

    /// Creates a new ledger.
    pub(super) fn make_ledger(&self) -> Result<Recorder, CliError> {
        self.make_ledger_for(None)
    }

    /// The same. On a server, the role `writer` may append.
    pub(super) fn make_ledger_for(&self, writer: Option<&str>) -> Result<Recorder, CliError> {
        refuse_without_ledger(self.guards())?;
        let place = match (self.ledger_to_open()?, writer) {
            #[cfg(feature = "postgres")]
            (LedgerUrl::Postgres(place), Some(role)) => {
                LedgerUrl::Postgres(place.with_writer(role.to_owned()))
            }
            (_, Some(_)) => {
                return Err(CliError::options(
                    "--writer-role is for a ledger on a PostgreSQL server",
                ));
            }
            (place, None) => place,
        };
        let recorder = Recorder::make(&place, who(), self.clock.clone())?;
        Ok(recorder.guarded(self.guards().clone())?)
    }

    /// Opens the ledger for recording, or creates it and says so. For the commands with which a CA begins.
    pub(super) fn open_or_make_recorder(&self, ui: &Ui) -> Result<Recorder, CliError> {
        match self.open_recorder() {
            Err(CliError::NoLedger { .. }) => {}
            other => return other,
        }
        ui.announce(&format!("creating a new ledger: {}", self.ledger()?));
        match self.make_ledger() {
            // Another process was faster.
            Err(CliError::Workflow { cause, .. })
                if matches!(*cause, WorkflowError::Ledger(LedgerError::Exists { .. })) =>
            {
                self.open_recorder()
            }
            other => other,
        }
    }
}

/// `user@host`, with the calling user under sudo. It is not a proof: root can set it to anything.
pub(super) fn who() -> String {
    static WHO: OnceLock<String> = OnceLock::new();
    let look = || {
        let user = user_name(rustix::process::getuid().as_raw());
        let asked = env::var("SUDO_UID")
            .ok()
            .and_then(|uid| uid.parse().ok())
            .map_or_else(String::new, |uid| format!(" for {}", user_name(uid)));
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
        format!("{user}@{}{asked}", host.trim())
    };
    WHO.get_or_init(look).clone()
}

/// The name, or the number.
fn user_name(uid: u32) -> String {
    Owner::of(uid).name.unwrap_or_else(|| uid.to_string())
}
