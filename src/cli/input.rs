//! Reads the input files of commands.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::mem;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use hsm_ca::file_trust::{self, Owners};
use hsm_ca::output::Protected;
use hsm_ca::workflow::Named;
use hsm_ca::x509::{
    Certificate, CertificateRevocationList, CertificationRequest, IndexStatuses, IndexedCertificate,
    OcspMessage, OcspRequest, OpensslIndex, SerialNumber, X509Error,
};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::exit::CliError;

/// Far above the size of any certificate, request or pair file. A 100 MB file is a mistake, and is not read to its end.
const LARGEST_INPUT: u64 = 1024 * 1024;

/// A CRL can have millions of entries of fifty bytes or more.
const LARGEST_LIST: u64 = 1024 * 1024 * 1024;

/// Every file that this command reads. No output replaces one of them.
static PROTECTED: LazyLock<Protected> = LazyLock::new(Protected::default);

/// The files that no output of this command may replace.
pub(super) fn protected() -> Protected {
    PROTECTED.clone()
}

/// Protects a file that another library opens, if it exists.
pub(super) fn protect(path: &Path) {
    if let Ok(found) = path.metadata() {
        PROTECTED.add(&found);
    }
}

/// Protects a directory and everything in it, if it exists. A file of that name is not one.
pub(super) fn protect_directory(path: &Path) {
    if let Ok(found) = path.metadata()
        && found.is_dir()
    {
        PROTECTED.add_directory(&found);
    }
}

/// The beginning of standard input, read to recognise its content, for the command that reads it.
static PEEKED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Standard input, from its beginning.
fn standard_input() -> impl Read {
    let peeked = mem::take(&mut *PEEKED.lock().unwrap_or_else(PoisonError::into_inner));
    io::Cursor::new(peeked).chain(io::stdin())
}

/// The first bytes of a file or of standard input. The next reader of standard input still gets all of it.
pub(super) fn peek(path: &Path) -> Result<Vec<u8>, CliError> {
    const BEGINNING: u64 = 64 * 1024;
    peek_up_to(path, BEGINNING)
}

/// The same, up to the limit for a certificate.
pub(super) fn peek_all(path: &Path) -> Result<Vec<u8>, CliError> {
    peek_up_to(path, LARGEST_INPUT)
}

fn peek_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let outcome = match path == Path::new("-") {
        true => standard_input().take(limit).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    outcome.map_err(|cause| CliError::read(path, cause))?;
    if path == Path::new("-") {
        // Bytes that were peeked earlier and not yet read come after these.
        let mut kept = PEEKED.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = mem::replace(&mut *kept, bytes.clone());
        kept.extend(rest);
    }
    Ok(bytes)
}

/// A file of any length, for reading line by line.
pub(super) fn lines_of(path: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(standard_input())));
    }
    // Opening a directory succeeds; only reading it fails.
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::from(Errno::ISDIR)),
        false => Ok(file),
    });
    let file = opened.map_err(|cause| CliError::read(path, cause))?;
    protect(path);
    Ok(Box::new(BufReader::with_capacity(64 * 1024, file)))
}

/// The bytes of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_up_to(path, LARGEST_INPUT)
}

/// The text of a file as UTF-8, converted from UTF-16 if necessary (Windows).
pub(super) fn read_text(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = read(path)?;
    match hsm_ca::x509::to_utf8(&bytes) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => Err(CliError::in_file(path, error)),
    }
}

/// The bytes of a file that decides what is loaded, run or signed. Only trusted users may be able to write it.
pub(super) fn read_trusted(path: &Path, owners: Owners) -> Result<Vec<u8>, CliError> {
    if path == Path::new("-") {
        return read(path);
    }
    let file = file_trust::open(path, owners).map_err(|cause| CliError::trust(path, owners, cause))?;
    read_file(path, file, LARGEST_INPUT)
}

