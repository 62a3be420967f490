//! A TLS server and its clients, by openssl.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use super::{Rig, start};

/// `openssl s_server` on a free port; it asks for a client's certificate and sends back what it is sent, reversed.
pub(crate) struct EchoServer {
    process: Child,
    address: String,
}

impl EchoServer {
    pub(crate) fn start(rig: &Rig, more: &[&str]) -> Self {
        let mut server = rig.prepare_tool(
            "openssl",
            &[&["s_server", "-accept", "127.0.0.1:0", "-rev"], more].concat(),
        );
        let pipes = server.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = start(pipes.stderr(Stdio::null()));
        let mut said = BufReader::new(process.stdout.take().expect("its output")).lines();
        let address = said
            .find_map(|line| line.expect("text").strip_prefix("ACCEPT ").map(str::to_owned))
            .expect("its address");
        // Whatever else it says is taken from it, so that it does not wait for a reader.
        std::thread::spawn(move || said.for_each(drop));
        Self { process, address }
    }

    /// `HOST:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the server sends back, if it does.
    pub(crate) fn answers(&self, rig: &Rig, more: &[&str]) -> bool {
        let connect = ["s_client", "-connect", &self.address, "-quiet"];
        let strict = ["-verify_return_error", "-verify_quiet"];
        let mut client = rig.prepare_tool("openssl", &[&connect[..], &strict, more].concat());
        let pipes = client.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = start(pipes.stderr(Stdio::null()));
        let mut stdin = client.stdin.take().expect("its input");
        // It may be gone already.
        let _ = stdin.write_all(b"a secret\nCLOSE\n");
        let output = client.wait_with_output().expect("its end");
        String::from_utf8_lossy(&output.stdout).contains("terces a")
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
