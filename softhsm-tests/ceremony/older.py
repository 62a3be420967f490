"""Makes a ceremony file of CAs that already exist, with its inputs, in the working directory. The ceremony has an intermediate CA with a CRL, a
revocation, a cross-certificate, a destroyed key, and the renewal of a key of which only the public half is an input. One person has a security key.
The previous ceremony had other people.
"""

import base64
import datetime
import hashlib
import os
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from verifier.formats import string, write

UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=UTC)
END = datetime.datetime(2041, 1, 1, tzinfo=UTC)
PEM = serialization.Encoding.PEM
os.mkdir("inputs")
os.mkdir("keys", 0o700)
keys = {
    "old": ec.generate_private_key(ec.SECP256R1()),
    "other": ec.generate_private_key(ec.SECP384R1()),
    "policy": rsa.generate_private_key(65537, 2048),
    "renewed": ec.generate_private_key(ec.SECP384R1()),
    "i": ec.generate_private_key(ec.SECP256R1()),
}


def name(common):
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def keep(file, made):
    with open(os.path.join("inputs", file), "wb") as output:
        output.write(made if isinstance(made, bytes) else made.public_bytes(PEM))


def certificate(subject, issuer, key, signer, path_length=None, ca=True):
    public = keys[key].public_key()
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
    builder = builder.public_key(public).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(BEGIN).not_valid_after(END)
    builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True).add_extension(usage, True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[signer].public_key())
    return builder.add_extension(authority, False).sign(keys[signer], hashes.SHA256())


keep("old.crt", certificate("Old Root", "Old Root", "old", "old"))
keep("other.crt", certificate("Other Root", "Other Root", "other", "other"))
keep("policy.crt", certificate("Policy CA", "Other Root", "policy", "other"))
gone = certificate("Issuing I0", "Policy CA", "i", "policy", 0)
keep("i0.crt", gone)
spki = serialization.PublicFormat.SubjectPublicKeyInfo
keep("renewed.pem", keys["renewed"].public_key().public_bytes(PEM, spki))
request = x509.CertificateSigningRequestBuilder().subject_name(name("Issuing I1"))
keep("i1.csr", request.sign(keys["i"], hashes.SHA256()))
crl = x509.CertificateRevocationListBuilder().issuer_name(name("Policy CA"))
crl = crl.last_update(BEGIN).next_update(BEGIN + datetime.timedelta(days=300))
identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys["policy"].public_key())
before = x509.RevokedCertificateBuilder().serial_number(0x1234567890).revocation_date(BEGIN)
crl = crl.add_extension(x509.CRLNumber(5), False).add_extension(identifier, False)
keep("policy.crl", crl.add_revoked_certificate(before.build()).sign(keys["policy"], hashes.SHA256()))


def sha256(file):
    with open(os.path.join("inputs", file), "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def ssh_key(kind):
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    blob = string(kind.encode()) + string(raw) + (string(b"ssh:") if kind.startswith("sk-") else b"")
    return f"{kind} {base64.b64encode(blob).decode()}"


lines = {who: ssh_key("ssh-ed25519") for who in "BCFW"}
lines["A"] = ssh_key("sk-ssh-ed25519@openssh.com")
roles = {"A": ["approver", "administrator"], "B": ["approver", "operator"], "C": ["approver"], "F": ["approver"], "W": ["witness"]}


def quoted(words):
    return ", ".join(f'"{word}"' for word in words)


def person(who):
    require = 'require = [\n    "touch",\n    "pin",\n]\n' if who == "A" else ""
    return f'[[person]]\nname = "{who}"\nroles = [{quoted(roles[who])}]\nkey = "{lines[who]} of {who}"\n{require}'


# The previous ceremony had the approvers A, B and F, and a threshold of two.
persons = [{"name": who, "roles": roles[who], "key": lines[who], "require": []} for who in "ABF"]
export = {
    "format": "hsm-ca ceremony export 1",
    "kind": "production",
    "ceremony": "before",
    "plan": "5f" * 32,
    "head": "12:" + "6a" * 32,
    "end": "closed",
    "people": {"approve-threshold": 2, "attend": {}, "separate": [], "attest": ["approver"], "persons": persons},
    "issuers": [],
}
keep("before.json", (write(export) + "\n").encode())
names = {"old": "old.crt", "other": "other.crt", "policy": "policy.crt", "i0": "i0.crt", "renewed": "renewed.pem", "csr": "i1.csr", "crl5": "policy.crl"}
inputs = "".join(f'{key} = {{ file = "inputs/{file}", sha256 = "{sha256(file)}" }}\n' for key, file in names.items())
people = "".join(person(who) for who in "ABCW")
with open("ceremony.toml", "w") as file:
    file.write(f'''version = 1
id = "older"
kind = "production"
previous = {{ head = "{export['head']}", file = "inputs/before.json", sha256 = "{sha256("before.json")}" }}
[[session]]
name = "main"
date = 2031-06-01
hours = ["08:00Z", "18:00Z"]
[token.old]
serial = "2117-0007"
[token.policy]
serial = "2318-0042"
[people]
approve-threshold = 2
attend = {{ administrator = 1, operator = 1, witness = 1 }}
{people}[input]
{inputs}[[step]]
id = "renewal"
do = "create-ca"
key = "renewed"
token = "old"
subject = "CN=Renewed Root,O=Example"
profile = "root"
days = 7305
out = "renewed.crt"
[[step]]
id = "x"
do = "cross-sign"
issuer = "old"
token = "old"
subject-of = "policy"
signed-by = "other"
not-after = "issuer"
out = "policy-x.crt"
[[step]]
id = "i1"
do = "sign-csr"
issuer = "policy"
token = "policy"
csr = "csr"
profile = "intermediate"
days = 2922
out = "i1.crt"
[[step]]
id = "gate"
do = "confirm"
sign-by = {{ role = "approver", threshold = 3 }}
[[step]]
id = "gone"
do = "revoke"
issuer = "policy"
certificate = "i0"
reason = "superseded"
[[step]]
id = "crl"
do = "crl"
issuer = "policy"
token = "policy"
previous = "crl5"
number = 8
days = 90
out = "policy.crl"
[[step]]
id = "end"
do = "destroy-key"
token = "old"
key = "renewed"
[close]
attest = ["witness"]
waive = []
''')
