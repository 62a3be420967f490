//! Signs a file with a key on a token, verifies the signature in software, and writes it beside the file.
//!
//! ```text
//! cargo run --example sign-file -- /usr/lib/softhsm/libsofthsm2.so TOKEN PIN-FILE LABEL FILE
//! openssl dgst -sha384 -verify public.pem -signature FILE.sig FILE      # for a P-384 key
//! ```

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::signer::KeyStore;
use hsm_ca::token::{Module, TokenSelector};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [module, token, pin, label, file] = arguments.as_slice() else {
        return Err("usage: sign-file MODULE TOKEN PIN-FILE LABEL FILE".into());
    };
    let message = std::fs::read(file)?;
    let guard = MemoryGuard::engage()?;
    let pin = Pin::take(&guard, std::fs::read_to_string(pin)?.into())?;
    let module = Module::load(Path::new(module))?;
    let session = module.token(&TokenSelector::parse(token)?)?.login(Some(pin))?;
    // A key of AWS KMS is the same to what follows: `KmsKeyStore` is a `KeyStore` too.
    let signer = session.signer_named(label)?;
    let algorithm = signer.public_key().algorithm().default_signature();
    signer.check(algorithm)?;
    // Not before there is a place for the signature, and not over another file.
    let mut output = File::create_new(format!("{file}.sig"))?;
    let signature = signer.sign(algorithm, &message)?;
    signer.public_key().verify(algorithm, &message, &signature)?;
    output.write_all(&signature)?;
    println!("{algorithm}");
    Ok(())
}
