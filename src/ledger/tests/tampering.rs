//! Verification finds every change that bypasses the ledger.

use super::*;

const NO_TRIGGERS: &str = "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;
    DROP TRIGGER events_come_in_order;";

/// Restores the triggers afterwards, as an attacker would.
pub(super) fn restored(sql: &str) -> String {
    let made = include_str!("../sqlite/version_1.sql");
    let start = made.find("CREATE TRIGGER").unwrap();
    let end = made.rfind("END;").unwrap() + 4;
    format!("{NO_TRIGGERS} {sql}; {}", &made[start..end])
}

/// A ledger with one event of every kind.
pub(super) fn busy_desk() -> Desk {
    let mut desk = Desk::new();
    for number in 1..=4 {
        desk.certificate(number);
    }
    desk.ledger.begin(&certificate(5), &stamp()).unwrap();
    let given_up = desk.ledger.begin(&certificate(6), &stamp()).unwrap();
    desk.ledger.abandon(given_up, "no", &stamp()).unwrap();
    let adoption = Adoption {
        authority: ca(),
        object: certificate_object(7),
        certificate: signed(7),
    };
    desk.ledger.adopt(&adoption, &stamp()).unwrap();
    let renewed = authority("new key", "CN=Test CA");
    desk.ledger
        .begin(
            &Intent {
                authority: renewed,
                ..certificate(8)
            },
            &stamp(),
        )
        .unwrap();
    let dated = RevocationRequest {
        invalidity_date: Some(UnixTime(4)),
        ..revocation(1, RevocationReason::KeyCompromise)
    };
    desk.ledger.revoke(&ca(), &dated, &stamp()).unwrap();
    for number in [2, 3] {
        desk.ledger
            .revoke(
                &ca(),
                &revocation(number, RevocationReason::CertificateHold),
                &stamp(),
            )
            .unwrap();
    }
    desk.ledger.release(&ca(), &serial(3), &stamp()).unwrap();
    for (number, base) in [(1, None), (2, Some(1))] {
        desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
        let entry = desk.ledger.begin(&crl(number, base, 5), &stamp()).unwrap();
        desk.ledger.complete(entry, &signed(0), &stamp()).unwrap();
    }
    desk.ledger.reserve_crl_number(&ca(), None, &stamp()).unwrap();
    desk.ledger.take_over(&takeover(), &stamp()).unwrap();
    let first = all(&desk.ledger, &EntryFilter::default()).pop().unwrap().id;
    desk.ledger.deliver(first, &stamp()).unwrap();
    for act in [KeyAct::Generate, KeyAct::Import, KeyAct::Delete] {
        let begun = desk.ledger.begin_key(&key_intent(act), &stamp()).unwrap();
        match act {
            KeyAct::Generate => desk.ledger.complete_key(begun, &key_record(), &stamp()).unwrap(),
            KeyAct::Import => desk.ledger.fail_key(begun, "no", &stamp()).unwrap(),
            _ => {}
        }
    }
    desk.assert_sound();
    desk
}

impl Desk {
    /// A copy of the ledger in another file.
    pub(super) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("l.db");
        self.attack(&format!("VACUUM INTO '{}'", path.display()));
        let ledger = SqliteLedger::open(&path, Access::Read).unwrap();
        Self { directory, ledger }
    }

    pub(super) fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> Vec<T> {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Applies `edit` to every event, and computes every hash again.
    pub(super) fn write_chain_anew(&self, edit: impl Fn(String) -> String) {
        let mut head = Head::EMPTY;
        let mut sql = String::new();
        for body in self.query::<String>("SELECT body FROM events ORDER BY sequence") {
            let body = edit(body);
            head = head.after(body.as_bytes());
            sql.push_str(&format!(
                "UPDATE events SET body = '{}', hash = X'{}' WHERE sequence = {};",
                body.replace('\'', "''"),
                head.hash,
                head.count
            ));
        }
        self.attack(&restored(sql.trim_end_matches(';')));
    }

    pub(super) fn tables(&self) -> Vec<String> {
        self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    }

    /// The columns of a table, and its key columns.
    pub(super) fn columns(&self, table: &str) -> (Vec<String>, String) {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let key = self.query::<String>(&format!("{columns} WHERE pk > 0 ORDER BY pk"));
        (self.query(&columns), key.join(", "))
    }
}

