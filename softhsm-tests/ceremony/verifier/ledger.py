"""The ledger's events in state/ledger-events.jsonl: docs/ledger.md, and rule 15 of docs/ceremony-format.md."""

import hashlib
import json

from .formats import Refused, demand
from .values import digest


def refuse(text):
    raise Refused(f"ledger: {text}")


def names_once(pairs):
    demand(len({name for name, _ in pairs}) == len(pairs), "ledger: a name twice")
    return dict(pairs)


def integer(text):
    demand(text != "-0" and -(2**63) <= int(text) < 2**64, "ledger: an integer")
    return int(text)


def parse(body):
    """JSON without fractions, with each name once, and of characters that UTF-8 has."""
    body.decode("utf-8")
    value = json.loads(body, object_pairs_hook=names_once, parse_int=integer, parse_float=refuse, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def number(value):
    demand(type(value) is int and value >= 0, "ledger: a number")
    return value


def hash_in(fields, name):
    demand(digest(fields.get(name)), f"ledger: {name}")
    return fields[name]


def read_events(data):
    head, events = bytes(32), []
    demand(data.endswith(b"\n"), "ledger: newline")
    for line in data[:-1].split(b"\n"):
        body = line[83:-1]
        head = hashlib.sha256(head + body).digest()
        demand(line == b'{"hash":"%s","event":%s}' % (head.hex().encode(), body), "ledger: chain")
        event = parse(body)
        demand(type(event["sequence"]) is int and event["sequence"] == len(events) + 1, "ledger: number")
        events.append(event.get("event"))
    return events


def check_ledger(data, plan, trail, made):
    """`made`: SHA-256 of the DER of each object, by step."""
    keys, begun, signed = {}, {}, {}
    for sequence, event in enumerate(read_events(data), 1):
        demand(isinstance(event, dict), "ledger: event")
        if "authority" in event:
            keys[sequence] = hash_in(event["authority"], "key_sha256")
        if "begun" in event:
            fields = event["begun"]
            waived = fields.get("waived", [])
            demand(isinstance(waived, list) and all(isinstance(rule, str) for rule in waived), "ledger: waived")
            begun[sequence] = (hash_in(fields, "tbs_sha256"), number(fields.get("authority")), waived)
        if "signed" in event:
            signed[number(event["signed"].get("entry"))] = hash_in(event["signed"], "sha256")
    waivers = {(waiver["step"], waiver["rule"]) for waiver in plan["waived"]}
    for signature in trail.signatures:
        tbs, _, waived = begun.get(signature["entry"], (None, None, ()))
        demand(tbs == signature["sha256"], "ledger: entry")
        recorded = {(signature["step"], rule) for rule in waived if rule != "clock"}
        demand(recorded <= waivers, "ledger: waived")
        if "signature" in signature:
            demand(signed.get(signature["entry"]) == made[signature["step"]], "ledger: object")
    own = {hashlib.sha256(spki).hexdigest() for spki in trail.public_keys.values()}
    known = {signature["entry"] for signature in trail.signatures}
    for sequence, (_, authority, _) in begun.items():
        demand(keys.get(authority) not in own or sequence in known or sequence not in signed, "ledger: unknown signature")
