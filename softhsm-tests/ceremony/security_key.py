"""A security key in software (PROTOCOL.u2f and PROTOCOL.sshsig of OpenSSH), with Python's `cryptography`.

new NAME TYPE                        writes NAME.pub, and the key to NAME.key
sign NAME NAMESPACE FILE FLAGS       writes FILE.sig
"""

import base64
import hashlib
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

TYPES = {"ed25519": "sk-ssh-ed25519@openssh.com", "ecdsa": "sk-ecdsa-sha2-nistp256@openssh.com"}
APPLICATION = b"ssh:"


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def load(name):
    with open(f"{name}.key", "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def kind(key):
    return "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ecdsa"


def blob(key):
    public = key.public_key()
    name = string(TYPES[kind(key)].encode())
    if kind(key) == "ed25519":
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return name + string(raw) + string(APPLICATION)
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return name + string(b"nistp256") + string(point) + string(APPLICATION)


def new(name, which):
    key = ed25519.Ed25519PrivateKey.generate() if which == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(f"{name}.key", "wb") as file:
        file.write(private)
    with open(f"{name}.pub", "w") as file:
        file.write(f"{TYPES[which]} {base64.b64encode(blob(key)).decode()} in software\n")


def sign(name, namespace, path, flags):
    key = load(name)
    with open(path, "rb") as file:
        digest = hashlib.sha512(file.read()).digest()
    parts = string(namespace.encode()) + string(b"") + string(b"sha512")
    device = bytes([int(flags, 0)]) + struct.pack(">I", 7)
    message = hashlib.sha256(b"SSHSIG" + parts + string(digest)).digest()
    signed = hashlib.sha256(APPLICATION).digest() + device + message
    if kind(key) == "ed25519":
        octets = key.sign(signed)
    else:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        octets = mpint(r) + mpint(s)
    signature = string(TYPES[kind(key)].encode()) + string(octets) + device
    whole = b"SSHSIG" + struct.pack(">I", 1) + string(blob(key)) + parts + string(signature)
    text = base64.b64encode(whole).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    with open(f"{path}.sig", "w") as file:
        file.write("\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]))


{"new": new, "sign": sign}[sys.argv[1]](*sys.argv[2:])
