//! Output on a terminal: wrapped lines, and progress.

use crate::harness::{HSM1, LocalCluster, PROGRAM, Rig, ready_authority};
use crate::local_cluster::states::{make_authority, sign};

/// The raw output on a terminal with this many columns, including cursor movements.
fn raw(rig: &Rig, columns: u16, arguments: &str) -> String {
    let script = format!("stty cols {columns}; {PROGRAM} {arguments}");
    rig.tool("script", &["-qec", &script, "/dev/null"]).stdout
}

/// The lines of it, without colours.
pub(super) fn shown(rig: &Rig, columns: u16, arguments: &str) -> Vec<String> {
    let text = raw(rig, columns, arguments);
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    let lines = plain.lines();
    lines.map(|line| line.trim_end().to_owned()).collect()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn errors_and_hints_are_wrapped_between_words_and_a_command_stays_whole() {
    let rig = Rig::new();
    let place = rig.path("a/b/c/d/e/f.db");
    let arguments = format!("ledger list --ledger sqlite:{}", place.display());
    let command = format!("hsm-ca ledger new --ledger sqlite:{}", place.display());
    let piped = rig.command(&words(&arguments));
    assert_eq!(piped.code, Some(4));
    assert_eq!(piped.stderr.lines().count(), 2, "{}", piped.stderr);
    for columns in [60, 80] {
        let lines = shown(&rig, columns, &arguments);
        assert!(lines.len() > 2, "{lines:#?}");
        assert_eq!(words(&lines.join(" ")), words(&piped.stderr), "{columns}");
        assert!(lines.iter().any(|line| line.contains(&command)), "{lines:#?}");
        for line in &lines {
            let is_long = line.chars().count() > columns.into();
            assert!(!is_long || line.contains("/c/d/e/f.db"), "{lines:#?}");
        }
    }
    // Errors of the parser too.
    let wrong = "csr sign a.csr --ca ca.crt --out a.crt --out-dir signed --profile tls-server";
    let lines = shown(&rig, 60, wrong);
    assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
    let piped = rig.command(&words(wrong)).stderr;
    assert_eq!(words(&lines.join(" ")), words(&piped));
}

#[test]
fn results_are_wrapped_and_parts_to_copy_stay_whole() {
    let rig = ready_authority();
    let shown = shown(&rig, 60, "key verify customer-ca");
    let piped = rig.command(&["key", "verify", "customer-ca"]).ok();
    assert!(shown.iter().all(|line| line.chars().count() <= 60), "{shown:#?}");
    assert!(shown.len() > piped.stdout.lines().count(), "{shown:#?}");
    let said = shown.join(" ");
    for word in words(&piped.stdout) {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_terminal_shows_the_elapsed_time_and_clears_it() {
    const CLEAR: &str = "\r\u{1b}[K";
    let rig = Rig::new().with_aws();
    let run = |on_terminal: bool, more: &str| {
        let cluster = LocalCluster::create(HSM1, "").with_pace(Some(1.7));
        make_authority(&rig);
        sign(&rig, &cluster);
        let arguments = format!(
            "{more} cluster initialize {} --signed-cert signed.crt --trust-anchor customerCA.crt --wait --yes",
            cluster.id()
        );
        match on_terminal {
            true => raw(&rig, 80, &arguments),
            false => {
                let run = rig.command(&words(&arguments)).ok();
                run.stdout + &run.stderr
            }
        }
    };
    let text = run(true, "");
    let (before, after) = text
        .split_once(&format!("{CLEAR}1 s"))
        .unwrap_or_else(|| panic!("no time: {text:?}"));
    assert!(before.contains("waiting up to 30 minutes"), "{text:?}");
    // The line is cleared before other output, and not drawn again at the end.
    let (line, rest) = after.split_once(CLEAR).expect("cleared");
    assert!(
        !line.contains('\n') && rest.contains("is initialised"),
        "{text:?}"
    );
    for (on_terminal, more) in [(true, "-q"), (false, "")] {
        let text = run(on_terminal, more);
        assert!(
            !text.contains("\u{1b}[K") && text.contains("is initialised"),
            "{text:?}"
        );
    }
}
