//! Verifies a certificate up to one of the given roots, step by step. Needs no token.
//!
//! ```text
//! cargo run --example verify-certificate -- CERTIFICATE CA...
//! ```

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::time::SystemTime;

use hsm_ca::x509::{Certificate, UnixTime, verify_chain};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [file, authorities @ ..] = arguments.as_slice() else {
        return Err("usage: verify-certificate CERTIFICATE CA...".into());
    };
    // PEM or DER; a file of a CA may have its whole chain.
    let certificate = Certificate::read(&std::fs::read(file)?)?;
    let mut trusted = Vec::new();
    for authority in authorities {
        trusted.extend(Certificate::read_all(&std::fs::read(authority)?)?);
    }
    let report = verify_chain(&certificate, &trusted, UnixTime::from_system(SystemTime::now()));
    for step in &report.steps {
        let found = step.problem.as_deref().unwrap_or("ok");
        println!("{}: {}: {found}", step.subject, step.what.name());
    }
    if report.passed() {
        Ok(())
    } else {
        Err("the certificate is not valid under these CAs".into())
    }
}
