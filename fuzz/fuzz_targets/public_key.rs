#![no_main]

use hsm_ca_fuzz::{properties::public_key, within_budget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| within_budget(input, public_key::check));
