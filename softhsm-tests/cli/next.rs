//! The suggested next command after each step from an empty directory to an initialised cluster.

use std::fs;

use serde_json::json;

use crate::cluster::evidence::roots;
use crate::harness::{ALIAS, HSM2, LocalCluster, PROGRAM, Rig, Run, ready_authority};

/// The lines after "Next:", for a shell.
#[track_caller]
fn next_of(run: &Run) -> String {
    let (_, next) = run
        .stderr
        .split_once("Next: ")
        .unwrap_or_else(|| panic!("nothing next: {run:?}"));
    next.trim_end().to_owned()
}

/// A shell without settings, in a directory with only a link to the program.
struct Shell {
    rig: Rig,
    /// What it has sourced.
    settings: String,
}

impl Shell {
    fn run(&self, lines: &str) -> Run {
        let path = "export PATH=\"$PWD/bin:$PATH\"";
        let script = format!("set -e\n{path}\n{}\n{lines}", self.settings);
        self.rig.tool("bash", &["-c", &script]).ok()
    }
}

#[test]
fn from_an_empty_directory_to_an_initialised_cluster_each_step_suggests_the_next() {
    // An account of the local AWS with one cluster.
    let rig = Rig::without_token().with_aws();
    let rig = rig.with("AWS_ACCESS_KEY_ID", "AKIANEXTSTEPS00444455556666");
    let settings = json!({ "hsm_type": HSM2, "account": "444455556666" });
    let cluster = LocalCluster::with(&settings);
    fs::create_dir(rig.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, rig.path("bin/hsm-ca")).expect("a link");
    let mut shell = Shell {
        rig,
        settings: String::new(),
    };

    let next = next_of(&shell.run("hsm-ca rig new 'a rig'"));
    let (source, next) = next.split_once('\n').expect("two lines");
    assert!(
        source.starts_with(". '/") && source.ends_with("/a rig/env.sh'"),
        "{source}"
    );
    shell.settings = source.to_owned();
    let pair = next_of(&shell.run(next));
    let import = next_of(&shell.run(&pair));
    assert!(import.contains(" --expect "), "{import}");
    let create = next_of(&shell.run(&import));
    let created = shell.run(&create);
    // The fingerprint, for writing down.
    let shown = shell.rig.json(&["cert", "show", "customerCA.crt"]).ok().json();
    let words: Vec<_> = created.stdout.split_whitespace().collect();
    let fingerprint = shown["sha256_words"].as_str().expect("words");
    assert!(words.join(" ").contains(fingerprint), "{created:?}");

    let fetch = next_of(&shell.run(&next_of(&created)));
    assert!(fetch.contains(cluster.id()), "{fetch}");
    let verify = next_of(&shell.run(&fetch));
    // AWS does not provide the roots with the rest: their files, and the compared fingerprints.
    let (aws, manufacturer) = cluster.roots_of_hsm();
    shell.rig.write("aws.crt", aws);
    shell.rig.write("manufacturer.crt", manufacturer);
    let roots = roots(&shell.rig, "aws.crt", "manufacturer.crt");
    let verify = verify
        .replace("--aws-root FILE", &roots[..4].join(" "))
        .replace("--manufacturer-root FILE", &roots[4..].join(" "));
    assert!(!verify.contains("FILE"), "{verify}");
    let sign = next_of(&shell.run(&verify));
    let initialize = next_of(&shell.run(&sign));
    // Without a terminal, it does not ask.
    let initialize = initialize.replace("cluster initialize ", "cluster initialize --yes ");
    let check = next_of(&shell.run(&initialize));
    assert_eq!(cluster.state(), "INITIALIZED");
    // The next command runs on another machine.
    let (check, elsewhere) = check.split_once("# then").expect("more");
    assert!(elsewhere.contains("cluster activate"), "{elsewhere}");
    let ledger = next_of(&shell.run(check));
    let sound = shell.run(&ledger);
    assert!(sound.stdout.contains("The ledger is sound."), "{sound:?}");
}

