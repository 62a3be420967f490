//! Closes a ceremony: publishes the results, and writes the evidence for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::answers::CLOSING;
use super::files::{ensure_directory, failed, write_once};
use super::{CeremonyRun, RunError, RunSummary};
use crate::ceremony::{CeremonyExport, Digest, Event, ObjectKind};
use crate::output::{NewDirectory, OutputError, encode_pem};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::regular_file::read_file;
use crate::workflow::ceremony::unlisted::unlisted_revocations;
use crate::workflow::ceremony::{CeremonyError, next_state};
use crate::x509::{CERTIFICATE, X509_CRL};

impl CeremonyRun<'_> {
    /// Closes the ceremony.
    pub(super) fn close(&mut self) -> Result<RunSummary, WorkflowError> {
        let results = self.results()?;
        self.type_words(CLOSING)?;
        self.count_gates_again()?;
        // Write the ledger's events first. After the closing event, no part of the ceremony changes.
        self.write_ledger()?;
        self.record(Event::Closed {
            out: digests(&results),
        })?;
        self.write_results(&results)
    }

    /// Writes what an interrupted closing left out. Nothing is added to the transcript.
    ///
    /// # Errors
    /// [`RunError::Closed`] if nothing is left to do.
    pub(super) fn finish_closing(&mut self) -> Result<RunSummary, WorkflowError> {
        if self.request.ceremony.directory.checksums().exists() {
            return Err(RunError::Closed.into());
        }
        let results = self.results()?;
        if self.course.borrow().closed.as_ref() != Some(&digests(&results)) {
            return Err(self.cannot(CLOSING, "the transcript has other results").into());
        }
        self.count_gates_again()?;
        self.write_results(&results)
    }

    fn write_results(&self, results: &BTreeMap<String, Vec<u8>>) -> Result<RunSummary, WorkflowError> {
        self.write_out(results)?;
        self.write_state()?;
        let head = self.transcript.borrow().transcript().head();
        let out = digests(results);
        self.write_checksums(&out)?;
        let unlisted = unlisted_revocations(self.plan, self.transcript.borrow().transcript());
        Ok(RunSummary {
            head,
            out,
            unlisted,
            notices: Vec::new(),
        })
    }

    /// The content of each result file in `out`, by name.
    fn results(&self) -> Result<BTreeMap<String, Vec<u8>>, WorkflowError> {
        let mut results = BTreeMap::new();
        for object in self.plan.objects_of(&self.session.name) {
            let path = self.der_path(&object.step);
            let der = read_file(&path).map_err(|cause| failed(&path, cause))?;
            if self.course.borrow().step(&object.step).written != Some(Digest::of(&der)) {
                let cause = std::io::Error::other("it is not what was signed");
                return Err(failed(&path, cause).into());
            }
            let label = match object.is {
                ObjectKind::Certificate => CERTIFICATE,
                ObjectKind::Crl => X509_CRL,
            };
            results.insert(object.out.clone(), encode_pem(label, &der).into_bytes());
        }
        Ok(results)
    }

    /// Before the ceremony is closed, the place of the results must be empty.
    pub(super) fn refuse_results_there(&self) -> Result<(), RunError> {
        let path = self.request.ceremony.directory.out();
        match path.symlink_metadata() {
            Err(_) => Ok(()),
            Ok(_) => Err(RunError::OtherResults {
                path,
                reason: "it exists before the ceremony is closed",
            }),
        }
    }

    fn write_out(&self, results: &BTreeMap<String, Vec<u8>>) -> Result<(), WorkflowError> {
        let path = self.request.ceremony.directory.out();
        if path.symlink_metadata().is_ok() {
            return compare_out(&path, results);
        }
        let write = || {
            let out = NewDirectory::begin(&path)?;
            for (name, content) in results {
                out.add(name, content)?;
            }
            out.commit()
        };
        match write() {
            Ok(_) => Ok(()),
            // As for every other file of the ceremony, the same command can continue.
            Err(OutputError::NoSpace { path }) => Err(failed(&path, Errno::NOSPC.into()).into()),
            Err(error) => Err(error.into()),
        }
    }

    fn write_ledger(&mut self) -> Result<(), WorkflowError> {
        let state = self.request.ceremony.directory.state();
        ensure_directory(&state)?;
        let path = state.join("ledger-events.jsonl");
        // An interrupted closing wrote one, and the ledger may have grown since.
        if path.exists() {
            return Ok(());
        }
        self.end_unsigned()?;
        let mut events = Vec::new();
        self.recorder()?.ledger().export(&mut events)?;
        write_once(&path, &events)
    }

    fn write_state(&self) -> Result<(), WorkflowError> {
        let directory = &self.request.ceremony.directory;
        let transcript = self.transcript.borrow();
        let transcript = transcript.transcript();
        // Use the export against which the plan was checked, not the current content of its file.
        let previous = match &self.request.source.previous {
            Some(bytes) => Some(CeremonyExport::read(bytes).map_err(|error| self.cannot(CLOSING, error))?),
            None => None,
        };
        let next = next_state(self.plan, transcript, previous.as_ref()).map_err(CeremonyError::from)?;
        let bytes = next.to_bytes().map_err(|error| self.cannot(CLOSING, error))?;
        write_once(&directory.state().join("next.json"), &bytes)?;
        let hash = self.hash.to_string();
        let origin = format!(
            "hsm-ca/ceremony/{}/{}",
            self.plan.ceremony,
            hash.get(..16).unwrap_or_default()
        );
        let checkpoint = transcript
            .checkpoint(&origin)
            .map_err(|error| self.cannot(CLOSING, error))?;
        write_once(&directory.checkpoint(), checkpoint.to_string().as_bytes())
    }

    /// SHA-256 of every file of the directory that no longer changes. A file that this run has read or made must still be the same.
    fn write_checksums(&self, out: &BTreeMap<String, Digest>) -> Result<(), WorkflowError> {
        let directory = &self.request.ceremony.directory;
        let mut known = self.files.clone();
        known.extend(out.iter().map(|(name, sha256)| (format!("out/{name}"), *sha256)));
        for object in self.plan.objects_of(&self.session.name) {
            let step = &object.step;
            let written = self.course.borrow().step(step).written;
            known.extend(written.map(|sha256| (format!("run/objects/{step}.der"), sha256)));
        }
        let transcript = self.transcript.borrow().transcript().sha256();
        known.insert("run/transcript.jsonl".to_owned(), transcript);
        let mut lines = Vec::new();
        for name in ["approvals", "inputs", "out", "run", "state"] {
            list(directory.path(), Path::new(name), &mut lines)?;
        }
        let checkpoint = "checkpoint".to_owned();
        for name in known.keys().chain([&checkpoint]) {
            add(directory.path(), Path::new(name), &mut lines)?;
        }
        lines.sort();
        lines.dedup();
        let is_other = |(name, found): &&Line| known.get(name).is_some_and(|sha256| sha256 != found);
        if let Some((name, _)) = lines.iter().find(is_other) {
            let path = directory.named(name);
            return Err(RunError::Changed { path }.into());
        }
        let text: String = lines
            .iter()
            .map(|(name, digest)| format!("{digest}  {name}\n"))
            .collect();
        write_once(&directory.checksums(), text.as_bytes())
    }
}

