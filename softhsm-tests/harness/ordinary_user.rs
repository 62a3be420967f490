//! The program as an ordinary user.

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{PROGRAM, Rig, Run};

/// Debian's `nobody`. The tests run as root, which may read every process.
const ORDINARY_USER: u32 = 65534;

impl Rig {
    /// Gives everything here to an ordinary user, with a copy of the program that this user can execute.
    pub(crate) fn give_to_ordinary_user(&self) {
        self.copy_program(PROGRAM, "hsm-ca");
        Run::of(
            Command::new("chown")
                .args(["-R", &ORDINARY_USER.to_string()])
                .arg(self.directory.path()),
        )
        .ok();
    }

    /// The program, as an ordinary user.
    pub(crate) fn as_ordinary_user(&self, arguments: &[&str]) -> Command {
        self.command_as_ordinary_user(self.path("hsm-ca").to_str().expect("UTF-8"), arguments)
    }

    /// Another program, as an ordinary user.
    pub(crate) fn command_as_ordinary_user(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.settle(&mut command);
        command.uid(ORDINARY_USER).gid(ORDINARY_USER).args(arguments);
        command
    }

    pub(crate) fn tool_as_ordinary_user(&self, program: &str, arguments: &[&str]) -> Run {
        Run::of(&mut self.command_as_ordinary_user(program, arguments))
    }
}
