//! Imports a key pair that AWS KMS generated into a token. The pair file is what
//! `aws kms generate-data-key-pair-without-plaintext` prints.
//!
//! ```text
//! cargo run --example import-key-pair -- /usr/lib/softhsm/libsofthsm2.so TOKEN PIN-FILE pair.json LABEL
//! ```

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::alloc::System;
use std::error::Error;
use std::path::Path;

use hsm_ca::kms::{KeyPairFile, Kms};
use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::token::{Module, TokenSelector};
use hsm_ca::workflow::{ImportOutcome, ImportRequest, KeyLog, import_key_pair};
use zeroizing_alloc::ZeroAlloc;

// The private key goes through buffers of TLS and of JSON: whatever is freed is wiped.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [module, token, pin, pair, label] = arguments.as_slice() else {
        return Err("usage: import-key-pair MODULE TOKEN PIN-FILE PAIR LABEL".into());
    };
    let pair = KeyPairFile::read(&std::fs::read(pair)?)?;
    // The usual AWS settings; `Kms::with_config` takes an `SdkConfig` of the program's own.
    let kms = Kms::connect(Some(pair.key_id.as_str()))?;
    let guard = MemoryGuard::engage()?;
    let pin = Pin::take(&guard, std::fs::read_to_string(pin)?.into())?;
    let module = Module::load(Path::new(module))?;
    let session = module.token(&TokenSelector::parse(token)?)?.login(Some(pin))?;
    let request = ImportRequest {
        pair,
        label: label.clone(),
        // The best that the token has.
        route: None,
        attestation: None,
        keep_recipient_key: false,
        expected: None,
        lock_directory: None,
    };
    // A CA has a ledger, and would record the key in it: `KeyLog::of(recorder)`. `()` shows no progress.
    let summary = import_key_pair(&session, &kms, &request, &mut KeyLog::nowhere(), &())?;
    match summary.outcome {
        ImportOutcome::Imported { route, .. } => println!("imported by {route}"),
        _ => println!("the token has it already"),
    }
    Ok(())
}
