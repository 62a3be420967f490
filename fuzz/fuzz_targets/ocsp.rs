#![no_main]

use hsm_ca_fuzz::{properties::ocsp, within_budget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| within_budget(input, ocsp::check));
