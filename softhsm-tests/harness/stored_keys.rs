//! RSA keys that openssl has made once, in the target directory. Making one takes most of a second, and most requests only need a key that
//! is unique within their test. The keys protect nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::NamedTempFile;

use super::{PROGRAM, Run};

/// The keys that a test has used. It gets each one once.
#[derive(Debug, Default)]
pub(super) struct StoredKeys(AtomicUsize);

impl Clone for StoredKeys {
    /// For a copy of a token: its next key differs from those in its files.
    fn clone(&self) -> Self {
        Self(AtomicUsize::new(self.0.load(Ordering::Relaxed)))
    }
}

impl StoredKeys {
    /// Changes the arguments of an `openssl req` that would make a usual RSA key: writes a stored key to the file and uses it. Leaves all
    /// other arguments unchanged.
    pub(super) fn in_place_of_new(&self, directory: &Path, arguments: &[&str]) -> Vec<String> {
        let value_of = |option: &str| {
            let at = arguments.iter().position(|one| *one == option)?;
            arguments.get(at + 1).copied()
        };
        let same = || arguments.iter().map(|one| (*one).to_owned()).collect();
        let (Some(&"req"), Some(kind), Some(file)) =
            (arguments.first(), value_of("-newkey"), value_of("-keyout"))
        else {
            return same();
        };
        let bits = kind.strip_prefix("rsa:").and_then(|bits| bits.parse().ok());
        let is_usual = arguments.contains(&"-nodes") && !arguments.contains(&"-pkeyopt");
        let (Some(bits), true) = (bits, is_usual) else {
            return same();
        };
        fs::copy(self.take(bits), directory.join(file)).expect("a copy of the key");
        let mut changed = vec!["req".to_owned()];
        if !["-new", "-x509"].iter().any(|one| arguments.contains(one)) {
            changed.push("-new".to_owned());
        }
        let mut rest = arguments[1..].iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "-newkey" => drop(rest.next()),
                "-keyout" => {
                    let file = rest.next().expect("it has a value").to_string();
                    changed.extend(["-key".to_owned(), file]);
                }
                other => changed.push(other.to_owned()),
            }
        }
        changed
    }

    /// The next key of this size.
    fn take(&self, bits: u32) -> PathBuf {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(PROGRAM)
            .ancestors()
            .nth(2)
            .expect("the target directory")
            .join("test-keys");
        let path = directory.join(format!("rsa-{bits}-{number}.pem"));
        if !path.exists() {
            fs::create_dir_all(&directory).expect("a directory for the keys");
            // Another test may make the same one now. The file is written atomically, and either key is fine.
            let made = NamedTempFile::new_in(&directory).expect("a file for the key");
            let mut openssl = Command::new("openssl");
            openssl
                .arg("genrsa")
                .arg("-out")
                .arg(made.path())
                .arg(bits.to_string());
            Run::of(&mut openssl).ok();
            made.persist(&path).expect("the key in its place");
        }
        path
    }
}
