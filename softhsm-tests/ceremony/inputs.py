"""The inputs of a ceremony, and its file: in the working directory, by Python's `cryptography`."""

import datetime
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

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
    return f'[[person]]\nname = "{who}"\nroles = [{roles}]\nkey = "{line}"\n'


approver, people = '"approver"', ""
for who, roles in (
    ("A", f'{approver}, "administrator"'),
    ("B", f'{approver}, "operator"'),
    ("C", approver),
    ("D", approver),
    ("E", approver),
    ("W", '"witness"'),
):
    people += person(who, roles)

with open("ceremony.toml", "w") as file:
    file.write(f'''version = 1
id = "root-r1-2031"
kind = "production"
policy = "https://pki.example/cps/2.1#root"
previous = {{ head = "none" }}
[[session]]
name = "main"
date = 2031-06-01
hours = ["08:00Z", "18:00Z"]
[[session]]
name = "standby"
date = 2031-06-02
hours = ["08:00Z", "18:00Z"]
[token.root]
serial = "2318-0042"
[token.legacy]
serial = "2117-0007"
[people]
approve-threshold = 3
attend = {{ administrator = 1, operator = 1, approver = 2, witness = 1 }}
separate = [["administrator", "operator"], ["operator", "witness"]]
{people}[input]
legacy-root = {{ file = "inputs/legacy.crt", sha256 = "{sha256("legacy.crt")}" }}
i1-csr = {{ file = "inputs/i1.csr", sha256 = "{sha256("i1.csr")}" }}
[[step]]
id = "room"
do = "manual"
say = "The clock agrees with the wall clock; cameras run; bag numbers match the script"
record = ["wall-clock", "bag:root-hsm"]
[[step]]
id = "k"
do = "generate-key"
token = "root"
label = "root-r1"
type = "ec:p384"
[[step]]
id = "gate"
do = "confirm"
sign-by = {{ role = "approver", threshold = 2 }}
[[step]]
id = "root"
do = "create-ca"
key = "k"
subject = "CN=Root R1,O=Example"
profile = "root"
not-before = "session"
days = 7305
out = "r1.crt"
[[step]]
id = "i1"
do = "sign-csr"
issuer = "root"
csr = "i1-csr"
profile = "intermediate"
days = 2922
out = "i1.crt"
[[step]]
id = "x1"
do = "cross-sign"
issuer = "legacy-root"
token = "legacy"
subject-of = "root"
extended-key-usage = ["serverAuth"]
not-after = "issuer"
out = "r1-x.crt"
[[step]]
id = "crl1"
do = "crl"
issuer = "root"
number = 1
days = 364
out = "r1.crl"
[close]
attest = ["witness", "administrator"]
waive = []
''')
