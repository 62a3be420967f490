//! Lists as tables, and the command that comes next.

use crate::harness::{ALIAS, Rig, ready_authority};

#[test]
fn a_pair_is_one_line_and_its_name_is_whole() {
    let rig = ready_authority().copy();
    let label = "a label of the longest kind that people give to keys, with spaces";
    rig.command(&["key", "generate", "--label", label, "--type", "ec:p256"])
        .ok();
    let listed = rig.json(&["key", "list"]).ok().json();
    let text = rig.command(&["key", "list"]).ok().stdout;
    let lines: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 3, "a heading and two pairs: {text}");
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(4), "{listed}");
    for key in listed["keys"].as_array().expect("keys") {
        let (label, id) = (
            key["label"].as_str().expect("a label"),
            key["id"].as_str().expect("an id"),
        );
        let line = lines
            .iter()
            .find(|line| line.starts_with(label))
            .unwrap_or_else(|| panic!("{label}: {text}"));
        assert!(
            line.contains(id) && line.contains("pair") && line.contains("sign"),
            "{line}"
        );
    }
    // On a narrow terminal.
    let script = "stty cols 80; \"$0\" key list; \"$0\" key list --wide";
    let run = rig.tool(
        "script",
        &[
            "-qec",
            &script.replace("\"$0\"", crate::harness::PROGRAM),
            "/dev/null",
        ],
    );
    assert!(run.stdout.contains(label), "{run:?}");
    // A half alone is not called a pair.
    let id = listed["keys"][0]["id"].as_str().expect("an id").to_owned();
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    let text = rig.command(&["key", "list"]).ok().stdout;
    let line = text
        .lines()
        .find(|line| line.contains(&id))
        .expect("the private key");
    assert!(line.contains("private") && !line.contains("pair"), "{text}");
}

#[test]
fn a_token_is_one_line_with_its_serial_number() {
    let rig = ready_authority();
    let listed = rig.json(&["token", "list"]).ok().json();
    let text = rig.command(&["token", "list"]).ok().stdout;
    let serial = listed["tokens"][0]["serial"].as_str().expect("a serial number");
    let line = text
        .lines()
        .find(|line| line.starts_with("ca "))
        .expect("the token");
    assert!(line.contains(serial) && line.contains("SoftHSM"), "{text}");
}

/// What is after "Next:", up to the end.
#[track_caller]
fn next_of(stderr: &str) -> &str {
    stderr
        .split_once("Next: ")
        .unwrap_or_else(|| panic!("nothing next: {stderr}"))
        .1
        .trim()
}

#[test]
fn each_step_says_the_next_and_the_next_works() {
    let rig = Rig::new().with_aws();
    let spaced = rig.path("two words");
    std::fs::create_dir(&spaced).expect("a directory");
    let first = rig.command(&["kms", "create-key", "--alias", "alias/steps"]);
    // Another test may have made it: the local AWS is one for all.
    if first.code == Some(0) {
        assert!(
            next_of(&first.stderr).contains("--key-id alias/steps"),
            "{first:?}"
        );
    }
    let rig = rig.with_key();
    let pair = rig.command(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        "ec:p256",
        "-o",
        "two words/it's.json",
    ]);
    let run = |line: &str| {
        let script = line.replacen("hsm-ca", "\"$0\"", 1);
        let mut command = rig.prepare_tool("bash", &["-c", &script, crate::harness::PROGRAM]);
        crate::harness::Run::of(command.env_remove("SOFTHSM2_CONF")).ok()
    };
    let pair = pair.ok();
    let import = next_of(&pair.stderr);
    assert!(
        import.contains("'two words/it'\\''s.json'") && import.contains("--expect"),
        "{import}"
    );
    let imported = run(import);
    let create = next_of(&imported.stderr);
    let created = run(create);
    let next = next_of(&created.stderr);
    let words = rig.json(&["cert", "show", "customerCA.crt"]).ok().json()["sha256_words"].clone();
    let said: Vec<_> = next.split_whitespace().collect();
    assert!(said.join(" ").contains(words.as_str().expect("words")), "{next}");
    assert!(
        next.ends_with("then: hsm-ca cluster fetch CLUSTER --out-dir cluster"),
        "{next}"
    );
    // Nothing for programs, and nothing for those who asked for quiet.
    for option in ["--json", "-q"] {
        let run = rig.command(&[
            option,
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            "ec:p256",
            "-o",
            &format!("of{option}.json"),
        ]);
        assert_eq!(run.ok().stderr, "", "{option}");
    }
}
