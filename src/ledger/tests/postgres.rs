//! The ledger on a PostgreSQL server that the tests start: two issuers, and an administrator who tampers.

mod local_copy;

use std::thread;

use local_postgres::{Cluster, new_database};

use super::*;

fn place_in(cluster: &Cluster, database: &str) -> PostgresPlace {
    let url = format!(
        "postgres://postgres@/{database}?host={}&port={}",
        cluster.sockets().display(),
        cluster.port()
    );
    match LedgerUrl::parse(&url).unwrap() {
        LedgerUrl::Postgres(place) => place,
        other => panic!("{other}"),
    }
}

/// A new database without a ledger.
pub(super) fn new_place() -> PostgresPlace {
    let (cluster, database) = new_database();
    place_in(cluster, &database)
}

struct Shared {
    cluster: &'static Cluster,
    database: String,
    place: PostgresPlace,
}

impl Shared {
    fn new() -> (Self, PostgresLedger) {
        let (cluster, database) = new_database();
        let place = place_in(cluster, &database);
        let ledger = PostgresLedger::create(&place, &stamp()).unwrap();
        let shared = Self {
            cluster,
            database,
            place,
        };
        (shared, ledger)
    }

    fn open(&self) -> PostgresLedger {
        PostgresLedger::open(&self.place, Access::Record).unwrap()
    }

    /// Bypasses the triggers, as an administrator of the server can.
    fn attack(&self, sql: &str) {
        let sql = format!(
            "ALTER TABLE hsm_ca.events DISABLE TRIGGER ALL; {sql}; ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER ALL"
        );
        self.cluster.sql(&self.database, &sql.replace("ENABLE ALWAYS TRIGGER ALL", "ENABLE ALWAYS TRIGGER events_continue_the_chain; ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER events_are_not_changed; ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER events_are_not_truncated"));
    }
}

fn numbered(number: u16) -> Intent {
    let serial = SerialNumber::from_octets([&[0x20][..], &number.to_be_bytes()].concat());
    let object = match certificate_object(0) {
        Object::Certificate {
            subject,
            profile,
            not_before,
            not_after,
            ..
        } => Object::Certificate {
            serial,
            subject,
            profile,
            names_sha256: None,
            request_sha256: Some(Digest::of(&number.to_be_bytes())),
            not_before,
            not_after,
        },
        other => other,
    };
    Intent {
        object,
        ..certificate(0)
    }
}

#[test]
fn issuers_see_each_other_and_a_reader_does_not_count() {
    let (shared, one) = Shared::new();
    let reader = PostgresLedger::open(&shared.place, Access::Decide).unwrap();
    drop(one);
    let mut one = shared.open();
    wait_until_alone(|| one.others_record().unwrap());
    assert!(reader.others_record().unwrap());
    let entry = one.begin(&numbered(1), &stamp()).unwrap();
    let open = || {
        let others = reader.others_record().unwrap();
        let request = Digest::of(&1_u16.to_be_bytes());
        (others, reader.open_for(&ca(), &request).unwrap())
    };
    assert_eq!(open(), (true, Some(entry)));
    let two = shared.open();
    assert!(one.others_record().unwrap() && two.others_record().unwrap());
    drop(one);
    wait_until_alone(|| two.others_record().unwrap());
    drop(two);
    wait_until_alone(|| open().0);
    assert_eq!(open(), (false, Some(entry)));
}

#[test]
fn no_other_issuer_has_a_turn_while_a_file_is_placed() {
    let (shared, mut one) = Shared::new();
    let mut two = shared.open();
    let entries = [1, 2].map(|number| {
        let entry = one.begin(&certificate(number), &stamp()).unwrap();
        one.complete(entry, &signed(number), &stamp()).unwrap();
        entry
    });
    let begun = std::sync::Barrier::new(2);
    let order = std::sync::Mutex::new(Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            begun.wait();
            let place = &mut || {
                order.lock().unwrap().push("two");
                true
            };
            two.deliver_in_turn(entries[1], &stamp(), place).unwrap();
        });
        let place = &mut || {
            begun.wait();
            // Long enough for the other one to put its file there, if it could.
            thread::sleep(std::time::Duration::from_millis(300));
            order.lock().unwrap().push("one");
            true
        };
        one.deliver_in_turn(entries[0], &stamp(), place).unwrap();
    });
    assert_eq!(*order.lock().unwrap(), ["one", "two"]);
    let before = two.head().unwrap().count;
    one.deliver_in_turn(entries[0], &stamp(), &mut || false).unwrap();
    assert_eq!(two.head().unwrap().count, before);
    assert!(one.unfinished(&ca(), UnixTime(0)).unwrap().is_empty());
    assert_eq!(one.verify(None).unwrap().faults, []);
}

