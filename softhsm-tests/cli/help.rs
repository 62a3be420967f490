//! Help that fits a terminal, and examples that work.

use super::program::commands_below;
use crate::harness::{Rig, Run};

/// Every command and group, as words.
pub(crate) fn all_commands(rig: &Rig) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for group in commands_below(rig, &[]) {
        let below = commands_below(rig, &[&group]);
        all.push(vec![group.clone()]);
        all.extend(below.into_iter().map(|name| vec![group.clone(), name]));
    }
    all
}

pub(crate) fn help_of(rig: &Rig, command: &[String], option: &str) -> String {
    let words: Vec<_> = command.iter().map(String::as_str).chain([option]).collect();
    Run::of(rig.prepare(&words).env("COLUMNS", "80")).ok().stdout
}

#[test]
fn every_help_fits_a_terminal_of_80_columns() {
    let rig = Rig::without_token();
    let commands = all_commands(&rig);
    assert!(commands.len() > 70, "{commands:?}");
    for command in commands {
        for option in ["-h", "--help"] {
            let help = help_of(&rig, &command, option);
            assert!(help.contains("Usage: hsm-ca"), "{command:?}: {help}");
            let longest = help.lines().map(|line| line.chars().count()).max();
            assert!(
                longest <= Some(80),
                "{command:?} {option}: {longest:?} columns\n{help}"
            );
        }
        let short = help_of(&rig, &command, "-h");
        assert!(
            short.contains("hsm-ca help options") && !short.contains("--pin-source"),
            "{command:?}: {short}"
        );
        assert!(
            help_of(&rig, &command, "--help").contains("--pin-source"),
            "{command:?}"
        );
    }
}

#[test]
fn signing_a_request_is_explained_on_one_screen() {
    let rig = Rig::without_token();
    let command = ["csr", "sign"].map(str::to_owned);
    let short = help_of(&rig, &command, "-h");
    assert!(
        short.lines().count() <= 24,
        "{} lines:\n{short}",
        short.lines().count()
    );
    for needed in ["--ca", "--out ", "--out-dir", "--profile", "--days", "Examples:"] {
        assert!(short.contains(needed), "{needed}:\n{short}");
    }
    let long = help_of(&rig, &command, "--help");
    for rest in [
        "--jobs",
        "--keep-going",
        "--not-before",
        "--pss",
        "--ski",
        "ocsp-signer",
    ] {
        assert!(long.contains(rest) && !short.contains(rest), "{rest}");
    }
}

#[test]
fn the_options_of_every_command_are_one_page() {
    let rig = Rig::without_token();
    let page = rig.command(&["help", "options"]).ok().stdout;
    for option in [
        "--config",
        "--module",
        "--token",
        "--pin-source",
        "--ledger",
        "--json",
        "--color",
        "--verbose",
    ] {
        assert!(page.contains(option), "{option}: {page}");
    }
    assert_eq!(rig.command(&["options"]).ok().stdout.trim(), page.trim());
}
