//! The requests for `csr sign`: files, files in directories, and a list on stdin.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use hsm_ca::workflow::{Delivery, GivenRequest, Refusals, RequestSource};
use hsm_ca::x509::CertificationRequest;

use crate::cli::exit::{CliError, REFUSED, USAGE};
use crate::cli::global::{OwnFiles, Settings};
use crate::cli::input;
use crate::cli::output_file::OutputOptions;

/// The most requests that are kept in memory. With more, each pass of the job reads the files again.
const MOST_HELD: usize = 64;

/// The file name endings of requests in a directory.
const ENDINGS: [&str; 5] = ["csr", "req", "p10", "pem", "der"];

/// The longest list on stdin. Ten million paths fit.
const LONGEST_LIST: u64 = 1024 * 1024 * 1024;

const STDIN: &str = "-";

/// A file with a request, or stdin.
#[derive(Debug)]
pub(super) struct RequestFile {
    path: PathBuf,
    /// Named on the command line, where `<(command)` is a pipe. Other pipes would block the job, so other files must be regular.
    is_named: bool,
}

impl RequestFile {
    fn read(&self) -> Result<CertificationRequest, CliError> {
        let bytes = match self.is_named {
            true => input::read(&self.path)?,
            false => input::read_regular(&self.path)?,
        };
        CertificationRequest::read(&bytes).map_err(|error| CliError::in_file(&self.path, error))
    }
}

/// The requests, and where their certificates go.
#[derive(Debug)]
pub(super) struct Requests<'a> {
    files: Vec<RequestFile>,
    held: Vec<Option<CertificationRequest>>,
    /// The file of the only certificate, or the directory for all.
    pub(super) out: Option<&'a Path>,
    pub(super) out_dir: Option<&'a Path>,
    pub(super) output: &'a OutputOptions,
    own: OwnFiles,
}

impl<'a> Requests<'a> {
    /// Reads the requests that are kept in memory: a few files, and stdin, which can be read only once.
    pub(super) fn new(
        files: Vec<RequestFile>,
        out: Option<&'a Path>,
        out_dir: Option<&'a Path>,
        output: &'a OutputOptions,
        settings: &Settings,
        keep_going: bool,
    ) -> Result<Self, CliError> {
        let are_few = files.len() <= MOST_HELD;
        let mut held = Vec::new();
        for (index, file) in files.iter().enumerate() {
            if are_few || file.path == Path::new(STDIN) {
                held.resize(index, None);
                held.push(match file.read() {
                    Ok(request) => Some(request),
                    // The job refuses it later, with the others that it refuses.
                    Err(_) if keep_going || files.len() > 1 && file.path != Path::new(STDIN) => None,
                    Err(error) => return Err(error),
                });
            }
        }
        Ok(Self {
            files,
            held,
            out,
            out_dir,
            output,
            own: settings.own_files(),
        })
    }

    pub(super) fn request(&self, index: usize) -> Result<CertificationRequest, CliError> {
        match (self.held.get(index), self.files.get(index)) {
            (Some(Some(held)), _) => Ok(held.clone()),
            (_, Some(file)) => file.read(),
            (_, None) => Err(CliError::options(
                "a batch has fewer requests than it has results",
            )),
        }
    }

    pub(super) fn file(&self, index: usize) -> &Path {
        self.files.get(index).map_or(Path::new(""), |file| &file.path)
    }

    /// The output file of a request.
    fn target(&self, file: &Path) -> Result<PathBuf, CliError> {
        if let Some(out) = self.out {
            return Ok(out.to_owned());
        }
        let directory = self.out_dir.unwrap_or(Path::new("."));
        let name = certificate_name(file).ok_or_else(|| {
            CliError::options(format!(
                "--out-dir needs inputs with names, and {} has none",
                file.display()
            ))
        })?;
        Ok(directory.join(name))
    }

    fn delivery(&self, index: usize) -> Result<Delivery, CliError> {
        let target = self.target(self.file(index))?;
        self.own.refuse(&target)?;
        Ok(self.output.delivery(&target))
    }
}

