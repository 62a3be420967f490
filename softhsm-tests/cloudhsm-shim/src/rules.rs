//! The rules, as the environment states them. Their shape is in the documentation of the crate.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use cryptoki_sys::{CK_FLAGS, CK_RV, CK_SLOT_ID, CK_ULONG};

use crate::calls::Call;
use crate::oddities::Oddity;
use parse::{
    behaviour, calls, corruption, faults, hex, instant, milliseconds, mode, number, oddity, pin_lengths,
    slot_faults, tell, text, throttle, version,
};

mod parse;
#[cfg(test)]
mod tests;

const PREFIX: &str = "CLOUDHSM_SHIM_";

/// What the shim does to the calls of this process.
#[derive(Debug, Default)]
pub struct Rules {
    /// The real module.
    pub target: PathBuf,
    pub behaviour: Behaviour,
    /// What is particular to the CloudHSM behaviour.
    pub cloudhsm: Settings,
    pub throttle: Option<Throttle>,
    /// The calls that are throttled; all that reach the HSM if the list is empty.
    pub throttle_calls: Vec<Call>,
    /// The extra time of every call that reaches the HSM.
    pub latency: Option<Duration>,
    /// The calls that take longer; all that reach the HSM if the list is empty.
    pub latency_calls: Vec<Call>,
    /// How many sessions may be open at once.
    pub sessions: Option<CK_ULONG>,
    /// Bits to raise in `CK_TOKEN_INFO.flags`.
    pub token_flags: CK_FLAGS,
    /// Bits to clear in it.
    pub token_flags_off: CK_FLAGS,
    /// `ulMinPinLen` and `ulMaxPinLen`.
    pub pin_lengths: Option<(CK_ULONG, CK_ULONG)>,
    /// The most objects that one `C_FindObjects` gives.
    pub find_at_most: Option<CK_ULONG>,
    /// Where to write a line per call.
    pub log: Option<PathBuf>,
    /// Whether a stored pair replaces a generated wrapping pair.
    pub stored_pair: bool,
    /// Whether the log includes the templates.
    pub log_templates: bool,
    faults: Vec<Fault>,
    slot_faults: Vec<(CK_SLOT_ID, CK_RV)>,
    tell: Option<Tell>,
    kill: Option<Instant>,
    stop: Option<Instant>,
    crash: Option<Instant>,
    hang: Option<Instant>,
    corruptions: Vec<Corruption>,
    oddities: Vec<Oddity>,
}

/// The behaviour of the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// The target's own.
    #[default]
    Plain,
    /// The PKCS#11 library of AWS CloudHSM, Client SDK 5.
    CloudHsm,
}

/// The simulated cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The label of the target's token; by default, the only initialised one.
    pub target_token: Option<String>,
    /// The name of the crypto user.
    pub user: String,
    /// The name of the admin.
    pub admin: String,
    /// The version of the Client SDK.
    pub library_version: (u8, u8),
    pub mode: Mode,
    /// How many HSMs the cluster has.
    pub hsms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            target_token: None,
            user: "CryptoUser".into(),
            // "Username: admin, role: admin": cloudhsm_cli-user-list.
            admin: "admin".into(),
            // "CloudHSM PKCS#11 (ver 5.2)": <https://github.com/NLnetLabs/krill/issues/556>.
            library_version: (5, 2),
            mode: Mode::Fips,
            hsms: 2,
        }
    }
}

/// "FIPS or non-FIPS mode", fixed when a cluster is created: AWS CloudHSM User Guide,
/// cluster-hsm-types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Fips,
    NonFips,
}

/// `of` calls in `every` are throttled: the first ones, or with a seed any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    pub of: u64,
    pub every: u64,
    pub seed: Option<u64>,
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
    /// `private-modulus`: the same of a private key's `CKA_MODULUS`.
    PrivateModulus,
    /// `sensitive`: an object that has `CKA_SENSITIVE` says `CK_FALSE`.
    Sensitive,
    /// `token`: every object says `CKA_TOKEN` is `CK_FALSE`.
    Token,
    /// `random`: `C_GenerateRandom` fills the buffer with zeroes.
    Random,
    /// `manufacturer`: module and token report a blank manufacturer.
    Manufacturer,
    /// `unpadded`: the texts of `CK_TOKEN_INFO` are full of bytes that are not UTF-8, without a blank at the end.
    Unpadded,
    /// `clock`: the token has a clock, and its time is not a number.
    Clock,
    /// `no-locks`: `C_Initialize` answers `CKR_CANT_LOCK` to a caller that asks for locking.
    NoLocks,
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
    moment: Moment,
    rv: CK_RV,
    /// `None` is every call.
    nth: Option<u64>,
}

