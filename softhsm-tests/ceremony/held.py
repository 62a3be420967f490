"""Holds a planned ceremony with keys in software, for tests: `held.py KEYS` reads `["DIR", "CHANGE", "AFTER"]` from each line of standard input, fills
the directory that `ceremony plan` made, and prints the head. Each ceremony runs in its own process, forked after the libraries are loaded.

A change breaks one rule and updates everything that depends on it: the chain, the attestations, the checksums. So only a verifier that
knows the rule finds it.
"""

import base64
import copy
import datetime
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import people
from verifier.directory import joined, next_state
from verifier.formats import tree_head, write
from verifier.trail import Trail, completed, key_octets
from verifier.values import octets, seconds

KEYS = sys.argv[1]
for case in sys.stdin:
    child = os.fork()
    if child == 0:
        break
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"cannot hold the ceremony: {case}")
else:
    sys.exit()

DIRECTORY, CHANGE, AFTER = json.loads(case)
UTC = datetime.timezone.utc


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def b64(data):
    return base64.b64encode(data).decode()


def canonical(value):
    return (write(value) + "\n").encode()


def stamp(time):
    return datetime.datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(name):
    with open(os.path.join(DIRECTORY, name), "rb") as content:
        return content.read()


def load(name):
    return people.load(os.path.join(KEYS, name))


