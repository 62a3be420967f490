//! Runs a test in a separate process, because the module reads its rules, and SoftHSM its configuration, once per process.

use std::any::type_name;
use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub const PASSWORD: &str = "12345678";
const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Set in the scenario's process, to its directory.
const INSIDE: &str = "SCENARIO_DIRECTORY";

/// A test by name, with the rules of its process. `play` runs only this test in a new process.
pub struct Scenario {
    name: &'static str,
    directory: TempDir,
}

/// The directory of the scenario this process is in.
pub fn inside() -> Option<PathBuf> {
    env::var_os(INSIDE).map(PathBuf::from)
}

impl Scenario {
    /// A SoftHSM token with nothing in it.
    pub fn new(name: &'static str) -> Self {
        assert!(
            Path::new(SOFTHSM).exists(),
            "{SOFTHSM} is missing: install softhsm2"
        );
        let directory = TempDir::new().expect("a temporary directory");
        let tokens = directory.path().join("tokens");
        fs::create_dir(&tokens).expect("a directory");
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\n",
            tokens.display()
        );
        fs::write(directory.path().join("softhsm2.conf"), configuration).expect("a file");
        let scenario = Self { name, directory };
        scenario.add_token("rig");
        scenario
    }

    pub fn add_token(&self, label: &str) {
        let mut command = Command::new("softhsm2-util");
        command.args([
            "--init-token",
            "--free",
            "--label",
            label,
            "--pin",
            PASSWORD,
            "--so-pin",
            "87654321",
        ]);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        let output = command
            .output()
            .expect("softhsm2-util is missing: install softhsm2");
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs the test in a separate process, behind the module with these rules.
    pub fn play(&self, rules: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env::current_exe().expect("this test"));
        command.args([self.name, "--exact", "--nocapture", "--test-threads=1"]);
        command.env(INSIDE, self.directory.path());
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        command.env("CLOUDHSM_SHIM_TARGET", SOFTHSM);
        command.env("CLOUDHSM_SHIM_LOG", self.path("calls.log"));
        command.env("CLOUDHSM_SHIM_LOG_TEMPLATES", "1");
        for (name, value) in rules {
            command.env(format!("CLOUDHSM_SHIM_{name}"), value);
        }
        command.output().expect("this test again")
    }

    /// The same. It must pass.
    pub fn pass(&self, rules: &[(&str, &str)]) {
        let output = self.play(rules);
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (told(&output.stdout), told(&output.stderr));
        assert!(
            output.status.success() && out.contains("1 passed"),
            "{rules:?}\n{out}\n{err}"
        );
    }

    /// The same. It must end by SIGKILL.
    pub fn is_killed(&self, rules: &[(&str, &str)]) {
        let output = self.play(rules);
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The lines of the module's log for one function.
    pub fn log_of(&self, function: &str) -> Vec<String> {
        let log = fs::read_to_string(self.path("calls.log")).expect("the module's log");
        let start = format!("{function} ");
        log.lines()
            .filter(|line| line.starts_with(&start))
            .map(str::to_owned)
            .collect()
    }
}

/// Runs the test that contains `body` in a separate process, with the CloudHSM behaviour and these rules.
pub fn play<F: FnOnce()>(rules: &[(&str, &str)], body: F) {
    if inside().is_some() {
        return body();
    }
    // crate::module::test::{{closure}}
    let path = type_name::<F>();
    let name = path.split_once("::").and_then(|(_, path)| path.rsplit_once("::"));
    let (name, _) = name.expect("a test with a closure");
    let mut all = vec![("BEHAVIOUR", "cloudhsm")];
    all.extend_from_slice(rules);
    Scenario::new(name).pass(&all);
}
