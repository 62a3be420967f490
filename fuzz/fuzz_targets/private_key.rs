#![no_main]

use hsm_ca_fuzz::{properties::private_key, within_budget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| within_budget(input, private_key::check));