#[test]
fn what_is_next_is_quoted_and_is_nothing_for_programs() {
    let rig = Rig::new().with_key();
    fs::create_dir(rig.path("two words")).expect("a directory");
    let generate = ["kms", "generate-key-pair", "--key-id", ALIAS, "--spec", "ec:p256"];
    let pair = rig
        .command(&[&generate[..], &["-o", "two words/it's.json"]].concat())
        .ok();
    let import = next_of(&pair);
    assert!(
        import.contains("'two words/it'\\''s.json'") && import.contains("--expect"),
        "{import}"
    );
    for option in ["--json", "-q"] {
        let more = [option, "-o", &format!("of{option}.json")];
        let run = rig.command(&[&generate[..], &more].concat()).ok();
        assert_eq!(run.stderr, "", "{option}");
    }
    let made = rig
        .command(&["key", "generate", "--label", "it's", "--type", "ec:p256"])
        .ok();
    let next = next_of(&made);
    assert!(
        next.starts_with("hsm-ca ca create --key 'it'\\''s' ")
            && next.contains("# or, under another CA: hsm-ca csr"),
        "{next}"
    );
    // From the root's key to an intermediate, each line as it is.
    fs::create_dir(rig.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, rig.path("bin/hsm-ca")).expect("a link");
    let shell = Shell {
        rig,
        settings: String::new(),
    };
    let create = next.lines().next().expect("a line");
    let intermediate = next_of(&shell.run(create));
    shell.run(&intermediate);
    assert!(shell.rig.path("issuing.crt").exists(), "{intermediate}");
}

#[test]
fn an_unsourced_env_file_is_named_in_the_hint() {
    let rig = Rig::without_token();
    let hint = |arguments: &[&str]| {
        let run = rig.command(arguments);
        assert_ne!(run.code, Some(0), "{run:?}");
        run.stderr
    };
    assert!(!hint(&["token", "list"]).contains("env.sh"));
    for name in ["first", "second rig"] {
        rig.command(&["rig", "new", name]).ok();
    }
    let source = format!(". '{}'", rig.path("second rig/env.sh").display());
    for (arguments, other) in [
        (["token", "list"], "HSM_CA_MODULE"),
        (["ledger", "list"], "--ledger"),
    ] {
        let said = hint(&arguments);
        assert!(said.contains(&source) && said.contains(other), "{said}");
    }
    // Where a command would record, too: even if others can write there.
    rig.write("customerCA.crt", ready_authority().read("customerCA.crt"));
    let revoke =
        "mkdir -m 1777 open; cd open; \"$0\" cert revoke 12 --ca ../customerCA.crt --reason superseded";
    let run = rig.tool("bash", &["-c", revoke, PROGRAM]);
    assert!(run.code == Some(4) && run.stderr.contains(&source), "{run:?}");
    // The suggested command works.
    let line = format!("{source} && {PROGRAM} token list");
    rig.tool("bash", &["-c", &line]).ok();
    // A rig that no longer exists, or that others could have put there, is not mentioned.
    let note = ".local/state/hsm-ca/last-rig";
    let text = rig.read(note);
    let chmod = |mode: &str, path: &str| drop(rig.tool("chmod", &[mode, path]).ok());
    for path in [note, "second rig", ".local/state/hsm-ca"] {
        chmod("go+w", path);
        assert!(!hint(&["token", "list"]).contains("env.sh"), "{path}");
        chmod("go-w", path);
    }
    assert!(hint(&["token", "list"]).contains("env.sh"));
    for wrong in ["", "second rig\n", "/\n", "\u{1b}[2J\n", "no line feed"] {
        rig.write(note, wrong);
        assert!(!hint(&["token", "list"]).contains("env.sh"), "{wrong:?}");
    }
    rig.write(note, text);
    fs::remove_dir_all(rig.path("second rig")).expect("removed");
    assert!(!hint(&["token", "list"]).contains("env.sh"));
}
