//! `ceremony new` and `check`: a whole ceremony is checked against every rule, without a token and before the day.

use std::fs;

use serde_json::{Value, json};

use super::run::SCRIPTS;
use crate::harness::{Rig, Run, Templates, python_tool};

/// A ceremony with an offline root, an issuing CA, a cross-certificate by an older root, a first CRL, and its inputs.
pub(super) fn ceremony() -> Rig {
    static TEMPLATES: Templates<()> = Templates::new();
    TEMPLATES.copy_of((), || {
        let rig = Rig::without_token();
        rig.tool(
            python_tool("python3"),
            &["-c", include_str!("inputs.py"), SCRIPTS],
        )
        .ok();
        rig
    })
}

fn check(rig: &Rig) -> Run {
    rig.json(&["ceremony", "check", "ceremony.toml"])
}

impl Rig {
    /// Replaces one piece of the ceremony file.
    #[track_caller]
    pub(super) fn edit(&self, piece: &str, other: &str) {
        let text = String::from_utf8(self.read("ceremony.toml")).expect("UTF-8");
        assert!(text.contains(piece), "{piece}");
        self.write("ceremony.toml", text.replacen(piece, other, 1));
    }

    /// Replaces an input, and pins the new file in the ceremony file.
    pub(super) fn pin_input(&self, name: &str, other: &str) {
        let sum = self.tool("sha256sum", &[&format!("inputs/{other}")]).ok().stdout;
        let sha256 = sum.split(' ').next().expect("a hash");
        let line = format!("{name} = {{ file = \"inputs/{other}\", sha256 = \"{sha256}\" }}");
        let text = String::from_utf8(self.read("ceremony.toml")).expect("UTF-8");
        let old = text.lines().find(|old| old.starts_with(&format!("{name} = ")));
        let text = match old {
            Some(old) => text.replace(old, &line),
            None => text.replacen("[input]\n", &format!("[input]\n{line}\n"), 1),
        };
        self.write("ceremony.toml", text);
    }
}

/// RFC 5280 has no limit, so this is a warning. It names the step, and what to change.
#[test]
fn a_crl_for_more_than_twelve_months_is_warned_of() {
    let rig = ceremony();
    let warnings = |rig: &Rig| {
        let plan = ["ceremony", "plan", "ceremony.toml", "--offline", "--out", "room"];
        let planned = rig.json(&plan).ok().json();
        fs::remove_dir_all(rig.path("room")).expect("removed");
        [check(rig).ok().json(), planned].map(|report| report["warnings"].to_string())
    };
    rig.edit("days = 364", "days = 365");
    for warnings in warnings(&rig) {
        assert!(!warnings.contains("nextUpdate"), "{warnings}");
    }
    // From June 2031 to June 2032 there are 366 days.
    rig.edit("days = 365", "days = 400");
    for warnings in warnings(&rig) {
        for text in [
            "step \\\"crl1\\\"",
            "400 days",
            "BR 4.9.7",
            "set its `days` to 366 or less",
        ] {
            assert!(warnings.contains(text), "{text}: {warnings}");
        }
    }
}

#[test]
fn every_object_of_both_sessions_is_built_and_nothing_is_written() {
    let rig = ceremony();
    let before = rig.files();
    let report = check(&rig).ok().json();
    assert_eq!(rig.files(), before);
    let budget = json!([
        { "key": "k", "token": "root", "signatures": 3, "proof_signatures": 1 },
        { "key": "legacy-root", "token": "legacy", "signatures": 1, "proof_signatures": 0 },
    ]);
    assert_eq!(report["budget"], budget);
    let sessions = report["sessions"].as_array().expect("sessions");
    let [main, standby] = sessions.as_slice() else {
        panic!("{report:#}")
    };
    let of = |session: &Value, place: usize| session["objects"][place].clone();
    assert_eq!(of(main, 0)["not_before"], "2031-06-01T08:00:00Z");
    // 7305 days, including the last second.
    assert_eq!(of(main, 0)["not_after"], "2051-06-01T07:59:59Z");
    assert_eq!(of(standby, 0)["not_before"], "2031-06-02T08:00:00Z");
    assert_eq!(of(main, 1)["issuer"], "CN=Root R1,O=Example");
    assert_eq!(of(main, 1)["key_type"], "EC P-256");
    // It ends with its issuer, whichever day it is signed on.
    assert_eq!(of(main, 2)["not_after"], "2041-01-01T00:00:00Z");
    assert_eq!(of(standby, 2)["not_after"], "2041-01-01T00:00:00Z");
    assert_eq!(of(standby, 3)["this_update"], "2031-06-02T08:00:00Z");
    assert_eq!(of(standby, 3)["entries"], 0);

    let text = rig.command(&["ceremony", "check", "ceremony.toml"]).ok().stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("Nothing was signed"), "{text}");
    let told = rig.command(&["ceremony", "check", "ceremony.toml"]).ok().stderr;
    assert!(
        told.contains("hsm-ca ceremony plan ceremony.toml --out DIR"),
        "{told}"
    );
    rig.edit("profile = \"intermediate\"", "profile = \"intermediat\"");
    let told = rig.command(&["ceremony", "check", "ceremony.toml"]).stderr;
    assert!(
        told.contains("hint: did you mean profile = \"intermediate\"?"),
        "{told}"
    );
}

