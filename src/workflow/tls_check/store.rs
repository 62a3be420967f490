//! The directory of the client package, searched like OpenSSL does (`openssl verify -CApath`, by_dir.c). A certificate is in the file
//! `HASH.0`, where HASH is the hash of its subject. Further certificates with the same subject are in `HASH.1` and so on, up to the first
//! missing number. Files are PEM. If a file does not load, OpenSSL from openssl.org gives up; Debian's build and others continue with the
//! next.

use std::collections::BTreeMap;

use crate::x509::Certificate;

/// The files of a directory with their contents.
#[derive(Clone, Debug)]
pub struct TrustStore {
    path: String,
    pub(super) files: BTreeMap<String, Content>,
}

/// The content of a file.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// PEM, with at least one.
    Certificates(Vec<Certificate>),
    /// DER. OpenSSL reads only PEM here.
    Der(Box<Certificate>),
    /// The system does not allow reading it.
    Unreadable(String),
    /// This program does not accept it as a certificate, but OpenSSL may.
    Strange(String),
}

/// The result of OpenSSL's search for a certificate.
pub(super) enum Search {
    /// It is in this file.
    Found { file: String },
    /// It is not found, for this reason.
    NotFound { problem: String },
    /// It depends on a file that this program cannot check.
    Unclear { why: String },
}

impl TrustStore {
    /// Builds a store from the names of a directory's files and their bytes, or the reason why a file cannot be read.
    #[must_use]
    pub fn new(path: &str, files: Vec<(String, Result<Vec<u8>, String>)>) -> Self {
        let read = |bytes: Vec<u8>| match Certificate::from_der(&bytes) {
            Ok(certificate) => Content::Der(Box::new(certificate)),
            Err(_) => Certificate::read_all(&bytes)
                .map_or_else(|error| Content::Strange(error.to_string()), Content::Certificates),
        };
        let files = files
            .into_iter()
            .map(|(name, content)| (name, content.map_or_else(Content::Unreadable, read)));
        Self {
            path: path.to_owned(),
            files: files.collect(),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn search(&self, wanted: &Certificate) -> Search {
        let Some(hash) = wanted.subject_hash() else {
            let problem = "its subject has no hash, so OpenSSL cannot find it in a directory".to_owned();
            return Search::NotFound { problem };
        };
        let mut passed = Passed::default();
        for number in 0_u32.. {
            let file = format!("{hash}.{number}");
            match self.files.get(&file) {
                Some(Content::Certificates(found)) if has(found, wanted) => return passed.found(file),
                Some(Content::Certificates(_)) => passed.others.push(file),
                Some(Content::Der(_)) => {
                    let reason = "DER, but OpenSSL reads PEM here".to_owned();
                    passed.obstacle.get_or_insert((file, reason));
                }
                Some(Content::Unreadable(reason)) => {
                    passed.obstacle.get_or_insert((file, reason.clone()));
                }
                Some(Content::Strange(reason)) => {
                    passed.is_strange = true;
                    passed.obstacle.get_or_insert((file, reason.clone()));
                }
                None => return self.explain_not_found(wanted, &file, &passed),
            }
        }
        passed.found(hash)
    }

    /// OpenSSL's search ended at the name `end`, which is missing.
    fn explain_not_found(&self, wanted: &Certificate, end: &str, passed: &Passed) -> Search {
        let elsewhere = self.files.iter().find(|(_, content)| match content {
            Content::Certificates(found) => has(found, wanted),
            Content::Der(found) => found.der() == wanted.der(),
            _ => false,
        });
        let problem = match (elsewhere, &passed.obstacle) {
            (_, Some((file, reason))) if passed.is_strange => {
                let why = format!("OpenSSL reaches {file}, which hsm-ca cannot read: {reason}");
                return Search::Unclear { why };
            }
            (Some((file, Content::Der(_))), _) => {
                let name = if is_earlier(file, end) { file } else { end };
                format!(
                    "{file} has it as DER, but OpenSSL reads PEM here: openssl x509 -inform DER -in {file} -out {name}"
                )
            }
            (Some((file, _)), _) if is_earlier(end, file) => format!(
                "{file} has it, but OpenSSL's search ends at {end}, which is missing: rename {file} to {end}"
            ),
            (Some((file, _)), _) => {
                format!("{file} has it, but under a name that OpenSSL does not look for: rename it to {end}")
            }
            (None, Some((file, reason))) => {
                format!("no file that OpenSSL finds has it, and {file}: {reason}")
            }
            (None, None) if passed.others.is_empty() => {
                format!("no file of {} has it; OpenSSL looks for {end}", self.path)
            }
            (None, None) => format!(
                "{} has the same name but is a different certificate: this server is not the one that the \
                 client package knows, or has a newer certificate than the package",
                passed.others.join(", ")
            ),
        };
        Search::NotFound { problem }
    }
}

/// What a search has passed.
#[derive(Default)]
struct Passed {
    /// Files with other certificates of the same subject.
    others: Vec<String>,
    /// The first file that does not load, with the reason.
    obstacle: Option<(String, String)>,
    /// Whether OpenSSL may accept one of the files that do not load here.
    is_strange: bool,
}

impl Passed {
    fn found(&self, file: String) -> Search {
        match &self.obstacle {
            None => Search::Found { file },
            Some((obstacle, reason)) => Search::Unclear {
                why: format!(
                    "{file} has it, but before it {obstacle} does not load ({reason}): some builds of \
                     OpenSSL stop there, so repair or remove that one"
                ),
            },
        }
    }
}

fn has(found: &[Certificate], wanted: &Certificate) -> bool {
    found.iter().any(|certificate| certificate.der() == wanted.der())
}

/// Whether both are `HASH.N` with the same hash, and the first has the smaller number.
fn is_earlier(first: &str, second: &str) -> bool {
    match (split(first), split(second)) {
        (Some((hash, number)), Some((other, later))) => hash == other && number < later,
        _ => false,
    }
}

/// The hash and number of a file name in OpenSSL's form: eight lower-case hex digits, and a number without leading zeros.
pub(super) fn split(file: &str) -> Option<(&str, u32)> {
    let (hash, number) = file.split_once('.')?;
    let is_hash = hash.len() == 8
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let parsed: u32 = number.parse().ok()?;
    (is_hash && parsed.to_string() == number).then_some((hash, parsed))
}
