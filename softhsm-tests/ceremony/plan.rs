//! `ceremony plan` freezes everything, and another machine makes the same plan from the same files.

use serde_json::Value;

use super::check::ceremony;
use super::run::SCRIPTS;
use crate::harness::{Rig, python_tool};

fn plan(rig: &Rig) -> Value {
    let planned = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    rig.json(&planned).ok().json()
}

fn plan_json(rig: &Rig) -> Value {
    serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON")
}

#[test]
fn the_same_files_make_the_same_plan_and_every_change_is_found() {
    let rig = ceremony();
    let report = plan(&rig);
    let sum = rig.tool("sha256sum", &["room/plan.json"]).ok().stdout;
    assert_eq!(sum.split(' ').next(), report["plan_sha256"].as_str());
    let check = ["ceremony", "plan", "--check", "room"];
    assert_eq!(rig.json(&check).ok().json()["plan_sha256"], report["plan_sha256"]);

    // A second plan does not overwrite it.
    let again = rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"]);
    again.refused(2, "output-exists");

    for file in ["ceremony.toml", "inputs/legacy.crt", "plan.txt", "plan.json"] {
        let path = format!("room/{file}");
        let sound = rig.read(&path);
        let mut other = sound.clone();
        let last = other.iter().rposition(u8::is_ascii_alphanumeric).expect("text");
        other[last] ^= 1;
        rig.write(&path, &other);
        let refused = rig.json(&check);
        assert_ne!(refused.code, Some(0), "{file}");
        rig.write(&path, &sound);
    }
    rig.json(&check).ok();
}

/// Each session has its own serial numbers, and the octets that a key will fill in are zero.
#[test]
fn a_plan_has_holes_for_the_new_key_and_fixes_every_other_octet() {
    let rig = ceremony();
    plan(&rig);
    let plan = plan_json(&rig);
    let objects = plan["objects"].as_array().expect("objects");
    assert_eq!(objects.len(), 8);
    let of = |name: &str| {
        objects
            .iter()
            .map(|object| object[name].as_str())
            .collect::<Vec<_>>()
    };
    let mut serials: Vec<_> = of("serial").into_iter().flatten().collect();
    let spare = objects
        .iter()
        .filter_map(|object| object["spare"]["serial"].as_str());
    serials.extend(spare);
    serials.sort_unstable();
    let count = serials.len();
    serials.dedup();
    assert_eq!(serials.len(), count);
    let holes = |place: usize| {
        let holes = objects[place]["holes"].as_array().expect("holes").iter();
        let hole = |hole: &Value| format!("{} {} {}", hole["is"], hole["len"], hole["key"]).replace('"', "");
        holes.map(hole).collect::<Vec<_>>()
    };
    // A P-384 point and its SHA-1: in the root, the certificate that it signs, the cross-certificate and the CRL.
    let (key, identifier) = ("key 96 k".to_owned(), "key-identifier 20 k".to_owned());
    assert_eq!(holes(0), [key.clone(), identifier.clone()]);
    assert_eq!(holes(1), std::slice::from_ref(&identifier));
    assert_eq!(holes(2), [key, identifier.clone()]);
    assert_eq!(holes(3), [identifier]);
    // The older root signs with P-256, which is randomised. A CRL has no serial number, so it has no spare one.
    assert_eq!(objects[3]["spare"], Value::Null);
    assert!(plan["objects"][2]["spare"]["serial"].is_string(), "{plan:#}");
    // Every octet outside the holes comes from the draft: openssl reads the dates and names.
    let tbs = objects[0]["tbs"].as_str().expect("base64");
    rig.write("root.b64", format!("{tbs}\n"));
    rig.tool(
        "openssl",
        &["base64", "-d", "-A", "-in", "root.b64", "-out", "root.tbs"],
    )
    .ok();
    let parsed = rig.tool("openssl", &["asn1parse", "-inform", "DER", "-in", "root.tbs"]);
    let text = parsed.ok().stdout;
    assert!(
        text.contains("310601080000Z") && text.contains("Root R1"),
        "{text}"
    );
}

#[test]
fn a_session_that_is_over_and_a_token_that_is_not_there_are_refused() {
    let rig = ceremony();
    rig.edit("date = 2031-06-01", "date = 2021-06-01");
    let refused = rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"]);
    refused.refused(3, "ceremony-session");
    assert!(!rig.path("room").exists());
}

/// The rig's settings name the configuration of its module, so no environment variable is needed.
#[test]
fn the_tokens_are_found_by_the_settings_alone() {
    let rig = Rig::new();
    rig.tool(
        python_tool("python3"),
        &["-c", include_str!("inputs.py"), SCRIPTS],
    )
    .ok();
    let tokens = rig.json(&["token", "list"]).ok().json();
    let serial = tokens["tokens"][0]["serial_number"]
        .as_str()
        .expect("a serial number");
    rig.edit("2318-0042", serial);
    rig.edit("[token.legacy]\nserial = \"2117-0007\"\n", "");
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("UTF-8");
    let input = text
        .lines()
        .find(|line| line.starts_with("legacy-root"))
        .expect("an input");
    rig.edit(&format!("{input}\n"), "");
    let (from, to) = ("[[step]]\nid = \"x1\"", "[[step]]\nid = \"crl1\"");
    let [from, to] = [from, to].map(|start| text.find(start).expect("a step"));
    rig.edit(&text[from..to], "");
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room"];
    rig.json(&plan).ok();
    assert_eq!(plan_json(&rig)["tokens"]["root"]["model"], "SoftHSM v2");
    // The token is found; only the approvals are missing.
    rig.json(&["ceremony", "run", "room"])
        .refused(3, "quorum-not-anchored");
}