/// Mistakes that Boulder's `ceremony` signs with exit code 0, and similar ones. Each is refused here, with the step.
#[test]
fn what_would_be_wrong_on_the_day_is_refused_today() {
    type Spoil = fn(&Rig);
    let cases: [(&str, Spoil, &str, &str); 14] = [
        (
            "another input file",
            |rig| {
                fs::copy(rig.path("inputs/own-key.csr"), rig.path("inputs/i1.csr")).expect("a copy");
            },
            "ceremony-input",
            "input \"i1-csr\" is not the file that was pinned",
        ),
        (
            "a request for the issuer's own key",
            |rig| {
                rig.pin_input("i1-csr", "own-key.csr");
                rig.edit(
                    "issuer = \"root\"\ncsr",
                    "issuer = \"legacy-root\"\ntoken = \"legacy\"\ncsr",
                );
            },
            "rule",
            "step \"i1\", session \"main\"",
        ),
        (
            "a request with the issuer's own name",
            |rig| {
                rig.pin_input("i1-csr", "own-name.csr");
                rig.edit(
                    "issuer = \"root\"\ncsr",
                    "issuer = \"legacy-root\"\ntoken = \"legacy\"\ncsr",
                );
            },
            "rule",
            "step \"i1\", session \"main\"",
        ),
        (
            "a CA below path length 0",
            |rig| {
                rig.pin_input("legacy-root", "low.crt");
            },
            "rule",
            "step \"x1\", session \"main\"",
        ),
        (
            "a certificate that outlives its issuer",
            |rig| {
                rig.edit("days = 2922", "days = 7306");
            },
            "outlives-ca",
            "step \"i1\", session \"main\"",
        ),
        (
            "an issuer that ends before the standby day does",
            |rig| {
                rig.pin_input("legacy-root", "ending.crt");
            },
            "ca-not-valid",
            "step \"x1\", session \"standby\"",
        ),
        (
            "a CRL number that goes back",
            |rig| {
                rig.pin_input("old-crl", "old.crl");
                rig.edit(
                    "[close]",
                    "[[step]]\nid = \"crl2\"\ndo = \"crl\"\nissuer = \"legacy-root\"\ntoken = \"legacy\"\n\
                     previous = \"old-crl\"\nnumber = 5\ndays = 30\nout = \"legacy.crl\"\n[close]",
                );
            },
            "ceremony-file",
            "5 is not above the number of the CRL before it, 5",
        ),
        (
            "a leaf's profile for a root",
            |rig| {
                rig.edit("profile = \"root\"", "profile = \"tls-server\"");
            },
            "profile",
            "step \"root\": ",
        ),
        (
            "an input that does not exist",
            |rig| rig.edit("inputs/i1.csr", "inputs/i2.csr"),
            "ceremony-file",
            "ceremony.toml: input \"i1-csr\": inputs/i2.csr cannot be read",
        ),
        (
            "a profile's file that does not exist",
            |rig| rig.edit("profile = \"root\"", "profile = \"./other.toml\""),
            "ceremony-file",
            "ceremony.toml: step \"root\": other.toml cannot be read",
        ),
        (
            "a date that is left open",
            |rig| rig.edit("days = 2922\n", ""),
            "ceremony-file",
            "leaves no date open",
        ),
        (
            "a key that no token makes",
            |rig| {
                rig.edit("type = \"ec:p384\"", "type = \"rsa:1024\"");
            },
            "ceremony-file",
            "step \"k\": type",
        ),
        (
            "a rule that cannot be waived",
            |rig| {
                rig.edit(
                    "waive = []",
                    "waive = [{ rule = \"validity-nesting\", step = \"i1\", because = \"agreed by all\" }]",
                );
            },
            "ceremony-file",
            "cannot be waived",
        ),
        (
            "a PIN in a file that everybody reads",
            |rig| {
                rig.edit("version = 1", "version = 1\npin = \"1234\"");
            },
            "ceremony-file",
            "unknown field `pin`",
        ),
    ];
    for (what, spoil, kind, wanted) in cases {
        let rig = ceremony();
        spoil(&rig);
        let run = check(&rig);
        let code = if kind == "ceremony-file" || kind == "profile" {
            2
        } else {
            3
        };
        let found: Value = serde_json::from_str(&run.stderr).unwrap_or_else(|_| panic!("{what}: {run:#?}"));
        assert_eq!(found["error"]["kind"], kind, "{what}: {found:#}");
        let message = run.refused(code, kind);
        assert!(message.contains(wanted), "{what}: {message}");
    }
}

