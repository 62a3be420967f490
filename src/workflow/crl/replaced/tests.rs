//! Two processes that replace the CRL in one file: each test is one process, and runs the other while its token signs.

mod site;

use std::sync::mpsc::channel;
use std::thread;

use super::*;
use crate::ledger::LedgerError;
use crate::ledger::fixture::SlowWriter;
use crate::x509::Revocation;
use crate::x509::fixture::NOW;
use site::{Site, Slow};

fn number(value: u64) -> CrlNumber {
    CrlNumber::from(value)
}

fn revoked() -> Revocations {
    let mut index = Revocations::default();
    let revocation = Revocation {
        serial: SerialNumber::from_octets([0x77]),
        revoked_at: NOW,
        reason: CrlReason::KeyCompromise,
        invalid_since: None,
    };
    index.push(&revocation).unwrap();
    index.sorted().unwrap()
}

/// Whether a file was there before, and whether the lists are complete or delta CRLs.
#[test]
fn a_list_that_is_signed_last_does_not_replace_one_with_a_higher_number() {
    for (has_file, is_delta) in [(false, false), (true, false), (true, true)] {
        let site = Site::new();
        let (mut last, mut base) = (0, None);
        if has_file {
            site.publish(&site.key, None, None).unwrap();
            (last, base) = (1, site.list().filter(|_| is_delta));
        }
        let faster = || drop(site.publish(&site.key, base.as_ref(), None).unwrap());
        let error = site
            .publish(&Slow(&site.key, &faster), base.as_ref(), None)
            .unwrap_err();
        assert_eq!(site.number(), number(last + 2), "{error}");
        let WorkflowError::Overtaken { entry, path, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(path, &site.path("crl"));
        let numbers = format!("with number {}, and this one has {}", last + 2, last + 1);
        assert!(error.to_string().ends_with(&numbers), "{error}");

        // It is in the ledger, which does not put it over the newer one either.
        let refused = site.deliver(*entry, "crl").unwrap_err();
        assert!(refused.to_string().contains("numbers must increase"), "{refused}");
        assert_eq!(site.number(), number(last + 2));
        site.deliver(*entry, "other").unwrap();
        site.deliver(*entry, "other").unwrap();
        assert_eq!(site.files(), ["crl", "other"]);
    }
}

/// The other process began first and has a lower number, but its list has an entry from another program's index.
#[test]
fn a_list_does_not_replace_one_with_an_entry_that_it_lacks() {
    let site = Site::new();
    site.publish(&site.key, None, None).unwrap();
    let ((has_begun, began), (may_end, end)) = (channel(), channel());
    let signs_slowly = {
        let end = std::sync::Mutex::new(end);
        move || {
            has_begun.send(()).unwrap();
            end.lock().unwrap().recv().unwrap();
        }
    };
    let error = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let summary = site.publish(&Slow(&site.key, &signs_slowly), None, Some(revoked()));
            summary.unwrap();
        });
        began.recv().unwrap();
        let other = std::sync::Mutex::new(Some(other));
        let waits = || {
            may_end.send(()).unwrap();
            let other = other.lock().unwrap().take().unwrap();
            other.join().unwrap();
        };
        site.publish(&Slow(&site.key, &waits), None, None).unwrap_err()
    });
    assert!(
        error
            .to_string()
            .ends_with("with certificates that this one does not list: 77"),
        "{error}"
    );
    assert_eq!(site.number(), number(2));
    let WorkflowError::Overtaken { entry, .. } = error else {
        panic!("{error:?}");
    };
    let refused = site.deliver(entry, "crl").unwrap_err().to_string();
    assert!(
        refused.contains("does not list") && refused.ends_with(": 77"),
        "{refused}"
    );
    assert_eq!(site.number(), number(2));
}

/// A file that is not a CRL of this CA is replaced, as before the signature.
#[test]
fn a_file_that_is_not_a_crl_of_this_ca_is_replaced() {
    let (site, other) = (Site::new(), Site::new());
    for _ in 0..3 {
        other.publish(&other.key, None, None).unwrap();
    }
    let foreign = std::fs::read(other.path("crl")).unwrap();
    for content in [&foreign[..], b"not a CRL"] {
        let appears = || std::fs::write(site.path("crl"), content).unwrap();
        let summary = site.publish(&Slow(&site.key, &appears), None, None).unwrap();
        assert_eq!(site.list().unwrap().der(), summary.issued.list().der());
        std::fs::remove_file(site.path("crl")).unwrap();
    }
}

/// Another process puts its file there between the comparison and the rename.
#[test]
fn what_was_not_compared_is_not_replaced() {
    let site = Site::new();
    let summary = site.publish(&site.key, None, None).unwrap();
    let (mut recorder, entry) = (site.recorder(), site.newest_entry());
    let seen = std::cell::RefCell::new(Vec::new());
    let slot = |name: &str| site.delivery(name).reserve().unwrap();
    let compare = |_: &Recorder, existing: Vec<u8>| {
        if seen.borrow().is_empty() {
            std::fs::write(site.path("theirs"), "theirs").unwrap();
            std::fs::rename(site.path("theirs"), site.path("crl")).unwrap();
        }
        seen.borrow_mut().push(existing);
        Ok(())
    };
    recorder
        .place(entry, slot("crl"), &summary.issued, &compare)
        .unwrap();
    let der = summary.issued.list().der();
    assert_eq!(*seen.borrow(), [der, b"theirs"]);
    assert_eq!(site.list().unwrap().der(), der);
    // It gives up at some time.
    let always = |_: &Recorder, _: Vec<u8>| {
        std::fs::write(site.path("theirs"), "theirs").unwrap();
        std::fs::rename(site.path("theirs"), site.path("crl")).unwrap();
        Ok(())
    };
    let error = recorder.place(entry, slot("crl"), &summary.issued, &always);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("other processes keep replacing it"), "{error}");
    assert_eq!(std::fs::read(site.path("crl")).unwrap(), b"theirs");
}

/// The ledger stays locked after the comparison.
#[test]
fn without_a_turn_the_file_stays_as_it_is() {
    let site = Site::new();
    let summary = site.publish(&site.key, None, None).unwrap();
    let (mut recorder, entry) = (site.recorder(), site.newest_entry());
    std::fs::write(site.path("crl"), "theirs").unwrap();
    let other = SlowWriter::at(&site.path("l.db"));
    let compare = |_: &Recorder, _: Vec<u8>| {
        other.start();
        Ok(())
    };
    let slot = site.delivery("crl").reserve().unwrap();
    let error = recorder
        .place(entry, slot, &summary.issued, &compare)
        .unwrap_err();
    assert!(
        matches!(error, WorkflowError::Ledger(LedgerError::Locked { .. })),
        "{error}"
    );
    assert_eq!(std::fs::read(site.path("crl")).unwrap(), b"theirs");
    assert_eq!(site.files(), ["crl"]);
    other.stop();
}
