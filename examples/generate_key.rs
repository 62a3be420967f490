//! Has a token generate an EC key pair for a CA, and writes its public half to stdout. The key proves itself before it keeps its name.
//!
//! ```text
//! cargo run --example generate-key -- /usr/lib/softhsm/libsofthsm2.so TOKEN PIN-FILE LABEL
//! ```

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::path::Path;

use hsm_ca::output::encode_pem;
use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::signer::{Curve, KeyAlgorithm};
use hsm_ca::token::{Module, TokenSelector};
use hsm_ca::workflow::{GenerateRequest, KeyLog, generate_key};
use hsm_ca::x509::PUBLIC_KEY;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [module, token, pin, label] = arguments.as_slice() else {
        return Err("usage: generate-key MODULE TOKEN PIN-FILE LABEL".into());
    };
    let guard = MemoryGuard::engage()?;
    let pin = Pin::take(&guard, std::fs::read_to_string(pin)?.into())?;
    let module = Module::load(Path::new(module))?;
    let session = module.token(&TokenSelector::parse(token)?)?.login(Some(pin))?;
    let request = GenerateRequest {
        algorithm: KeyAlgorithm::Ec(Curve::P384),
        label: label.clone(),
        lock_directory: None,
    };
    // A CA has a ledger, and would record the key in it: `KeyLog::of(recorder)`. `()` shows no progress.
    let summary = generate_key(&session, &request, &mut KeyLog::nowhere(), &())?;
    print!("{}", encode_pem(PUBLIC_KEY, summary.proof.public_key.der()));
    Ok(())
}
