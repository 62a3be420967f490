"""Follows the events of a ceremony, one by one, along the steps of its plan."""

import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .formats import Refused, demand
from .values import digest, moment, octets, seconds


FIELDS = {
    "opened": {"run": int, "session": str, "tool": digest, "module": digest, "boot": str, "host": str, "network": [str], "by": str},
    "clock": {"wall": str},
    "attending": {"people": [str]},
    "confirmed": {"step": str},
    "said": {"step": str, "record": {str: str}},
    "key-begin": {"step": str, "token": str, "label": str},
    "key-end": {"step": str, "how": {"generated", "imported", "adopted"}, "public-key": octets, "id": str},
    "gate-open": {"step": str, "objects": {str: digest}},
    "gate-passed": {"step": str, "people": {str: moment}},
    "sign-begin": {"step": str, "key": str, "sha256": digest, "entry": int, "spare": bool},
    "sign-end": {"step": str, "signature": octets},
    "written": {"step": str, "sha256": digest},
    "revoked": {"step": str, "serial": str},
    "destroy-begin": {"step": str, "key": str},
    "destroy-end": {"step": str},
    "note": {"text": str, "by": str},
    "deviation": {"text": str, "by": str},
    "decision": {"step": str, "choice": {"sign-again", "spare-serial", "adopt-key", "destroy-key", "clock-is-right"}, "people": [str]},
    "stopped": {"because": str},
    "closed": {"out": {str: digest}},
    "aborted": {"because": str, "by": str},
}
SIGNS = ("create-ca", "sign-csr", "cross-sign", "crl")


def is_of(value, kind):
    if isinstance(kind, set):
        return value in kind
    if isinstance(kind, list):
        return isinstance(value, list) and all(is_of(item, kind[0]) for item in value)
    if isinstance(kind, dict):
        (names, values), = kind.items()
        return isinstance(value, dict) and all(is_of(item, values) for item in value.values())
    if isinstance(kind, type):
        return type(value) is kind and (kind is not int or value >= 0)
    try:
        return kind(value) is not False
    except Refused:
        return False


def key_octets(spki):
    """The octets that a key puts into holes: its own octets, and its key identifier."""
    key = serialization.load_der_public_key(spki)
    again = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    demand(again == spki, "key: not DER")
    bits = spki_bits(spki)
    if isinstance(key, ec.EllipticCurvePublicKey):
        own = bits[1:]
    elif isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers().n
        own = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    else:
        own = bits
    return {"key": own, "key-identifier": hashlib.sha1(bits).digest()}


def spki_bits(spki):
    """The content of subjectPublicKey, the last element of the outer SEQUENCE, without the octet that counts unused bits."""

    def element(data):
        length, start = data[1], 2
        if length >= 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(data[2:start], "big")
        return data[start : start + length], data[start + length :]

    inner, rest = element(spki)
    demand(not rest, "key: trailing octets")
    _, rest = element(inner)
    bits, rest = element(rest)
    demand(not rest and bits[:1] == b"\0", "key: subjectPublicKey")
    return bits[1:]


