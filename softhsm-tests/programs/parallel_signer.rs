//! Signs in four threads with one key, on a token or in KMS, and then again with the original signer. Each signature is verified in
//! software and written to a file beside the signed text, for independent programs.

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use hsm_ca::kms::{KmsKeyStore, SigningKeyName};
use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::signer::{KeyStore, Signer};
use hsm_ca::token::{Module, TokenSelector};

const THREADS: usize = 4;
const EACH: usize = 8;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Waits until every thread has its signer, and signs.
fn sign(signer: &dyn Signer, thread: usize, ready: &Barrier) -> Outcome {
    let algorithm = signer.public_key().algorithm().default_signature();
    signer.check(algorithm)?;
    ready.wait();
    for number in 0..EACH {
        let message = format!("thread {thread}, message {number}");
        let signature = signer.sign(algorithm, message.as_bytes())?;
        signer
            .public_key()
            .verify(algorithm, message.as_bytes(), &signature)?;
        std::fs::write(format!("{thread}-{number}.txt"), &message)?;
        std::fs::write(format!("{thread}-{number}.sig"), &signature)?;
    }
    Ok(())
}

fn sign_in_parallel(store: &dyn KeyStore, name: &str) -> Outcome {
    let first = store.signer_named(name)?;
    let open = |_| {
        first
            .open_another()?
            .ok_or("the store has one signer for a key".into())
    };
    // All of them before the first signature, so that a token with too few sessions is detected now.
    let signers: Vec<_> = (0..THREADS)
        .map(open)
        .collect::<Result<_, Box<dyn Error + Send + Sync>>>()?;
    let ready = Barrier::new(THREADS);
    thread::scope(|scope| {
        let running: Vec<_> = signers
            .into_iter()
            .enumerate()
            .map(|(thread, signer)| {
                let ready = &ready;
                scope.spawn(move || sign(&*signer, thread, ready))
            })
            .collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    // With the session whose login the others shared.
    sign(&*first, THREADS, &Barrier::new(1))?;
    println!("{}", first.public_key().algorithm().default_signature());
    Ok(())
}

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [key] => {
            let store = KmsKeyStore::open(SigningKeyName::parse(key)?)?;
            sign_in_parallel(&store, key)
        }
        [module, token, pin, label] => {
            let guard = MemoryGuard::engage()?;
            let pin = Pin::take(&guard, std::fs::read_to_string(pin)?.into())?;
            let module = Module::load(Path::new(module))?;
            let session = module.token(&TokenSelector::parse(token)?)?.login(Some(pin))?;
            sign_in_parallel(&session, label)
        }
        _ => Err("usage: parallel-signer MODULE TOKEN PIN-FILE LABEL | kms:KEY".into()),
    }
}
