//! Tokens that follow PKCS#11 in ways that the usual ones do not.

use serde_json::Value;

use crate::harness::Rig;

fn labels(listed: &Value) -> Vec<String> {
    let keys = listed["keys"].as_array().expect("a list");
    let mut labels: Vec<_> = keys
        .iter()
        .map(|key| key["label"].as_str().expect("a label").to_owned())
        .collect();
    labels.sort();
    labels
}

/// PKCS#11 v2.40 section 5.7: a search is at its end when `C_FindObjects` gives no more handles. A shorter list than was asked for is no end.
#[test]
fn a_search_ends_when_the_token_gives_no_more_objects() {
    let rig = Rig::new();
    for nth in 0..11 {
        let (label, id) = (format!("key {nth:02}"), format!("{:02x}", nth + 1));
        rig.pkcs11_tool(&[
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            &label,
            "--id",
            &id,
        ]);
    }
    let list = ["--format", "json", "key", "list"];
    let whole = labels(&rig.command(&list).ok().json());
    assert_eq!(whole.len(), 22, "{whole:?}");
    for at_a_time in ["1", "2", "7", "10"] {
        let run = rig.command_with_rule(&list, &[("FIND_AT_MOST", at_a_time)]);
        assert_eq!(labels(&run.ok().json()), whole, "{at_a_time} at a time");
    }

    // The last object of a search counts as much as the first: a label that two keys have is not one that names a key.
    rig.pkcs11_tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "key 04",
        "--id",
        "ff",
    ]);
    let create = [
        "--format",
        "json",
        "csr",
        "create",
        "--key",
        "key 04",
        "--subject",
        "CN=x",
        "--out",
        "x.csr",
    ];
    rig.command_with_rule(&create, &[("FIND_AT_MOST", "1")])
        .refused(3, "several-keys");
    assert!(!rig.path("x.csr").exists());
}
