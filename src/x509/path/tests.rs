//! Paths that RFC 5280 or the policy refuses, each with one fault, beside a path that passes.

use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS,
};
use der::Encode;

use super::*;
use crate::x509::fixture::{NOW, Sketch, SoftwareKey, extension};
use crate::x509::{Name, NameConstraints, Subtree, Validity};

const DAY: u64 = 24 * 60 * 60;

const POLICY: PathPolicy = PathPolicy {
    version_1_authorities: true,
    outlived: None,
};

/// The certificates of a path of three, and their keys, from the root down.
struct Path {
    keys: [SoftwareKey; 3],
    root: Sketch,
    middle: Sketch,
    leaf: Sketch,
}

impl Path {
    fn new() -> Self {
        Self {
            keys: [(); 3].map(|()| SoftwareKey::generate()),
            root: Sketch::authority("CN=Root", "CN=Root"),
            middle: Sketch::authority("CN=Hardware", "CN=Root"),
            leaf: Sketch::version_3("CN=HSM", "CN=Hardware", Vec::new()),
        }
    }

    /// Every failure, as index in the path and step.
    fn failures(&self, policy: PathPolicy, now: UnixTime) -> Vec<(usize, &'static str)> {
        let [root, middle, leaf] = &self.keys;
        let certificates = [
            self.leaf.sign(leaf, middle),
            self.middle.sign(middle, root),
            self.root.sign(root, root),
        ];
        failures(&certificates.each_ref(), policy, now)
    }

