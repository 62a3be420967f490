//! The certificates for one request.

use super::*;

#[test]
fn a_certificate_that_was_begun_or_signed_for_a_request_since_is_found() {
    let mut desk = Desk::new();
    let request = Digest::of(b"request");
    let [one, two] = [1, 2].map(|number| desk.ledger.begin(&certificate(number), &stamp()).unwrap());
    let count = |desk: &Desk| desk.ledger.head().unwrap().count;
    let since = count(&desk);
    let begun = |desk: &Desk, after| desk.ledger.begun_for(&ca(), &request, after).unwrap();
    let second = |desk: &Desk, entry| {
        let sole = SoleCertificate {
            entry,
            authority: ca(),
            request_sha256: request,
            since,
        };
        desk.ledger.second_certificates(&[sole]).unwrap()
    };
    assert_eq!(
        (begun(&desk, 0), begun(&desk, one.0), begun(&desk, since)),
        (Some(one), Some(two), None)
    );
    assert_eq!(second(&desk, two), []);
    desk.ledger.complete(one, &signed(1), &stamp()).unwrap();
    // It was begun before, and signed after.
    assert_eq!(begun(&desk, since), Some(one));
    assert_eq!(
        (second(&desk, two), second(&desk, one)),
        (vec![(two, one)], vec![])
    );
    desk.ledger.complete(two, &signed(2), &stamp()).unwrap();
    assert_eq!(second(&desk, one), [(one, two)]);
    assert_eq!(begun(&desk, count(&desk)), None);
    let three = desk.ledger.begin(&certificate(3), &stamp()).unwrap();
    desk.ledger.abandon(three, "not signed", &stamp()).unwrap();
    assert_eq!(begun(&desk, three.0 - 1), None);
    assert_eq!(second(&desk, one), [(one, two)]);
}

#[test]
fn what_is_begun_and_not_signed_is_open_for_its_request() {
    let mut desk = Desk::new();
    let request = Digest::of(b"request");
    let open = |ledger: &SqliteLedger| ledger.open_for(&ca(), &request).unwrap();
    assert_eq!(open(&desk.ledger), None);
    let [one, two] = [1, 2].map(|number| desk.ledger.begin(&certificate(number), &stamp()).unwrap());
    assert_eq!(open(&desk.ledger), Some(one));
    desk.ledger.complete(one, &signed(1), &stamp()).unwrap();
    assert_eq!(open(&desk.ledger), Some(two));
    let other = Digest::of(b"another request");
    assert_eq!(desk.ledger.open_for(&ca(), &other).unwrap(), None);
    desk.ledger.abandon(two, "not signed", &stamp()).unwrap();
    assert_eq!(open(&desk.ledger), None);
    // What is revoked, or was begun before one that is signed, is settled.
    let three = desk.ledger.begin(&certificate(3), &stamp()).unwrap();
    assert_eq!(open(&desk.ledger), Some(three));
    let revoked = revocation(3, RevocationReason::Superseded);
    desk.ledger.revoke(&ca(), &revoked, &stamp()).unwrap();
    assert_eq!(open(&desk.ledger), None);
    let [four, five, six] =
        [4, 5, 6].map(|number| desk.ledger.begin(&certificate(number), &stamp()).unwrap());
    assert_eq!(open(&desk.ledger), Some(four));
    desk.ledger.complete(five, &signed(5), &stamp()).unwrap();
    assert_eq!(open(&desk.ledger), Some(six));
    // A second process that records is seen until it ends.
    let mut another = Some(desk.again());
    assert!(desk.ledger.others_record().unwrap());
    another.take();
    wait_until_alone(|| desk.ledger.others_record().unwrap());
}
