//! The paths of answers: a web server maps the path of a GET request to a file without any support for OCSP. RFC 6960 appendix A.1:
//! `{url}/{url-encoding of base64 encoding of the DER encoding of the OCSPRequest}`. A server decodes the URL-encoding, so a `/` in the
//! base64 separates directories. File systems and most servers treat two in a row as one; one at the end asks for a directory, for which
//! servers return `index.html`. No two requests have the same path, because their first octets contain their lengths.

use std::path::{Path, PathBuf};

use crate::output::{Destination, Encoding, OutputError, Protected, Subdirectory};
use crate::workflow::Delivery;
use crate::x509::OcspRequest;

/// The file that servers return for a directory.
const INDEX: &str = "index.html";

/// The longest answer that is read. Even one with a signer's certificate and ML-DSA signatures is shorter.
const LONGEST: u64 = 64 * 1024;

/// The directory of the answers.
#[derive(Debug)]
pub(super) struct Places {
    directory: PathBuf,
    protected: Protected,
}

/// The place of one answer.
pub(super) struct Place {
    way: Subdirectory,
    destination: Destination,
}

impl Places {
    pub(super) const fn new(directory: PathBuf, protected: Protected) -> Self {
        Self { directory, protected }
    }

    pub(super) fn of(&self, request: &OcspRequest, overwrite: bool) -> Place {
        let name = file_name(request);
        Place {
            way: Subdirectory::to(&self.directory, &name),
            destination: Destination {
                encoding: Encoding::Der,
                overwrite,
                protected: self.protected.clone(),
                ..Destination::new(self.directory.join(name))
            },
        }
    }
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        &self.destination.path
    }

    /// The current file, if any.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, OutputError> {
        match self.way.exists()? {
            true => self.destination.read_existing(LONGEST),
            false => Ok(None),
        }
    }

    /// Reserves the output, and creates its directories.
    pub(super) fn make(self) -> Result<Delivery, OutputError> {
        self.way.make()?;
        Ok(Delivery::File(self.destination))
    }
}

/// The path below the directory for the responder's URL.
fn file_name(request: &OcspRequest) -> PathBuf {
    let mut name = request.to_base64();
    if name.ends_with('/') {
        name.push_str(INDEX);
    }
    PathBuf::from_iter(Path::new(&name).components())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::signer::sha256;
    use crate::workflow::ocsp::publish::HASHES;
    use crate::x509::SerialNumber;
    use crate::x509::fixture::{Sketch, SoftwareKey};

    #[test]
    fn every_request_has_its_own_valid_file_path() {
        let key = SoftwareKey::generate();
        let authority = Sketch::authority("CN=A", "CN=A").sign(&key, &key);
        let mut paths = BTreeMap::new();
        let (mut indexes, mut nested) = (0, 0);
        for number in 0..4000_u32 {
            let mut octets = [0x55; 20];
            octets[12..].copy_from_slice(&sha256(&number.to_be_bytes())[..8]);
            for hash in HASHES {
                let request =
                    OcspRequest::about(&authority, &[SerialNumber::from_octets(octets)], hash).unwrap();
                let name = file_name(&request);
                assert!(name.is_relative());
                assert!(name.components().all(|part| part.as_os_str().len() < 200));
                indexes += usize::from(name.ends_with(INDEX));
                nested += usize::from(name.components().count() > 1);
                // The file that a server finds for the request's path, with or without double slashes.
                let mut asked = request.to_base64();
                assert!(asked.len() < 200 && asked.starts_with("M"));
                while asked.contains("//") {
                    asked = asked.replace("//", "/");
                }
                if asked.ends_with('/') {
                    asked.push_str(INDEX);
                }
                assert_eq!(name, Path::new(&asked));
                assert_eq!(paths.insert(name, (number, hash)), None);
            }
        }
        assert!(indexes > 20 && nested > 1000, "{indexes} {nested}");
        // No file has the path of a directory.
        for path in paths.keys() {
            let mut above = path.ancestors().skip(1);
            assert!(above.all(|above| !paths.contains_key(above)), "{path:?}");
        }
    }
}
