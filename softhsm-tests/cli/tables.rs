//! Lists as tables.

use super::terminal::shown;
use crate::harness::{Rig, ready_authority};
use crate::oracle::make_cluster_request;

#[test]
fn a_key_pair_is_one_line_with_its_whole_name() {
    let rig = ready_authority().copy();
    let label = "a label as long as people give to keys, with spaces";
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
    // On a narrow terminal, the id of a long label is below it.
    let lines = shown(&rig, 80, "key list");
    let place = lines.iter().position(|line| line.starts_with(label));
    let below = place.and_then(|place| lines.get(place + 1)).map(String::as_str);
    let id = listed["keys"].as_array().into_iter().flatten();
    let id = id
        .filter(|key| key["label"] == label)
        .find_map(|key| key["id"].as_str());
    assert_eq!(below, id, "{lines:#?}");
    assert_eq!(lines.iter().position(String::is_empty), Some(5), "{lines:#?}");
    rig.command(&["key", "delete", label, "--yes"]).ok();
    let label = "customer-root-2026";
    rig.command(&["key", "generate", "--label", label, "--type", "ec:p384"])
        .ok();
    let lines = shown(&rig, 80, "key list");
    let line = lines.iter().find(|line| line.starts_with(label));
    let words: Vec<_> = line.expect("the key").split_whitespace().collect();
    assert_eq!(words.len(), 5, "label, EC, curve, use and id: {lines:#?}");
    assert_eq!(lines.iter().position(String::is_empty), Some(3), "{lines:#?}");
    // A single half is not shown as a pair.
    let listed = rig.json(&["key", "list"]).ok().json();
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
    let serial = listed["tokens"][0]["serial_number"]
        .as_str()
        .expect("a serial number");
    let line = text
        .lines()
        .find(|line| line.starts_with("ca "))
        .expect("the token");
    assert!(line.contains(serial) && line.contains("SoftHSM"), "{text}");
}

#[test]
fn a_list_of_the_ledger_fits_the_terminal_with_whole_serial_numbers() {
    let rig = ready_authority().copy();
    make_cluster_request(&rig, "a.csr");
    rig.sign("a.csr").ok();
    let listed = rig.json(&["ledger", "list"]).ok().json();
    let entries = listed["entries"].as_array().expect("entries");
    let serials: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry["serial_number"].as_str())
        .collect();
    assert_eq!(serials.len(), 2, "{listed}");
    for columns in [60, 80, 120] {
        let lines = shown(&rig, columns, "ledger list");
        for serial in &serials {
            assert!(
                lines.iter().any(|line| line.contains(serial)),
                "{serial}: {lines:#?}"
            );
        }
        let longest = lines.iter().map(|line| line.chars().count()).max();
        assert!(longest <= Some(columns.into()), "{longest:?}: {lines:#?}");
    }
    // One line for each if there is room, or in a pipe.
    let rows = entries.len() + listed["keys"].as_array().expect("keys").len() + 1;
    assert_eq!(shown(&rig, 80, "ledger list --wide").len(), rows);
    let text = rig.command(&["ledger", "list"]).ok().stdout;
    assert_eq!(text.lines().count(), rows, "{text}");
}

#[test]
fn the_rules_fit_the_terminal() {
    let rig = Rig::without_token();
    let rules = rig.json(&["cert", "rules"]).ok().json()["rules"].clone();
    let rules = rules.as_array().expect("rules");
    for columns in [80, 120] {
        let lines = shown(&rig, columns, "cert rules");
        let longest = lines.iter().map(|line| line.chars().count()).max();
        assert!(longest <= Some(columns.into()), "{longest:?}: {lines:#?}");
        for rule in rules {
            let name = rule["rule"].as_str().expect("a name");
            assert!(
                lines.iter().any(|line| line.split(' ').next() == Some(name)),
                "{name}"
            );
        }
    }
    assert_eq!(shown(&rig, 80, "cert rules --wide").len(), rules.len() + 1);
}
