//! The log: a line per call, `C_Name rv=0xHEX`, and notes about the call.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cryptoki_sys::CK_RV;

use crate::calls::Call;

thread_local! {
    /// Notes for the line of this thread's current call.
    static NOTES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Adds ` key=value` to the line of this thread's current call.
pub fn field(key: &str, value: &str) {
    NOTES.with_borrow_mut(|notes| notes.push_str(&format!(" {key}={value}")));
}

/// Adds a sentence to the line of this thread's current call.
pub fn note(sentence: &str) {
    NOTES.with_borrow_mut(|notes| notes.push_str(&format!(" # {sentence}")));
}

pub struct Log(File);

impl Log {
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600).open(path).map(Self)
    }

    /// One write per line: with `O_APPEND`, lines of several threads or processes do not mix.
    pub fn line(&self, call: Call, rv: CK_RV) -> io::Result<()> {
        let notes = NOTES.take();
        let line = format!("{} rv={rv:#x}{notes}\n", call.name());
        (&self.0).write_all(line.as_bytes())
    }
}

/// Discards the notes if no log is open.
pub fn forget() {
    NOTES.take();
}
