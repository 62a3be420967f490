//! A statement that does not verify stops the count of approvals, and what people learn about it.

use std::fs;

use serde_json::json;

use super::people::planned;
use crate::harness::Rig;

/// What a person sees at a terminal, on one line.
fn advice(rig: &Rig) -> String {
    let told = rig.command(&["ceremony", "approvals", "room"]).stderr;
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_that_does_not_verify_stops_the_count_and_is_named() {
    let rig = planned();
    rig.approve("A").ok();
    let good = rig.read("room/approvals/01-approve.json");
    let signature = rig.read("room/approvals/01-approve.json.sig");
    let refused = |what: &str| {
        let message = rig.approvals().refused(3, "ceremony-statement");
        assert!(message.contains("approvals/"), "{what}: {message}");
        message
    };
    let remove = |name: &str| fs::remove_file(rig.path(name)).expect("removed");
    // Signed for the practice, for a gate, or by another person.
    for (person, namespace) in [
        ("A", "ceremony-practice-approval@hsm-ca"),
        ("A", "ceremony-gate@hsm-ca"),
        ("B", "ceremony-approval@hsm-ca"),
    ] {
        rig.write("room/approvals/x.json", &good);
        rig.stock_sign(person, namespace, "room/approvals/x.json");
        let message = refused(namespace);
        assert!(message.contains("x.json"), "{message}");
        remove("room/approvals/x.json");
        remove("room/approvals/x.json.sig");
    }
    // An approval of another plan with the same people.
    rig.plan("room2");
    rig.json(&["ceremony", "approve", "room2", "--ssh-key", "B"]).ok();
    for name in ["02-approve.json", "02-approve.json.sig"] {
        fs::copy(
            rig.path(&format!("room2/approvals/{name}")),
            rig.path(&format!("room/approvals/{name}")),
        )
        .expect("a copy");
    }
    let message = refused("another plan");
    assert!(message.contains("plan"), "{message}");
    // Nobody knows yet which of the two was changed, so nothing is removed.
    let told = advice(&rig);
    assert!(
        told.contains("hint: either the plan or this statement was changed"),
        "{told}"
    );
    remove("room/approvals/02-approve.json");
    remove("room/approvals/02-approve.json.sig");
    // A signature alone, a truncated one, one with trailing data, and a file that is neither.
    rig.write("room/approvals/y.json.sig", &signature);
    refused("alone");
    remove("room/approvals/y.json.sig");
    for changed in [
        &signature[..signature.len() / 2],
        &[&signature[..], b"\n"].concat(),
        b"",
    ] {
        rig.write("room/approvals/01-approve.json.sig", changed);
        refused("changed");
    }
    rig.write("room/approvals/01-approve.json.sig", &signature);
    rig.write("room/approvals/notes.txt", "");
    refused("notes");
    let told = advice(&rig);
    assert!(told.contains("hint: move it to another directory"), "{told}");
    let told = rig.command(&["ceremony", "verify", "room"]).stdout;
    assert!(
        told.contains("notes.txt") && !told.contains("must approve"),
        "{told}"
    );
    remove("room/approvals/notes.txt");
    // A second file of the same person with the same key counts once.
    rig.write("room/approvals/a-again.json", good);
    rig.stock_sign("A", "ceremony-approval@hsm-ca", "room/approvals/a-again.json");
    let report = rig.approvals().json();
    assert_eq!(
        (&report["approvers"]["by"], &report["approvers"]["missing"]),
        (&json!(["A"]), &json!(2))
    );
}

/// Without a rejection, the plan counts as approved. So nobody is advised to remove a damaged one.
#[test]
fn a_damaged_rejection_stops_the_count_and_is_not_to_be_removed() {
    let rig = planned();
    for name in ["A", "B", "C"] {
        rig.approve(name).ok();
    }
    rig.reject("D", "the path length is wrong").ok();
    for (file, text, other) in [
        ("04-reject.json", "path", "bath"),
        ("04-reject.json.sig", "-----END SSH SIGNATURE-----\n", ""),
    ] {
        let file = format!("room/approvals/{file}");
        let sound = rig.read(&file);
        let damaged = String::from_utf8(sound.clone())
            .expect("text")
            .replace(text, other);
        assert_ne!(damaged.as_bytes(), sound);
        rig.write(&file, damaged);
        let message = rig.approvals().refused(3, "ceremony-statement");
        assert!(message.contains("04-reject.json"), "{message}");
        let told = advice(&rig);
        assert!(
            told.contains("Remove nothing until you know: it may be a rejection")
                && !told.contains("and remove it"),
            "{told}"
        );
        rig.write(&file, sound);
    }
}
