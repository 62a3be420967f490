//! Throttling and latency of calls that reach a busy cluster.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;

use crate::calls::Call;
use crate::log;
use crate::rules::{Rules, Throttle};

/// The calls that do not reach an HSM: the library answers them itself, or keeps or hashes the data of an operation ("the data is hashed
/// locally in software", AWS CloudHSM User Guide, pkcs11-mechanisms). That `C_SignInit` does reach it is in configure-tool-params5
/// (`--disable-validate-key-at-init`). The rest is inference: searching is done at `C_FindObjectsInit`.
const LOCAL: &[Call] = &[
    Call::C_Initialize,
    Call::C_Finalize,
    Call::C_GetInfo,
    Call::C_GetSlotList,
    Call::C_GetSlotInfo,
    Call::C_GetTokenInfo,
    Call::C_GetMechanismList,
    Call::C_GetMechanismInfo,
    Call::C_OpenSession,
    Call::C_CloseSession,
    Call::C_CloseAllSessions,
    Call::C_GetSessionInfo,
    Call::C_Logout,
    Call::C_FindObjects,
    Call::C_FindObjectsFinal,
    Call::C_DigestInit,
    Call::C_Digest,
    Call::C_DigestUpdate,
    Call::C_DigestFinal,
    Call::C_SignUpdate,
    Call::C_VerifyUpdate,
    Call::C_GetFunctionStatus,
    Call::C_CancelFunction,
    Call::C_WaitForSlotEvent,
];

/// Whether the call reaches an HSM.
pub fn reaches_hsm(call: Call) -> bool {
    !LOCAL.contains(&call)
}

/// The weather of this process.
pub struct Weather {
    throttle: Option<Throttle>,
    only: Vec<Call>,
    latency: Option<Duration>,
    latency_calls: Vec<Call>,
    seen: AtomicU64,
}

impl Weather {
    pub fn new(rules: &Rules) -> Self {
        Self {
            throttle: rules.throttle,
            only: rules.throttle_calls.clone(),
            latency: rules.latency,
            latency_calls: rules.latency_calls.clone(),
            seen: AtomicU64::new(0),
        }
    }

    /// Waits, and returns the answer of a throttled call.
    pub fn strikes(&self, call: Call) -> Option<CK_RV> {
        if !reaches_hsm(call) {
            return None;
        }
        if let Some(latency) = self.latency
            && (self.latency_calls.is_empty() || self.latency_calls.contains(&call))
        {
            // Each session waits separately: a remote token answers many at once.
            thread::sleep(latency);
        }
        let throttle = self.throttle?;
        if !self.only.is_empty() && !self.only.contains(&call) {
            return None;
        }
        let nth = self.seen.fetch_add(1, Ordering::Relaxed);
        if !throttle.hits(nth) {
            return None;
        }
        // The wording of troubleshoot-hsm-throttling.
        log::note("Received error response code from Server. Response Code: 187");
        Some(throttled(call))
    }
}

/// "In PKCS11, busy errors map to CKR_FUNCTION_FAILED": troubleshoot-hsm-throttling. "When a
/// C_GetAttributeValue call is throttled, it returns CKR_DEVICE_ERROR": ki-pkcs11-sdk, before
/// Client SDK 5.18.0. <https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-pkcs11-sdk.html>
fn throttled(call: Call) -> CK_RV {
    match call {
        Call::C_GetAttributeValue => CKR_DEVICE_ERROR,
        _ => CKR_FUNCTION_FAILED,
    }
}

impl Throttle {
    /// Whether the `nth` call, counted from 0, is one of the `of` in its `every` that are struck.
    fn hits(&self, nth: u64) -> bool {
        let place = nth % self.every;
        let Some(seed) = self.seed else {
            return place < self.of;
        };
        // Walks through the calls of this round and draws `of` of them without replacement.
        let mut left = self.of;
        for at in 0..self.every {
            let drawn = mix(seed ^ mix(nth / self.every) ^ at.rotate_left(32)) % (self.every - at) < left;
            if at == place {
                return drawn;
            }
            left -= u64::from(drawn);
        }
        false
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(throttle: Throttle) -> Vec<Vec<bool>> {
        let hits = (0..20 * throttle.every).map(|nth| throttle.hits(nth));
        let hits: Vec<_> = hits.collect();
        hits.chunks(throttle.every as usize).map(<[_]>::to_vec).collect()
    }

    #[test]
    fn every_round_has_its_number_of_hits() {
        for seed in [None, Some(0), Some(7)] {
            for (of, every) in [(1, 3), (3, 3), (2, 10), (1, 1)] {
                for round in rounds(Throttle { of, every, seed }) {
                    assert_eq!(round.iter().filter(|hit| **hit).count() as u64, of);
                }
            }
        }
    }

    #[test]
    fn without_a_seed_the_first_are_hit_and_with_one_they_are_spread() {
        let first = rounds(Throttle {
            of: 1,
            every: 5,
            seed: None,
        });
        assert!(first.iter().all(|round| round[0]));
        let spread = Throttle {
            of: 1,
            every: 5,
            seed: Some(3),
        };
        assert!(rounds(spread).iter().any(|round| !round[0]));
        assert_eq!(rounds(spread), rounds(spread));
    }

    #[test]
    fn calls_that_the_library_answers_itself_are_not_throttled() {
        assert!(!reaches_hsm(Call::C_GetInfo) && !reaches_hsm(Call::C_GetSlotList));
        for call in [Call::C_Login, Call::C_Sign, Call::C_GetAttributeValue] {
            assert!(reaches_hsm(call));
        }
        assert_eq!(throttled(Call::C_Sign), CKR_FUNCTION_FAILED);
        assert_eq!(throttled(Call::C_GetAttributeValue), CKR_DEVICE_ERROR);
    }
}
