//! `ceremony approve` and `approvals`, with keys and signatures of stock `ssh-keygen`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::OnceLock;

use serde_json::json;

use super::check::ceremony;
use crate::harness::{Rig, Run};

const PEOPLE: [(&str, &[&str]); 6] = [
    ("A", &["-t", "ed25519"]),
    ("B", &["-t", "ecdsa", "-b", "384"]),
    ("C", &["-t", "rsa", "-b", "3072"]),
    ("D", &["-t", "ecdsa", "-b", "521"]),
    ("E", &["-t", "ecdsa", "-b", "256"]),
    ("W", &["-t", "ed25519"]),
];

/// A planned ceremony in `room`. Each person has a key made by `ssh-keygen`, in a file with their name.
pub(super) fn planned() -> Rig {
    static TEMPLATE: OnceLock<Rig> = OnceLock::new();
    TEMPLATE
        .get_or_init(|| {
            let rig = ceremony();
            for (name, kind) in PEOPLE {
                rig.keygen(&[&["-q", "-N", "", "-C", "a person", "-f", name], kind].concat());
                rig.set_key(name, name);
            }
            rig.plan("room");
            rig
        })
        .copy()
}

impl Rig {
    pub(super) fn keygen(&self, arguments: &[&str]) -> Run {
        self.tool("ssh-keygen", arguments).ok()
    }

    /// Puts a person's key into the ceremony file.
    pub(super) fn set_key(&self, person: &str, file: &str) {
        let text = String::from_utf8(self.read("ceremony.toml")).expect("UTF-8");
        let public = String::from_utf8(self.read(&format!("{file}.pub"))).expect("UTF-8");
        let key: Vec<_> = public.split(' ').take(2).collect();
        let begin = text.find(&format!("name = \"{person}\"")).expect("the person");
        let at = begin + text[begin..].find("key = ").expect("a key");
        let end = at + text[at..].find('\n').expect("a line");
        let line = format!("key = \"{}\"", key.join(" "));
        self.write("ceremony.toml", [&text[..at], &line, &text[end..]].concat());
    }

    pub(super) fn plan(&self, directory: &str) {
        self.json(&[
            "ceremony",
            "plan",
            "ceremony.toml",
            "--out",
            directory,
            "--offline",
        ])
        .ok();
    }

    pub(super) fn approve(&self, person: &str) -> Run {
        self.json(&["ceremony", "approve", "room", "--ssh-key", person])
    }

    pub(super) fn reject(&self, person: &str, because: &str) -> Run {
        let approve = ["ceremony", "approve", "room", "--ssh-key", person];
        self.json(&[&approve[..], &["--reject", "--because", because]].concat())
    }

    pub(super) fn approvals(&self) -> Run {
        self.json(&["ceremony", "approvals", "room"])
    }

    /// Names the quorum of the plan in the machine's settings.
    fn trust_quorum(&self) {
        let quorum = self.approvals().json()["quorum"]
            .as_str()
            .expect("a quorum")
            .to_owned();
        self.write("hsm-ca.toml", format!("ceremony-quorum = \"{quorum}\"\n"));
    }

    pub(super) fn stock_sign(&self, person: &str, namespace: &str, statement: &str) {
        self.keygen(&["-Y", "sign", "-q", "-f", person, "-n", namespace, statement]);
    }
}

#[test]
fn three_of_five_approve_with_keys_of_every_kind_and_openssh_verifies_them() {
    let rig = planned();
    let report = rig.approvals();
    assert_eq!(report.code, Some(3));
    let report = report.json();
    assert_eq!(
        (&report["state"], &report["anchor"]),
        (&json!("open"), &json!("none"))
    );
    assert_eq!(report["silent"], json!(["A", "B", "C", "D", "E"]));
    for (name, _) in &PEOPLE[..5] {
        let made = rig.approve(name).ok().json();
        assert_eq!(made["person"], *name);
        // OpenSSH verifies the two files.
        let public = fs::read_to_string(rig.path(&format!("{name}.pub"))).expect("a key");
        rig.write("allowed", format!("{name} {public}"));
        let statement = made["statement"].as_str().expect("a path");
        let signature = made["signature"].as_str().expect("a path");
        let namespace = "ceremony-approval@hsm-ca";
        let verify = [
            "-Y", "verify", "-f", "allowed", "-I", name, "-n", namespace, "-s", signature,
        ];
        let mut command = rig.prepare_tool("ssh-keygen", &verify);
        command.stdin(fs::File::open(rig.path(statement)).expect("the statement"));
        let output = command.output().expect("ssh-keygen");
        assert!(output.status.success(), "{output:?}");
    }
    // Five approve, but only the plan says that they may.
    let report = rig.approvals();
    assert_eq!(report.code, Some(3));
    assert_eq!(report.json()["state"], "approved");
    rig.trust_quorum();
    let report = rig.approvals().ok().json();
    assert_eq!(
        (&report["anchor"], &report["may_run"]),
        (&json!("settings"), &json!(true))
    );
    assert_eq!(report["approvers"]["by"], json!(["A", "B", "C", "D", "E"]));
    let text = rig.command(&["ceremony", "approvals", "room"]).ok().stdout;
    assert!(text.starts_with("root-r1-2031: approved\n"), "{text}");
}

