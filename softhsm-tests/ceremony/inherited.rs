//! What a ceremony exports, and how the next one is checked against it.

use hsm_ca::ceremony::{
    CeremonyExport, CeremonyKind, CeremonyPlan, Digest, ExportedRevocation, PlannedObject,
};
use hsm_ca::workflow::{PreviousError, check_previous};

use super::proof::Planned;
use crate::harness::Rig;

/// Makes the file name the previous ceremony and its export.
fn follow(rig: &Rig, export: &CeremonyExport) {
    let bytes = export.to_bytes().expect("an export");
    rig.write("inputs/next.json", &bytes);
    let text = String::from_utf8(rig.read("ceremony.toml")).expect("text");
    let line = text
        .lines()
        .find(|line| line.starts_with("previous"))
        .expect("a line");
    let head = &export.head;
    let sha256 = Digest::of(&bytes);
    let other =
        format!("previous = {{ head = \"{head}\", file = \"inputs/next.json\", sha256 = \"{sha256}\" }}");
    rig.edit(line, &other);
}

#[test]
fn the_next_ceremony_inherits_numbers_and_revocations() {
    let planned = Planned::new();
    planned.hold("held", "", "");
    let rig = &planned.0;
    let sound = CeremonyExport::read(&rig.read("held/state/next.json")).expect("an export");
    let check = || rig.json(&["ceremony", "check", "ceremony.toml"]);

    // The new root already has CRL number 1.
    follow(rig, &sound);
    let refused = check();
    assert!(refused.stderr.contains("CRL number 1"), "{}", refused.stderr);
    refused.refused(3, "ceremony-previous");
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "next", "--offline"])
        .refused(3, "ceremony-previous");
    rig.edit("number = 1\n", "number = 2\n");
    check().ok();
    rig.json(&["ceremony", "plan", "ceremony.toml", "--out", "next", "--offline"])
        .ok();
    assert_eq!(rig.read("next/inputs/next.json"), rig.read("inputs/next.json"));

    let mut practice = sound.clone();
    practice.kind = CeremonyKind::Practice;
    let mut lost = sound.clone();
    let own = lost
        .issuers
        .iter_mut()
        .find(|issuer| issuer.crl_number == Some(1))
        .expect("the root");
    own.revoked.push(ExportedRevocation {
        serial: "05".to_owned(),
        because: "lost".to_owned(),
    });
    let mut unsorted = sound.clone();
    unsorted.issuers.reverse();
    let mut open = sound.clone();
    open.end = "open".to_owned();
    for (export, reason) in [
        (practice, "practice"),
        (lost, "lacks serial number 05"),
        (unsorted, "sorted"),
        (open, "open"),
    ] {
        follow(rig, &export);
        let refused = check();
        assert!(refused.stderr.contains(reason), "{reason}: {}", refused.stderr);
        refused.refused(3, "ceremony-previous");
    }

    // A head that is not in the export, and a file that is not the pinned one.
    follow(rig, &sound);
    rig.edit("head = \"28:", "head = \"27:");
    check().refused(3, "ceremony-previous");
    follow(rig, &sound);
    rig.write("inputs/next.json", b"{}\n");
    check().refused(3, "ceremony-previous");

    // Serial numbers that were drawn before, including the spare one.
    let plan = CeremonyPlan::read(&rig.read("next/plan.json")).expect("a plan");
    for pick in [
        |object: &PlannedObject| object.serial.clone(),
        |object: &PlannedObject| Some(object.spare.as_ref()?.serial.clone()),
    ] {
        let (mut plan, mut export) = (plan.clone(), sound.clone());
        let used: Vec<_> = plan.objects.iter().filter_map(pick).collect();
        for issuer in &mut export.issuers {
            issuer.serials.extend(used.clone());
            issuer.serials.sort();
        }
        let bytes = export.to_bytes().expect("an export");
        plan.previous.as_mut().expect("a ceremony before").sha256 = Digest::of(&bytes);
        let error = check_previous(&plan, &bytes).expect_err("a number that is used");
        assert!(matches!(error, PreviousError::SerialUsed { .. }), "{error}");
    }
}

#[test]
fn what_is_not_ended_hands_on_nothing_and_what_was_aborted_hands_on_what_it_signed() {
    let planned = Planned::new();
    let rig = &planned.0;
    planned.hold("open", "del events[-1]\nmade.clear()", "");
    rig.json(&["ceremony", "export", "open", "--out", "open.json"])
        .refused(3, "ceremony-not-ended");
    assert!(!rig.path("open.json").exists());
    planned.hold(
        "aborted",
        "events[-1] = {'what': 'aborted', 'because': 'x', 'by': 'W'}\nmade.clear()",
        "",
    );
    let exported = rig
        .json(&["ceremony", "export", "aborted", "--out", "aborted.json"])
        .ok()
        .json();
    assert_eq!(exported["end"], "aborted");
    let issuers = exported["export"]["issuers"].as_array().expect("issuers");
    let revoked: Vec<_> = issuers
        .iter()
        .filter_map(|issuer| issuer["revoked"].as_array())
        .flatten()
        .collect();
    // The issuing CA and the cross-certificate. The self-signed root is not listed, because no CRL can say anything about it.
    assert_eq!(revoked.len(), 2);
    assert!(revoked.iter().all(|entry| entry["because"] == "aborted"));
}
