//! Several certificates that could be the issuer: any valid path is enough, and the work is bounded.

use std::time::Instant;

use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_NAME_CONSTRAINTS};

use super::{ChainCheck, UnixTime, verify_chain};
use crate::x509::fixture::{NOW, Sketch, SoftwareKey, extension};
use crate::x509::{Certificate, Validity};

fn key() -> SoftwareKey {
    SoftwareKey::generate()
}

fn root(name: &str, key: &SoftwareKey) -> Certificate {
    Sketch::authority(name, name).sign(key, key)
}

fn over(sketch: Sketch) -> Sketch {
    Sketch {
        validity: Validity::days_from(UnixTime(NOW.0 - 100 * 24 * 60 * 60), 10),
        ..sketch
    }
}

fn issue(issuer: &str, by: &SoftwareKey) -> Certificate {
    Sketch::version_3("CN=leaf", issuer, Vec::new()).sign(&key(), by)
}

/// In every order in which two programs could have written them, and in a few others.
#[track_caller]
fn assert_in_any_order(leaf: &Certificate, authorities: &[&Certificate], passes: bool) {
    let mut order: Vec<Certificate> = authorities.iter().map(|one| (*one).clone()).collect();
    for _ in 0..2 {
        for _ in 0..order.len() {
            let report = verify_chain(leaf, &order, NOW);
            assert_eq!(report.passed(), passes, "{report:#?}");
            order.rotate_left(1);
        }
        order.reverse();
    }
}

#[test]
fn an_expired_root_does_not_hide_its_renewal() {
    let ca = key();
    let old = over(Sketch::authority("CN=Root", "CN=Root")).sign(&ca, &ca);
    let later = Sketch {
        validity: Validity::days_from(UnixTime(NOW.0 + 1000), 10),
        ..Sketch::authority("CN=Root", "CN=Root")
    };
    let (later, new) = (later.sign(&ca, &ca), root("CN=Root", &ca));
    let leaf = issue("CN=Root", &ca);
    assert_in_any_order(&leaf, &[&old, &later, &new], true);
    assert_in_any_order(&leaf, &[&old, &later], false);
    let report = verify_chain(&leaf, &[old.clone(), later, new.clone()], NOW);
    assert_eq!(report.tried, 1);
    assert_eq!(report.path.last().unwrap().der(), new.der());
    // The same one level up.
    let sub = key();
    let middle = Sketch::authority("CN=Sub", "CN=Root").sign(&sub, &ca);
    let expired = over(Sketch::authority("CN=Sub", "CN=Root")).sign(&sub, &ca);
    let leaf = issue("CN=Sub", &sub);
    assert_in_any_order(&leaf, &[&expired, &old, &middle, &new], true);
}

#[test]
fn a_root_and_its_cross_certificate_are_both_tried() {
    let (new, old) = (key(), key());
    let own = root("CN=New", &new);
    let cross = Sketch::authority("CN=New", "CN=Old").sign(&new, &old);
    let old_root = root("CN=Old", &old);
    let leaf = issue("CN=New", &new);
    assert_in_any_order(&leaf, &[&own, &cross, &old_root], true);
    assert_in_any_order(&leaf, &[&own, &cross], true);
    assert_in_any_order(&leaf, &[&cross, &old_root], true);
    assert_in_any_order(&leaf, &[&cross], false);
    let expired = over(Sketch::authority("CN=New", "CN=New")).sign(&new, &new);
    assert_in_any_order(&leaf, &[&expired, &cross, &old_root], true);
    let old_expired = over(Sketch::authority("CN=Old", "CN=Old")).sign(&old, &old);
    assert_in_any_order(&leaf, &[&own, &cross, &old_expired], true);
    assert_in_any_order(&leaf, &[&expired, &cross, &old_expired], false);
}

