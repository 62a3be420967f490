-- Version 3 of a ledger: CRL numbers of up to 20 octets. The table is made again from the events when a ledger gets here.

DROP TABLE crl_numbers;

-- number: 20 octets, big-endian. reserved: the event. complete, delta: the entries of the CRLs that have the number.
CREATE TABLE crl_numbers (
    issuer   INTEGER NOT NULL REFERENCES authorities,
    number   BLOB NOT NULL CHECK (length(number) = 20),
    reserved INTEGER NOT NULL REFERENCES events,
    complete INTEGER REFERENCES entries,
    delta    INTEGER REFERENCES entries,
    PRIMARY KEY (issuer, number)
) STRICT, WITHOUT ROWID;
