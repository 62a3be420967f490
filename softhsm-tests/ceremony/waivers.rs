//! A root renewed under its own key, and a new key under a root's name: a step waives the rule, and everyone can see that.

use serde_json::{Value, json};

use super::check::ceremony;
use super::rehearse::{one_session, rehearse};
use super::second_verifier::ask;
use crate::harness::Rig;

/// Certifies the older root's key again, and another key under the new root's name.
const STEPS: &str = "[[step]]\nid = \"again\"\ndo = \"create-ca\"\nkey = \"legacy-root\"\ntoken = \"legacy\"\n\
     subject = \"CN=Legacy,O=Example\"\nprofile = \"root\"\ndays = 7305\nout = \"again.crt\"\n\
     [[step]]\nid = \"k2\"\ndo = \"generate-key\"\ntoken = \"root\"\nlabel = \"root-r2\"\ntype = \"ec:p384\"\n\
     [[step]]\nid = \"root2\"\ndo = \"create-ca\"\nkey = \"k2\"\nsubject = \"CN=Root R1,O=Example\"\n\
     profile = \"root\"\ndays = 7305\nout = \"r2.crt\"\n[close]";

const RENEWAL: (&str, &str, &str) = ("second-certificate", "again", "the first one ends in 2041");
const NEW_KEY: (&str, &str, &str) = (
    "same-name-other-key",
    "root2",
    "clients look for the name of this root",
);

fn waiving(waivers: &[(&str, &str, &str)]) -> Rig {
    let rig = ceremony();
    one_session(&rig);
    rig.edit("[close]", STEPS);
    let waivers = waivers.iter().map(|(rule, step, because)| {
        format!("{{ rule = \"{rule}\", step = \"{step}\", because = \"{because}\" }}")
    });
    let waivers: Vec<_> = waivers.collect();
    rig.edit("waive = []", &format!("waive = [{}]", waivers.join(", ")));
    rig
}

#[test]
fn a_step_waives_the_one_rule_that_it_names() {
    for (waivers, refused) in [
        (vec![], ["step \"again\"", "second-certificate"]),
        (vec![NEW_KEY], ["step \"again\"", "second-certificate"]),
        (vec![RENEWAL], ["step \"root2\"", "same-name-other-key"]),
        (
            vec![RENEWAL, (NEW_KEY.0, "again", NEW_KEY.2)],
            ["step \"root2\"", "same-name-other-key"],
        ),
    ] {
        let rig = waiving(&waivers);
        let message = rig
            .json(&["ceremony", "check", "ceremony.toml"])
            .refused(3, "rule");
        for wanted in refused {
            assert!(message.contains(wanted), "{waivers:?}: {message}");
        }
    }
    // The rules concern CAs, and this certificate is not a CA certificate.
    let rig = ceremony();
    rig.edit("profile = \"intermediate\"", "profile = \"tls-client\"");
    let waiver = "waive = [{ rule = \"second-certificate\", step = \"i1\", because = \"agreed by all\" }]";
    rig.edit("waive = []", waiver);
    let message = rig
        .json(&["ceremony", "check", "ceremony.toml"])
        .refused(2, "ceremony-file");
    assert!(message.contains("makes another one"), "{message}");
}

#[test]
fn what_is_waived_is_in_the_plan_on_every_page_and_in_the_ledger() {
    let rig = waiving(&[RENEWAL, NEW_KEY]);
    let waived = [RENEWAL, NEW_KEY]
        .map(|(rule, step, because)| json!({ "rule": rule, "step": step, "because": because }));
    let checked = rig.json(&["ceremony", "check", "ceremony.toml"]).ok().json();
    assert_eq!(checked["waived"], json!(waived));
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    rig.json(&plan).ok();
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    assert_eq!(plan["waived"], json!(waived));
    for object in plan["objects"].as_array().expect("objects") {
        for (rule, step, _) in [RENEWAL, NEW_KEY] {
            let verdict = match object["step"] == step {
                true => json!("waived"),
                false => json!("at-signing"),
            };
            if object["is"] == "certificate" {
                assert_eq!(object["verdicts"][rule], verdict, "{object:#}");
            }
        }
    }

    // It is carried out on a rig, and the ledger records the broken and waived rules, as for `ca create`.
    rehearse(&rig).ok();
    let practice = |name: &str| {
        let name = format!("room/rehearsal/main/{name}");
        String::from_utf8(rig.read(&name)).expect("text")
    };
    for page in ["plan.txt", "script.html", "report.html"] {
        for (rule, step, because) in [RENEWAL, NEW_KEY] {
            let text = practice(page);
            assert!(
                text.contains(rule) && text.contains(step) && text.contains(because),
                "{page}: {rule}"
            );
        }
    }
    let events = practice("state/ledger-events.jsonl");
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let transcript = practice("run/transcript.jsonl");
    let lines = transcript
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let begun = lines.filter(|line: &Value| line["what"] == "sign-begin");
    let recorded: Vec<_> = begun
        .map(|line| {
            let entry = line["entry"]
                .as_u64()
                .and_then(|entry| usize::try_from(entry).ok());
            let event = &events[entry.expect("a number") - 1];
            (
                line["step"].clone(),
                event["event"]["event"]["begun"]["waived"].clone(),
            )
        })
        .filter(|(_, waived)| !waived.is_null())
        .collect();
    let expected = [RENEWAL, NEW_KEY].map(|(rule, step, _)| (json!(step), json!([rule])));
    assert_eq!(recorded, expected);
    let path = "room/rehearsal/main";
    let verified = rig.json(&["ceremony", "verify", path]).ok().json();
    let head = verified["head"].as_str().expect("a head");
    let case = json!({ "what": "ceremony", "directory": rig.path(path) });
    assert_eq!(ask(&[case]), [format!("ok {head}")]);
}
