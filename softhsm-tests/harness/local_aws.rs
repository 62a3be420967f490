//! The one local AWS of a test run.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
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
            "the local AWS did not come up; run scripts/install.sh if a Python package is missing: {}",
            fs::read_to_string(directory.path().join("log")).unwrap_or_default()
        );
    })
}

/// The local AWS's address.
pub(super) fn local_aws() -> &'static str {
    &started().0
}

/// The file of the root that signs attestation documents in the local AWS.
pub(super) fn attestation_root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let file = started().1.path().join("ready.attestation-root");
        PathBuf::from(fs::read_to_string(file).expect("the local AWS wrote it").trim())
    })
}

/// The faults for one access key id in the local AWS, and its recorded calls (softhsm-tests/local-aws/weather.py).
#[derive(Debug)]
pub(crate) struct Weather {
    access_key: String,
}

impl Weather {
    /// For an access key id that no other test has.
    pub(crate) fn of(access_key: &str) -> Self {
        Self {
            access_key: access_key.to_owned(),
        }
    }

    /// Replaces the faults. An empty list means none.
    pub(crate) fn set(&self, faults: &[Value]) {
        let order = json!({ "access_key": self.access_key, "faults": faults });
        ask("POST", "/_test/faults", &order.to_string());
    }

    /// The operations that were called, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        let answer = ask("GET", &format!("/_test/calls?access_key={}", self.access_key), "");
        serde_json::from_value(answer["calls"].clone()).expect("a list of operations")
    }

    /// Forgets them.
    pub(crate) fn forget_calls(&self) {
        ask(
            "DELETE",
            &format!("/_test/calls?access_key={}", self.access_key),
            "",
        );
    }
}

/// A request to the local AWS itself, which must succeed.
pub(super) fn ask(method: &str, path: &str, body: &str) -> Value {
    let host = local_aws().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the local AWS listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split_whitespace().nth(1);
    assert_eq!(status, Some("200"), "{method} {path}: {answer}");
    serde_json::from_str(body).expect("JSON")
}
