//! Which keys are certified, and which requirements apply.

use super::*;
use crate::ceremony::{KeyOrigin, TrailKey};

/// Mozilla asks for exactly the keys that have no certificate, and the plan of each key has one.
#[test]
fn a_key_is_certified_by_what_was_signed_and_not_by_the_plan() {
    let plan = test_plan();
    let hash = plan.identity().unwrap().hash;
    let transcript = Transcript::new(hash);
    let public_key = b"the key of step k".to_vec();
    let key = TrailKey {
        line: 1,
        time: UnixTime(0),
        how: KeyOrigin::Generated,
        public_key: public_key.clone(),
    };
    let begun = TrailSignature {
        line: 2,
        time: UnixTime(0),
        session: "main".to_owned(),
        step: "root".to_owned(),
        key: "k".to_owned(),
        sha256: hash,
        entry: 7,
        spare: false,
        signature: None,
    };
    let root = |certifies: &[u8]| ReportedObject {
        step: "root".to_owned(),
        out: "r1.crt".to_owned(),
        lines: Vec::new(),
        sha256: hash,
        issuer: "CN=Root".to_owned(),
        subject: Some("CN=Root".to_owned()),
        key: Some(Digest::of(certifies)),
        is_subordinate: false,
        next_update: None,
    };
    let keys_of = |signatures: &[TrailSignature], made: &[ReportedObject]| {
        let trail = Trail {
            keys: [("k".to_owned(), key.clone())].into(),
            signatures: signatures.to_vec(),
            end: TrailEnd::Aborted {
                because: "the safe did not open".to_owned(),
                by: "A".to_owned(),
            },
            ..Trail::default()
        };
        let content = ReportContent {
            plan: &plan,
            hash,
            transcript: &transcript,
            trail: &trail,
            findings: &[],
            approved_by: &[],
            attested: Vec::new(),
            made: made.to_vec(),
            unlisted: &[],
        };
        let text = report_page(&content, PaperSize::A4).unwrap().text().to_owned();
        let (_, after) = text.split_once("<th>certified</th>").unwrap();
        let (_, after) = after.split_once("<td>").unwrap();
        after.split_once("</td>").unwrap().0.to_owned()
    };
    assert_eq!(keys_of(&[], &[]), "no: parked");
    assert!(keys_of(std::slice::from_ref(&begun), &[]).starts_with("not known: a signature was begun"));
    assert_eq!(keys_of(&[], &[root(b"another key")]), "no: parked");
    assert_eq!(keys_of(&[begun], &[root(&public_key)]), "yes, in this ceremony");
}

#[test]
fn a_requirement_about_what_was_not_done_does_not_apply() {
    let text = render(TrailEnd::Open, &[]);
    for why in ["no key was destroyed", "no key was made", "no CRL was signed"] {
        assert!(text.contains(&format!("does not apply: {why}")), "{why}");
    }
    // The rendered ceremony has one certificate of a subordinate CA.
    for why in ["nothing was signed", "no certificate was signed"] {
        assert!(!text.contains(why), "{why}");
    }
    assert!(text.contains("does not apply: no root was signed"));
    let root = render_of(TrailEnd::Open, &[], "CN=Root", "CN=Root");
    assert!(!root.contains("does not apply: nothing"));
}
