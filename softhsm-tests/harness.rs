//! A rig per test, the program as a child process, and one local AWS for all tests.

mod advice;
mod aws;
mod behind_shim;
mod cluster;
mod echo_server;
mod faults;
mod hierarchy;
mod issuing;
mod kms_authority;
mod local_aws;
mod objects;
mod ordinary_user;
mod process;
mod remote;
mod responder;
mod run;
mod scenario;
mod schema;
mod sealed;
mod stored_keys;
mod templates;
mod tls_server;
mod tokens;
mod web_server;
mod written_programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) use advice::start;
pub(crate) use aws::ALIAS;
pub(crate) use cluster::{HSM1, HSM2, LocalCluster};
pub(crate) use echo_server::EchoServer;
pub(crate) use faults::{Call, Keys};
pub(crate) use hierarchy::Hierarchy;
pub(crate) use kms_authority::{KmsAuthority, make_kms_key};
pub(crate) use local_aws::Weather;
pub(crate) use process::{in_mount_namespace, signal};
pub(crate) use remote::Reporting;
pub(crate) use responder::Responder;
pub(crate) use run::Run;
pub(crate) use scenario::Scenario;
pub(crate) use schema::{validate_run, verdict};
pub(crate) use sealed::{RECIPIENT, bare_id, kms};
use stored_keys::StoredKeys;
pub(crate) use templates::{Templates, authority, ready_authority};
pub(crate) use tls_server::TlsServer;
use tokens::Daemon;
pub(crate) use tokens::{TokenKind, kryoptic};
pub(crate) use web_server::WebServer;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hsm-ca");

/// A file beside the program, from the build or from scripts/test.sh.
fn beside_program(relative: &str) -> PathBuf {
    let path = Path::new(PROGRAM)
        .parent()
        .expect("the program is in a directory")
        .join(relative);
    assert!(
        path.exists(),
        "{} is missing: run the tests with scripts/test.sh",
        path.display()
    );
    path
}

/// The fault-injecting module.
pub(crate) fn shim() -> PathBuf {
    beside_program("libcloudhsm_shim.so")
}

/// A program of the examples.
pub(crate) fn example(name: &str) -> PathBuf {
    beside_program(&format!("examples/{name}"))
}

/// A program of the Python environment: `aws`, `lint_pkix_cert`.
pub(crate) fn python_tool(name: &str) -> PathBuf {
    beside_program(&format!("../venv/bin/{name}"))
}

pub(crate) fn softhsm() -> PathBuf {
    hsm_ca::token::RigToken::SOFTHSM
        .find_module()
        .expect("SoftHSM is missing: run the tests with scripts/test.sh")
}

/// A token in its own directory, which is also the working directory.
pub(crate) struct Rig {
    // Stopped before its directory is removed.
    daemon: Option<Daemon>,
    pub(crate) kind: TokenKind,
    directory: TempDir,
    environment: Vec<(String, String)>,
    /// The fault-injecting module, if it is not the one beside the program.
    shim: Option<PathBuf>,
    keys: StoredKeys,
}

impl Rig {
    /// The token that most tests run on: SoftHSM.
    pub(crate) fn new() -> Self {
        Self::of(TokenKind::SoftHsm)
    }

    /// A working directory without a token, a module, or a PIN.
    pub(crate) fn without_token() -> Self {
        Self {
            daemon: None,
            kind: TokenKind::SoftHsm,
            directory: TempDir::new().expect("a temporary directory"),
            environment: Vec::new(),
            shim: None,
            keys: StoredKeys::default(),
        }
    }

    /// A copy of the token and all files, which costs less than a new one. Not for tokens that a daemon keeps alive.
    pub(crate) fn copy(&self) -> Self {
        assert!(self.daemon.is_none(), "a daemon is not copied");
        let directory = TempDir::new().expect("a temporary directory");
        copy_directory(self.directory.path(), directory.path());
        let [from, to] = [&self.directory, &directory]
            .map(|directory| directory.path().to_str().expect("UTF-8").to_owned());
        // The configuration files of tokens contain absolute paths.
        for name in [
            "rig/softhsm2.conf",
            "rig/kryoptic.conf",
            "rig/hsm-ca.toml",
            "rig/env.sh",
            "rig/token.env",
            "rig/module",
            "base/rig/softhsm2.conf",
            "base/rig/kryoptic.conf",
            "base/rig/hsm-ca.toml",
            "base/environment.json",
        ] {
            let path = directory.path().join(name);
            if let Ok(text) = fs::read_to_string(&path) {
                fs::write(&path, text.replace(&from, &to)).expect("a file");
            }
        }
        let environment = self.environment.iter();
        Self {
            daemon: None,
            kind: self.kind,
            environment: environment
                .map(|(name, value)| (name.clone(), value.replace(&from, &to)))
                .collect(),
            shim: self.shim.clone(),
            keys: self.keys.clone(),
            directory,
        }
    }

    /// With one more variable for every command that follows.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment.push((
            name.to_owned(),
            value.as_ref().to_str().expect("UTF-8").to_owned(),
        ));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn pin(&self) -> String {
        fs::read_to_string(self.path("rig/pin")).expect("the rig's PIN")
    }

    /// The files in the working directory, which is also the home directory, without the program's own state.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.retain(|name| name != ".local");
        names.sort();
        names
    }

    /// The program, in the rig's directory, without the caller's settings.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        self.settle(&mut command);
        command.args(arguments);
        command
    }

    /// Another program, in the same place.
    pub(crate) fn tool(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Run {
        Run::of(&mut self.prepare_tool(program, arguments))
    }

    pub(crate) fn prepare_tool(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        self.settle(&mut command);
        command.envs(self.module_environment());
        match program.as_ref() == "openssl" {
            true => command.args(self.keys.in_place_of_new(self.directory.path(), arguments)),
            false => command.args(arguments),
        };
        command
    }

    fn settle(&self, command: &mut Command) {
        command.env_clear().current_dir(self.directory.path());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .env("LC_ALL", "C.UTF-8");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Run {
        self.without_secrets(Run::of(&mut self.prepare(arguments)))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Run {
        self.command(&[&["--format", "json"], arguments].concat())
    }

    /// Asserts that the output of a command does not contain the PIN.
    pub(crate) fn without_secrets(&self, run: Run) -> Run {
        if let Ok(pin) = fs::read_to_string(self.path("rig/pin")) {
            assert!(
                !run.stdout.contains(&pin) && !run.stderr.contains(&pin),
                "the PIN is printed"
            );
        }
        run
    }
}

/// Copies a directory with its contents.
fn copy_directory(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the directory") {
        let entry = entry.expect("an entry");
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir(&copy).expect("a directory");
            copy_directory(&source, &copy);
        } else {
            // With the mode, which matters for PIN files.
            fs::copy(&source, &copy).expect("a copy");
        }
    }
}

/// Runs the same on each of these tokens, in parallel.
pub(crate) fn on_each(kinds: &[TokenKind], test: impl Fn(TokenKind) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        let runs: Vec<_> = kinds
            .iter()
            .map(|kind| (kind, scope.spawn(move || test(*kind))))
            .collect();
        for (kind, run) in runs {
            assert!(run.join().is_ok(), "{kind:?}: see above");
        }
    });
}

/// Waits until a process has stopped itself (state T), through the fault-injecting module.
pub(crate) fn wait_until_stopped(pid: u32) {
    for _ in 0..6000 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
        assert!(!status.contains("State:\tZ"), "it ended before it stopped");
        if status.contains("State:\tT") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("process {pid} did not stop");
}