#[test]
fn another_quorum_in_the_settings_stops_the_ceremony() {
    let rig = planned();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    rig.write(
        "hsm-ca.toml",
        format!("ceremony-quorum = \"sha256:{}\"\n", "ab".repeat(32)),
    );
    let report = rig.approvals();
    assert_eq!(report.code, Some(3));
    let report = report.json();
    assert_eq!(
        (&report["anchor"], &report["may_run"]),
        (&json!("other"), &json!(false))
    );
    for wrong in [
        "sha256:ab",
        "",
        &"ab".repeat(32),
        &format!("sha256:{}", "AB".repeat(32)),
    ] {
        rig.write("hsm-ca.toml", format!("ceremony-quorum = \"{wrong}\"\n"));
        let message = rig.approvals().refused(2, "configuration");
        assert!(message.contains("ceremony-quorum"), "{message}");
    }
}

#[test]
fn one_rejection_stops_the_run_and_each_person_signs_once() {
    let rig = planned();
    rig.trust_quorum();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    let before = rig.read("room/approvals/01-approve.json");
    rig.approve("A").refused(3, "already-signed");
    assert_eq!(rig.read("room/approvals/01-approve.json"), before);
    rig.approvals().ok();
    // A rejection counts even from somebody who also approves.
    rig.reject("A", "the path length is wrong").ok();
    let report = rig.approvals();
    assert_eq!(report.code, Some(3));
    let rejections = json!([{ "person": "A", "because": "the path length is wrong" }]);
    assert_eq!(report.json()["approvers"]["rejections"], rejections);
    // A later approval does not withdraw it, and says so.
    let warned = rig.approve("D").ok().json()["warnings"].to_string();
    assert!(warned.contains("the plan is rejected by A"), "{warned}");
    for because in ["", " ", "two\nlines", "a\u{1b}[2K", "a\u{202e}b"] {
        rig.reject("B", because).refused(2, "ceremony-text");
    }
    let approve = ["ceremony", "approve", "room", "--ssh-key", "B"];
    rig.json(&[&approve[..], &["--reject"]].concat())
        .refused(2, "usage");
    rig.json(&[&approve[..], &["--because", "x"]].concat())
        .refused(2, "usage");
}