#[test]
fn an_issuer_that_waits_for_the_token_stays_present() {
    let (shared, first) = Shared::new();
    drop(first);
    let sql = format!(
        "ALTER DATABASE \"{}\" SET idle_session_timeout = '100ms'",
        shared.database
    );
    shared.cluster.sql(&shared.database, &sql);
    let (one, two) = (shared.open(), shared.open());
    thread::sleep(std::time::Duration::from_millis(500));
    assert!(one.others_record().unwrap() && two.others_record().unwrap());
}

#[test]
fn two_issuers_append_to_one_chain_and_no_serial_number_is_used_twice() {
    let (shared, _) = Shared::new();
    let begun: Vec<_> = thread::scope(|scope| {
        let issuers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut ledger = shared.open();
                    // Both use the same numbers: each number is begun once.
                    (0..40)
                        .filter(|number| ledger.begin(&numbered(*number), &stamp()).is_ok())
                        .count()
                })
            })
            .collect();
        issuers.into_iter().map(|issuer| issuer.join().unwrap()).collect()
    });
    assert_eq!(begun.iter().sum::<usize>(), 40, "{begun:?}");
    let ledger = shared.open();
    assert_eq!(ledger.verify(None).unwrap().faults, []);
    let counted = shared.cluster.query(
        &shared.database,
        "SELECT count(DISTINCT substring(body FROM '\"serial\":\"([0-9a-f]+)\"')), count(*), max(sequence) FROM hsm_ca.events
         WHERE body LIKE '%\"begun\"%'",
    );
    assert_eq!(counted, format!("40|40|{}", ledger.head().unwrap().count));
}

/// The server gives the turn to another session, and does not answer.
#[test]
fn an_interruption_ends_the_wait_for_a_turn() {
    let (shared, mut ledger) = Shared::new();
    thread::scope(|scope| {
        let holds = "SELECT pg_advisory_lock(1752395084), pg_sleep(12)";
        scope.spawn(|| shared.cluster.sql(&shared.database, holds));
        let is_held = || {
            let locks = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                WHERE locktype = 'advisory' AND objid = 1752395084 AND granted AND datname = current_database()";
            shared.cluster.query(&shared.database, locks).trim() == "1"
        };
        while !is_held() {
            thread::sleep(std::time::Duration::from_millis(20));
        }
        let start = std::time::Instant::now();
        interrupted_soon(&mut ledger);
        for number in 0..5 {
            let refused = ledger.begin(&numbered(number), &stamp());
            assert!(
                matches!(refused, Err(LedgerError::Unreachable { .. })),
                "{refused:?}"
            );
        }
        assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
    });
    // What needs no wait is still recorded.
    ledger.begin(&numbered(9), &stamp()).unwrap();
}

#[test]
fn crl_numbers_rise_across_two_issuers() {
    let (shared, mut one) = Shared::new();
    let mut two = shared.open();
    for number in (1..8).step_by(2) {
        assert_eq!(
            one.reserve_crl_number(&ca(), None, &stamp()).unwrap().number,
            CrlNumber::from(number)
        );
        assert_eq!(
            two.reserve_crl_number(&ca(), None, &stamp()).unwrap().number,
            CrlNumber::from(number + 1)
        );
    }
}

#[test]
fn a_group_costs_two_round_trips_per_turn() {
    let (shared, _) = Shared::new();
    let mut ledger = shared.open();
    let group: Vec<_> = (0..64).map(numbered).collect();
    ledger.begin(&certificate(9), &stamp()).unwrap();
    let before = ledger.round_trips();
    ledger.begin_many(&group, &stamp()).unwrap();
    assert_eq!(ledger.round_trips() - before, 2);
}

#[test]
fn a_changed_removed_or_inserted_event_on_the_server_is_found() {
    for (attack, found) in [
        (
            "UPDATE hsm_ca.events SET body = replace(body, 'root@ca', 'toor@ca') WHERE sequence = 2",
            "event 2: its hash",
        ),
        (
            "DELETE FROM hsm_ca.events WHERE sequence = 3",
            "event 3 is missing",
        ),
        (
            "INSERT INTO hsm_ca.events SELECT 0, body, hash FROM hsm_ca.events WHERE sequence = 1",
            "event 0 does not belong",
        ),
    ] {
        let (shared, mut ledger) = Shared::new();
        for number in 0..3 {
            ledger.begin(&numbered(number), &stamp()).unwrap();
        }
        shared.attack(attack);
        let opened = PostgresLedger::open(&shared.place, Access::Record);
        assert!(
            matches!(opened, Err(LedgerError::Damaged { .. })),
            "{attack}: {opened:?}"
        );
        let reader = PostgresLedger::open(&shared.place, Access::Read).unwrap();
        let report = reader.verify(None).unwrap();
        assert!(
            report
                .faults
                .iter()
                .any(|fault| fault.to_string().contains(found)),
            "{attack}: {:?}",
            report.faults
        );
    }
}

