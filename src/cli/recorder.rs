//! From the settings to a ledger that is open for recording, and in whose name.

use std::env;
use std::fs;
use std::time::SystemTime;

use hsm_ca::ledger::{Access, LedgerError, LedgerUrl};
use hsm_ca::workflow::{Progress, Recorder};
use hsm_ca::x509::UnixTime;

use super::exit::CliError;
use super::global::Settings;
use super::ui::Ui;

impl Settings {
    /// Refuses a ledger that could not be recorded in, before anybody is asked for a PIN. One that is not there yet is not made.
    pub(super) fn check_ledger(&self) -> Result<(), CliError> {
        Ok(self.ledger()?.check()?)
    }

    /// Opens the ledger for recording; it is made if it is not there, and that is told.
    pub(super) fn open_recorder(&self, ui: &Ui) -> Result<Recorder, CliError> {
        let url = self.ledger()?;
        if matches!(url.open(Access::Read), Err(LedgerError::NotFound { .. })) {
            ui.step(&format!("a new ledger is made: {url}"));
        }
        record_in(&url)
    }

    /// Opens the ledger for recording; one that is not there is not made.
    pub(super) fn open_existing_recorder(&self) -> Result<Recorder, CliError> {
        let url = self.ledger()?;
        if let Err(error @ LedgerError::NotFound { .. }) = url.open(Access::Read) {
            return Err(error.into());
        }
        record_in(&url)
    }
}

fn record_in(url: &LedgerUrl) -> Result<Recorder, CliError> {
    let ledger = url.open(Access::Record)?;
    Ok(Recorder::new(ledger, who(), || {
        UnixTime::from_system(SystemTime::now())
    }))
}

/// `user@host`; behind sudo also who asked. It says who seems to have done it: root can say anything.
fn who() -> String {
    let user = user_name(rustix::process::getuid().as_raw());
    let asked = env::var("SUDO_UID")
        .ok()
        .and_then(|uid| uid.parse().ok())
        .map_or_else(String::new, |uid| format!(" for {}", user_name(uid)));
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
    format!("{user}@{}{asked}", host.trim())
}

/// The name in /etc/passwd, or the number.
fn user_name(uid: u32) -> String {
    let number = uid.to_string();
    let lines = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    found.unwrap_or(number)
}
