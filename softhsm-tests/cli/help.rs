//! Help that fits a terminal, and examples that work.

use std::fs;

use super::program::commands_below;
use crate::harness::{PROGRAM, Rig, Run};
use crate::oracle::make_cluster_request;

/// Every command and group, as words.
fn all_commands(rig: &Rig) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for group in commands_below(rig, &[]) {
        let below = commands_below(rig, &[&group]);
        all.push(vec![group.clone()]);
        all.extend(below.into_iter().map(|name| vec![group.clone(), name]));
    }
    all
}

fn help_of(rig: &Rig, command: &[String], option: &str) -> String {
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

/// The examples at the end of a command's help.
fn examples_of(rig: &Rig, command: &[String]) -> Vec<String> {
    let help = help_of(rig, command, "--help");
    let Some((_, listed)) = help.split_once("\nExamples:\n") else {
        return Vec::new();
    };
    let lines = listed.lines().take_while(|line| line.starts_with("  "));
    let mut examples: Vec<String> = Vec::new();
    for line in lines.map(str::trim) {
        match examples.last_mut() {
            Some(last) if last.ends_with('\\') => *last = format!("{last}\n{line}"),
            _ => examples.push(line.to_owned()),
        }
    }
    examples
}

/// In this order, each finds what those before it have made.
const STORY: [&str; 40] = [
    "rig new",
    "doctor",
    "token list",
    "token show",
    "token bench",
    "key generate",
    "key list",
    "key show",
    "key verify",
    "key export-public",
    "key delete",
    "kms create-key",
    "kms generate-key-pair",
    "kms import",
    "ca create",
    "csr create",
    "csr show",
    "csr sign",
    "cert show",
    "cert verify",
    "cert rules",
    "cert revoke",
    "crl create",
    "crl show",
    "ocsp respond",
    "ocsp show",
    "ocsp publish",
    "ca adopt",
    "cert cross-sign",
    "ledger new",
    "ledger list",
    "ledger show",
    "ledger verify",
    "ledger checkpoint",
    "ledger export",
    "show",
    "completions",
    "man",
    "version",
    "ceremony new",
];

#[test]
fn every_example_works() {
    let rig = Rig::without_token().with_aws();
    let bin = rig.path("bin");
    fs::create_dir(&bin).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, bin.join("hsm-ca")).expect("a link");
    let run = |line: &str| {
        let script =
            format!("export PATH=\"$PWD/bin:$PATH\"; if [ -e rig/env.sh ]; then . rig/env.sh; fi; {line}");
        rig.tool("bash", &["-c", &script])
    };
    let mut seen = 0;
    for (place, command) in STORY.iter().enumerate() {
        match *command {
            "key delete" => drop(run("hsm-ca key generate --label old-ca --type ec:p256").ok()),
            "csr sign" => {
                make_cluster_request(&rig, "cluster.csr");
                fs::create_dir(rig.path("requests")).expect("a directory");
                fs::create_dir(rig.path("signed")).expect("a directory");
                let request = "openssl req -new -newkey rsa:2048 -nodes -keyout www.key -subj /CN=www.example.com \
                               -addext subjectAltName=DNS:www.example.com -out requests/www.csr";
                rig.tool("openssl", &request.split_whitespace().skip(1).collect::<Vec<_>>())
                    .ok();
            }
            "ocsp publish" => fs::create_dir(rig.path("ocsp")).expect("a directory"),
            "ca adopt" => {
                let request = "req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=Other -days 30 \
                               -addext keyUsage=critical,keyCertSign,cRLSign -out other-ca.crt";
                rig.tool("openssl", &request.split_whitespace().collect::<Vec<_>>())
                    .ok();
            }
            "ocsp respond" => {
                let request = "ocsp -issuer customerCA.crt -cert cluster.crt -reqout request.ocsp";
                rig.tool("openssl", &request.split(' ').collect::<Vec<_>>()).ok();
            }
            _ => {}
        }
        let words: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let examples = examples_of(&rig, &words);
        assert!(!examples.is_empty(), "{command} has no example");
        for example in examples {
            assert!(
                example.starts_with(&format!("hsm-ca {command}")),
                "{command}: {example}"
            );
            let done = run(&example);
            assert_eq!(done.code, Some(0), "{place}: {example}: {done:#?}");
            seen += 1;
        }
    }
    // No help has an example that this test does not run.
    let shown: usize = all_commands(&rig)
        .iter()
        .map(|command| examples_of(&rig, command).len())
        .sum();
    assert_eq!(seen, shown);
}