def spki_of(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


plan_bytes = read("plan.json")
plan, plan_hash = json.loads(plan_bytes), sha256(plan_bytes)
files = {}
SIGNED = "2031-06-01T08:00:00Z"


def statement(directory, name, what, person, more, by=None, time=SIGNED, spell=bytes):
    """Writes a statement and its SSH signature."""
    key = load(by or person)
    signed = people.signed(plan, plan_hash, what, person, by or person, key, time, more, spell)
    files[f"{directory}/{name}.json"], files[f"{directory}/{name}.json.sig"] = signed


def place(person):
    return people.place(plan, person)


# The events

session = plan["sessions"][0]["name"]
begin = int(seconds(plan["sessions"][0]["begins"]))
keys, spki, ledger, events, made = {}, {}, [], [], {}
ATTENDING = ["A", "B", "W"]


def record(event):
    ledger.append(event)
    return len(ledger)


def say(what, **fields):
    events.append({"what": what, **fields})


def opened(run=1, session=session):
    module = plan.get("module", {}).get("sha256", sha256(b"module"))
    say("opened", run=run, session=session, tool=plan["tool"]["sha256"], module=module, boot="b", host="h", network=[], by="root")
    say("clock", wall="08:00")
    say("attending", people=ATTENDING)
    say("confirmed", step="opening")


def sign(step, spare=False):
    item = next(item for item in plan["objects"] if (item["session"], item["step"]) == (session, step["id"]))
    tbs = completed(item, {name: key_octets(data) for name, data in spki.items()}, spare)
    say("confirmed", step=step["id"])
    if item["key"] in spki:
        key, public = keys[item["key"]], spki[item["key"]]
    else:
        key = load("legacy.pem")
        public = spki_of(key)
    authority = record({"authority": {"key_sha256": sha256(public), "subject": {}}})
    entry = record({"begun": {"authority": authority, "tbs_sha256": sha256(tbs), "object": {}}})
    say("sign-begin", step=step["id"], key=item["key"], sha256=sha256(tbs), entry=entry, spare=spare)
    hashed = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
    signature = key.sign(tbs, ec.ECDSA(hashed))
    say("sign-end", step=step["id"], signature=b64(signature))
    der = joined(tbs, octets(item["algorithm"]), signature)
    record({"signed": {"entry": entry, "sha256": sha256(der), "der": b64(der)}})
    say("written", step=step["id"], sha256=sha256(der))
    for suffix, content in ((".tbs", tbs), (".sig", signature), (".der", der)):
        files[f"run/objects/{step['id']}{suffix}"] = content
    label = "CERTIFICATE" if item["is"] == "certificate" else "X509 CRL"
    text = b64(der)
    lines = "".join(text[at : at + 64] + "\n" for at in range(0, len(text), 64))
    made[item["out"]] = f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode()


def gate(step):
    after = [other["id"] for other in plan["steps"][plan["steps"].index(step) :]]
    filled = {name: key_octets(data) for name, data in spki.items()}
    hashed = {}
    for item in plan["objects"]:
        tbs = completed(item, filled, False)
        if item["session"] == session and item["step"] in after and tbs is not None:
            hashed[item["step"]] = sha256(tbs)
    say("gate-open", step=step["id"], objects=hashed)
    for person in ("A", "B"):
        said = {"step": step["id"], "session": session, "objects": hashed}
        statement("run/gates", f"{step['id']}@{session}-{place(person)}", "gate", person, said)
    say("gate-passed", step=step["id"], people={person: SIGNED for person in ("A", "B")})


def hold():
    record({"created": {"format": 1, "ledger": "00"}})
    for person in ("A", "B", "C"):
        statement("approvals", f"{place(person)}-approve", "approval", person, {"decision": "approve"})
    opened()
    for step in plan["steps"]:
        do = step["do"]
        if do == "manual":
            say("said", step=step["id"], record={name: "seen" for name in step.get("record", [])})
        elif do == "generate-key":
            say("confirmed", step=step["id"])
            say("key-begin", step=step["id"], token=step["token"], label=step["label"])
            keys[step["id"]] = ec.generate_private_key(ec.SECP384R1())
            spki[step["id"]] = spki_of(keys[step["id"]])
            say("key-end", step=step["id"], how="generated", id="01", **{"public-key": b64(spki[step["id"]])})
        elif do == "confirm":
            gate(step)
        else:
            sign(step)
    say("confirmed", step="closing")
    say("closed", out={name: sha256(content) for name, content in made.items()})


def find(what, step=None):
    return next(index for index, event in enumerate(events) if event["what"] == what and (step is None or event["step"] == step))


def finish(times):
    prev, lines = plan_hash, []
    for number, (time, event) in enumerate(zip(times, events), 1):
        line = canonical({"n": number, "prev": prev, "t": stamp(time), **event})
        prev = sha256(line)
        lines.append(line)
    files["run/transcript.jsonl"] = b"".join(lines)
    head = f"{len(lines)}:{prev}"
    head_hash, exported = bytes(32), b""
    for sequence, event in enumerate(ledger, 1):
        body = json.dumps({"sequence": sequence, "time": begin, "by": "t", "tool": "t", "event": event}, separators=(",", ":")).encode()
        head_hash = hashlib.sha256(head_hash + body).digest()
        exported += b'{"hash":"%s","event":%s}\n' % (head_hash.hex().encode(), body)
    files["state/ledger-events.jsonl"] = exported
    for name, content in made.items():
        files[f"out/{name}"] = content
    if not events[-1]["what"] == "closed":
        return head
    trail = Trail(plan)
    trail.keys, trail.public_keys, trail.end = {name: key_octets(data) for name, data in spki.items()}, spki, "closed"
    trail.signatures = [
        {**event, "signature": b"", "item": next(i for i in plan["objects"] if (i["session"], i["step"]) == (session, event["step"]))}
        for event in events
        if event["what"] == "sign-begin"
    ]
    files["state/next.json"] = canonical(next_state(plan, plan_hash, head, trail, None))
    root = base64.b64encode(tree_head(lines)).decode()
    files["checkpoint"] = f"hsm-ca/ceremony/{plan['ceremony']}/{plan_hash[:16]}\n{len(lines)}\n{root}\n".encode()
    return head


def rechain(change):
    """Changes the events of the ledger as they are written, and makes their chain again."""
    head_hash, exported = bytes(32), b""
    for line in files["state/ledger-events.jsonl"].splitlines():
        body = change(line[83:-1])
        head_hash = hashlib.sha256(head_hash + body).digest()
        exported += b'{"hash":"%s","event":%s}\n' % (head_hash.hex().encode(), body)
    files["state/ledger-events.jsonl"] = exported


def attested(**more):
    """Writes the attestation of W in another way."""
    said = {"head": head, "present": "all", "as-planned": "yes", **more.pop("said", {})}
    statement("attest", place("W"), "attestation", "W", said, **more)


def empty(name):
    """Makes an empty directory."""
    os.makedirs(os.path.join(DIRECTORY, name), mode=0o700)


def attest(head):
    for person in ("A", "W"):
        said = {"head": head, "present": "all", "as-planned": "yes"}
        statement("attest", place(person), "attestation", person, said)


hold()
times = [begin + index for index in range(200)]
exec(compile(CHANGE, "change", "exec"))
head = finish(times)
attest(head)
exec(compile(AFTER, "after", "exec"))
for name, content in files.items():
    path = os.path.join(DIRECTORY, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "wb") as output:
        output.write(content)
there = {}
for directory, _, inside in os.walk(DIRECTORY):
    for name in inside:
        full = os.path.join(directory, name)
        there[os.path.relpath(full, DIRECTORY)] = full
with open(os.path.join(DIRECTORY, "SHA256SUMS"), "w") as output:
    for name, full in sorted(there.items(), key=lambda item: os.fsencode(item[0])):
        if not name.startswith(("attest/", "rehearsal/")) and name != "SHA256SUMS":
            with open(full, "rb") as content:
                output.write(f"{sha256(content.read())}  {name}\n")
print(head, flush=True)
os._exit(0)
