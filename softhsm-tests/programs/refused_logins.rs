//! Logs in to a token with wrong PINs, many times in one process, and then with the right one.

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::path::Path;

use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::token::{Module, TokenError, TokenSelector};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [module, token, pin, tries] = arguments.as_slice() else {
        return Err("usage: refused-logins MODULE TOKEN PIN-FILE TRIES".into());
    };
    let guard = MemoryGuard::engage()?;
    let module = Module::load(Path::new(module))?;
    let token = module.token(&TokenSelector::parse(token)?)?;
    for _ in 0..tries.parse::<usize>()? {
        match token.login(Some(Pin::take(&guard, "wrong-pin".to_owned().into())?)) {
            Err(TokenError::PinIncorrect { .. }) => {}
            other => return Err(format!("not refused: {other:?}").into()),
        }
    }
    let session = token.login(Some(Pin::take(&guard, std::fs::read_to_string(pin)?.into())?))?;
    println!("{} keys", session.count_keys()?);
    Ok(())
}
