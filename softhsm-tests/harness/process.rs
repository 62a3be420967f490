//! Signals for processes, terminals, and private disks.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{Rig, Run, start};

pub(crate) fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    kill_process(process, signal).expect("a signal");
}

/// bash, in a mount namespace that ends with it; `$0` and what follows are appended by the caller.
/// It needs permission to mount, and a root directory that is a mount point. With a user namespace, an ordinary user would need neither,
/// but the kernel does not allow one in a chroot.
pub(crate) fn in_mount_namespace(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "bash", "-c", script]);
    command
}

impl Rig {
    /// Runs a shell command on a terminal of its own, on which `answer` is typed. `stdout` has all that the terminal shows.
    pub(crate) fn type_on_a_terminal(&self, line: &str, answer: &str) -> Run {
        let mut command = self.prepare_tool("script", &["-qec", line, "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = start(&mut command);
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{answer}").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::new(),
        }
    }

    /// The same in the rig's directory, with the rig's environment.
    pub(crate) fn tool_in_mount_namespace(&self, script: &str, arguments: &[&str]) -> Run {
        let mut command = in_mount_namespace(script);
        self.settle(&mut command);
        Run::of(command.args(arguments))
    }
}
