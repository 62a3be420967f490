//! Both verifiers take the same plans and the same keys, however strange.

use std::collections::BTreeSet;
use std::fs;

use base64ct::{Base64, Encoding};
use hsm_ca::ceremony::{CeremonyPlan, SshKey, to_canonical};
use serde_json::{Map, Value, json};

use super::proof::Planned;
use super::second_verifier::ask;
use super::ssh_keygen::key;

/// Each value of the plan once, left out, of another kind, with a name more and with an item twice. Of values in the same place of a list only the first.
fn changed(plan: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    find_pointers(
        plan,
        String::new(),
        String::new(),
        &mut BTreeSet::new(),
        &mut pointers,
    );
    let mut changed = Vec::new();
    for pointer in pointers {
        let found = plan.pointer(&pointer).expect("a value");
        let mut others = vec![
            json!("x"),
            json!(7),
            json!(-1),
            json!([]),
            json!({}),
            json!(true),
            json!(""),
        ];
        if let Value::Object(members) = found {
            others.push(with(members, "x", json!("x")));
            for name in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(name);
                others.push(fewer.into());
            }
        }
        if let Value::Array(items) = found {
            others.extend(
                items
                    .first()
                    .map(|first| [items.as_slice(), std::slice::from_ref(first)].concat().into()),
            );
        }
        for other in others {
            let mut plan = plan.clone();
            *plan.pointer_mut(&pointer).expect("a value") = other.clone();
            changed.push((format!("{pointer}: {other}"), plan));
        }
    }
    changed
}

fn with(members: &Map<String, Value>, name: &str, value: Value) -> Value {
    let mut more = members.clone();
    more.insert(name.to_owned(), value);
    more.into()
}

fn find_pointers(
    value: &Value,
    pointer: String,
    place: String,
    seen: &mut BTreeSet<String>,
    found: &mut Vec<String>,
) {
    if !seen.insert(place.clone()) {
        return;
    }
    found.push(pointer.clone());
    match value {
        Value::Object(members) => {
            // The kind of a step and its inner names belong together.
            let kind = members.get("do").and_then(Value::as_str).unwrap_or_default();
            for (name, value) in members {
                let place = format!("{place}/{kind}.{name}");
                find_pointers(value, format!("{pointer}/{name}"), place, seen, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let kind = value
                    .get("do")
                    .or_else(|| value.get("is"))
                    .and_then(Value::as_str);
                let place = format!("{place}/{}", kind.unwrap_or("*"));
                find_pointers(value, format!("{pointer}/{index}"), place, seen, found);
            }
        }
        _ => {}
    }
}

#[test]
fn both_verifiers_read_the_same_plans() {
    let planned = Planned::new();
    let sound: Value = serde_json::from_slice(&planned.0.read("room/plan.json")).expect("JSON");
    let mut plans = changed(&sound);
    let key_of = |name: &str| fs::read_to_string(planned.0.path(&format!("keys/{name}.pub"))).expect("a key");
    let blob = Base64::decode_vec(key_of("A").split_whitespace().nth(1).expect("base64")).expect("base64");
    let people: [(&str, &str, Value); 8] = [
        ("a name in upper case", "name", json!("a")),
        ("a name with an accent", "name", json!("\u{c4}")),
        ("a name that looks alike", "name", json!("\u{410}")),
        (
            "a key with a comment",
            "key",
            json!(format!("{} a person", key_of("B").trim())),
        ),
        (
            "a key with options",
            "key",
            json!(format!("cert-authority {}", key_of("B").trim())),
        ),
        (
            "another person's key",
            "key",
            json!(line_of("ssh-ed25519", &[&blob[19..]])),
        ),
        (
            "the same point in a security key",
            "key",
            json!(line_of("sk-ssh-ed25519@openssh.com", &[&blob[19..], b"ssh:"])),
        ),
        (
            "a small point",
            "key",
            json!(line_of("ssh-ed25519", &[&small_points()[1]])),
        ),
    ];
    for (what, field, value) in people {
        let mut plan = sound.clone();
        plan["people"]["persons"][1][field] = value;
        plans.push((what.to_owned(), plan));
    }
    // Two people whose names differ in the case of a letter that is not ASCII.
    let mut plan = sound.clone();
    plan["people"]["persons"][1]["name"] = json!("\u{c4}");
    plan["people"]["persons"][2]["name"] = json!("\u{e4}");
    plans.push(("two names with accents".to_owned(), plan));
    let mut cases = vec![sound];
    cases.extend(plans.iter().map(|(_, plan)| plan.clone()));
    let bytes: Vec<_> = cases
        .iter()
        .map(|plan| to_canonical(plan).expect("canonical"))
        .collect();
    let asked: Vec<_> = bytes
        .iter()
        .map(|bytes| json!({"what": "plan", "hex": hex::encode(bytes)}))
        .collect();
    let names = ["the plan".to_owned()]
        .into_iter()
        .chain(plans.into_iter().map(|(what, _)| what));
    let mut accepted = Vec::new();
    for ((what, bytes), theirs) in names.zip(&bytes).zip(ask(&asked)) {
        let ours = CeremonyPlan::read(bytes).map_err(|error| error.to_string());
        assert_eq!(ours.is_ok(), theirs == "ok", "{what}: {ours:?}: {theirs}");
        if ours.is_ok() {
            accepted.push(what);
        }
    }
    // Other texts for people are other plans, and approved as such.
    for what in [
        "the plan",
        "/ceremony: \"x\"",
        "a name with an accent",
        "two names with accents",
    ] {
        assert!(
            accepted.iter().any(|found| found == what),
            "{what}: {accepted:#?}"
        );
    }
    assert!(
        asked.len() > 700 && accepted.len() < asked.len() / 3,
        "{} of {}",
        accepted.len(),
        asked.len()
    );
}

fn string(octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(octets.len()).expect("a length");
    [&length.to_be_bytes()[..], octets].concat()
}

fn line_of(kind: &str, parts: &[&[u8]]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| string(part)).collect();
    let blob = [string(kind.as_bytes()), parts.concat()].concat();
    format!("{kind} {}", Base64::encode_string(&blob))
}

