-- Version 1 of a ledger. What is here is never edited: a change is another file, and another version.

-- The chain. Everything below follows from it, and `verify` checks that it does.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    body     TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- A second fence: a program that goes wrong, or a person with the sqlite3 tool, is stopped here. Who means it drops the triggers;
-- the hashes show that.
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the events of a ledger are never changed'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the events of a ledger are never removed'); END;
CREATE TRIGGER events_come_in_order BEFORE INSERT ON events
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'the events of a ledger come in order'); END;

-- id: the event that introduced the authority. issuer: the first authority with the same name.
CREATE TABLE authorities (
    id          INTEGER PRIMARY KEY REFERENCES events,
    issuer      INTEGER NOT NULL REFERENCES authorities,
    key_sha256  BLOB NOT NULL,
    subject_der BLOB NOT NULL,
    subject     TEXT NOT NULL,
    UNIQUE (subject_der, key_sha256)
) STRICT;

-- One row for each signature: sequence is the event that began it, outcome the one that ended it.
CREATE TABLE entries (
    sequence  INTEGER PRIMARY KEY REFERENCES events,
    authority INTEGER NOT NULL REFERENCES authorities,
    kind      TEXT NOT NULL CHECK (kind IN ('certificate', 'crl', 'ocsp-response', 'request')),
    outcome   INTEGER REFERENCES events,
    ended     TEXT CHECK (ended IN ('signed', 'abandoned', 'adopted')),
    CHECK ((outcome IS NULL) = (ended IS NULL))
) STRICT;
CREATE INDEX open_entries ON entries (sequence) WHERE outcome IS NULL;

-- RFC 5280 section 4.1.2.2: issuer name and serial number identify one certificate.
CREATE TABLE serials (
    issuer    INTEGER NOT NULL REFERENCES authorities,
    serial    BLOB NOT NULL,
    entry     INTEGER NOT NULL REFERENCES entries,
    not_after INTEGER NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;

-- reserved: the event. complete, delta: the entries of the CRLs that have the number.
CREATE TABLE crl_numbers (
    issuer   INTEGER NOT NULL REFERENCES authorities,
    number   INTEGER NOT NULL,
    reserved INTEGER NOT NULL REFERENCES events,
    complete INTEGER REFERENCES entries,
    delta    INTEGER REFERENCES entries,
    PRIMARY KEY (issuer, number)
) STRICT, WITHOUT ROWID;

-- The last that happened to a certificate. Without a reason, a hold that was released. changed: the event.
CREATE TABLE revocations (
    authority       INTEGER NOT NULL REFERENCES authorities,
    serial          BLOB NOT NULL,
    reason          INTEGER,
    revoked         INTEGER,
    invalidity_date INTEGER,
    changed         INTEGER NOT NULL REFERENCES events,
    PRIMARY KEY (authority, serial),
    CHECK ((reason IS NULL) = (revoked IS NULL))
) STRICT, WITHOUT ROWID;