/// People type their names in the room exactly as the script shows them, and the text in a box of the script must fit on paper.
#[test]
fn what_the_room_cannot_type_and_paper_cannot_show_is_refused_before_the_plan() {
    for (piece, other, told) in [
        ("name = \"W\"", "name = \"W, Jr.\"", "comma"),
        ("name = \"W\"", "name = \"W\\nX\"", "U+000A"),
        ("name = \"W\"", "name = \"\"", "empty"),
        ("name = \"W\"", "name = \"note: W\"", "remark"),
        ("name = \"W\"", "name = \"We\\u0301\"", "U+0301"),
        ("cps/2.1#root", "cps/\\u202e2.1#root", "U+202E"),
        (
            "waive = []",
            "waive = [{ rule = \"common-name\", step = \"i1\", because = \"agreed\\non paper\" }]",
            "because contains U+000A",
        ),
    ] {
        let rig = ceremony();
        rig.edit(piece, other);
        let message = check(&rig).refused(2, "ceremony-file");
        assert!(message.contains(told), "{other}: {message}");
        let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
        rig.json(&plan).refused(2, "ceremony-file");
        assert!(!rig.path("room").exists(), "{other}");
    }
}

#[test]
fn what_was_revoked_before_stays_on_the_next_crl() {
    let rig = ceremony();
    rig.pin_input("old-crl", "old.crl");
    rig.edit(
        "[close]",
        "[[step]]\nid = \"crl2\"\ndo = \"crl\"\nissuer = \"legacy-root\"\ntoken = \"legacy\"\n\
         previous = \"old-crl\"\nnumber = 6\ndays = 30\nout = \"legacy.crl\"\n[close]",
    );
    let report = check(&rig).ok().json();
    assert_eq!(report["sessions"][1]["objects"][4]["entries"], 1);
    assert_eq!(report["sessions"][1]["objects"][4]["number"], "6");
}

#[test]
fn a_file_that_others_can_write_is_not_read() {
    let rig = ceremony();
    rig.tool("chmod", &["o+w", "ceremony.toml"]).ok();
    check(&rig).refused(2, "untrusted-file");
}

#[test]
fn a_session_that_is_over_is_a_warning() {
    let rig = ceremony();
    rig.edit("2031-06-01", "2026-03-01");
    let report = check(&rig).ok().json();
    assert!(
        report["warnings"]
            .to_string()
            .contains("session \\\"main\\\" is over"),
        "{report:#}"
    );
}

#[test]
fn a_new_file_says_what_to_fill_in_and_replaces_nothing() {
    let rig = Rig::without_token();
    rig.json(&["ceremony", "new", "c.toml"]).ok();
    let written = rig.read("c.toml");
    rig.json(&["ceremony", "new", "c.toml"])
        .refused(2, "output-exists");
    assert_eq!(rig.read("c.toml"), written);
    let message = rig
        .json(&["ceremony", "check", "c.toml"])
        .refused(2, "ceremony-file");
    assert!(message.contains("lines 31, 44, 46"), "{message}");
    let printed = rig.command(&["ceremony", "new", "-"]).ok();
    assert_eq!(printed.stdout.as_bytes(), written);
}
