-- Version 2 of a ledger: what became of what was signed, which request it was for, and the keys themselves.

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
INSERT INTO requests (authority, request_sha256, entry)
SELECT json_extract(body, '$.event.begun.authority'),
       unhex(json_extract(body, '$.event.begun.object.certificate.request_sha256')), sequence
FROM events
WHERE json_valid(body) AND json_extract(body, '$.event.begun.object.certificate.request_sha256') IS NOT NULL;

-- begun: the event before a key comes or goes. ended: the event after it.
CREATE TABLE keys (
    begun INTEGER PRIMARY KEY REFERENCES events,
    ended INTEGER REFERENCES events
) STRICT;
CREATE INDEX open_keys ON keys (begun) WHERE ended IS NULL;

-- The last CRL, OCSP response or request of an authority, among millions of certificates.
CREATE INDEX other_entries ON entries (authority, kind, sequence) WHERE kind <> 'certificate';