def key_type(spki):
    key = serialization.load_der_public_key(spki)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "ec:p256", "secp384r1": "ec:p384", "secp521r1": "ec:p521"}.get(key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        demand(key.public_numbers().e == 65537, "key: exponent")
        return f"rsa:{key.key_size}"
    return {"Ed25519PublicKey": "ed25519", "MLDSA44PublicKey": "ml-dsa-44", "MLDSA65PublicKey": "ml-dsa-65", "MLDSA87PublicKey": "ml-dsa-87"}.get(
        type(key).__name__.lstrip("_")
    )


def completed(item, keys, spare):
    """The bytes that are signed; None while a key is missing or does not fit."""
    tbs = bytearray(octets(item["tbs"]))
    if spare:
        if "spare" not in item:
            return None
        serial = bytes.fromhex(item["spare"]["serial"])
        tbs[item["spare"]["at"] : item["spare"]["at"] + len(serial)] = serial
    for hole in item["holes"]:
        fill = keys.get(hole["key"], {}).get(hole["is"])
        if fill is None or len(fill) != hole["len"]:
            return None
        tbs[hole["at"] : hole["at"] + hole["len"]] = fill
    return bytes(tbs)


class Trail:
    def __init__(self, plan):
        self.plan = plan
        self.steps = plan["steps"]
        self.places = {step["id"]: place for place, step in enumerate(self.steps)}
        self.people = {person["name"]: person for person in plan["people"]["persons"]}
        self.runs, self.run, self.session = 0, None, None
        self.attended, self.keys, self.public_keys = set(), {}, {}
        self.signatures, self.written, self.gates, self.revoked = [], {}, {}, {}
        self.opened_gates = {}
        self.replaced = set()
        self.next, self.stage, self.choice, self.spare, self.closing = None, "fresh", None, False, False
        self.repeated, self.last, self.back = None, 0, False
        self.end = "open"

    def role(self, role, among):
        return {name for name in among if name in self.people and role in self.people[name]["roles"]}

    def object(self, session, step):
        found = [item for item in self.plan["objects"] if item["session"] == session and item["step"] == step]
        demand(len(found) == 1, f"no object for {step}")
        return found[0]

    def take(self, record):
        record = dict(record)
        number, time = record.pop("n"), seconds(record.pop("t"))
        record.pop("prev")
        what = record.pop("what", None)
        demand(what in FIELDS and set(record) == set(FIELDS[what]), f"line {number}: event")
        for name, kind in FIELDS[what].items():
            demand(is_of(record[name], kind), f"line {number}: {name}")
        demand(self.end == "open", f"line {number}: after the end")
        if time < self.last:
            self.back = True
        self.last = time
        method = {"written": "write", "revoked": "revoke"}.get(what, what.replace("-", "_"))
        try:
            getattr(self, method)(record, time)
        except Refused as error:
            raise Refused(f"line {number}: {error}")

    # Runs and people

    def opened(self, event, time):
        demand(event["run"] == self.runs + 1, "run")
        killed, self.runs = self.run is not None, event["run"]
        demand(event["session"] in [session["name"] for session in self.plan["sessions"]], "session")
        demand(not self.signatures or self.signatures[0]["session"] == event["session"], "session after a signature")
        demand(self.plan["tool"]["sha256"] == event["tool"], "tool")
        demand("module" not in self.plan or self.plan["module"]["sha256"] == event["module"], "module")
        self.session = event["session"]
        self.run = {"stage": 0, "killed": killed, "people": None, "confirmed": None, "key": False}

    def stopped(self, event, time):
        demand(self.run, "stopped without a run")
        self.run = None

    def clock(self, event, time):
        demand(self.run and self.run["stage"] == 0, "clock")
        self.run["stage"] = 1

    def attending(self, event, time):
        demand(self.run and self.run["stage"] == 1, "attending")
        people = event["people"]
        demand(len(set(people)) == len(people) and set(people) <= set(self.people), "attendance")
        for role, wanted in self.plan["people"]["attend"].items():
            demand(len(self.role(role, people)) >= wanted, f"attendance of {role}")
        self.run["stage"], self.run["people"] = 2, people
        self.attended |= set(people)

    def author(self, event):
        is_login = event["by"].startswith("login ") and event["by"] != "login "
        demand(is_login or event["by"] == "hsm-ca" or event["by"] in self.people, "author")

    def note(self, event, time):
        self.author(event)

    def deviation(self, event, time):
        self.author(event)
        if self.run:
            self.run["killed"] = False

    def decision(self, event, time):
        people = event["people"]
        demand(self.run and self.run["people"] and people and len(set(people)) == len(people), "decision")
        demand(set(people) <= set(self.run["people"]), "decision by a person who does not attend")
        if event["choice"] == "clock-is-right":
            self.back = False
            return
        demand(self.next is not None and self.next < len(self.steps) and self.steps[self.next]["id"] == event["step"], "decision of another step")
        role, wanted = "administrator", 1
        if self.plan["people"]["attend"].get("approver"):
            role, wanted = "approver", self.plan["people"]["attend"]["approver"]
        for step in self.steps[: self.next]:
            if step["do"] == "confirm":
                role, wanted = step["sign-by"]["role"], step["sign-by"]["threshold"]
        demand(len(self.role(role, people)) >= wanted, "decision by too few")
        self.choice = event["choice"]
        if self.choice == "spare-serial":
            self.spare = True
            self.replaced.add(event["step"])

    def aborted(self, event, time):
        self.author(event)
        self.end = "aborted"

    def closed(self, event, time):
        demand(self.run and self.next == len(self.steps) and self.closing, "closed too early")
        for budget in self.plan["budget"]:
            ended = [
                item
                for item in self.plan["objects"]
                if item["session"] == self.session and item["key"] == budget["key"] and self.signature_of(item["step"])
            ]
            demand(len(ended) == budget["signatures"], "budget")
        self.end, self.out = "closed", event["out"]

    # Steps

    def room(self, opening=False):
        demand(self.run, "no run")
        demand(self.run["stage"] == (2 if opening else 3), "the opening of a run")
        demand(not self.run["killed"], "no deviation after an interrupted run")
        demand(not self.back, "the clock went back")

    def confirmed(self, event, time):
        step = event["step"]
        if step == "opening":
            self.room(opening=True)
            self.run["stage"] = 3
            self.next = 0 if self.next is None else self.next
            return
        self.room()
        if self.next == len(self.steps):
            demand(step == "closing", "confirmed")
            self.closing = True
        else:
            now = self.steps[self.next]
            demand(step == now["id"] and now["do"] not in ("manual", "confirm"), "confirmed")
        self.run["confirmed"] = step

    def at(self, event, kinds, words=True):
        self.room()
        place = self.places.get(event["step"])
        demand(place is not None and place == self.next and self.steps[place]["do"] in kinds, "order")
        step = self.steps[place]
        demand(not words or self.run["confirmed"] == step["id"], "not confirmed")
        return step

    def advance(self):
        self.next, self.stage, self.choice, self.spare = self.next + 1, "fresh", None, False

    def said(self, event, time):
        step = self.at(event, ("manual",), words=False)
        demand(sorted(step.get("record", [])) == sorted(event["record"]), "record")
        self.advance()

    def key_begin(self, event, time):
        step = self.at(event, ("generate-key", "import-key"))
        demand((event["token"], event["label"]) == (step["token"], step["label"]), "key")
        demand(not self.run["key"] or self.choice == "destroy-key", "second key")
        self.run["key"], self.choice, self.stage = True, None, "begun"

    def key_end(self, event, time):
        step = self.at(event, ("generate-key", "import-key"), words=False)
        how = event["how"]
        if how == "adopted":
            demand(self.stage == "begun" and self.choice == "adopt-key", "adopted")
        else:
            demand(self.run["key"] and (how, step["do"]) in (("generated", "generate-key"), ("imported", "import-key")), "key")
        spki = octets(event["public-key"])
        self.keys[step["id"]] = key_octets(spki)
        self.public_keys[step["id"]] = spki
        if step["do"] == "generate-key":
            demand(key_type(spki) == step["type"], "type of the key")
        else:
            demand(self.plan["inputs"][step["pair"]]["key"] == hashlib.sha256(spki).hexdigest(), "imported key")
        self.run["key"] = False
        self.advance()

    def gate_hashes(self, place):
        hashes = {}
        for step in self.steps[place:]:
            for item in self.plan["objects"]:
                if (item["session"], item["step"]) == (self.session, step["id"]):
                    tbs = completed(item, self.keys, False)
                    if tbs is not None:
                        hashes[step["id"]] = hashlib.sha256(tbs).hexdigest()
        return hashes

    def gate_open(self, event, time):
        place = self.places.get(event["step"])
        again = self.gates.get(event["step"])
        if again and again["session"] != self.session and place < self.next:
            self.room()
            self.repeated = (event["step"], event["objects"])
        else:
            self.at(event, ("confirm",), words=False)
            self.stage = ("gate", event["objects"])
        demand(event["objects"] == self.gate_hashes(place), "gate: hashes")
        self.opened_gates.setdefault((event["step"], self.session), {"passed": None})["objects"] = event["objects"]

    def gate_passed(self, event, time):
        if self.repeated and self.repeated[0] == event["step"]:
            self.room()
            step, hashes = self.steps[self.places[event["step"]]], self.repeated[1]
            self.repeated = None
        else:
            step = self.at(event, ("confirm",), words=False)
            demand(self.stage[0] == "gate", "gate not open")
            hashes = self.stage[1]
            self.advance()
        may = self.role(step["sign-by"]["role"], self.run["people"])
        people = event["people"]
        demand(set(people) <= may, "gate: people")
        demand(len(people) >= step["sign-by"]["threshold"], "gate: too few")
        self.gates[step["id"]] = {"session": self.session, "objects": hashes, "people": people, "attending": self.run["people"]}
        self.opened_gates[step["id"], self.session]["passed"] = self.gates[step["id"]]

    def signature_of(self, step):
        ended = [signature for signature in self.signatures if signature["step"] == step and "signature" in signature]
        return ended[-1] if ended else None

    def sign_begin(self, event, time):
        step = self.at(event, SIGNS)
        item = self.object(self.session, step["id"])
        session = next(session for session in self.plan["sessions"] if session["name"] == self.session)
        demand(seconds(session["begins"]) <= time <= seconds(session["ends"]), "outside of the session")
        demand(self.stage in ("fresh", "begun"), "already signed")
        demand(self.stage == "fresh" or item["deterministic"] or self.choice, "second signature")
        demand(event["spare"] == self.spare, "spare")
        demand(event["key"] == item["key"], "key")
        tbs = completed(item, self.keys, event["spare"])
        demand(tbs is not None and hashlib.sha256(tbs).hexdigest() == event["sha256"], "other bytes")
        for gate in self.steps[: self.next]:
            if gate["do"] == "confirm":
                passed = self.gates.get(gate["id"])
                demand(passed, "gate not passed")
                if not event["spare"]:
                    demand(passed["session"] == self.session, "gate of another session")
                    demand(passed["objects"].get(step["id"], event["sha256"]) == event["sha256"], "gate of other bytes")
        self.choice, self.stage = None, "begun"
        self.signatures.append({**event, "session": self.session, "time": time, "tbs": tbs, "item": item})

    def sign_end(self, event, time):
        self.at(event, SIGNS, words=False)
        demand(self.stage == "begun", "signature without a beginning")
        self.stage = "signed"
        self.signatures[-1]["signature"] = octets(event["signature"])

    def write(self, event, time):
        self.at(event, SIGNS, words=False)
        demand(self.stage == "signed", "written without a signature")
        self.written[event["step"]] = event["sha256"]
        self.advance()

    def revoke(self, event, time):
        self.at(event, ("revoke",))
        self.revoked[event["step"]] = event["serial"]
        self.advance()

    def destroy_begin(self, event, time):
        step = self.at(event, ("destroy-key",))
        demand(event["key"] == step["key"], "destroyed key")
        self.stage = "begun"

    def destroy_end(self, event, time):
        self.at(event, ("destroy-key",), words=False)
        demand(self.stage == "begun", "destroyed without a beginning")
        self.advance()
