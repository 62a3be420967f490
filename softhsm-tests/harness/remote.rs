//! A program whose token is in another process, paused at the moment when it reports.

use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::{Rig, beside_program, shim, start};

/// A token in a separate process, until this value is dropped.
pub(crate) struct RemoteToken(Child);

impl Drop for RemoteToken {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Rig {
    /// Moves the rig's token into a separate process.
    pub(crate) fn start_remote_token(&self) -> RemoteToken {
        let socket = self.path("socket");
        let mut command = Command::new(beside_program("remote-token"));
        command
            .envs(self.module_environment())
            .arg("--module")
            .arg(self.module_behind_all())
            .arg("--socket")
            .arg(&socket);
        for (name, value) in self.shim_environment() {
            command.env(name, value);
        }
        let server = RemoteToken(start(command.stdin(Stdio::null())));
        for _ in 0..1000 {
            if socket.exists() {
                return server;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("remote-token did not come up");
    }

    /// Makes `command` use it, with a pause before every call, so that there is time to read the memory.
    pub(crate) fn use_slow_remote_token(&self, command: &mut Command) {
        self.use_remote_token(command);
        command
            .env("HSM_CA_MODULE", shim())
            .env("CLOUDHSM_SHIM_TARGET", beside_program("libremote_token.so"))
            .env("CLOUDHSM_SHIM_LATENCY_MS", "100");
    }

    /// Makes `command` use it.
    pub(crate) fn use_remote_token(&self, command: &mut Command) {
        command
            .env_remove("HSM_CA_CONFIG")
            .env("HSM_CA_MODULE", beside_program("libremote_token.so"))
            .env("HSM_CA_TOKEN", self.kind.label())
            .env("HSM_CA_PIN_SOURCE", format!("file:{}", self.pin_file().display()))
            .env("REMOTE_TOKEN_SOCKET", self.path("socket"));
    }
}

/// A process that blocks while writing its result: all its work is done, and it is still running.
pub(crate) struct Reporting {
    child: Child,
    reader: PipeReader,
}

impl Reporting {
    /// Starts `command` with a full pipe as standard output. Drops the command, because it would keep the pipe open.
    pub(crate) fn start(mut command: Command) -> Self {
        let (reader, writer) = full_pipe();
        let child = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        Self { child, reader }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is waiting for its reader. If it ended before that, the test fails.
    pub(crate) fn is_reporting(&mut self) -> bool {
        if let Some(status) = self.child.try_wait().expect("its status") {
            let mut said = String::new();
            let _ = self
                .child
                .stderr
                .take()
                .map(|mut stderr| stderr.read_to_string(&mut said));
            panic!("it ended before it reported: {status}: {said}");
        }
        let waits_in = fs::read_to_string(format!("/proc/{}/wchan", self.id())).unwrap_or_default();
        waits_in.contains("pipe_write")
    }

    pub(crate) fn wait_until_reporting(&mut self) {
        for _ in 0..6000 {
            if self.is_reporting() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("it did not come to report");
    }

    /// Lets it end, and returns its output.
    pub(crate) fn finish(self) -> String {
        let Self {
            mut child,
            mut reader,
        } = self;
        let mut text = Vec::new();
        reader.read_to_end(&mut text).expect("its report");
        assert!(child.wait().expect("its end").success());
        String::from_utf8_lossy(&text)
            .trim_start_matches(char::from(FILL))
            .to_owned()
    }
}

const FILL: u8 = b'~';

/// A full pipe.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("its flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("not blocking");
    for size in [4096, 1] {
        while writer.write(&[FILL; 4096][..size]).is_ok() {}
    }
    fcntl_setfl(&writer, flags).expect("blocking");
    (reader, writer)
}
