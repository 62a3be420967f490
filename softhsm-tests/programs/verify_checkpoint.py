"""Verifies checkpoints of a ledger, and proofs about it, from docs/ledger.md alone. Shares no code with the program.

usage: verify_checkpoint.py checkpoint CHECKPOINT EXPORT [VERIFIER_KEY]
       verify_checkpoint.py inclusion PROOF CERTIFICATE.der VERIFIER_KEY
       verify_checkpoint.py consistency PROOF OLD_CHECKPOINT VERIFIER_KEY

EXPORT is the output of `ledger export`. Then it changes every octet of the first file, and must refuse each change. Exit code 0: sound. 3: not sound,
or a change was accepted.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    pass


def demand(holds, what):
    if not holds:
        raise Refused(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text):
    found = base64.b64decode(text, validate=True)
    demand(base64.b64encode(found).decode() == text, "base64")
    return found


def natural(text):
    demand(text.isascii() and text.isdigit() and str(int(text)) == text, "a number")
    return int(text)


def tree(leaves):
    """The Merkle tree hash, exactly as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1", tree(leaves[:k]), tree(leaves[k:]))


def root_by_path(leaf, index, first, end, path):
    """The same definition, from the root down: the last hash of the path is the root's child."""
    if end - first == 1:
        demand(not path, "one hash too many")
        return leaf
    demand(path, "a hash is missing")
    k = 1
    while k * 2 < end - first:
        k *= 2
    if index < first + k:
        return sha256(b"\1", root_by_path(leaf, index, first, first + k, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], root_by_path(leaf, index, first + k, end, path[:-1]))


def roots_by_proof(m, n, proof, whole, old_root):
    """The old and new root of SUBPROOF(m, D[n], whole), RFC 6962 section 2.1.2."""
    if m == n:
        if whole:
            demand(not proof, "one hash too many")
            return old_root, old_root
        demand(len(proof) == 1, "the number of hashes")
        return proof[0], proof[0]
    demand(proof, "a hash is missing")
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        old, new = roots_by_proof(m, k, proof[:-1], whole, old_root)
        return old, sha256(b"\1", new, proof[-1])
    old, new = roots_by_proof(m - k, n - k, proof[:-1], False, old_root)
    return sha256(b"\1", proof[-1], old), sha256(b"\1", proof[-1], new)


def checkpoint(data, key):
    """The origin, size and root of a signed note. Without a key, the text may be unsigned."""
    text = data.decode("utf-8")
    demand(text.endswith("\n"), "the end")
    body, empty, signatures = text.partition("\n\n")
    body += "\n" if empty else ""
    origin, size, root, rest = body.split("\n")
    demand(origin and rest == "", "the lines")
    if key is not None:
        name, key_id, typed = key.split("+", 2)
        typed = unbase64(typed)
        demand(typed[0] == 1 and sha256(name.encode(), b"\n", typed)[:4].hex() == key_id and name == origin, "the key")
        demand(empty and signatures.endswith("\n"), "no signature")
        good = 0
        for line in signatures[:-1].split("\n"):
            dash, signer, signature = line.split(" ")
            demand(dash == "\u2014", "a signature line")
            signature = unbase64(signature)
            if signer == name and signature[:4].hex() == key_id:
                Ed25519PublicKey.from_public_bytes(typed[1:]).verify(signature[4:], body.encode())
                good += 1
        demand(good, "not signed by the key")
    root = unbase64(root)
    demand(len(root) == 32, "the root hash")
    return origin, natural(size), root


def check_ledger(data, export, key=None):
    origin, size, root = checkpoint(data, key)
    lines = [line[83:-2] for line in export.splitlines(keepends=True)]
    demand(origin == "hsm-ca/ledger/" + sha256(bytes(32), lines[0]).hex(), "the origin")
    demand(0 < size <= len(lines) and tree(lines[:size]) == root, "the root hash")


def check_inclusion(data, certificate, key):
    demand(data.startswith(b"c2sp.org/tlog-proof@v1\n"), "the first line")
    head, empty, note = data.partition(b"\n\n")
    demand(empty, "no checkpoint")
    _, extra, index, *path = head.decode().split("\n")
    demand(extra.startswith("extra ") and index.startswith("index "), "the lines")
    event, index = unbase64(extra[6:]), natural(index[6:])
    _, size, root = checkpoint(note, key)
    demand(index < size, "the index")
    demand(root_by_path(sha256(b"\0", event), index, 0, size, [unbase64(one) for one in path]) == root, "the path")
    said = json.loads(event)
    ((what, fields),) = said["event"].items()
    demand(said["sequence"] == index + 1 and what in ("signed", "adopted"), "the event")
    demand(fields["sha256"] == sha256(certificate).hex(), "another certificate")


def check_consistency(data, old, key):
    origin, old_size, old_root = checkpoint(old, key)
    head, empty, note = data.partition(b"\n\n")
    demand(empty, "no checkpoint")
    size, *proof = head.decode().split("\n")
    demand(size.startswith("old ") and natural(size[4:]) == old_size, "the old size")
    new_origin, new_size, new_root = checkpoint(note, key)
    demand(new_origin == origin and 0 < old_size <= new_size, "the sizes")
    proof = [unbase64(one) for one in proof]
    demand(roots_by_proof(old_size, new_size, proof, True, old_root) == (old_root, new_root), "the proof")


def holds(check, data, *rest):
    try:
        check(data, *rest)
        return True
    except (Refused, InvalidSignature, ValueError, KeyError, IndexError):
        return False


def main(what, file, *rest):
    read = lambda path: open(path, "rb").read()
    data, other, *key = read(file), read(rest[0]), *rest[1:]
    check = {"checkpoint": check_ledger, "inclusion": check_inclusion, "consistency": check_consistency}[what]
    if not holds(check, data, other, *key):
        return 3
    for at in range(len(data)):
        for octet in {data[at] ^ 1, data[at] ^ 0x20, ord("A"), ord("0"), ord("\n")} - {data[at]}:
            changed = data[:at] + bytes([octet]) + data[at + 1 :]
            if holds(check, changed, other, *key):
                print(f"octet {at} changed to {octet:#x} is accepted")
                return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