/// A different value of the same type; NULL becomes a value.
pub(super) fn other_value(desk: &Desk, table: &str, column: &str) -> String {
    let kind = &desk.query::<String>(&format!(
        "SELECT type FROM pragma_table_info('{table}') WHERE name = '{column}'"
    ))[0];
    match kind.as_str() {
        "INTEGER" => format!("coalesce({column}, 0) + 1000"),
        "TEXT" => format!("coalesce({column} || ' ', 'signed')"),
        _ => format!(
            "CAST(substr({column}, 1, length({column}) - 1) || \
             iif(substr({column}, -1) = X'fe', X'fd', X'fe') AS BLOB)"
        ),
    }
}

#[test]
fn a_change_of_any_column_of_any_row_is_found() {
    let sound = busy_desk();
    let mut changed = 0;
    for table in sound.tables() {
        let rows = sound.query::<i64>(&format!("SELECT count(*) FROM {table}"))[0];
        assert!(
            rows > 0,
            "{table} is empty, so this test would prove nothing about it"
        );
        let (columns, key) = sound.columns(&table);
        for column in columns {
            for row in 0..rows {
                let desk = sound.copy();
                let other = other_value(&desk, &table, &column);
                let sql = format!(
                    "PRAGMA ignore_check_constraints = ON; UPDATE {table} SET {column} = {other} \
                     WHERE ({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row})"
                );
                desk.attack(&restored(&sql));
                let report = desk.verify();
                assert!(!report.passed(), "{table}.{column}, row {row}");
                changed += 1;
            }
        }
    }
    assert!(changed > 150, "{changed}");
}

#[test]
fn every_removed_row_is_found() {
    let sound = busy_desk();
    for (table, key, _) in [
        ("events", "sequence", 0),
        ("entries", "sequence", 0),
        ("authorities", "id", 0),
    ] {
        for row in sound.query::<i64>(&format!("SELECT {key} FROM {table}")) {
            let last = table == "events" && sound.query::<i64>("SELECT max(sequence) FROM events")[0] == row;
            let desk = sound.copy();
            desk.attack(&restored(&format!("DELETE FROM {table} WHERE {key} = {row}")));
            let report = desk.verify();
            assert!(!report.passed(), "{table} {row}");
            if table == "events" && !last {
                let row = u64::try_from(row).unwrap();
                assert_eq!(
                    report.faults[0],
                    Fault::Gap {
                        first: row,
                        last: row
                    }
                );
            }
        }
    }
    for (table, column) in [
        ("serials", "serial"),
        ("crl_numbers", "number"),
        ("revocations", "serial"),
        ("deliveries", "entry"),
        ("requests", "entry"),
        ("keys", "begun"),
        ("names", "entry"),
        ("authority_certificates", "sha256"),
    ] {
        for row in 0..sound.query::<i64>(&format!("SELECT count(*) FROM {table}"))[0] {
            let desk = sound.copy();
            desk.attack(&format!(
                "DELETE FROM {table} WHERE {column} = (SELECT {column} FROM {table} ORDER BY 1 LIMIT 1 OFFSET {row})"
            ));
            let faults = desk.verify().faults;
            assert!(
                matches!(&faults[0], Fault::Row { found, .. } if found == "it is missing"),
                "{faults:?}"
            );
        }
    }
}

#[test]
fn swapped_and_inserted_rows_are_found() {
    let sound = busy_desk();
    let last = sound.query::<i64>("SELECT max(sequence) FROM events")[0];
    for row in 1..last {
        let desk = sound.copy();
        let next = row + 1;
        desk.attack(&restored(&format!(
            "UPDATE events SET sequence = -1 WHERE sequence = {row}; UPDATE events SET sequence = {row} WHERE \
             sequence = {next}; UPDATE events SET sequence = {next} WHERE sequence = -1"
        )));
        let report = desk.verify();
        assert_eq!(
            report.faults[0],
            Fault::Hash {
                sequence: u64::try_from(row).unwrap()
            }
        );
    }
    for (sql, expected) in [
        (
            "INSERT INTO events SELECT sequence - 3, body, hash FROM events WHERE sequence < 3",
            "event -2 does not belong to the chain",
        ),
        (
            "INSERT INTO revocations SELECT authority, X'1004', reason, revoked, NULL, changed FROM revocations WHERE serial = X'1001'",
            "table revocations, authority 2, serial 1004: no event accounts for it",
        ),
        (
            "INSERT INTO serials VALUES (2, X'77', 3, 5)",
            "table serials, issuer 2, serial 77: no event accounts for it",
        ),
        (
            "UPDATE entries SET outcome = NULL, ended = NULL WHERE sequence = 3",
            "table entries, sequence 3: outcome is empty, and the events say 4",
        ),
        (
            "CREATE TRIGGER more AFTER INSERT ON events BEGIN DELETE FROM revocations; END",
            "more: it does not belong there",
        ),
        ("DROP INDEX open_entries", "open_entries: it is missing"),
    ] {
        let desk = sound.copy();
        desk.attack(&restored(sql));
        let told: Vec<_> = desk.verify().faults.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|fault| fault == expected), "{sql}: {told:?}");
    }
}

