//! Runs the walk-through of docs/ceremony.md as it is written there: an offline root, an issuing CA, the first CRL.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{PROGRAM, Rig, python_tool};

/// The steps that ask for words, in the order of the ceremony file.
const TYPED: &str = "root-key root i1 crl1";

/// The blocks of the text in this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    let parts = text.split(&begin).skip(1);
    parts
        .map(|part| part.split_once("```").expect("an end").0)
        .collect()
}

fn shell(rig: &Rig, commands: &str) -> String {
    let script = format!("PATH=$PWD/bin:$PATH\nif [ -e rig ]; then . rig/env.sh; fi\n{commands}");
    let run = rig.tool("bash", &["-euo", "pipefail", "-c", &script]);
    rig.without_secrets(run).ok().stdout
}

/// Edits the ceremony file as the page's table says.
fn fill_in(rig: &Rig, walk: &str, token: &str) {
    let mut file = String::from_utf8(rig.read("root.toml")).expect("UTF-8");
    let mut replace = |from: &str, to: &str| {
        assert!(file.contains(from), "{from}: {file}");
        file = file.replacen(from, to, 1);
    };
    replace("\"FILL-IN\"", &format!("\"{token}\""));
    for (role, name) in [("administrator", "Ada"), ("operator", "Ben"), ("witness", "Cy")] {
        let key = String::from_utf8(rig.read(&format!("{name}.pub"))).expect("UTF-8");
        replace(&format!("FILL-IN {role}"), name);
        replace("ssh-ed25519 FILL-IN", key.trim());
    }
    let named = |start: &str| {
        let (_, rest) = walk.split_once(start).expect(start);
        let (value, _) = rest.split_once('`').expect("an end");
        format!("{}{value}", start.trim_start_matches('`'))
    };
    replace("subject = \"CN=FILL-IN,O=FILL-IN\"", &named("`subject = "));
    // The page's lines are those of the file, without comment signs and with the hash.
    let [uncommented] = blocks(walk, "toml")[..] else {
        panic!("one block of TOML");
    };
    let sum = rig.tool("sha256sum", &["inputs/i1.csr"]).ok().stdout;
    for part in uncommented.trim().split("\n\n") {
        let commented: Vec<_> = part.lines().map(|line| format!("# {line}")).collect();
        let commented = commented.join("\n").replace("SHA256", "\u{2026}");
        replace(&commented, &part.replace("SHA256", &sum[..64]));
    }
    let (before, after) = file.split_once("name = \"main\"\n").expect("the session");
    let rest: Vec<_> = after.splitn(3, '\n').collect();
    // In the last minutes before midnight, use the next day.
    let today = "date -u +%F; date -u -d '5 minutes' +%F";
    let days = rig.tool("sh", &["-c", today]).ok().stdout;
    let days: Vec<_> = days.lines().collect();
    let hours = match days[0] == days[1] {
        true => named("`hours = "),
        false => "hours = [\"00:00+01:00\", \"23:00+01:00\"]".to_owned(),
    };
    let session = format!("name = \"main\"\ndate = {}\n{hours}\n", days[1]);
    rig.write("root.toml", format!("{before}{session}{}", rest[2]));
}

#[test]
fn the_walk_through_runs_as_written() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ceremony.md");
    let text = fs::read_to_string(document).expect("the document");
    let (_, walk) = text.split_once("\n## A walk-through").expect("the walk-through");
    let (walk, _) = walk.split_once("\n## ").expect("another part");
    let [inputs, prepare, day, afterwards, stock] = blocks(walk, "sh")[..] else {
        panic!("five blocks of commands");
    };
    let rig = Rig::without_token();
    fs::create_dir(rig.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, rig.path("bin/hsm-ca")).expect("a link");

    let said = shell(&rig, inputs);
    assert!(said.contains("SHA-256 of the key"), "{said}");
    let tokens = shell(&rig, "hsm-ca token list --format json");
    let tokens: Value = serde_json::from_str(&tokens).expect("JSON");
    let token = tokens["tokens"][0]["serial_number"]
        .as_str()
        .expect("a serial number");
    fill_in(&rig, walk, token);
    shell(&rig, prepare);

    // `run` and those who sign at the gate.
    let mut lines = day
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim());
    assert_eq!(lines.next(), Some("hsm-ca ceremony run r1"));
    let approve = "hsm-ca ceremony approve r1 --ssh-key ";
    let signers: Vec<_> = lines
        .map(|line| line.strip_prefix(approve).expect(line))
        .collect();
    let room = walk.split_once("| who is in the room | `").expect("the room").1;
    let people = room.split_once('`').expect("an end").0;
    let hold = format!(
        "PEOPLE='{people}' SIGNERS='{}' {} {} r1 script.html <<<'{TYPED}'",
        signers.join(" "),
        python_tool("python3").display(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/ceremony-people.py"),
    );
    let said = shell(&rig, &hold);
    assert!(said.starts_with("PRACTICE ceremony root-r1\n"), "{said}");
    let head = said.split_once("\n  head ").expect("the head").1;
    let head = head.lines().next().unwrap_or_default().trim();

    assert!(afterwards.contains("--head N:HASH"), "{afterwards}");
    let said = shell(&rig, &afterwards.replace("N:HASH", head));
    assert!(said.contains("root-r1, a practice ceremony: verified"), "{said}");
    for file in ["root.crt", "i1.crt", "root.crl"] {
        assert!(rig.path("r1/out").join(file).exists(), "{file}");
    }

    let said = shell(&rig, stock);
    for (what, person) in [("approval", "Ada"), ("gate", "Ben"), ("attestation", "Cy")] {
        let good = format!("Good \"ceremony-practice-{what}@hsm-ca\" signature for {person} with ");
        assert!(said.contains(&good), "{good}: {said}");
    }
    // What the page says to compare: the hash of the plan, the number of lines and the hash of the last one.
    let printed: Vec<_> = said.split_whitespace().collect();
    let attestation: Value = serde_json::from_slice(&rig.read("r1/attest/03.json")).expect("JSON");
    assert_eq!(attestation["head"], head);
    let (number, hash) = head.split_once(':').expect("a head");
    for value in [number, hash, attestation["plan"].as_str().expect("a hash")] {
        assert!(printed.contains(&value), "{value}: {said}");
    }
    // The signature of a practice is not that of a production ceremony.
    let (_, production) = walk.split_once("the namespaces are\n`").expect("the namespaces");
    let (production, _) = production.split_once('`').expect("an end");
    let approval = stock.lines().find(|line| line.contains("-approval@hsm-ca"));
    let approval = approval
        .expect("a command")
        .replace("ceremony-practice-approval@hsm-ca", production);
    let refused = rig.tool("bash", &["-c", &approval]);
    assert_eq!(refused.code, Some(255), "{refused:#?}");
}
