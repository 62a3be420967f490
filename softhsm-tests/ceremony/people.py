"""Signs statements with people's keys in software, with Python's `cryptography` (docs/ceremony-format.md, PROTOCOL.sshsig)."""

import base64
import hashlib

from cryptography.hazmat.primitives import serialization

from verifier.formats import string, write


def load(path):
    with open(path, "rb") as content:
        data = content.read()
    if path.endswith(".pem"):
        return serialization.load_pem_private_key(data, None)
    return serialization.load_ssh_private_key(data, None)


def signed(plan, plan_hash, what, person, by, key, time, more, spell=bytes):
    """The statement, and its signature by the key of `by`. `spell` can write its JSON in another way."""
    people = {person["name"]: person for person in plan["people"]["persons"]}
    blob = base64.b64decode(people[by]["key"].split(" ")[1])
    said = {
        "format": f"hsm-ca ceremony {what} 1",
        "kind": plan["kind"],
        "ceremony": plan["ceremony"],
        "plan": plan_hash,
        "person": person,
        "key": "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="),
        "time": time,
        **more,
    }
    data = spell((write(said) + "\n").encode())
    practice = "practice-" if plan["kind"] == "practice" else ""
    namespace = f"ceremony-{practice}{what}@hsm-ca".encode()
    digest = hashlib.sha512(data).digest()
    to_sign = b"SSHSIG" + b"".join(map(string, (namespace, b"", b"sha512", digest)))
    signature = string(b"ssh-ed25519") + string(key.sign(to_sign))
    whole = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(string, (blob, namespace, b"", b"sha512", signature)))
    text = base64.b64encode(whole)
    lines = b"".join(text[at : at + 70] + b"\n" for at in range(0, len(text), 70))
    return data, b"-----BEGIN SSH SIGNATURE-----\n" + lines + b"-----END SSH SIGNATURE-----\n"


def place(plan, person):
    """The person's place in the plan, as in the program's file names."""
    names = [other["name"] for other in plan["people"]["persons"]]
    return f"{names.index(person) + 1:02}"