/// The state after a failover to a standby that lacks events.
#[test]
fn a_process_refuses_a_server_that_lacks_events_it_has_seen() {
    let (shared, mut ledger) = Shared::new();
    ledger.begin(&numbered(1), &stamp()).unwrap();
    let kept = ledger.head().unwrap();
    shared.attack("DELETE FROM hsm_ca.events WHERE sequence = (SELECT max(sequence) FROM hsm_ca.events)");
    let refused = ledger.begin(&numbered(2), &stamp());
    assert!(matches!(refused, Err(LedgerError::Rewound { .. })), "{refused:?}");
    // A new process cannot detect it without a kept head.
    let report = shared.open().verify(Some(&kept)).unwrap();
    assert_eq!(report.kept, Some(KeptHead::Missing));
    // Other events replace the lost ones.
    shared.open().begin(&numbered(3), &stamp()).unwrap();
    let refused = ledger.begin(&numbered(2), &stamp());
    assert!(matches!(refused, Err(LedgerError::Rewound { .. })), "{refused:?}");
}

#[test]
fn a_schema_with_foreign_triggers_rules_or_columns_is_not_written_to() {
    for change in [
        "CREATE RULE swallow AS ON INSERT TO hsm_ca.events DO INSTEAD NOTHING",
        "CREATE TRIGGER mine AFTER INSERT ON hsm_ca.events EXECUTE FUNCTION hsm_ca.refuse_change()",
        "DROP TRIGGER events_are_not_changed ON hsm_ca.events",
        "ALTER TABLE hsm_ca.events DISABLE TRIGGER events_are_not_changed",
        "ALTER TABLE hsm_ca.events ADD COLUMN more text",
        "ALTER TABLE hsm_ca.events ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE hsm_ca.child () INHERITS (hsm_ca.events)",
        "CREATE OR REPLACE FUNCTION hsm_ca.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ] {
        let (shared, _) = Shared::new();
        shared.cluster.sql(&shared.database, change);
        let opened = PostgresLedger::open(&shared.place, Access::Record);
        assert!(
            matches!(opened, Err(LedgerError::Altered { .. })),
            "{change}: {opened:?}"
        );
        let report = PostgresLedger::open(&shared.place, Access::Read)
            .unwrap()
            .verify(None)
            .unwrap();
        assert!(
            matches!(report.faults[..], [Fault::Schema { .. }, ..]),
            "{change}: {:?}",
            report.faults
        );
    }
}

/// The triggers check the chain and not what an event says: docs/postgres.md, "What an issuer's role can spoil".
#[test]
fn text_that_is_not_an_event_is_refused_by_every_reader_until_the_owner_removes_it() {
    let last = |ledger: &PostgresLedger| {
        let mut last = (0, String::new());
        let mut each = |head: &Head, body: &[u8]| {
            last = (head.count, String::from_utf8(body.to_vec()).unwrap());
            ControlFlow::Continue(())
        };
        ledger.events(&mut each).unwrap();
        last
    };
    let (shared, mut ledger) = Shared::new();
    let entry = ledger.begin(&certificate(1), &stamp()).unwrap();
    ledger.complete(entry, &signed(1), &stamp()).unwrap();
    ledger.deliver(entry, &stamp()).unwrap();
    let (count, delivered) = last(&ledger);
    let changed = |body: &str, from: &str, to: &str| {
        let changed = body.replace(from, to);
        assert_ne!(changed, body);
        changed
    };
    let (number, follows) = (
        format!("\"sequence\":{count}"),
        format!("\"sequence\":{}", count + 1),
    );
    let next = changed(&delivered, &number, &follows);
    let about = format!("{{\"entry\":{entry}}}").replace('#', "");
    for body in [
        "not JSON",
        "{}",
        &changed(&next, "\"delivered\"", "\"unknown\""),
        // A check of the text alone could not refuse these.
        &delivered,
        &changed(&next, &about, "{\"entry\":1}"),
        &changed(&next, &about, "{\"entry\":99}"),
    ] {
        let append = format!(
            "INSERT INTO hsm_ca.events SELECT sequence + 1, body, sha256(hash || convert_to(body, 'UTF8'))
             FROM (SELECT sequence, hash, '{body}' AS body FROM hsm_ca.events ORDER BY sequence DESC LIMIT 1) AS last"
        );
        shared.cluster.sql(&shared.database, &append);
        let refused = ledger.begin(&certificate(2), &stamp());
        assert!(
            matches!(refused, Err(LedgerError::Damaged { .. })),
            "{body}: {refused:?}"
        );
        for access in [Access::Record, Access::Decide] {
            let opened = PostgresLedger::open(&shared.place, access);
            assert!(
                matches!(opened, Err(LedgerError::Damaged { .. })),
                "{body}: {opened:?}"
            );
        }
        let reader = PostgresLedger::open(&shared.place, Access::Read).unwrap();
        assert!(reader.entry(entry).is_err(), "{body}");
        let faults = reader.verify(None).unwrap().faults;
        let number = format!("event {}", count + 1);
        assert!(
            faults.iter().any(|fault| fault.to_string().contains(&number)),
            "{body}: {faults:?}"
        );
        shared.attack(&format!("DELETE FROM hsm_ca.events WHERE sequence > {count}"));
        ledger = shared.open();
        assert_eq!(ledger.verify(None).unwrap().faults, [], "{body}");
    }
    ledger.begin(&certificate(2), &stamp()).unwrap();
}

