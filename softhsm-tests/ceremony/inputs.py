"""Makes the inputs of a ceremony and its file in the working directory, with Python's `cryptography`: `inputs.py SCRIPTS`."""

import datetime
import hashlib
import os
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from ceremony_file import INPUT, PERSON, ROLES, SESSION, TOKEN, ceremony_file

UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=UTC)
keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("legacy", "i1")}


def name(common):
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def write(file, made):
    with open(os.path.join("inputs", file), "wb") as output:
        output.write(made.public_bytes(serialization.Encoding.PEM))


def authority(file, common, end, path_length=None):
    key = keys["legacy"]
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = x509.CertificateBuilder().subject_name(name(common)).issuer_name(name(common))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(BEGIN).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(True, path_length), True)
    builder = builder.add_extension(usage, True).add_extension(identifier, False)
    write(file, builder.sign(key, hashes.SHA256()))


def request(file, common, key):
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(common))
    write(file, builder.sign(keys[key], hashes.SHA256()))


def crl(file, number):
    builder = x509.CertificateRevocationListBuilder().issuer_name(name("Legacy"))
    builder = builder.last_update(BEGIN).next_update(BEGIN + datetime.timedelta(days=300))
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys["legacy"].public_key())
    gone = x509.RevokedCertificateBuilder().serial_number(0x1234567890).revocation_date(BEGIN)
    builder = builder.add_extension(x509.CRLNumber(number), False).add_extension(identifier, False)
    write(file, builder.add_revoked_certificate(gone.build()).sign(keys["legacy"], hashes.SHA256()))


os.mkdir("inputs")
authority("legacy.crt", "Legacy", datetime.datetime(2041, 1, 1, tzinfo=UTC))
authority("low.crt", "Legacy", datetime.datetime(2041, 1, 1, tzinfo=UTC), path_length=0)
authority("ending.crt", "Legacy", datetime.datetime(2031, 6, 2, 9, 0, 0, tzinfo=UTC))
request("i1.csr", "Issuing I1", "i1")
request("own-key.csr", "Issuing I1", "legacy")
request("own-name.csr", "Legacy", "i1")
crl("old.crl", 5)


def sha256(file):
    with open(os.path.join("inputs", file), "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def private(file, key, form):
    with open(os.open(os.path.join("keys", file), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


os.mkdir("keys", 0o700)
for file, key in keys.items():
    private(f"{file}.pem", key, serialization.PrivateFormat.PKCS8)


def person(who, roles):
    key = ed25519.Ed25519PrivateKey.generate()
    private(who, key, serialization.PrivateFormat.OpenSSH)
    key = key.public_key()
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    with open(os.path.join("keys", f"{who}.pub"), "w") as output:
        output.write(f"{line}\n")
    return PERSON % (who, roles, line)


hours = ("08:00Z", "18:00Z")
with open("ceremony.toml", "w") as file:
    text = ceremony_file(
        id="root-r1-2031",
        sessions=SESSION % ("main", "2031-06-01", *hours) + SESSION % ("standby", "2031-06-02", *hours),
        tokens=TOKEN % ("root", "2318-0042") + TOKEN % ("legacy", "2117-0007"),
        people="".join(person(who, roles) for who, roles in ROLES.items()),
        inputs=INPUT % ("legacy-root", "legacy.crt", sha256("legacy.crt")) + INPUT % ("i1-csr", "i1.csr", sha256("i1.csr")),
    )
    file.write(text)
