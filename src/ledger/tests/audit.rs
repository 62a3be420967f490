//! Changes that bypass the ledger are found before they affect a decision, at opening and while it is open.

use super::tampering::{busy_desk, other_value, restored};
use super::*;

/// Opening for decisions or recording is refused, and so is every decision of a ledger that was already open.
#[track_caller]
fn assert_decides_nothing(sound: &Desk, sql: &str) {
    let desk = sound.copy();
    let mut open = desk.again();
    desk.attack(sql);
    for access in [Access::Decide, Access::Record] {
        let refused = SqliteLedger::open(&desk.path(), access);
        assert!(
            matches!(
                refused,
                Err(LedgerError::Damaged { .. } | LedgerError::Altered { .. })
            ),
            "{sql}: {refused:?}"
        );
    }
    assert!(SqliteLedger::open(&desk.path(), Access::Read).is_ok(), "{sql}");
    let head = desk.ledger.head().unwrap();
    let answers = [
        open.begin(&certificate(99), &stamp()).map(drop),
        open.reserve_crl_number(&ca(), None, &stamp()).map(drop),
        open.revoke(&ca(), &revocation(4, RevocationReason::KeyCompromise), &stamp()),
        open.release(&ca(), &serial(2), &stamp()),
        open.certificate(&ca(), &serial(1)).map(drop),
        open.revocations(&ca(), None, &mut |_| ControlFlow::Continue(())),
        open.crl_number(&ca(), 1.into()).map(drop),
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(LedgerError::Damaged { .. })),
            "{sql}: {answer:?}"
        );
    }
    assert_eq!(desk.ledger.head().unwrap(), head, "{sql}: something was recorded");
}

#[test]
fn a_change_of_any_column_stops_every_decision() {
    let sound = busy_desk();
    for table in sound.tables() {
        let (columns, key) = sound.columns(&table);
        for column in columns {
            let other = other_value(&sound, &table, &column);
            assert_decides_nothing(
                &sound,
                &restored(&format!(
                    "PRAGMA ignore_check_constraints = ON; UPDATE {table} SET {column} = {other}
                     WHERE ({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)"
                )),
            );
        }
    }
}

#[test]
fn a_removed_or_inserted_row_stops_every_decision() {
    let sound = busy_desk();
    for sql in [
        "DELETE FROM revocations",
        "DELETE FROM revocations WHERE reason = 1",
        "DELETE FROM crl_numbers",
        "DELETE FROM crl_numbers WHERE hex(number) = printf('%040X', 3)",
        "DELETE FROM serials WHERE serial = X'1001'",
        "DELETE FROM entries WHERE sequence = 3",
        "DELETE FROM authorities",
        "DELETE FROM events WHERE sequence = 3",
        "DELETE FROM events WHERE sequence = 1",
        "DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)",
        "UPDATE revocations SET reason = NULL, revoked = NULL WHERE serial = X'1001'",
        "DELETE FROM deliveries",
        "UPDATE deliveries SET delivered = NULL",
        "DELETE FROM requests WHERE entry = (SELECT max(entry) FROM requests)",
        "DELETE FROM keys",
        "INSERT INTO serials VALUES (2, X'77', 3, 5)",
        "UPDATE serials SET entry = 5 WHERE serial = X'1001'",
        "INSERT INTO events SELECT 1000, body, hash FROM events WHERE sequence = 3",
        "INSERT INTO events SELECT -1, body, hash FROM events WHERE sequence = 3",
    ] {
        assert_decides_nothing(&sound, &restored(sql));
    }
}

/// The reason of a revocation is changed in the event and in the table, then also the event's own hash.
#[test]
fn a_changed_event_stops_every_decision_even_with_a_matching_hash() {
    let sound = busy_desk();
    let changed = "UPDATE events SET body = replace(body, '\"reason\":1', '\"reason\":6') WHERE body LIKE '%\"reason\":1%';
        UPDATE revocations SET reason = 6 WHERE reason = 1";
    assert_decides_nothing(&sound, &restored(changed));
    let row = sound.query::<i64>("SELECT sequence FROM events WHERE body LIKE '%\"reason\":1%'")[0];
    let body = sound.query::<String>(&format!("SELECT body FROM events WHERE sequence = {row}"))[0]
        .replace("\"reason\":1", "\"reason\":6");
    let before = sound.query::<[u8; 32]>(&format!("SELECT hash FROM events WHERE sequence = {}", row - 1))[0];
    let hash = Digest::of(&[&before[..], body.as_bytes()].concat());
    let rehashed = format!("{changed}; UPDATE events SET hash = X'{hash}' WHERE sequence = {row}");
    assert_decides_nothing(&sound, &restored(&rehashed));
}

#[test]
fn events_of_other_connections_are_picked_up() {
    let mut desk = busy_desk();
    let mut other = desk.again();
    for number in 20..24 {
        let entry = other.begin(&certificate(number), &stamp()).unwrap();
        other.complete(entry, &signed(number), &stamp()).unwrap();
        desk.ledger
            .revoke(
                &ca(),
                &revocation(number, RevocationReason::CertificateHold),
                &stamp(),
            )
            .unwrap();
        other.release(&ca(), &serial(number), &stamp()).unwrap();
        desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
    }
    desk.assert_sound();
    SqliteLedger::open(&desk.path(), Access::Decide).unwrap();
}