/// A false count or length.
#[derive(Debug, PartialEq, Eq)]
struct Tell {
    call: Call,
    /// Before: if the caller only queries the number. After: if it passes a buffer.
    moment: Moment,
    number: CK_ULONG,
}

#[derive(Debug, PartialEq, Eq)]
struct Instant {
    call: Call,
    nth: u64,
    moment: Moment,
}

impl Rules {
    /// Reads the variables whose name starts with `CLOUDHSM_SHIM_`; the error is for a person.
    pub fn parse(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, String> {
        let mut rules = Self::default();
        for (name, value) in vars {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            rules.set(name, value).map_err(|why| format!("{name}: {why}"))?;
        }
        rules.agree()?;
        if rules.target.as_os_str().is_empty() {
            return Err("CLOUDHSM_SHIM_TARGET: not set".into());
        }
        Ok(rules)
    }

    /// Refuses rules that would have no effect.
    fn agree(&self) -> Result<(), String> {
        if self.behaviour == Behaviour::Plain && self.cloudhsm != Settings::default() {
            return Err(
                "CLOUDHSM_SHIM_TARGET_TOKEN, _USER, _ADMIN, _LIBRARY_VERSION, _CLUSTER and _HSMS need CLOUDHSM_SHIM_BEHAVIOUR=cloudhsm"
                    .into(),
            );
        }
        if self.behaviour == Behaviour::CloudHsm && !self.oddities.is_empty() {
            return Err("CLOUDHSM_SHIM_ODD: CloudHSM has oddities of its own".into());
        }
        if self.throttle.is_none() && !self.throttle_calls.is_empty() {
            return Err("CLOUDHSM_SHIM_THROTTLE_CALLS: needs CLOUDHSM_SHIM_THROTTLE".into());
        }
        if self.latency.is_none() && !self.latency_calls.is_empty() {
            return Err("CLOUDHSM_SHIM_LATENCY_CALLS: needs CLOUDHSM_SHIM_LATENCY_MS".into());
        }
        if self.log.is_none() && self.log_templates {
            return Err("CLOUDHSM_SHIM_LOG_TEMPLATES: needs CLOUDHSM_SHIM_LOG".into());
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: OsString) -> Result<(), String> {
        if value.is_empty() {
            return Err("empty value".into());
        }
        match name {
            "CLOUDHSM_SHIM_TARGET" => self.target = value.into(),
            "CLOUDHSM_SHIM_BEHAVIOUR" => self.behaviour = behaviour(text(&value)?)?,
            "CLOUDHSM_SHIM_TARGET_TOKEN" => self.cloudhsm.target_token = Some(text(&value)?.into()),
            "CLOUDHSM_SHIM_USER" => self.cloudhsm.user = text(&value)?.into(),
            "CLOUDHSM_SHIM_ADMIN" => self.cloudhsm.admin = text(&value)?.into(),
            "CLOUDHSM_SHIM_LIBRARY_VERSION" => self.cloudhsm.library_version = version(text(&value)?)?,
            "CLOUDHSM_SHIM_CLUSTER" => self.cloudhsm.mode = mode(text(&value)?)?,
            // "HSMs per cluster 28": AWS CloudHSM User Guide, limits.
            "CLOUDHSM_SHIM_HSMS" => self.cloudhsm.hsms = number(text(&value)?, 28)?,
            "CLOUDHSM_SHIM_THROTTLE" => self.throttle = Some(throttle(text(&value)?)?),
            "CLOUDHSM_SHIM_THROTTLE_CALLS" => self.throttle_calls = calls(text(&value)?)?,
            "CLOUDHSM_SHIM_LATENCY_MS" => self.latency = Some(milliseconds(text(&value)?)?),
            "CLOUDHSM_SHIM_LATENCY_CALLS" => self.latency_calls = calls(text(&value)?)?,
            "CLOUDHSM_SHIM_SESSIONS" => self.sessions = Some(number(text(&value)?, 100_000)?),
            "CLOUDHSM_SHIM_LOG" => self.log = Some(value.into()),
            "CLOUDHSM_SHIM_STORED_PAIR" => self.stored_pair = number(text(&value)?, 1)? == 1,
            "CLOUDHSM_SHIM_LOG_TEMPLATES" => self.log_templates = number(text(&value)?, 1)? == 1,
            "CLOUDHSM_SHIM_TOKEN_FLAGS" => {
                let bits: Vec<_> = text(&value)?.split(',').map(hex).collect::<Result<_, _>>()?;
                self.token_flags = bits.into_iter().fold(0, |all, one| all | one);
            }
            "CLOUDHSM_SHIM_TOKEN_FLAGS_OFF" => self.token_flags_off = hex(text(&value)?)?,
            "CLOUDHSM_SHIM_PIN_LENGTHS" => self.pin_lengths = Some(pin_lengths(text(&value)?)?),
            "CLOUDHSM_SHIM_FIND_AT_MOST" => self.find_at_most = Some(number(text(&value)?, 10_000)?),
            "CLOUDHSM_SHIM_SLOT_FAIL" => self.slot_faults = slot_faults(text(&value)?)?,
            "CLOUDHSM_SHIM_CRASH" => self.crash = Some(instant(text(&value)?)?),
            "CLOUDHSM_SHIM_HANG" => self.hang = Some(instant(text(&value)?)?),
            "CLOUDHSM_SHIM_FAIL" => self.faults = faults(text(&value)?)?,
            "CLOUDHSM_SHIM_TELL" => self.tell = Some(tell(text(&value)?)?),
            "CLOUDHSM_SHIM_KILL" => self.kill = Some(instant(text(&value)?)?),
            "CLOUDHSM_SHIM_STOP" => self.stop = Some(instant(text(&value)?)?),
            "CLOUDHSM_SHIM_CORRUPT" => {
                self.corruptions = text(&value)?
                    .split(',')
                    .map(corruption)
                    .collect::<Result<_, _>>()?;
            }
            "CLOUDHSM_SHIM_ODD" => {
                self.oddities = text(&value)?.split(',').map(oddity).collect::<Result<_, _>>()?;
            }
            _ => return Err("unknown variable".into()),
        }
        Ok(())
    }

    /// The injected answer of the `nth` call, before or after the target is called.
    pub fn fault(&self, call: Call, nth: u64, moment: Moment) -> Option<CK_RV> {
        let hit = |f: &&Fault| f.call == call && f.moment == moment && f.nth.is_none_or(|n| n == nth);
        self.faults.iter().find(hit).map(|f| f.rv)
    }

    /// The injected answer of `C_GetTokenInfo` for this slot.
    pub fn slot_fault(&self, slot: CK_SLOT_ID) -> Option<CK_RV> {
        let (_, rv) = self.slot_faults.iter().find(|(faulty, _)| *faulty == slot)?;
        Some(*rv)
    }

    /// The count or length that replaces the target's.
    pub fn told(&self, call: Call, moment: Moment) -> Option<CK_ULONG> {
        let tell = self.tell.as_ref()?;
        (tell.call == call && tell.moment == moment).then_some(tell.number)
    }

    /// Whether the process ends here.
    pub fn kills(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.kill == Some(Instant { call, nth, moment })
    }

    /// Whether the process waits here for `SIGCONT`.
    pub fn stops(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.stop == Some(Instant { call, nth, moment })
    }

    /// Whether the module makes an invalid memory access here.
    pub fn crashes(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.crash == Some(Instant { call, nth, moment })
    }

    /// Whether the module never returns from here.
    pub fn hangs(&self, call: Call, nth: u64, moment: Moment) -> bool {
        self.hang == Some(Instant { call, nth, moment })
    }

    pub fn is_odd(&self, what: Oddity) -> bool {
        self.oddities.contains(&what)
    }

    pub fn corrupts(&self, what: Corruption) -> bool {
        self.corruptions.contains(&what)
    }
}