#[test]
fn both_verifiers_read_the_same_keys() {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let kinds: [&[&str]; 5] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "3072"],
    ];
    for kind in kinds {
        let directory = key(kind);
        let public = fs::read_to_string(directory.path().join("k.pub")).expect("a key");
        let (kind, base64) = public.split_once(' ').expect("a line");
        let base64 = base64.split(' ').next().expect("base64");
        let line = format!("{kind} {base64}");
        for other in [
            line.clone(),
            public.clone(),
            format!("{line}\n"),
            format!("{line}\r\n"),
            format!("\u{feff}{line}"),
            line.replace(' ', "  "),
            line.replace(' ', "\t"),
            format!("cert-authority {line}"),
            format!("namespaces=\"file\" {line}"),
            format!("valid-before=\"20300101\" {line}"),
            format!("{kind} {base64}="),
            format!("ssh-rsa {base64}"),
            format!("{kind}-cert-v01@openssh.com {base64}"),
        ] {
            lines.push(other.into_bytes());
        }
        let blob = Base64::decode_vec(base64).expect("base64");
        // An RSA key takes long, so a part of its octets is enough.
        let step = if blob.len() > 300 { 29 } else { 1 };
        for place in (0..blob.len()).step_by(step) {
            let mut other = blob.clone();
            other[place] ^= 1 << (place % 8);
            lines.push(format!("{kind} {}", Base64::encode_string(&other)).into_bytes());
        }
        lines.push(format!("{kind} {}", Base64::encode_string(&[&blob[..], b"\0"].concat())).into_bytes());
        if kind == "ssh-ed25519" {
            let security =
                |application: &[u8]| line_of("sk-ssh-ed25519@openssh.com", &[&blob[19..], application]);
            for application in [&b"ssh:"[..], b"", b"\xff", b"another"] {
                lines.push(security(application).into_bytes());
            }
        }
        if kind == "ssh-rsa" {
            let modulus = &blob[blob.len() - 385..];
            for exponent in [
                &b"\x03"[..],
                b"\x01\x00\x00",
                b"\x01\x00\x01",
                b"\0\x01\x00\x01",
                b"\x01\0\0\0\x01",
                b"",
            ] {
                lines.push(line_of("ssh-rsa", &[exponent, modulus]).into_bytes());
            }
        }
    }
    lines.extend(
        small_points()
            .iter()
            .map(|point| line_of("ssh-ed25519", &[point]).into_bytes()),
    );
    let asked: Vec<_> = lines
        .iter()
        .map(|line| json!({"what": "key", "hex": hex::encode(line)}))
        .collect();
    let mut accepted = 0;
    for (line, theirs) in lines.iter().zip(ask(&asked)) {
        let text = String::from_utf8_lossy(line);
        let ours = SshKey::from_line(&text).map_err(|error| error.to_string());
        // A plan has each key in its only spelling.
        let is_ours = ours.as_ref().is_ok_and(|key| key.line() == text);
        assert_eq!(is_ours, theirs == "ok", "{text}: {ours:?}: {theirs}");
        accepted += usize::from(is_ours);
    }
    assert!(
        accepted > 20 && lines.len() > 400,
        "{accepted} of {}",
        lines.len()
    );
}

/// The points of Ed25519 whose order divides 8, and other spellings of them.
fn small_points() -> Vec<[u8; 32]> {
    const EIGHTH: &str = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    const OTHER_EIGHTH: &str = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let mut points = Vec::new();
    let number = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    points.extend([number(0, 0, 0), number(1, 0, 0)]);
    points.extend([0xec, 0xed, 0xee].map(|first| number(first, 0xff, 0x7f)));
    for text in [EIGHTH, OTHER_EIGHTH] {
        points.push(hex::decode(text).expect("hex").try_into().expect("32 octets"));
    }
    let signed = points.clone().into_iter().map(|mut point: [u8; 32]| {
        point[31] |= 0x80;
        point
    });
    points.extend(signed.collect::<Vec<_>>());
    points
}
