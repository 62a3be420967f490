#![no_main]

use hsm_ca_fuzz::{properties::openssl_index, within_budget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| within_budget(input, openssl_index::check));
