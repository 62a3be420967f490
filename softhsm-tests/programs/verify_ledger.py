"""Verifies a ledger from docs/ledger.md alone, with only Python's standard library. Shares no code with the program.

usage: verify_ledger.py LEDGER [COUNT:HASH]

Exit code 0: sound; prints the head. 3: not sound; prints the faults.
"""

import base64
import hashlib
import json
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

APPLICATION_ID = 0x68736D4C

# The columns of each table, the key first.
TABLES = {
    "authorities": ("id", "issuer", "key_sha256", "subject_der", "subject"),
    "entries": ("sequence", "authority", "kind", "outcome", "ended"),
    "serials": ("issuer", "serial", "entry", "not_after"),
    "crl_numbers": ("issuer", "number", "reserved", "complete", "delta"),
    "revocations": ("authority", "serial", "reason", "revoked", "invalidity_date", "changed"),
    "deliveries": ("entry", "delivered"),
    "requests": ("authority", "request_sha256", "entry"),
    "keys": ("begun", "ended"),
    "names": ("entry", "names"),
    "authority_certificates": ("authority", "sha256", "path", "event"),
}
KEYS = {
    "authorities": 1,
    "entries": 1,
    "serials": 2,
    "crl_numbers": 2,
    "revocations": 2,
    "deliveries": 1,
    "requests": 3,
    "keys": 1,
    "names": 1,
    "authority_certificates": 2,
}


def crl_number(spelled):
    """The 20 octets in the table for a number in an event: an integer up to 2^63 - 1, a string of decimal digits above that."""
    number = int(spelled)
    if (spelled if number < 2**63 else str(number)) != spelled or not 0 <= number < 2**159 or isinstance(spelled, str) == (number < 2**63):
        raise ValueError(f"the CRL number {spelled!r} is misspelt")
    return number.to_bytes(20, "big")


