//! From the settings to a ledger that is open for recording, and in whose name.

use std::env;
use std::fs;
use std::sync::OnceLock;

use hsm_ca::file_trust::Owner;
#[cfg(feature = "postgres")]
use hsm_ca::ledger::LedgerUrl;
use hsm_ca::ledger::{Access, EntryId, Head, Ledger, LedgerError};
use hsm_ca::workflow::{
    KeyLog, Named, Recorder, WorkflowError, find_kept_head, refuse_without_ledger, require_head,
};
use hsm_ca::x509::Certificate;

use super::exit::CliError;
use super::global::Settings;
use super::ui::Ui;

impl Settings {
    /// Refuses a ledger that could not be recorded in, or a place where none could be made, before the PIN prompt: for a command that makes
    /// a ledger if there is none.
    pub(super) fn check_ledger_or_its_place(&self) -> Result<(), CliError> {
        Ok(self.ledger_to_open()?.is_there().map(drop)?)
    }

    /// Opens the ledger to look at it.
    pub(super) fn open_ledger(&self) -> Result<Box<dyn Ledger>, CliError> {
        let ledger = self.open(Access::Read)?;
        if let Some(head) = &self.guards().head {
            require_head(ledger.as_ref(), head)?;
        }
        Ok(ledger)
    }

    /// Opens the ledger to look up what it has revoked: one whose tables are not what its events say is refused. `None` where no setting
    /// names one, and none is in the default place.
    pub(super) fn open_ledger_if_any(&self) -> Result<Option<Box<dyn Ledger>>, CliError> {
        let ledger = match self.open(Access::Decide) {
            Err(CliError::NoLedger { .. }) if !self.names_ledger() => return Ok(None),
            other => other?,
        };
        if let Some(head) = &self.guards().head {
            require_head(ledger.as_ref(), head)?;
        }
        Ok(Some(ledger))
    }

    /// Opens the ledger to verify it, also with a head that it does not contain.
    pub(super) fn open_ledger_to_verify(&self) -> Result<Box<dyn Ledger>, CliError> {
        self.open(Access::Read)
    }

    /// The head that is kept of this ledger: in a file, or on the token if it takes no question to log in. A token that cannot be asked is
    /// a warning, because a ledger can be verified if there is no token.
    pub(super) fn kept_head(&self, ledger: &dyn Ledger) -> Result<(Option<Head>, Option<String>), CliError> {
        let place = &self.guards().place;
        if !place.is_token() {
            return Ok((find_kept_head(ledger, place, None)?, None));
        }
        let asks = self.pin_source.as_deref().is_none_or(|source| source == "prompt");
        if asks || self.module.is_none() {
            return Ok((None, None));
        }
        match self.open_store(None) {
            Ok(store) => Ok((find_kept_head(ledger, place, Some(store.as_ref()))?, None)),
            Err(error) => {
                let warning = format!("the ledger was not compared with the head on the token: {error}");
                Ok((None, Some(warning)))
            }
        }
    }

    /// Opens the ledger for recording, if it knows this CA: before the PIN prompt.
    pub(super) fn open_recorder_of(&self, authority: &Named<Certificate>) -> Result<Recorder, CliError> {
        let mut recorder = self.open_recorder()?;
        recorder
            .require_known(&authority.value)
            .map_err(|error| authority.about(error))?;
        Ok(recorder)
    }

    /// The same for a command that signs with `key` then: its module is loaded meanwhile.
    pub(super) fn open_recorder_to_sign(
        &self,
        authority: &Named<Certificate>,
        key: Option<&str>,
    ) -> Result<Recorder, CliError> {
        self.begin_loading(key);
        self.open_recorder_of(authority)
    }

    /// Opens the ledger for recording. Every event in it is read and compared with the tables: once, and before the PIN prompt.
    pub(super) fn open_recorder(&self) -> Result<Recorder, CliError> {
        Ok(self.open_recorder_to_accept()?.guarded(self.guards().clone())?)
    }

    /// Opens the ledger to find out what it would refuse; where there is none, a warning. A ceremony file is also checked on machines that
    /// have no ledger.
    pub(super) fn open_recorder_to_plan(&self) -> Result<(Option<Recorder>, Option<String>), CliError> {
        let ledger = match self.open(Access::Decide) {
            Err(CliError::NoLedger { .. }) => {
                let warning = "no ledger was asked, because none is here: whether the ledger knows the CAs that sign, and accepts their names, \
                               numbers and revocations, was not checked against it";
                return Ok((None, Some(warning.to_owned())));
            }
            other => other?,
        };
        if let Some(head) = &self.guards().head {
            require_head(ledger.as_ref(), head)?;
        }
        Ok((Some(Recorder::new(ledger, who(), self.clock.clone())), None))
    }

    /// Opens the ledger for recording, though it may not be the one whose head is kept.
    pub(super) fn open_recorder_to_accept(&self) -> Result<Recorder, CliError> {
        let recorder = Recorder::new(self.open(Access::Record)?, who(), self.clock.clone());
        Ok(recorder.to_accept(self.guards().clone()))
    }

    fn open(&self, access: Access) -> Result<Box<dyn Ledger>, CliError> {
        match self.ledger_to_open()?.open(access) {
            Err(LedgerError::NotFound { .. }) => Err(self.no_ledger()),
            other => Ok(other?),
        }
    }

    /// Where a key's coming or going is recorded: in the ledger, which must be one that can be recorded in. Nowhere, if no setting names a
    /// ledger and none is in the default place: a key can be made before there is a CA, and that makes no ledger.
    pub(super) fn open_key_log(&self) -> Result<KeyLog, CliError> {
        match self.open_recorder() {
            Ok(recorder) => Ok(KeyLog::of(recorder)),
            Err(CliError::NoLedger { .. }) if !self.names_ledger() => Ok(KeyLog::nowhere()),
            Err(error) => Err(error),
        }
    }

    /// Says where a key was recorded.
    pub(super) fn describe_recorded(&self, recorded: Option<EntryId>) -> String {
        match recorded {
            Some(entry) => format!("entry {entry}"),
            None => "NOT RECORDED: no ledger at the configured place".to_owned(),
        }
    }

    /// Makes a new ledger.
    pub(super) fn make_ledger(&self) -> Result<Recorder, CliError> {
        self.make_ledger_for(None)
    }

    /// The same; on a server, `writer` is a role that may append.
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

    /// Opens the ledger for recording. If there is none it is made, and the result says so: for the commands with which a CA begins.
    pub(super) fn open_or_make_recorder(&self, ui: &Ui) -> Result<Recorder, CliError> {
        match self.open_recorder() {
            Err(CliError::NoLedger { .. }) => {}
            other => return other,
        }
        ui.announce(&format!("making a new ledger: {}", self.ledger()?));
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

/// `user@host`; behind sudo also who asked. It says who seems to have done it: root can say anything.
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
