//! `openssl s_server` as the server that hosts an HSM.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::{Rig, start};

/// A TLS server on a loopback address. It requests a client certificate, like AWS's servers.
pub(crate) struct TlsServer {
    child: Child,
    address: String,
    // The server runs as long as this is open.
    _stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl TlsServer {
    /// Serves `NAME.crt` with `NAME.key` at `address`, or at a free port of 127.0.0.1.
    pub(crate) fn start(rig: &Rig, name: &str, address: Option<&str>, more: &[&str]) -> Self {
        let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
        let files = ["-cert", &certificate, "-key", &key];
        let accept = [
            "s_server",
            "-accept",
            address.unwrap_or("127.0.0.1:0"),
            "-Verify",
            "1",
        ];
        let mut server = rig.prepare_tool("openssl", &[&accept[..], &files, more].concat());
        let pipes = server.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = start(pipes.stderr(Stdio::null()));
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            let count = stdout.read_line(&mut line).expect("UTF-8");
            assert_ne!(count, 0, "openssl s_server {address:?} ended");
            // It prints the address only if it chose the port.
            match (line.trim().split_once(' '), address) {
                (Some(("ACCEPT", chosen)), _) => break chosen.to_owned(),
                (None, Some(address)) if line.trim() == "ACCEPT" => break address.to_owned(),
                _ => {}
            }
        };
        Self {
            child,
            address,
            _stdin: stdin,
            stdout,
        }
    }

    /// `HOST:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it. Returns its output about its clients.
    pub(crate) fn stop(mut self) -> String {
        self.child.kill().expect("it runs");
        let mut said = String::new();
        let _ = self.stdout.read_to_string(&mut said);
        said
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