#[test]
fn a_key_that_may_not_approve_signs_nothing() {
    let rig = planned();
    // A witness, and a person who is not in the plan.
    rig.approve("W").refused(3, "ceremony-key");
    rig.keygen(&["-q", "-t", "ed25519", "-N", "", "-f", "X"]);
    rig.approve("X").refused(3, "ceremony-key");
    // The public key of A beside another private key.
    fs::copy(rig.path("A.pub"), rig.path("X.pub")).expect("a copy");
    let run = rig.approve("X");
    assert!(matches!(run.code, Some(1 | 3)), "{run:#?}");
    rig.keygen(&["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "short"]);
    rig.approve("short").refused(2, "configuration");
    let message = rig.approve("nowhere").refused(2, "unreadable-file");
    assert!(
        message.starts_with("nowhere cannot be read: No such file"),
        "{message}"
    );
    fs::rename(rig.path("X.pub"), rig.path("Y.pub")).expect("renamed");
    let message = rig.approve("X").refused(2, "usage");
    assert!(message.contains("ssh-keygen -y -f X > X.pub"), "{message}");
    assert_eq!(rig.list("room/approvals"), [""; 0]);
}

impl Rig {
    pub(super) fn list(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).expect("the directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_statement_is_signed_on_another_machine_with_stock_ssh_keygen() {
    let rig = planned();
    let write = [
        "ceremony",
        "approve",
        "room",
        "--ssh-key",
        "B.pub",
        "--write-statement",
    ];
    let report = rig.json(&write).ok().json();
    let command = report["command"].as_str().expect("a command");
    let statement = rig.read("room/approvals/02-approve.json");
    // The same command again succeeds, because the statement is unchanged.
    rig.json(&write).ok();
    assert_eq!(rig.read("room/approvals/02-approve.json"), statement);
    let report = rig.approvals().json();
    assert_eq!(report["waiting"][0]["person"], "B");
    assert_eq!(report["approvers"]["missing"], 3);
    // The printed command works unchanged. The private key is beside the public one.
    rig.tool("sh", &["-c", command]).ok();
    let report = rig.approvals().json();
    assert_eq!(
        (&report["waiting"], &report["approvers"]["missing"]),
        (&json!([]), &json!(2))
    );
    rig.approve("B").refused(3, "already-signed");
}

/// A kill between the two files leaves a statement that waits for its signature. The same command continues with it.
#[test]
fn an_interrupted_approval_goes_on_and_another_statement_is_not_signed() {
    let rig = planned();
    rig.json(&[
        "ceremony",
        "approve",
        "room",
        "--ssh-key",
        "A",
        "--write-statement",
    ])
    .ok();
    let statement = rig.read("room/approvals/01-approve.json");
    rig.write("room/approvals/.hsm-ca-aB3xY9.tmp", "half a signature");
    rig.approve("A").ok();
    assert_eq!(rig.read("room/approvals/01-approve.json"), statement);
    rig.approvals();
    // A statement of another person or about something else is not signed.
    fs::remove_file(rig.path("room/approvals/01-approve.json.sig")).expect("removed");
    let text = String::from_utf8(statement).expect("UTF-8");
    for changed in [
        text.replace("\"person\":\"A\"", "\"person\":\"B\""),
        text.replace("root-r1-2031", "root-r2-2031"),
        text.replace('{', "{ "),
        String::new(),
    ] {
        rig.write("room/approvals/01-approve.json", &changed);
        rig.approve("A").refused(3, "other-statement");
        assert_eq!(rig.read("room/approvals/01-approve.json"), changed.as_bytes());
    }
}

#[test]
fn files_and_directories_that_others_can_change_are_not_used() {
    let rig = planned();
    rig.approve("A").ok();
    let set = |name: &str, mode| {
        fs::set_permissions(rig.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    for (name, mode, sound) in [
        ("room", 0o777, 0o700),
        ("room/plan.json", 0o666, 0o600),
        ("room/approvals", 0o770, 0o700),
        ("room/approvals/01-approve.json.sig", 0o622, 0o644),
    ] {
        set(name, mode);
        let run = rig.approvals();
        assert!(matches!(run.code, Some(2 | 3)), "{name}: {run:#?}");
        assert!(
            run.stderr
                .contains("can be written by users other than its owner"),
            "{name}: {run:#?}"
        );
        set(name, sound);
    }
    set("room", 0o777);
    rig.approve("B").refused(2, "untrusted-file");
    set("room", 0o700);
    // A file owned by another user.
    rig.tool("chown", &["65534", "room/approvals/01-approve.json"])
        .ok();
    rig.approvals().refused(3, "ceremony-statement");
    rig.tool("chown", &["0", "room/approvals/01-approve.json"]).ok();
    // A link in the place of the signature is not followed.
    symlink("/tmp/elsewhere", rig.path("room/approvals/02-approve.json.sig")).expect("a link");
    rig.approve("B").refused(3, "ceremony-statement");
    rig.json(&["ceremony", "approvals", "nowhere"])
        .refused(2, "no-ceremony");
}

/// People print the script before the approvals too. It says approved only when the plan is.
#[test]
fn the_script_says_what_became_of_the_plan() {
    let rig = planned();
    let script = |page: &str| {
        let run = rig.command(&["ceremony", "script", "room", "--out", page]).ok();
        let text = String::from_utf8(rig.read(page)).expect("UTF-8");
        (run.stdout + &run.stderr, text)
    };
    let approved = "This script was made from the approved plan.";
    let (said, text) = script("open.html");
    assert!(
        said.contains("hsm-ca ceremony approvals room") && !said.contains("ceremony run"),
        "{said}"
    );
    assert!(said.contains("warning: the plan is not approved yet"), "{said}");
    assert!(!text.contains(approved) && text.contains("it was not known whether its plan is approved"));
    rig.trust_quorum();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    let (said, text) = script("approved.html");
    assert!(
        said.contains("hsm-ca ceremony run room") && !said.contains("warning"),
        "{said}"
    );
    assert!(text.contains(approved));
    rig.reject("D", "the path length is wrong").ok();
    let (said, text) = script("rejected.html");
    assert!(
        said.contains("every page says REJECTED") && !said.contains("ceremony run"),
        "{said}"
    );
    assert!(!text.contains(approved) && text.contains("<span>REJECTED</span>"));
    rig.json(&["ceremony", "abort", "room", "--because", "the plan is rejected"])
        .ok();
    let (said, text) = script("aborted.html");
    assert!(
        said.contains("every page says ABORTED") && !said.contains("ceremony run"),
        "{said}"
    );
    assert!(!text.contains(approved) && text.contains("<span>ABORTED</span>"));
}
