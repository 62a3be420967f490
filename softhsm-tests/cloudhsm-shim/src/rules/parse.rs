//! The grammar of the values. Errors are for a person and quote the part that is wrong.

use std::ffi::OsStr;
use std::time::Duration;

use cryptoki_sys::{CK_RV, CK_SLOT_ID, CK_ULONG};

use super::{Behaviour, Corruption, Fault, Instant, Mode, Moment, Tell, Throttle};
use crate::calls::Call;
use crate::oddities::Oddity;
use crate::rv;
use crate::weather;

/// `C_Name[!]:RV[@N|@*]`, separated by `;`. Two rules for the same call contradict each other.
pub fn faults(value: &str) -> Result<Vec<Fault>, String> {
    let mut all: Vec<Fault> = Vec::new();
    for rule in value.split(';') {
        let (name, rest) = rule
            .split_once(':')
            .ok_or_else(|| format!("'{rule}' is not C_Name[!]:RV[@N]"))?;
        let (rv, nth) = match rest.split_once('@') {
            Some((rv, "*")) => (rv, None),
            Some((rv, nth)) => (rv, Some(ordinal(nth)?)),
            None => (rest, Some(1)),
        };
        let (call, moment) = moment(name)?;
        let fault = Fault {
            call,
            moment,
            rv: return_value(rv)?,
            nth,
        };
        let overlaps = |f: &Fault| f.call == fault.call && (f.nth.is_none() || nth.is_none() || f.nth == nth);
        if all.iter().any(overlaps) {
            return Err(format!("'{rule}' is for a call that an earlier rule covers"));
        }
        all.push(fault);
    }
    Ok(all)
}

/// `0xSLOT:RV`, separated by `;`.
pub fn slot_faults(value: &str) -> Result<Vec<(CK_SLOT_ID, CK_RV)>, String> {
    let rules = value.split(';').map(|rule| {
        let (slot, rv) = rule
            .split_once(':')
            .ok_or_else(|| format!("'{rule}' is not 0xSLOT:RV"))?;
        Ok((hex(slot)?, return_value(rv)?))
    });
    rules.collect()
}

/// `0xLEAST,0xMOST`.
pub fn pin_lengths(value: &str) -> Result<(CK_ULONG, CK_ULONG), String> {
    let (least, most) = value
        .split_once(',')
        .ok_or_else(|| format!("'{value}' is not 0xLEAST,0xMOST"))?;
    Ok((hex(least)?, hex(most)?))
}

/// `C_Name[!]:0xNUMBER`, for the calls that return a count or a length.
pub fn tell(value: &str) -> Result<Tell, String> {
    const CALLS: [Call; 5] = [
        Call::C_GetSlotList,
        Call::C_GetMechanismList,
        Call::C_FindObjects,
        Call::C_GetAttributeValue,
        Call::C_Sign,
    ];
    let (name, number) = value
        .split_once(':')
        .ok_or_else(|| format!("'{value}' is not C_Name[!]:0xNUMBER"))?;
    let (call, moment) = moment(name)?;
    if !CALLS.contains(&call) {
        return Err(format!("{name} tells no count and no length"));
    }
    if call == Call::C_FindObjects && moment == Moment::Before {
        return Err("C_FindObjects is never asked for the count alone: write C_FindObjects!".into());
    }
    Ok(Tell {
        call,
        moment,
        number: hex(number)?,
    })
}

/// `C_Name[!][@N]`.
pub fn instant(value: &str) -> Result<Instant, String> {
    let (name, nth) = match value.split_once('@') {
        Some((name, nth)) => (name, ordinal(nth)?),
        None => (value, 1),
    };
    let (call, moment) = moment(name)?;
    Ok(Instant { call, nth, moment })
}

/// `C_Name`, or `C_Name!` for after the call.
fn moment(name: &str) -> Result<(Call, Moment), String> {
    match name.strip_suffix('!') {
        Some(name) => Ok((call(name)?, Moment::After)),
        None => Ok((call(name)?, Moment::Before)),
    }
}

pub fn behaviour(word: &str) -> Result<Behaviour, String> {
    match word {
        "plain" => Ok(Behaviour::Plain),
        "cloudhsm" => Ok(Behaviour::CloudHsm),
        _ => Err(format!("'{word}' is neither plain nor cloudhsm")),
    }
}