/// If an interrupted closing wrote the results, all of them must be there, octet for octet, and nothing else.
fn compare_out(path: &Path, results: &BTreeMap<String, Vec<u8>>) -> Result<(), WorkflowError> {
    let other = |path: PathBuf, reason| Err(RunError::OtherResults { path, reason }.into());
    if !path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return other(path.to_owned(), "it is not a directory");
    }
    for entry in fs::read_dir(path).map_err(|cause| failed(path, cause))? {
        let entry = entry.map_err(|cause| failed(path, cause))?;
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| results.contains_key(name)) {
            return other(entry.path(), "the ceremony has no such result");
        }
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            return other(entry.path(), "it is not a regular file");
        }
    }
    for (name, content) in results {
        let path = path.join(name);
        match read_file(&path) {
            Ok(found) if found == *content => {}
            Ok(_) => return other(path, "it is not what was signed"),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return other(path, "it is missing");
            }
            Err(cause) => return Err(failed(&path, cause).into()),
        }
    }
    Ok(())
}

fn digests(results: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Digest> {
    let digest = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), Digest::of(bytes));
    results.iter().map(digest).collect()
}

type Line = (String, Digest);

/// Lists every regular file below.
fn list(root: &Path, below: &Path, lines: &mut Vec<Line>) -> Result<(), RunError> {
    let path = root.join(below);
    if !path.is_dir() {
        return Ok(());
    }
    let entries = fs::read_dir(&path).map_err(|cause| failed(&path, cause))?;
    for entry in entries {
        let entry = entry.map_err(|cause| failed(&path, cause))?;
        let name = below.join(entry.file_name());
        let kind = entry.file_type().map_err(|cause| failed(&path, cause))?;
        if kind.is_dir() {
            list(root, &name, lines)?;
        } else if kind.is_file() && !entry.file_name().to_string_lossy().starts_with('.') {
            add(root, &name, lines)?;
        }
    }
    Ok(())
}

fn add(root: &Path, name: &Path, lines: &mut Vec<Line>) -> Result<(), RunError> {
    let path = root.join(name);
    let bytes = read_file(&path).map_err(|cause| failed(&path, cause))?;
    lines.push((name.display().to_string(), Digest::of(&bytes)));
    Ok(())
}