/// The same with the limit for large lists.
pub(super) fn read_trusted_list(path: &Path, owners: Owners) -> Result<Vec<u8>, CliError> {
    let file = file_trust::open(path, owners).map_err(|cause| CliError::trust(path, owners, cause))?;
    read_file(path, file, LARGEST_LIST)
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        let outcome = standard_input().take(limit + 1).read_to_end(&mut bytes);
        outcome.map_err(|cause| CliError::read(path, cause))?;
        return within(path, bytes, limit);
    }
    let file = File::open(path).map_err(|cause| CliError::read(path, cause))?;
    read_file(path, file, limit)
}

/// The bytes of a regular file in a directory that another user may have made. A pipe with that name does not block the command.
pub(super) fn read_regular(path: &Path) -> Result<Vec<u8>, CliError> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let regular = opened.and_then(|file| match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("not a regular file")),
    });
    let file = regular.map_err(|cause| CliError::read(path, cause))?;
    read_file(path, file, LARGEST_INPUT)
}

fn read_file(path: &Path, file: File, limit: u64) -> Result<Vec<u8>, CliError> {
    // Two reads for a certificate instead of eight.
    let mut bytes = Vec::with_capacity(8 * 1024);
    let outcome = file.metadata().and_then(|found| {
        PROTECTED.add(&found);
        // Sized like the file: a growing buffer briefly needs the memory twice.
        let length = found.len().min(limit);
        bytes.reserve_exact(usize::try_from(length).unwrap_or(0) + 1);
        file.take(limit + 1).read_to_end(&mut bytes)
    });
    outcome.map_err(|cause| CliError::read(path, cause))?;
    within(path, bytes, limit)
}

fn within(path: &Path, bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, CliError> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(CliError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Parses a file with `read`, and adds the file's name to errors.
pub(super) fn named<T>(
    path: &Path,
    read: impl FnOnce(&Path) -> Result<T, CliError>,
) -> Result<Named<T>, CliError> {
    Ok(Named::new(path.display().to_string(), read(path)?))
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

/// The CRL in a file.
pub(super) fn revocation_list(path: &Path) -> Result<CertificateRevocationList, CliError> {
    let bytes = read_up_to(path, LARGEST_LIST)?;
    CertificateRevocationList::read(bytes).map_err(|error| CliError::in_file(path, error))
}

/// The CRL in a file that an output is about to replace; `None` if it is not a CRL. It is not an input, so it is not protected.
pub(super) fn replaced_list(path: &Path) -> Option<CertificateRevocationList> {
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(LARGEST_LIST)
        .read_to_end(&mut bytes)
        .ok()?;
    CertificateRevocationList::read(bytes).ok()
}

/// The OCSP request in a file.
pub(super) fn ocsp_request(path: &Path) -> Result<OcspRequest, CliError> {
    OcspRequest::read(&read(path)?).map_err(|error| CliError::in_file(path, error))
}

/// The OCSP request or response in a file.
pub(super) fn ocsp_message(path: &Path) -> Result<OcspMessage, CliError> {
    OcspMessage::read(&read(path)?).map_err(|error| CliError::in_file(path, error))
}

/// The revoked certificates in the `index.txt` of `openssl ca`.
pub(super) fn openssl_index(path: &Path) -> Result<OpensslIndex, CliError> {
    read_index(path, OpensslIndex::read)
}

/// Every certificate in the index.
pub(super) fn indexed_certificates(path: &Path) -> Result<Vec<IndexedCertificate>, CliError> {
    read_index(path, IndexedCertificate::read_all)
}

/// The status of these certificates in the index.
pub(super) fn openssl_index_statuses(
    path: &Path,
    wanted: &[SerialNumber],
) -> Result<IndexStatuses, CliError> {
    read_index(path, |index| IndexStatuses::read(index, wanted))
}

/// Reads the index line by line.
fn read_index<T>(
    path: &Path,
    reader: impl FnOnce(Box<dyn BufRead>) -> Result<T, X509Error>,
) -> Result<T, CliError> {
    reader(lines_of(path)?).map_err(|error| CliError::in_file(path, error))
}