#[test]
fn a_role_that_appends_can_neither_change_nor_remove() {
    let (cluster, database) = new_database();
    let role = format!("issuer of \"{database}\"");
    let quoted = role.replace('"', "\"\"");
    cluster.sql(&database, &format!("CREATE ROLE \"{quoted}\" LOGIN"));
    let place = place_in(cluster, &database).with_writer(role.clone());
    PostgresLedger::create(&place, &stamp()).unwrap();
    let url = place
        .to_string()
        .replace("postgres@", &format!("issuer%20of%20%22{database}%22@"));
    let LedgerUrl::Postgres(place) = LedgerUrl::parse(&url).unwrap() else {
        panic!("{url}");
    };
    let mut ledger = PostgresLedger::open(&place, Access::Record).unwrap();
    let entry = ledger.begin(&certificate(1), &stamp()).unwrap();
    ledger.complete(entry, &signed(1), &stamp()).unwrap();
    ledger.deliver(entry, &stamp()).unwrap();
    ledger
        .revoke_many(&ca(), &[revocation(1, RevocationReason::Superseded)], &stamp())
        .unwrap();
    assert_eq!(ledger.verify(None).unwrap().faults, []);
    for sql in [
        "UPDATE hsm_ca.events SET body = ''",
        "DELETE FROM hsm_ca.events",
        "TRUNCATE hsm_ca.events",
        "DROP TABLE hsm_ca.events",
        "ALTER TABLE hsm_ca.events DISABLE TRIGGER ALL",
        "UPDATE hsm_ca.ledger SET version = 0",
        "INSERT INTO hsm_ca.events SELECT sequence + 10, body, hash FROM hsm_ca.events LIMIT 1",
        "CREATE TABLE hsm_ca.more ()",
    ] {
        let output = cluster.psql(&role, &database, sql);
        assert!(!output.status.success(), "{sql}");
    }
    // The triggers stop the owner too, unless the owner disables them.
    for sql in [
        "UPDATE hsm_ca.events SET body = ''",
        "DELETE FROM hsm_ca.events",
        "TRUNCATE hsm_ca.events",
    ] {
        let output = cluster.psql("postgres", &database, sql);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("never changed or removed"), "{sql}: {said}");
    }
}

#[test]
fn a_ledger_is_created_once_and_never_by_opening() {
    let (cluster, database) = new_database();
    let place = place_in(cluster, &database);
    for access in [Access::Read, Access::Decide, Access::Record] {
        let opened = PostgresLedger::open(&place, access);
        assert!(matches!(opened, Err(LedgerError::NotFound { .. })), "{opened:?}");
    }
    assert!(!PostgresLedger::is_there(&place).unwrap());
    PostgresLedger::create(&place, &stamp()).unwrap();
    assert!(PostgresLedger::is_there(&place).unwrap());
    let again = PostgresLedger::create(&place, &stamp());
    assert!(matches!(again, Err(LedgerError::Exists { .. })), "{again:?}");
    cluster.sql(&database, "UPDATE hsm_ca.ledger SET version = 99");
    let newer = PostgresLedger::open(&place, Access::Read);
    assert!(
        matches!(newer, Err(LedgerError::Newer { found: 99, .. })),
        "{newer:?}"
    );
}
