//! A room for tests in which people answer little or nothing.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use hsm_ca::x509::UnixTime;
use serde_json::Value;

use super::run::room;
use crate::harness::{PROGRAM, Rig, Run, shim, softhsm};

/// A room with a ceremony that has not begun.
pub(super) struct Room {
    pub(super) rig: Rig,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            rig: room("ec:p256", &[]),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.rig.path("base").join(name)
    }

    /// Runs with an empty standard input, so nobody answers.
    pub(super) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = self.rig.prepare(arguments);
        let mut run = self.with_settings(&mut command, environment);
        if arguments.contains(&"json") {
            take_shown(&mut run);
        }
        run
    }

    pub(super) fn refused(&self, environment: &[(&str, &str)], code: i32, kind: &str) -> String {
        let run = self.run(&["ceremony", "run", "room", "--format", "json"], environment);
        let message = run.refused(code, kind);
        let calls = fs::read_to_string(self.path("calls.log")).unwrap_or_default();
        for never in [
            "C_Login",
            "C_SignInit",
            "C_GenerateKeyPair",
            "C_CreateObject",
            "C_DestroyObject",
        ] {
            assert!(!calls.contains(never), "{kind}: {calls}");
        }
        message
    }

    /// Runs with these lines as answers, then end of input. `NOW` stands for the current date and time. Also returns the PKCS#11 calls.
    pub(super) fn answer(&self, answers: &[&str]) -> (Run, String) {
        self.answer_with("--color never", answers)
    }

    pub(super) fn answer_with(&self, options: &str, answers: &[&str]) -> (Run, String) {
        let (run, _) = self.answer_and_show(options, answers);
        let calls = fs::read_to_string(self.path("calls.log")).unwrap_or_default();
        (run, calls)
    }

    /// Returns what the people are shown, which is on stderr before the error.
    pub(super) fn answer_and_show(&self, options: &str, answers: &[&str]) -> (Run, String) {
        let now = UnixTime::from_system(SystemTime::now()).to_string();
        let wall = format!("{} {}", &now[..10], &now[11..16]);
        fs::write(
            self.path("answers"),
            answers.join("\n").replace("NOW", &wall) + "\n",
        )
        .expect("a file");
        let script = format!("exec '{PROGRAM}' {options} ceremony run room --format json < answers");
        let mut command = self.rig.prepare_tool("sh", &["-c", &script]);
        let mut run = self.with_settings(&mut command, &[]);
        let shown = take_shown(&mut run);
        (run, shown)
    }

    pub(super) fn with_settings(&self, command: &mut Command, environment: &[(&str, &str)]) -> Run {
        command
            .current_dir(self.path(""))
            .env("HSM_CA_CONFIG", self.path("rig/hsm-ca.toml"))
            .env("HSM_CA_MODULE", shim())
            .env("CLOUDHSM_SHIM_TARGET", softhsm())
            .env("SOFTHSM2_CONF", self.path("rig/softhsm2.conf"))
            .env("CLOUDHSM_SHIM_LOG", self.path("calls.log"))
            .envs(environment.iter().copied());
        let _ = fs::remove_file(self.path("calls.log"));
        Run::of(command)
    }

    pub(super) fn events(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.path("room/run/transcript.jsonl")).expect("a transcript");
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// Deletes the public half of a key from the token with pkcs11-tool.
    pub(super) fn delete_public_object(&self, token: &str, label: &str) {
        let module = softhsm();
        let pin = fs::read_to_string(self.path("rig/pin")).expect("a PIN");
        let arguments = [
            "--module",
            module.to_str().expect("UTF-8"),
            "--token-label",
            token,
            "--login",
            "--pin",
            pin.trim(),
            "--delete-object",
            "--type",
            "pubkey",
            "--label",
            label,
        ];
        let mut command = self.rig.prepare_tool("pkcs11-tool", &arguments);
        Run::of(command.env("SOFTHSM2_CONF", self.path("rig/softhsm2.conf"))).ok();
    }

    pub(super) fn change(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let path = self.path(name);
        let sound = fs::read(&path).expect("a file");
        fs::write(&path, change(sound.clone())).expect("a file");
        sound
    }

    pub(super) fn restore(&self, name: &str, sound: &[u8]) {
        fs::write(self.path(name), sound).expect("a file");
    }
}

/// Takes what the people are shown from stderr, and leaves the error in JSON.
fn take_shown(run: &mut Run) -> String {
    let error = match run.stderr.starts_with('{') {
        true => 0,
        false => run.stderr.find("\n{").map_or(run.stderr.len(), |at| at + 1),
    };
    let error = run.stderr.split_off(error);
    std::mem::replace(&mut run.stderr, error)
}