impl RequestSource for Requests<'_> {
    type Error = CliError;

    fn count(&self) -> usize {
        self.files.len()
    }

    fn name(&self, index: usize) -> String {
        self.file(index).display().to_string()
    }

    fn read(&self, index: usize) -> Result<GivenRequest, CliError> {
        Ok(GivenRequest {
            request: self.request(index)?,
            delivery: self.delivery(index)?,
        })
    }

    fn none_signed(&self, first: CliError, refused: Refusals) -> CliError {
        // A linter that cannot be run says nothing about the request.
        let is_refusal = matches!(first.explain().exit_code, REFUSED | USAGE);
        match self.count() {
            requests if requests > 1 && is_refusal => CliError::NoneSigned {
                requests,
                refused,
                first: Box::new(first),
            },
            _ => first,
        }
    }
}

/// As in AWS's guide, `ID_ClusterCsr.csr` becomes `ID_CustomerHsmCertificate.crt`. `None` for stdin; a file in a directory may have that name.
fn certificate_name(file: &Path) -> Option<OsString> {
    let stem = file.file_stem().filter(|_| file != Path::new(STDIN))?.as_bytes();
    let name = match stem.strip_suffix(b"_ClusterCsr") {
        Some(cluster) => [cluster, b"_CustomerHsmCertificate.crt"].concat(),
        None => [stem, b".crt"].concat(),
    };
    Some(OsString::from_vec(name))
}

/// Every named file, file in a named directory, or file listed on stdin; and whether they count as several.
pub(super) fn find(named: &[PathBuf], from_stdin: bool) -> Result<(Vec<RequestFile>, bool), CliError> {
    let found = |path| RequestFile {
        path,
        is_named: false,
    };
    let (mut files, mut has_directory) = (Vec::with_capacity(named.len()), false);
    for path in named {
        if path != Path::new(STDIN) && path.is_dir() {
            has_directory = true;
            files.extend(in_directory(path)?.into_iter().map(found));
        } else {
            files.push(RequestFile {
                path: path.clone(),
                is_named: true,
            });
        }
    }
    if from_stdin {
        if named.iter().any(|path| path == Path::new(STDIN)) {
            return Err(CliError::options(
                "--from-stdin reads paths from stdin, so a request cannot be read from it",
            ));
        }
        files.extend(listed()?.into_iter().map(found));
    }
    if files.is_empty() {
        return Err(CliError::options("the list on stdin is empty"));
    }
    let are_many = from_stdin || has_directory || files.len() > 1;
    Ok((files, are_many))
}

/// The requests in a directory, sorted by name. Skips subdirectories and hidden files.
fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unread = |cause| CliError::read(directory, cause);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_bytes().starts_with(b"."));
        let has_ending = path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
        if has_ending && !is_hidden && !path.is_dir() {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(CliError::options(format!(
            "{} has no files that end in .{}",
            directory.display(),
            ENDINGS.join(", .")
        )));
    }
    found.sort();
    Ok(found)
}

fn listed() -> Result<Vec<PathBuf>, CliError> {
    let stdin = Path::new(STDIN);
    let mut list = Vec::new();
    let read = io::stdin().lock().take(LONGEST_LIST + 1).read_to_end(&mut list);
    read.map_err(|cause| CliError::read(stdin, cause))?;
    if u64::try_from(list.len()).is_ok_and(|length| length > LONGEST_LIST) {
        return Err(CliError::TooLarge {
            path: stdin.to_owned(),
            limit: LONGEST_LIST,
        });
    }
    // A list of lines may come from Windows, with CR LF at the end of each. A path with a CR at its end needs the form with NUL.
    let (end, before) = match list.contains(&0) {
        true => (0, None),
        false => (b'\n', Some(b'\r')),
    };
    let paths = list
        .split(|byte| *byte == end)
        .map(|path| match path.split_last() {
            Some((last, path)) if Some(*last) == before => path,
            _ => path,
        });
    let paths = paths.filter(|path| !path.is_empty());
    let paths: Vec<_> = paths.map(|path| PathBuf::from(OsStr::from_bytes(path))).collect();
    match paths.iter().any(|path| path == stdin) {
        true => Err(CliError::options(
            "the list on stdin names stdin itself: -; write ./- for a file of that name",
        )),
        false => Ok(paths),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stdin_has_no_name() {
        for (file, name) in [
            ("in/a.csr", Some("a.crt")),
            (
                "cluster-1_ClusterCsr.csr",
                Some("cluster-1_CustomerHsmCertificate.crt"),
            ),
            ("in/-", Some("-.crt")),
            ("./-", Some("-.crt")),
            ("in/-.csr", Some("-.crt")),
            ("-", None),
        ] {
            let found = certificate_name(Path::new(file));
            assert_eq!(found.as_deref(), name.map(OsStr::new), "{file}");
        }
    }
}
