"""Canonical JSON, SSH signatures and the chain of a transcript, written from docs/ceremony-format.md alone."""

import base64
import functools
import hashlib
import json
import re

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from . import weak_keys
from .refused import Refused, demand

LARGEST = 2**53 - 1


# Canonical JSON


def write(value, depth=0):
    demand(depth <= 64, "nesting")
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        demand(abs(value) <= LARGEST, "integer")
        return str(value)
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        escape = lambda c: short.get(ord(c), f"\\u{ord(c):04x}" if ord(c) < 0x20 else c)
        return '"' + "".join(map(escape, value)) + '"'
    if isinstance(value, list):
        return "[" + ",".join(write(item, depth + 1) for item in value) + "]"
    demand(isinstance(value, dict), "null or fraction")
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{write(name)}:{write(value[name], depth + 1)}" for name in names) + "}"


def canonical(data):
    try:
        value = json.loads(data.decode("utf-8"))
        again = (write(value) + "\n").encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}")
    demand(again == data, "spelling")
    return value


# SSH keys and signatures


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        demand(count <= len(self.data), "too short")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def uint32(self):
        return int.from_bytes(self.take(4), "big")

    def string(self):
        return self.take(self.uint32())

    def mpint(self):
        octets = self.string()
        demand(octets and octets[0] < 0x80, "mpint")
        demand(octets[0] != 0 or (len(octets) > 1 and octets[1] >= 0x80), "mpint")
        return int.from_bytes(octets, "big")

    def end(self):
        demand(not self.data, "something follows")


def string(octets):
    return len(octets).to_bytes(4, "big") + octets


CURVES = {
    b"ecdsa-sha2-nistp256": (b"nistp256", ec.SECP256R1, hashes.SHA256),
    b"ecdsa-sha2-nistp384": (b"nistp384", ec.SECP384R1, hashes.SHA384),
    b"ecdsa-sha2-nistp521": (b"nistp521", ec.SECP521R1, hashes.SHA512),
    b"sk-ecdsa-sha2-nistp256@openssh.com": (b"nistp256", ec.SECP256R1, hashes.SHA256),
}


def read_key(blob):
    reader = Reader(blob)
    kind = reader.string()
    application = None
    if kind in CURVES:
        name, curve, _ = CURVES[kind]
        demand(reader.string() == name, "curve")
        point = reader.string()
        demand(point[:1] == b"\x04", "point")
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve(), point)
    elif kind == b"ssh-rsa":
        e, n = reader.mpint(), reader.mpint()
        demand(n.bit_length() >= 3072, "short RSA key")
        key = rsa.RSAPublicNumbers(e, n).public_key()
    else:
        demand(kind in (b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"), "kind of key")
        key = ed25519.Ed25519PublicKey.from_public_bytes(reader.string())
    if kind.startswith(b"sk-"):
        application = reader.string().decode("utf-8").encode()
        demand(application, "application")
    reader.end()
    return kind, key, application


@functools.lru_cache
def read_line(line):
    """A key as in a .pub file, without a comment."""
    kind, text = line.split(" ")
    blob = base64.b64decode(text, validate=True)
    demand(base64.b64encode(blob).decode() == text, "base64")
    key = read_key(blob)
    demand(key[0].decode() == kind, "kind of key")
    refuse_weak(blob)
    return key


@functools.lru_cache
def refuse_weak(blob):
    weak_keys.refuse_weak(read_key(blob)[1])


def numbers_of(key):
    """The same for two keys with the same numbers, whatever their types and applications."""
    return key[1].public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def verify_signature(armour, namespace, message, require=(), key=None):
    """Verifies a signature and returns the fingerprint of its key. `key`, if given, is the line of the .pub file that must have signed."""
    expected = None if key is None else base64.b64decode(key.split(" ")[1], validate=True)
    begin, end = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
    demand(len(armour) <= 16384 and armour.startswith(begin) and armour.endswith(end), "armour")
    blob = base64.b64decode(armour[len(begin) : -len(end)].replace(b"\n", b""), validate=True)
    text = base64.b64encode(blob)
    lines = [text[at : at + 70] + b"\n" for at in range(0, len(text), 70)]
    demand(begin + b"".join(lines) + end == armour, "armour")
    reader = Reader(blob)
    demand(reader.take(6) == b"SSHSIG" and reader.uint32() == 1, "version")
    key_blob = reader.string()
    demand(reader.string() == namespace, "namespace")
    demand(reader.string() == b"", "reserved")
    hash_name = reader.string()
    demand(hash_name in (b"sha512", b"sha256"), "hash")
    signature = Reader(reader.string())
    reader.end()
    kind, key, application = read_key(key_blob)
    digest = hashlib.new(hash_name.decode(), message).digest()
    signed = b"SSHSIG" + b"".join(map(string, (namespace, b"", hash_name, digest)))
    algorithm, octets = signature.string(), signature.string()
    if application is not None:
        device = signature.take(5)
        signed = hashlib.sha256(application).digest() + device + hashlib.sha256(signed).digest()
        flags = device[0]
    signature.end()
    demand(expected in (None, key_blob), "not the person's key")
    for name, flag in (("touch", 1), ("pin", 4)):
        demand(name not in require or (application is not None and flags & flag), f"no {name}")
    if kind == b"ssh-rsa":
        known = {b"rsa-sha2-512": hashes.SHA512, b"rsa-sha2-256": hashes.SHA256}
        demand(algorithm in known, "algorithm")
        key.verify(octets, signed, padding.PKCS1v15(), known[algorithm]())
    else:
        demand(algorithm == kind, "algorithm")
        if kind in CURVES:
            numbers = Reader(octets)
            der = utils.encode_dss_signature(numbers.mpint(), numbers.mpint())
            numbers.end()
            key.verify(der, signed, ec.ECDSA(CURVES[kind][2]()))
        else:
            key.verify(octets, signed)
    refuse_weak(key_blob)
    return "SHA256:" + base64.b64encode(hashlib.sha256(key_blob).digest()).decode().rstrip("=")


# The transcript


def tree_head(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


def transcript(data, plan, kept):
    lines = data.split(b"\n")
    demand(lines.pop() == b"", "torn or damaged")
    lines = [line + b"\n" for line in lines]
    heads = [f"0:{plan}"]
    for number, line in enumerate(lines, 1):
        record = canonical(line)
        demand(isinstance(record, dict) and type(record.get("n")) is int and record["n"] == number, "number")
        demand(record.get("prev") == heads[-1].partition(":")[2], "chain")
        time = record.get("t")
        demand(isinstance(time, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time, re.ASCII), "time")
        year, month, day, hour, minute, second = map(int, re.findall(r"\d+", time))
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        demand(year >= 1970 and 1 <= month <= 12 and 1 <= day <= days[month - 1], "time")
        demand(hour < 24 and minute < 60 and second < 60, "time")
        heads.append(f"{number}:{hashlib.sha256(line).hexdigest()}")
    demand(kept is None or kept in heads, "head")
    return f"{heads[-1]} {tree_head(lines).hex()}"
