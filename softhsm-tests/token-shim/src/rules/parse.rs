//! The grammar of the values. Errors are for a person and quote the part that is wrong.

use std::ffi::OsStr;

use cryptoki_sys::CK_RV;

use super::{Corruption, Fault, Instant, Moment};
use crate::calls::Call;
use crate::rv;

/// `C_Name:RV[@N|@*]`, separated by `;`. Two rules for the same call contradict each other.
pub fn faults(value: &str) -> Result<Vec<Fault>, String> {
    let mut all: Vec<Fault> = Vec::new();
    for rule in value.split(';') {
        let (name, rest) = rule
            .split_once(':')
            .ok_or_else(|| format!("'{rule}' is not C_Name:RV[@N]"))?;
        let (rv, nth) = match rest.split_once('@') {
            Some((rv, "*")) => (rv, None),
            Some((rv, nth)) => (rv, Some(ordinal(nth)?)),
            None => (rest, Some(1)),
        };
        let fault = Fault {
            call: call(name)?,
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

/// `C_Name[!][@N]`.
pub fn instant(value: &str) -> Result<Instant, String> {
    let (name, nth) = match value.split_once('@') {
        Some((name, nth)) => (name, ordinal(nth)?),
        None => (value, 1),
    };
    let (name, moment) = match name.strip_suffix('!') {
        Some(name) => (name, Moment::After),
        None => (name, Moment::Before),
    };
    Ok(Instant {
        call: call(name)?,
        nth,
        moment,
    })
}

pub fn corruption(word: &str) -> Result<Corruption, String> {
    match word {
        "sign" => Ok(Corruption::Sign),
        "extractable" => Ok(Corruption::Extractable),
        "modulus" => Ok(Corruption::Modulus),
        "point" => Ok(Corruption::Point),
        "random" => Ok(Corruption::Random),
        _ => Err(format!("unknown corruption '{word}'")),
    }
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

/// A count from 1.
fn ordinal(value: &str) -> Result<u64, String> {
    Some(value)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("'{value}' is not a count from 1"))
}
