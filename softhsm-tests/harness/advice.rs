//! What a person does about a failure that this machine causes, not the program.

use std::process::{Child, Command};

/// Words on stderr, and what to do about them. If there are several words, all of them must occur.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["cloudhsm-shim: CLOUDHSM_SHIM_", "unknown variable"],
        OLD_MODULES,
    ),
    (
        &["target", ".so", "cannot be loaded as a PKCS#11 module"],
        OLD_MODULES,
    ),
    (
        &["No space left on device"],
        "The disk is full. Remove old build directories, or set TMPDIR and CARGO_TARGET_DIR to another disk.",
    ),
    (
        &["ModuleNotFoundError"],
        "A Python package is missing. Run: scripts/install.sh",
    ),
    (
        &["command not found"],
        "A program is missing. Run: scripts/install.sh",
    ),
    (
        &["Too many open files"],
        "The limit of open files is too low for so many tests at once. Run: ulimit -n 4096",
    ),
    (
        &["mount", "permission denied"],
        "These tests mount small disks. Run as root; in a container, with the capability SYS_ADMIN (README.md).",
    ),
    (
        &["memory for secrets cannot be protected"],
        "The limit of locked memory is too low for so many tests at once. Run: ulimit -l unlimited",
    ),
];
const OLD_MODULES: &str = "The test modules are missing, or older than the tests. \
                           Run: cargo build --locked -p cloudhsm-shim -p remote-token -p kryoptic-module";

/// `None` if the failure is not one of this machine.
pub(super) fn what_to_do(stderr: &str) -> Option<&'static str> {
    let fits = |words: &[&str]| words.iter().all(|word| stderr.contains(word));
    ADVICE
        .iter()
        .find(|(words, _)| fits(words))
        .map(|(_, advice)| *advice)
}

/// Starts a program that the tests need.
#[track_caller]
pub(crate) fn start(command: &mut Command) -> Child {
    command
        .spawn()
        .unwrap_or_else(|error| cannot_start(command, &error))
}

#[track_caller]
pub(super) fn cannot_start(command: &Command, error: &std::io::Error) -> ! {
    panic!(
        "{:?} cannot be started ({error}). Run: scripts/install.sh",
        command.get_program()
    )
}