/// Only a whole path shows it: the first path is built, checked, and given up for another.
#[test]
fn constraints_of_one_path_do_not_fail_the_other() {
    let (sub, one, two) = (key(), key(), key());
    let bound = |kind, value: &[u8]| {
        let mut sketch = Sketch::authority("CN=Sub", "CN=One");
        let extensions = sketch.extensions.get_or_insert_default();
        extensions.retain(|found| found.extn_id != kind);
        extensions.push(extension(kind, true, value));
        sketch.sign(&sub, &one)
    };
    // permitted: dNSName "x"; and directoryName "C=XX".
    let named = bound(
        ID_CE_NAME_CONSTRAINTS,
        b"\x30\x15\xa0\x13\x30\x11\xa4\x0f\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02XX",
    );
    let free = Sketch::authority("CN=Sub", "CN=Two").sign(&sub, &two);
    let leaf = issue("CN=Sub", &sub);
    let (one_root, two_root) = (root("CN=One", &one), root("CN=Two", &two));
    assert_in_any_order(&leaf, &[&named, &free, &one_root, &two_root], true);
    assert_in_any_order(&leaf, &[&named, &one_root, &two_root], false);
    // pathLenConstraint 0, with one more CA below.
    let lower = key();
    let below = Sketch::authority("CN=Lower", "CN=Sub").sign(&lower, &sub);
    let short = bound(ID_CE_BASIC_CONSTRAINTS, b"\x30\x06\x01\x01\xff\x02\x01\x00");
    let leaf = issue("CN=Lower", &lower);
    assert_in_any_order(&leaf, &[&below, &short, &free, &one_root, &two_root], true);
    assert_in_any_order(&leaf, &[&below, &short, &one_root, &two_root], false);
}

#[test]
fn two_keys_of_one_name_are_distinguished_by_the_signature() {
    let (right, wrong) = (key(), key());
    let (right_root, wrong_root) = (root("CN=Root", &right), root("CN=Root", &wrong));
    let leaf = issue("CN=Root", &right);
    assert_in_any_order(&leaf, &[&wrong_root, &right_root], true);
    let report = verify_chain(&leaf, &[wrong_root], NOW);
    let failed: Vec<_> = report
        .steps
        .iter()
        .filter(|step| step.problem.is_some())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0].what, ChainCheck::Signature);
}

#[test]
fn the_path_with_the_fewest_faults_is_reported() {
    let ca = key();
    let expired = over(Sketch::authority("CN=Root", "CN=Root")).sign(&ca, &ca);
    let mut useless = over(Sketch::authority("CN=Root", "CN=Root"));
    useless.extensions = None;
    let useless = useless.sign(&ca, &ca);
    let stranger = root("CN=Root", &key());
    let nobody = Sketch::authority("CN=Root", "CN=Nobody").sign(&ca, &key());
    let leaf = issue("CN=Root", &ca);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let all = [&expired, &useless, &stranger, &nobody];
        let authorities: Vec<_> = order.iter().map(|place| all[*place].clone()).collect();
        let report = verify_chain(&leaf, &authorities, NOW);
        let failed: Vec<_> = report
            .steps
            .iter()
            .filter(|step| step.problem.is_some())
            .collect();
        assert_eq!(failed.len(), 1, "{failed:#?}");
        assert!(failed[0].problem.as_deref().unwrap().starts_with("expired on"));
        assert_eq!(report.tried, 3);
    }
}

#[test]
fn circles_end() {
    let (one, two) = (key(), key());
    let one_by_two = Sketch::authority("CN=One", "CN=Two").sign(&one, &two);
    let two_by_one = Sketch::authority("CN=Two", "CN=One").sign(&two, &one);
    let leaf = issue("CN=One", &one);
    assert_in_any_order(&leaf, &[&one_by_two, &two_by_one], false);
    let report = verify_chain(&leaf, &[one_by_two.clone(), two_by_one.clone()], NOW);
    let last = report.steps.last().unwrap();
    assert!(
        last.problem.as_deref().unwrap().contains("only lead back"),
        "{last:?}"
    );
    assert_in_any_order(&leaf, &[&one_by_two, &two_by_one, &root("CN=Two", &two)], true);
    assert_in_any_order(&leaf, &[&one_by_two, &two_by_one, &root("CN=One", &one)], true);
}

