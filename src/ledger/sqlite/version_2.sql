-- Version 2 of a ledger: what became of what was signed, for whom and for which request it was, the keys, and CAs from elsewhere. The
-- tables that follow from the events are made again from all of them when a ledger gets here.

-- One row for each signed object that has a reader waiting for it. delivered: the event of the first delivery; empty until then.
CREATE TABLE deliveries (
    entry     INTEGER PRIMARY KEY REFERENCES entries,
    delivered INTEGER REFERENCES events
) STRICT;
CREATE INDEX undelivered_entries ON deliveries (entry) WHERE delivered IS NULL;

-- Which certificates were begun for a request.
CREATE TABLE requests (
    authority      INTEGER NOT NULL REFERENCES authorities,
    request_sha256 BLOB NOT NULL,
    entry          INTEGER NOT NULL REFERENCES entries,
    PRIMARY KEY (authority, request_sha256, entry)
) STRICT, WITHOUT ROWID;

-- begun: the event before a key comes or goes. ended: the event after it.
CREATE TABLE keys (
    begun INTEGER PRIMARY KEY REFERENCES events,
    ended INTEGER REFERENCES events
) STRICT;
CREATE INDEX open_keys ON keys (begun) WHERE ended IS NULL;

-- The last CRL, OCSP response or request of an authority, among millions of certificates.
CREATE INDEX other_entries ON entries (authority, kind, sequence) WHERE kind <> 'certificate';

-- For whom a certificate is, as a hash; none of one of which only the serial number is known.
CREATE TABLE names (
    entry INTEGER PRIMARY KEY REFERENCES entries,
    names BLOB NOT NULL CHECK (length(names) = 32)
) STRICT;
CREATE INDEX certificates_by_names ON names (names, entry);

-- CA certificates that were recorded by themselves. event: the last that says so.
CREATE TABLE authority_certificates (
    authority INTEGER NOT NULL REFERENCES authorities,
    sha256    BLOB NOT NULL,
    path      TEXT NOT NULL CHECK (path IN ('self-signed', 'verified', 'not-checked')),
    event     INTEGER NOT NULL REFERENCES events,
    PRIMARY KEY (authority, sha256)
) STRICT, WITHOUT ROWID;
