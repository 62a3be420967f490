//! Output on a terminal: wrapped lines, and progress.

use crate::harness::{HSM1, LocalCluster, PROGRAM, Rig, ready_authority};
use crate::local_cluster::states::{make_authority, sign};
use crate::oracle::make_cluster_request;

/// The raw output on a terminal with this many columns, including cursor movements.
fn raw(rig: &Rig, columns: u16, arguments: &str) -> String {
    raw_with(rig, columns, "xterm", arguments)
}

fn raw_with(rig: &Rig, columns: u16, term: &str, arguments: &str) -> String {
    let script = format!("stty cols {columns}; TERM={term} {PROGRAM} {arguments}");
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
    std::fs::create_dir_all(rig.path("a/b/c/d/e")).expect("directories");
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
fn results_are_wrapped_on_a_terminal_only_and_parts_to_copy_stay_whole() {
    let rig = ready_authority();
    make_cluster_request(&rig, "cluster.csr");
    for (columns, arguments) in [
        (60, "key verify customer-ca"),
        (80, "doctor --no-kms"),
        (80, "cert show customerCA.crt"),
        (80, "csr show cluster.csr"),
    ] {
        let piped = rig.command(&words(arguments)).ok();
        let shown = shown(&rig, columns, arguments);
        let said = shown.join(" ");
        for line in piped.stdout.lines() {
            for word in words(line) {
                assert!(said.contains(word), "{word}: {said}");
            }
            let is_there = |other: &String| other.contains(line.trim_end());
            let is_long = line.chars().count() > columns.into();
            assert!(is_long || shown.iter().any(is_there), "{line}: {shown:#?}");
        }
        let is_long = |line: &&str| line.chars().count() > columns.into();
        assert!(piped.stdout.lines().any(|line| is_long(&line)), "{arguments}");
        let shown: Vec<_> = shown.iter().map(String::as_str).collect();
        assert_eq!(shown.iter().find(|line| is_long(line)), None, "{shown:#?}");
    }
}

#[test]
fn a_refusal_in_a_batch_is_wrapped_below_its_text() {
    let rig = ready_authority();
    rig.write("other.csr", "text");
    let batch = "-q csr sign other.csr --ca customerCA.crt --out-dir . --keep-going";
    let lines = shown(&rig, 60, batch);
    let refused = lines
        .iter()
        .position(|line| line.starts_with("REFUSED  other.csr"));
    let below = refused.and_then(|place| lines.get(place + 1));
    assert!(
        below.is_some_and(|line| line.starts_with("         ")),
        "{lines:#?}"
    );
    assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
    let piped = rig.command(&words(batch)).stdout;
    assert_eq!(
        piped.lines().filter(|line| line.contains("other.csr")).count(),
        1,
        "{piped}"
    );
    assert!(!piped.contains("\n   "), "{piped}");
}

#[test]
fn a_list_of_commands_below_an_error_keeps_its_indents() {
    let rig = Rig::without_token();
    let piped = rig.command(&["key"]);
    let shown = shown(&rig, 100, "key");
    let lines: Vec<_> = piped.stderr.lines().map(str::trim_end).collect();
    assert_eq!(shown, lines);
    assert!(lines.iter().any(|line| line.starts_with("  list ")), "{lines:#?}");
}

#[test]
fn colours_are_those_that_were_asked_for() {
    let rig = Rig::without_token();
    for arguments in ["key list -h", "nope", "ledger list --ledger sqlite:nowhere.db"] {
        let colored = raw(&rig, 80, arguments);
        assert!(colored.contains('\u{1b}'), "{colored:?}");
        let plain = raw(&rig, 80, &format!("--color never {arguments}"));
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        let dumb = raw_with(&rig, 80, "dumb", arguments);
        assert!(!dumb.contains('\u{1b}'), "{dumb:?}");
        let always: Vec<_> = ["--color", "always"]
            .into_iter()
            .chain(words(arguments))
            .collect();
        let piped = rig.command(&always);
        assert!((piped.stdout + &piped.stderr).contains('\u{1b}'), "{arguments}");
    }
}

#[test]
fn a_hash_is_not_broken_by_a_narrow_terminal() {
    let rig = Rig::without_token();
    rig.tool(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"],
    )
    .ok();
    rig.tool(
        "openssl",
        &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"],
    )
    .ok();
    let piped = rig.command(&["show", "key.pub"]).ok().stdout;
    let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hash = piped.split_whitespace().find(is_hash).expect("a hash");
    for columns in [70, 80] {
        let lines = shown(&rig, columns, "show key.pub");
        assert!(lines.iter().any(|line| line.trim() == hash), "{lines:#?}");
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() <= usize::from(columns)),
            "{lines:#?}"
        );
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
