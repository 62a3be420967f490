//! The one local AWS of a test run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::python_tool;

/// The local AWS. It is started once, and stops when the test process ends.
#[allow(
    clippy::zombie_processes,
    reason = "it outlives every test, and ends with this process"
)]
fn started() -> &'static (String, TempDir) {
    static STARTED: OnceLock<(String, TempDir)> = OnceLock::new();
    STARTED.get_or_init(|| {
        let directory = TempDir::new().expect("a temporary directory");
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/local-aws/server.py");
        let ready = directory.path().join("ready");
        Command::new(python_tool("python"))
            .arg(server)
            .arg("--ready-file")
            .arg(&ready)
            .args(["--parent-pid", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log")).expect("a log"))
            .spawn()
            .expect("the local AWS starts");
        for _ in 0..300 {
            if let Ok(address) = fs::read_to_string(&ready) {
                return (address.trim().to_owned(), directory);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!(
            "the local AWS did not come up: {}",
            fs::read_to_string(directory.path().join("log")).unwrap_or_default()
        );
    })
}

/// The local AWS's address.
pub(super) fn local_aws() -> &'static str {
    &started().0
}

/// Where the local AWS keeps the root that signs attestation documents.
pub(super) fn attestation_root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let file = started().1.path().join("ready.attestation-root");
        PathBuf::from(fs::read_to_string(file).expect("the local AWS wrote it").trim())
    })
}
