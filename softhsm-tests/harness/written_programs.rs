//! Programs that a test writes and then starts.
//!
//! This process never opens them for writing: a child that another test's thread is starting would have the same descriptor for a moment, and the
//! kernel does not start a program that is open for writing (ETXTBSY, "Text file busy").

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Rig, Run};

impl Rig {
    /// A program with this text, which all users may start.
    pub(crate) fn write_program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        let mut install = Command::new("install");
        install.args(["-m", "755", "/dev/stdin"]).arg(&path);
        let mut child = install.stdin(Stdio::piped()).spawn().expect("install starts");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(script.as_bytes()).expect("written");
        drop(input);
        assert!(child.wait().expect("install ends").success(), "{name}");
        path
    }

    /// A copy of this program, with its permissions.
    pub(crate) fn copy_program(&self, program: impl AsRef<Path>, name: &str) {
        let mut copy = Command::new("cp");
        Run::of(copy.arg(program.as_ref()).arg(self.path(name))).ok();
    }
}
