//! The rules, as the environment states them. Their shape is in the documentation of the crate.

use std::ffi::OsString;
use std::path::PathBuf;

use cryptoki_sys::{CK_FLAGS, CK_RV};

use crate::calls::Call;
use parse::{corruption, faults, hex, instant, text};

mod parse;
#[cfg(test)]
mod tests;

const PREFIX: &str = "TOKEN_SHIM_";

/// What the shim does to the calls of this process.
#[derive(Debug, Default)]
pub struct Rules {
    /// The real module.
    pub target: PathBuf,
    /// Bits to raise in `CK_TOKEN_INFO.flags`.
    pub token_flags: CK_FLAGS,
    /// Where to write a line per call.
    pub log: Option<PathBuf>,
    faults: Vec<Fault>,
    kill: Option<Instant>,
    stop: Option<Instant>,
    corruptions: Vec<Corruption>,
}

/// An answer of the target that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// `sign`: one bit of the last byte of every signature is flipped.
    Sign,
    /// `extractable`: an object that has `CKA_EXTRACTABLE` says `CK_TRUE`.
    Extractable,
    /// `modulus`: one bit of the last byte of a public key's `CKA_MODULUS` is flipped.
    Modulus,
    /// `point`: one bit of the last byte of a public key's `CKA_EC_POINT` is flipped.
    Point,
    /// `random`: `C_GenerateRandom` fills the buffer with zeroes.
    Random,
}

/// Before the target is asked, or after it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

#[derive(Debug, PartialEq, Eq)]
struct Fault {
    call: Call,
    rv: CK_RV,
    /// `None` is every call.
    nth: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
struct Instant {
    call: Call,
    nth: u64,
    moment: Moment,
}

impl Rules {
    /// Reads the variables whose name starts with `TOKEN_SHIM_`; the error is for a person.
    pub fn parse(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, String> {
        let mut rules = Self::default();
        for (name, value) in vars {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            rules.set(name, value).map_err(|why| format!("{name}: {why}"))?;
        }
        if rules.target.as_os_str().is_empty() {
            return Err("TOKEN_SHIM_TARGET: not set".into());
        }
        Ok(rules)
    }

    fn set(&mut self, name: &str, value: OsString) -> Result<(), String> {
        if value.is_empty() {
            return Err("empty value".into());
        }
        match name {
            "TOKEN_SHIM_TARGET" => self.target = value.into(),
            "TOKEN_SHIM_LOG" => self.log = Some(value.into()),
            "TOKEN_SHIM_TOKEN_FLAGS" => {
                let bits: Vec<_> = text(&value)?.split(',').map(hex).collect::<Result<_, _>>()?;
                self.token_flags = bits.into_iter().fold(0, |all, one| all | one);
            }
            "TOKEN_SHIM_FAIL" => self.faults = faults(text(&value)?)?,
            "TOKEN_SHIM_KILL" => self.kill = Some(instant(text(&value)?)?),
            "TOKEN_SHIM_STOP" => self.stop = Some(instant(text(&value)?)?),
            "TOKEN_SHIM_CORRUPT" => {
                self.corruptions = text(&value)?
                    .split(',')
                    .map(corruption)
                    .collect::<Result<_, _>>()?;
            }
            _ => return Err("unknown variable".into()),
        }
        Ok(())
    }

    /// What the `nth` call is to answer instead of the target.
    pub fn fault(&self, call: Call, nth: u64) -> Option<CK_RV> {
        let hit = |f: &&Fault| f.call == call && f.nth.is_none_or(|n| n == nth);
        self.faults.iter().find(hit).map(|f| f.rv)
    }

    /// Whether the process ends here.
    pub fn kills(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.kill == Some(Instant { call, nth, moment })
    }

    /// Whether the process waits here for `SIGCONT`.
    pub fn stops(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.stop == Some(Instant { call, nth, moment })
    }

    pub fn corrupts(&self, what: Corruption) -> bool {
        self.corruptions.contains(&what)
    }
}