pub fn mode(word: &str) -> Result<Mode, String> {
    match word {
        "fips" => Ok(Mode::Fips),
        "non-fips" => Ok(Mode::NonFips),
        _ => Err(format!("'{word}' is neither fips nor non-fips")),
    }
}

/// `MAJOR.MINOR`, as `CK_VERSION` has them.
pub fn version(value: &str) -> Result<(u8, u8), String> {
    let part = |part| digits(part).ok().and_then(|number| u8::try_from(number).ok());
    value
        .split_once('.')
        .and_then(|(major, minor)| Some((part(major)?, part(minor)?)))
        .ok_or_else(|| format!("'{value}' is not MAJOR.MINOR"))
}

/// `N/M[@SEED]`: N calls of every M.
pub fn throttle(value: &str) -> Result<Throttle, String> {
    let (share, seed) = match value.split_once('@') {
        Some((share, seed)) => (share, Some(digits(seed)?)),
        None => (value, None),
    };
    let (of, every) = share
        .split_once('/')
        .ok_or_else(|| format!("'{share}' is not N/M"))?;
    let every = number(every, 10_000)?;
    Ok(Throttle {
        of: number(of, every)?,
        every,
        seed,
    })
}

/// The calls that may be throttled, separated by `,`.
pub fn calls(value: &str) -> Result<Vec<Call>, String> {
    let named = value.split(',').map(|name| {
        let call = call(name)?;
        match weather::reaches_hsm(call) {
            true => Ok(call),
            false => Err(format!("{name} does not reach the HSM")),
        }
    });
    named.collect()
}

pub fn milliseconds(value: &str) -> Result<Duration, String> {
    number(value, 60_000).map(Duration::from_millis)
}

pub fn corruption(word: &str) -> Result<Corruption, String> {
    match word {
        "sign" => Ok(Corruption::Sign),
        "extractable" => Ok(Corruption::Extractable),
        "modulus" => Ok(Corruption::Modulus),
        "point" => Ok(Corruption::Point),
        "private-modulus" => Ok(Corruption::PrivateModulus),
        "sensitive" => Ok(Corruption::Sensitive),
        "token" => Ok(Corruption::Token),
        "random" => Ok(Corruption::Random),
        "manufacturer" => Ok(Corruption::Manufacturer),
        "unpadded" => Ok(Corruption::Unpadded),
        "clock" => Ok(Corruption::Clock),
        "no-locks" => Ok(Corruption::NoLocks),
        _ => Err(format!("unknown corruption '{word}'")),
    }
}

pub fn oddity(word: &str) -> Result<Oddity, String> {
    let known = Oddity::ALL.into_iter().find(|(name, _)| *name == word);
    known
        .map(|(_, oddity)| oddity)
        .ok_or_else(|| format!("unknown oddity '{word}'"))
}

fn call(name: &str) -> Result<Call, String> {
    Call::by_name(name).ok_or_else(|| format!("unknown function '{name}'"))
}

fn return_value(rv: &str) -> Result<CK_RV, String> {
    match rv::by_name(rv) {
        Some(rv) => Ok(rv),
        None => hex(rv).map_err(|why| format!("{why} and no known CKR_ name")),
    }
}

pub fn text(value: &OsStr) -> Result<&str, String> {
    value.to_str().ok_or_else(|| "not UTF-8".into())
}

/// `0x` and hex digits, nothing else (`from_str_radix` alone would take a sign).
pub fn hex(value: &str) -> Result<u64, String> {
    value
        .strip_prefix("0x")
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| format!("'{value}' is not 0x and hex digits"))
}

/// A number from 1 to `most`.
pub fn number(value: &str, most: u64) -> Result<u64, String> {
    ordinal(value).and_then(|n| match n <= most {
        true => Ok(n),
        false => Err(format!("{n} is more than {most}")),
    })
}

/// A count from 1.
fn ordinal(value: &str) -> Result<u64, String> {
    digits(value)
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("'{value}' is not a count from 1"))
}

fn digits(value: &str) -> Result<u64, String> {
    Some(value)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("'{value}' is not a number"))
}