    #[track_caller]
    fn assert_fails(&self, expected: (usize, &'static str)) {
        assert_eq!(self.failures(POLICY, NOW), [expected]);
    }
}

fn failures(path: &[&Certificate], policy: PathPolicy, now: UnixTime) -> Vec<(usize, &'static str)> {
    let checked = verify_path(path, policy, now);
    let failed = checked.iter().enumerate().flat_map(|(index, one)| {
        let steps = one.steps.iter().filter(|step| !step.finding.is_fine());
        steps.map(move |step| (index, step.what))
    });
    failed.collect()
}

#[test]
fn a_sound_path_passes_with_version_3_and_with_version_1() {
    let mut path = Path::new();
    assert_eq!(path.failures(PathPolicy::default(), NOW), []);
    path.middle = Sketch::version_1("CN=Hardware", "CN=Root");
    assert_eq!(path.failures(POLICY, NOW), []);
    assert_eq!(
        path.failures(PathPolicy::default(), NOW),
        [(1, "CA certificate")],
        "only where the policy says so"
    );
}

#[test]
fn version_1_has_no_extensions_and_no_unique_identifiers() {
    let mut path = Path::new();
    path.leaf.version = 1;
    path.assert_fails((0, "version"));
    path = Path::new();
    path.leaf = Sketch::version_1("CN=HSM", "CN=Hardware");
    assert_eq!(path.failures(POLICY, NOW), []);
    path.leaf.unique_identifier = true;
    path.assert_fails((0, "version"));
    path.leaf.version = 2;
    assert_eq!(path.failures(POLICY, NOW), [], "version 2 has them");
    path.leaf.extensions = Some(Vec::new());
    path.assert_fails((0, "version"));
    // A certificate that says CA:TRUE in the wrong version, or has an empty list, does not count as one of the first generation.
    for version in [1, 2] {
        for extensions in [Path::new().middle.extensions, Some(Vec::new())] {
            path = Path::new();
            path.middle.version = version;
            path.middle.extensions = extensions;
            let failed = path.failures(POLICY, NOW);
            assert_eq!(failed, [(1, "version"), (1, "CA certificate")], "{version}");
        }
    }
}

#[test]
fn a_certificate_and_a_key_may_be_in_the_path_only_once() {
    let path = Path::new();
    let [root_key, middle_key, _] = &path.keys;
    let root = path.root.sign(root_key, root_key);
    let middle = path.middle.sign(middle_key, root_key);
    // The root in place of the hardware, and the hardware in place of the HSM.
    assert_eq!(failures(&[&middle, &root, &root], POLICY, NOW), [(1, "key")]);
    // The same with a root and its older certificate, which are different certificates.
    let older = Sketch::version_1("CN=Root", "CN=Root").sign(root_key, root_key);
    assert_eq!(failures(&[&middle, &older, &root], POLICY, NOW), [(1, "key")]);
    // The hardware's own self-signed certificate in both places.
    let own = Sketch::authority("CN=Root", "CN=Root").sign(root_key, root_key);
    assert_eq!(
        failures(&[&own, &own, &root], POLICY, NOW),
        [(0, "key"), (1, "key")]
    );
    // An HSM with the key of the root.
    let leaf = path.leaf.sign(root_key, middle_key);
    assert_eq!(failures(&[&leaf, &middle, &root], POLICY, NOW), [(0, "key")]);
}

#[test]
fn authorities_are_checked_by_their_extensions() {
    let ca_true = b"\x30\x03\x01\x01\xff";
    for (extensions, why) in [
        (vec![], "nothing"),
        (
            vec![extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x00")],
            "CA:FALSE",
        ),
        (
            vec![extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x03")],
            "broken",
        ),
        (
            vec![
                extension(ID_CE_BASIC_CONSTRAINTS, true, ca_true),
                extension(ID_CE_KEY_USAGE, true, b"\x03\x02\x07\x80"),
            ],
            "no keyCertSign",
        ),
    ] {
        let mut path = Path::new();
        path.middle.extensions = Some(extensions.clone());
        assert_eq!(path.failures(POLICY, NOW), [(1, "CA certificate")], "{why}");
        path = Path::new();
        path.root.extensions = Some(extensions);
        assert_eq!(path.failures(POLICY, NOW), [(2, "CA certificate")], "{why}");
    }
    // pathLenConstraint 0: none between the root and the HSM.
    let mut path = Path::new();
    let none_below = extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x06\x01\x01\xff\x02\x01\x00");
    path.middle.extensions = Some(vec![none_below.clone()]);
    assert_eq!(path.failures(POLICY, NOW), []);
    path.root.extensions = Some(vec![none_below]);
    path.assert_fails((2, "CA certificate"));
}

#[test]
fn an_unknown_critical_extension_fails_the_path_wherever_it_is() {
    let constraints = extension(ID_CE_POLICY_CONSTRAINTS, true, b"\x30\x03\x80\x01\x00");
    let mut path = Path::new();
    path.leaf.extensions = Some(vec![constraints.clone()]);
    path.assert_fails((0, "critical extensions"));
    path = Path::new();
    path.middle.extensions.as_mut().unwrap().push(constraints);
    let failed = path.failures(POLICY, NOW);
    assert!(failed.contains(&(1, "critical extensions")), "{failed:?}");
}

#[test]
fn name_constraints_apply_to_everything_below() {
    let permitting = |tree: &str| {
        let constraints = NameConstraints {
            permitted: vec![Subtree::parse(tree).unwrap()],
            excluded: Vec::new(),
        };
        let value = constraints.to_der().unwrap().to_der().unwrap();
        extension(ID_CE_NAME_CONSTRAINTS, true, &value)
    };
    let mut path = Path::new();
    path.middle
        .extensions
        .as_mut()
        .unwrap()
        .push(permitting("dn:CN=HSM"));
    assert_eq!(path.failures(POLICY, NOW), []);
    path.root
        .extensions
        .as_mut()
        .unwrap()
        .push(permitting("dn:CN=HSM"));
    path.assert_fails((2, "name constraints"));
    // An empty one is not allowed (RFC 5280 section 4.2.1.10).
    path = Path::new();
    let empty = extension(ID_CE_NAME_CONSTRAINTS, true, b"\x30\x00");
    path.middle.extensions.as_mut().unwrap().push(empty);
    path.assert_fails((1, "name constraints"));
}

#[test]
fn faults_that_do_not_matter_for_the_first_certificate_are_reported_and_not_refused() {
    let purpose = |extensions| {
        let mut path = Path::new();
        path.leaf.extensions = Some(extensions);
        let [_, middle, leaf] = &path.keys;
        let certificate = path.leaf.sign(leaf, middle);
        let mut checked = verify_path(&[&certificate], POLICY, NOW).remove(0).steps;
        checked.retain(|step| step.what == "purpose");
        checked.remove(0).finding
    };
    assert!(matches!(purpose(vec![]), Finding::Passed(_)));
    let sign_only = extension(ID_CE_KEY_USAGE, true, b"\x03\x02\x07\x80");
    assert!(matches!(purpose(vec![sign_only]), Finding::Passed(_)));
    let certificates_only = extension(ID_CE_KEY_USAGE, true, b"\x03\x02\x02\x04");
    assert!(matches!(purpose(vec![certificates_only]), Finding::Noted(_)));
    let authority = extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x03\x01\x01\xff");
    assert!(matches!(purpose(vec![authority]), Finding::Noted(_)));
    let broken = extension(ID_CE_KEY_USAGE, false, b"\x30");
    assert!(matches!(purpose(vec![broken]), Finding::Failed(_)));
}

#[test]
fn a_name_in_another_case_is_the_same_and_a_different_name_is_not() {
    let mut path = Path::new();
    path.leaf.issuer = Name::from_rfc4514("CN=hardware").unwrap();
    assert_eq!(path.failures(POLICY, NOW), []);
    path.leaf.issuer = Name::from_rfc4514("CN=Hardware 2").unwrap();
    path.assert_fails((0, "issuer"));
}

#[test]
fn validity_is_checked_to_the_second_at_every_level() {
    for level in 0..3 {
        let mut path = Path::new();
        let sketch = [&mut path.leaf, &mut path.middle, &mut path.root];
        sketch.into_iter().nth(level).unwrap().validity = Validity {
            not_before: UnixTime(NOW.0 - DAY),
            not_after: UnixTime(NOW.0 + DAY),
        };
        for (now, fine) in [
            (NOW.0 - DAY - 1, false),
            (NOW.0 - DAY, true),
            (NOW.0 + DAY, true),
            (NOW.0 + DAY + 1, false),
        ] {
            let failed = path.failures(POLICY, UnixTime(now));
            let expected = if fine { vec![] } else { vec![(level, "validity")] };
            assert_eq!(failed, expected, "{level} at {now}");
        }
    }
}

#[test]
fn an_outlived_root_is_accepted_after_its_end_for_a_limited_time() {
    let mut path = Path::new();
    path.root.validity.not_after = UnixTime(NOW.0 - DAY);
    path.assert_fails((2, "validity"));
    let until = |until| PathPolicy {
        outlived: Some(Outlived {
            until,
            why: "reissued",
        }),
        ..POLICY
    };
    assert_eq!(path.failures(until(NOW), NOW), []);
    assert_eq!(path.failures(until(UnixTime(NOW.0 - 1)), NOW), [(2, "validity")]);
    // This applies only to the root, and only to its end.
    path.root.validity.not_before = UnixTime(NOW.0 + DAY);
    path.root.validity.not_after = UnixTime(NOW.0 + 2 * DAY);
    assert_eq!(path.failures(until(UnixTime(u64::MAX)), NOW), [(2, "validity")]);
    path = Path::new();
    path.middle.validity.not_after = UnixTime(NOW.0 - DAY);
    assert_eq!(path.failures(until(UnixTime(u64::MAX)), NOW), [(1, "validity")]);
}

#[test]
fn the_last_certificate_must_be_self_signed() {
    let path = Path::new();
    let [root_key, middle_key, leaf_key] = &path.keys;
    let (middle, leaf) = (
        path.middle.sign(middle_key, root_key),
        path.leaf.sign(leaf_key, middle_key),
    );
    assert_eq!(failures(&[&leaf, &middle], POLICY, NOW), [(1, "self-signature")]);
    // Its own name, but a signature by another key.
    let root = path.root.sign(root_key, leaf_key);
    assert_eq!(
        failures(&[&leaf, &middle, &root], POLICY, NOW),
        [(2, "self-signature")]
    );
}