class Replay:
    """The tables that follow from the events."""

    def __init__(self):
        self.tables = {table: {} for table in TABLES}

    def insert(self, table, key, *values):
        if key in self.tables[table]:
            raise ValueError(f"{table} has {key} already")
        self.tables[table][key] = list(values)

    def issuer(self, authority):
        return self.tables["authorities"][(authority,)][0]

    def play(self, sequence, event):
        ((name, fields),) = event.items()
        if (name == "created") != (sequence == 1):
            raise ValueError("a ledger begins with its creation, once")
        getattr(self, name.replace("-", "_"))(sequence, **fields)

    def created(self, _, format, ledger):
        if format != 1 or len(bytes.fromhex(ledger)) != 32:
            raise ValueError("an unknown format")

    def authority(self, sequence, key_sha256, subject):
        der = base64.b64decode(subject["der"], validate=True)
        same = [key[0] for key, row in self.tables["authorities"].items() if row[2] == der]
        issuer = min(same, default=sequence)
        self.insert("authorities", (sequence,), issuer, bytes.fromhex(key_sha256), der, subject["text"])

    def begun(self, sequence, authority, tbs_sha256, object, waived=()):
        ((kind, fields),) = object.items()
        if kind == "serial-number":
            raise ValueError("a serial number is not signed")
        issuer = self.issuer(authority)
        self.insert("entries", (sequence,), authority, kind, None, None)
        if kind == "certificate":
            self.insert("serials", (issuer, bytes.fromhex(fields["serial"])), sequence, fields["not_after"])
            subject = base64.b64decode(fields["subject"]["der"], validate=True)
            names = fields.get("names_sha256", hashlib.sha256(subject).hexdigest())
            self.insert("names", (sequence,), bytes.fromhex(names))
            if tbs_sha256 is not None and "request_sha256" in fields:
                self.insert("requests", (authority, bytes.fromhex(fields["request_sha256"]), sequence))
        if kind == "crl":
            number = self.tables["crl_numbers"][(issuer, crl_number(fields["number"]))]
            slot = 2 if "base" in fields else 1
            if number[slot] is not None:
                raise ValueError("a CRL number is used twice")
            number[slot] = sequence

    def end(self, sequence, entry, how):
        row = self.tables["entries"][(entry,)]
        if row[2] is not None:
            raise ValueError("an entry ends twice")
        row[2:] = [sequence, how]

    def signed(self, sequence, entry, sha256, der=None, to_deliver=False):
        if der is not None and hashlib.sha256(base64.b64decode(der, validate=True)).hexdigest() != sha256:
            raise ValueError("the object has another hash")
        self.end(sequence, entry, "signed")
        if to_deliver:
            self.insert("deliveries", (entry,), None)

    def delivered(self, sequence, entry):
        if self.tables["entries"][(entry,)][3] not in ("signed", "adopted"):
            raise ValueError("it was never signed")
        row = self.tables["deliveries"].get((entry,))
        if row is not None and row[0] is None:
            row[0] = sequence

    def abandoned(self, sequence, entry, reason):
        self.end(sequence, entry, "abandoned")

    def adopted(self, sequence, authority, object, sha256=None, der=None):
        ((kind, fields),) = object.items()
        if der is not None and hashlib.sha256(base64.b64decode(der, validate=True)).hexdigest() != sha256:
            raise ValueError("the object has another hash")
        issuer = self.issuer(authority)
        if kind == "serial-number":
            if sha256 is not None or der is not None:
                raise ValueError("more than a serial number is known")
            self.insert("entries", (sequence,), authority, "certificate", None, None)
            self.insert("serials", (issuer, bytes.fromhex(fields["serial"])), sequence, fields["not_after"])
        elif kind == "certificate" and der is not None:
            key = (issuer, bytes.fromhex(fields["serial"]))
            before = self.tables["serials"].get(key, [None])[0]
            if before is not None:
                if (before,) in self.tables["names"] or self.tables["entries"][(before,)][0] != authority:
                    raise ValueError("a serial number is used twice")
                del self.tables["serials"][key]
            self.begun(sequence, authority, None, object)
        elif kind == "crl" and "base" not in fields and sha256 is not None:
            self.insert("crl_numbers", (issuer, crl_number(fields["number"])), sequence, None, None)
            self.begun(sequence, authority, None, object)
        else:
            raise ValueError("that cannot be adopted")
        self.end(sequence, sequence, "adopted")

    def authority_certificate(self, sequence, authority, sha256, der, path, waived=()):
        if hashlib.sha256(base64.b64decode(der, validate=True)).hexdigest() != sha256:
            raise ValueError("the certificate has another hash")
        if path not in ("self-signed", "verified", "not-checked"):
            raise ValueError("an unknown path")
        self.issuer(authority)
        self.tables["authority_certificates"][(authority, bytes.fromhex(sha256))] = [path, sequence]

    def crl_number(self, sequence, authority, number):
        self.insert("crl_numbers", (self.issuer(authority), crl_number(number)), sequence, None, None)

    def head_given_up(self, _, place, ledger, head):
        if len(bytes.fromhex(ledger)) != 32:
            raise ValueError("not the hash of a ledger")

    def revoked(self, sequence, authority, serial, reason, revoked, invalidity_date=None, key_sha256=None):
        serial = bytes.fromhex(serial)
        if (self.issuer(authority), serial) not in self.tables["serials"]:
            raise ValueError("an unknown certificate is revoked")
        self.tables["revocations"][(authority, serial)] = [reason, revoked, invalidity_date, sequence]

    def released(self, sequence, authority, serial):
        row = self.tables["revocations"][(authority, bytes.fromhex(serial))]
        if row[0] != 6:
            raise ValueError("it was not on hold")
        row[:] = [None, None, None, sequence]

    def key_begun(self, sequence, act, label, token, route=None, key_sha256=None):
        if act not in ("generate", "import", "delete"):
            raise ValueError("an unknown act")
        self.insert("keys", (sequence,), None)

    def end_key(self, sequence, begun):
        row = self.tables["keys"][(begun,)]
        if row[0] is not None:
            raise ValueError("it ended before")
        row[0] = sequence

    def key(self, sequence, begun, what, key):
        if what not in ("generated", "imported", "deleted"):
            raise ValueError("an unknown end")
        self.end_key(sequence, begun)

    def key_failed(self, sequence, begun, reason):
        self.end_key(sequence, begun)


def verify(path, kept):
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    database.text_factory = bytes
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        yield "it is not a ledger"
        return
    if database.execute("PRAGMA user_version").fetchone()[0] != 5:
        yield "it has another version"
        return
    replay = Replay()
    head, count = bytes(32), 0
    hashes = {0: head}
    for sequence, body, stored in database.execute("SELECT sequence, body, hash FROM events ORDER BY sequence"):
        count += 1
        if sequence != count:
            yield f"event {count} is missing"
            return
        head = hashlib.sha256(head + body).digest()
        hashes[count] = head
        if head != stored:
            yield f"event {count}: its hash is wrong"
            return
        try:
            event = json.loads(body)
            if event["sequence"] != count:
                raise ValueError("it has another number")
            replay.play(count, event["event"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"event {count}: {error!r}"
            return
    for table, columns in TABLES.items():
        key = KEYS[table]
        rows = database.execute(f"SELECT {', '.join(columns)} FROM {table}")
        text = lambda value, column: value.decode() if column in ("subject", "kind", "ended", "path") and isinstance(value, bytes) else value
        found = {row[:key]: [text(*pair) for pair in zip(row[key:], columns[key:])] for row in rows}
        expected = replay.tables[table]
        for row in found.keys() | expected.keys():
            if found.get(row) != expected.get(row):
                yield f"table {table}, {row}: it is {found.get(row)}, but the events say {expected.get(row)}"
    if kept is not None:
        number, wanted = kept.split(":")
        if hashes.get(int(number), b"").hex() != wanted:
            yield "the kept head is not on the chain"
    print(f"{count}:{head.hex()}")


if __name__ == "__main__":
    faults = list(verify(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
    print("\n".join(faults), end="")
    sys.exit(3 if faults else 0)
