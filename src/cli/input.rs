//! Reading the files that commands are given.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use hsm_ca::x509::{Certificate, CertificationRequest};

use super::exit::CliError;

/// No certificate, request or pair file comes near it; a 100 MB file is a mistake and is not read to its end.
const LARGEST_INPUT: u64 = 1024 * 1024;

/// The bytes of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    // Two reads for a certificate instead of eight.
    let mut bytes = Vec::with_capacity(8 * 1024);
    let outcome = if path == Path::new("-") {
        io::stdin().lock().take(LARGEST_INPUT + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST_INPUT + 1).read_to_end(&mut bytes))
    };
    outcome.map_err(|cause| CliError::read(path, cause))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST_INPUT) {
        return Err(CliError::TooLarge {
            path: path.to_owned(),
            limit: LARGEST_INPUT,
        });
    }
    Ok(bytes)
}

/// The certificate in a file.
pub(super) fn certificate(path: &Path) -> Result<Certificate, CliError> {
    Certificate::read(&read(path)?).map_err(|error| CliError::in_file(path, error))
}

/// Every certificate in a file.
pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, CliError> {
    Certificate::read_all(&read(path)?).map_err(|error| CliError::in_file(path, error))
}

/// The request in a file.
pub(super) fn request(path: &Path) -> Result<CertificationRequest, CliError> {
    CertificationRequest::read(&read(path)?).map_err(|error| CliError::in_file(path, error))
}