#[test]
fn a_missing_table_is_reported() {
    let sound = busy_desk();
    for table in [
        "events",
        "authorities",
        "entries",
        "serials",
        "crl_numbers",
        "revocations",
    ] {
        let desk = sound.copy();
        desk.attack(&format!("DROP TABLE {table}"));
        let report = desk.ledger.verify(sound.ledger.head().ok().as_ref()).unwrap();
        assert!(
            report.faults.contains(&Fault::Schema {
                name: table.to_owned(),
                found: "it is missing"
            }),
            "{table}: {:?}",
            report.faults
        );
    }
}

#[test]
fn a_consistently_truncated_ledger_is_found_only_with_a_kept_head() {
    let mut desk = Desk::new();
    desk.certificate(1);
    let early = desk.ledger.head().unwrap();
    desk.certificate(2);
    let late = desk.ledger.head().unwrap();
    assert_eq!(
        desk.ledger.verify(Some(&early)).unwrap().kept,
        Some(KeptHead::OnTheChain { later: 2 })
    );
    desk.attack(&restored(
        "DELETE FROM events WHERE sequence > 4; DELETE FROM entries WHERE sequence > 4; DELETE FROM serials WHERE entry > 4; DELETE FROM names WHERE entry > 4;
         DELETE FROM deliveries WHERE entry > 4; DELETE FROM requests WHERE entry > 4",
    ));
    desk.assert_sound();
    assert!(desk.ledger.verify(Some(&early)).unwrap().passed());
    let report = desk.ledger.verify(Some(&late)).unwrap();
    assert_eq!((report.kept, report.faults.len()), (Some(KeptHead::Missing), 1));
    // And with other events in their place.
    let mut again = desk.again();
    for number in [3, 4] {
        let entry = again.begin(&certificate(number), &stamp()).unwrap();
        again.complete(entry, &signed(number), &stamp()).unwrap();
    }
    desk.assert_sound();
    assert_eq!(
        desk.ledger.verify(Some(&late)).unwrap().kept,
        Some(KeptHead::Another)
    );
}

#[test]
fn triggers_protect_the_events_and_a_ledger_without_them_is_not_written() {
    let desk = busy_desk();
    let db = rusqlite::Connection::open(desk.path()).unwrap();
    for sql in [
        "UPDATE events SET body = 'x'",
        "DELETE FROM events",
        "INSERT INTO events VALUES (99, 'x', zeroblob(32))",
        "INSERT OR REPLACE INTO events VALUES (3, 'x', zeroblob(32))",
        "INSERT INTO events VALUES (0, 'x', zeroblob(32))",
    ] {
        let error = db.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("the events of a ledger"), "{sql}: {error}");
    }
    desk.assert_sound();
    desk.attack(NO_TRIGGERS);
    let faults = desk.verify().faults;
    assert_eq!(
        faults
            .iter()
            .filter(|fault| matches!(fault, Fault::Schema { .. }))
            .count(),
        3,
        "{faults:?}"
    );
    let refused = SqliteLedger::open(&desk.path(), Access::Record);
    assert!(matches!(refused, Err(LedgerError::Altered { .. })), "{refused:?}");
}

#[test]
fn events_in_another_encoding_are_found_even_if_the_chain_is_consistent() {
    let desk = busy_desk();
    for (from, to) in [
        ("{\"sequence\":1,", "{ \"sequence\":1,"),
        ("\"time\"", "\"time\":1,\"time\""),
        ("{\"sequence\":5,", "{\"sequence\":6,"),
        ("\"der\":\"MAYwAQEEAQk=\"", "\"der\":\"MAYwAQEEAQg=\""),
        ("tls-client", "tls-server"),
    ] {
        let copy = desk.copy();
        copy.write_chain_anew(|body| body.replacen(from, to, 1));
        let faults = copy.verify().faults;
        // A consistently rewritten chain whose tables agree is found only with a kept head.
        assert_eq!(faults.is_empty(), from == "tls-client", "{from}: {faults:?}");
        let kept = desk.ledger.head().unwrap();
        assert!(!copy.ledger.verify(Some(&kept)).unwrap().passed(), "{from}");
    }
}