/// A CA certificate that its own renewal issued does not lead up, and a self-signed certificate is trusted only if it was named.
#[test]
fn a_self_signed_certificate_ends_its_path() {
    let ca = key();
    let (old, new) = (root("CN=Root", &ca), root("CN=Root", &ca));
    assert_ne!(old.der(), new.der());
    assert!(verify_chain(&old, std::slice::from_ref(&old), NOW).passed());
    let report = verify_chain(&old, std::slice::from_ref(&new), NOW);
    let last = report.steps.last().unwrap();
    assert!(
        last.problem
            .as_deref()
            .unwrap()
            .contains("not one of the given CA certificates"),
        "{last:?}"
    );
}

/// Twelve CAs, each with a certificate by each of the others: some 20 million paths of eight certificates, and one that leads to a root.
#[test]
fn a_mesh_of_cas_takes_no_longer_than_a_path() {
    let keys: Vec<_> = (0..12).map(|_| key()).collect();
    let name = |number: usize| format!("CN=CA {number}");
    let mut all = Vec::new();
    for (subject, of) in keys.iter().enumerate() {
        for (issuer, by) in keys.iter().enumerate() {
            if subject != issuer {
                all.push(Sketch::authority(&name(subject), &name(issuer)).sign(of, by));
            }
        }
    }
    let leaf = issue("CN=CA 0", &keys[0]);
    let start = Instant::now();
    let report = verify_chain(&leaf, &all, NOW);
    assert!(!report.passed());
    assert!(
        report.steps.iter().any(|step| step.what == ChainCheck::Search),
        "{report:#?}"
    );
    let top = key();
    all.push(Sketch::authority("CN=CA 11", "CN=Top").sign(&keys[11], &top));
    all.push(root("CN=Top", &top));
    assert!(verify_chain(&leaf, &all, NOW).passed());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn the_last_of_many_candidates_is_found_and_the_bound_is_reported() {
    let right = key();
    let mut all: Vec<_> = (0..500).map(|_| root("CN=Root", &key())).collect();
    let leaf = issue("CN=Root", &right);
    let report = verify_chain(&leaf, &all, NOW);
    assert!(!report.passed() && report.steps.iter().all(|step| step.what != ChainCheck::Search));
    all.push(root("CN=Root", &right));
    assert!(verify_chain(&leaf, &all, NOW).passed());
    let many = (0..1001).map(|_| root("CN=Root", &key())).collect::<Vec<_>>();
    let report = verify_chain(&leaf, &many, NOW);
    let last = report.steps.last().unwrap();
    assert_eq!(last.what, ChainCheck::Search, "{last:?}");
    assert!(
        last.problem.as_deref().unwrap().contains("2000 signatures"),
        "{last:?}"
    );
}

#[test]
fn an_issuer_in_another_spelling_is_found() {
    let (ca, sub) = (key(), key());
    let top = root("CN=Example Root,O=Müller Straße", &ca);
    let middle = Sketch::authority("CN=Sub", "CN=EXAMPLE  root,O=MÜLLER STRASSE").sign(&sub, &ca);
    assert_in_any_order(&issue("CN=sub", &sub), &[&top, &middle], true);
    assert_in_any_order(&issue("CN=Sub X", &sub), &[&top, &middle], false);
    // Self-issued in two spellings: still a root, and not counted in path lengths.
    let odd = Sketch::authority("CN=Odd Root", "CN=ODD ROOT").sign(&ca, &ca);
    assert!(odd.is_self_issued());
    assert_in_any_order(&issue("CN=Odd root", &ca), &[&odd], true);
}
