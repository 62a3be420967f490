//! What the real roots are needed for, with roots made for it: they are recognised by what a test says.

use super::*;
use crate::cloudhsm::Successor;
use crate::x509::fixture::{NOW, Sketch, SoftwareKey};

const DAY: u64 = 24 * 60 * 60;

/// An HSM's first-generation chain under a root that has expired.
fn old_chain() -> [Certificate; 3] {
    let [hsm, hardware, root] = [(); 3].map(|()| SoftwareKey::generate());
    let mut expired = Sketch::version_1("CN=Root", "CN=Root");
    expired.validity.not_after = UnixTime(NOW.0 - DAY);
    [
        Sketch::version_3("CN=HSM", "CN=Hardware", Vec::new()).sign(&hsm, &hardware),
        Sketch::version_1("CN=Hardware", "CN=Root").sign(&hardware, &root),
        expired.sign(&root, &root),
    ]
}

fn known(side: RootSide, ends: u64) -> KnownRoot {
    KnownRoot {
        name: "a root of 2015",
        side,
        sha256: "",
        successor: Some(Successor {
            ends,
            what: "it was reissued",
        }),
    }
}

/// The steps that are not simply passed, of the chain to a root that is known as this.
fn remarks(side: RootSide, known: Option<KnownRoot>) -> Vec<String> {
    let [hsm, hardware, root] = old_chain();
    let roots = IdentityRoots {
        aws: hsm.clone(),
        manufacturer: root.clone(),
        aws_sha256: Some(hsm.fingerprint()),
        manufacturer_sha256: Some(root.fingerprint()),
    };
    let checked = check_root(side, &root, known, &hsm, &roots);
    let part = check_chain(side, [&hsm, &hardware, &root], checked, NOW);
    let steps = part
        .subjects
        .iter()
        .flat_map(|subject| subject.steps.iter().map(|step| (subject.role, step)));
    let remarkable = steps.filter(|(_, step)| !matches!(step.finding, Finding::Passed(_)));
    remarkable
        .map(|(role, step)| {
            let word = if step.finding.is_fine() { "note" } else { "FAILED" };
            format!("{role}, {}: {word}", step.what)
        })
        .collect()
}

#[test]
fn the_end_of_a_known_root_is_noted_as_long_as_its_successor_lasts() {
    let version_1 = [
        "manufacturer hardware certificate, CA certificate: note",
        "manufacturer root, CA certificate: note",
    ];
    let side = RootSide::Manufacturer;
    let found = remarks(side, Some(known(side, NOW.0)));
    assert_eq!(
        found,
        [version_1[0], "manufacturer root, validity: note", version_1[1]]
    );
    let found = remarks(side, Some(known(side, NOW.0 - 1)));
    assert_eq!(
        found,
        [version_1[0], "manufacturer root, validity: FAILED", version_1[1]]
    );
}

#[test]
fn a_root_that_is_not_known_or_known_for_the_other_side_has_ended() {
    let side = RootSide::Manufacturer;
    let found = remarks(side, None);
    assert!(
        found.contains(&"manufacturer root, root: note".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"manufacturer root, validity: FAILED".to_owned()),
        "{found:?}"
    );
    let found = remarks(side, Some(known(RootSide::Aws, NOW.0)));
    assert!(
        found.contains(&"manufacturer root, root: FAILED".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"manufacturer root, validity: FAILED".to_owned()),
        "{found:?}"
    );
}
