"""Prepares a room for a ceremony: `room.py SCRIPTS PROGRAM MODULE TARGET DIR TYPE [WORD...]`.

DIR gets a rig with two SoftHSM tokens, an older root on one of them, a request, the people's keys, a planned and approved ceremony (room), and its
script. The ceremony generates a key of TYPE. For `import:SPEC` KMS generates the key, and the ceremony imports it. With `import:SPEC:swapped`
the pair file has the private key of another pair. MODULE passes calls on to TARGET. environment.json has the environment that the program and the
module need.

The WORDs: `cloudhsm` makes one token for both keys that follows the rules of CloudHSM, with Kryoptic behind it. With `yesterday` the main session is
already over, and the standby session is today. The ceremony is planned yesterday, by the clock of FAULTS (faults.c as a shared library), and has a gate
and a CRL of the older root before the first key is made. With `certificate` it has a certificate of the older root instead of that CRL. `destroy`
adds a step that destroys the older root's key.
"""

import base64
import datetime
import hashlib
import json
import os
import subprocess
import sys

SCRIPTS, PROGRAM, MODULE, TARGET, DIRECTORY, TYPE, *WORDS = sys.argv[1:]
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True

from ceremony_file import GENERATED, INPUT, PERSON, ROLES, SESSION, TOKEN, ceremony_file

UTC = datetime.timezone.utc
os.makedirs(DIRECTORY, mode=0o700)
os.chdir(DIRECTORY)
environment = {name: value for name, value in os.environ.items() if not name.startswith("HSM_CA_")}
environment.pop("SOFTHSM2_CONF", None)
YESTERDAY = {"LD_PRELOAD": os.environ["FAULTS"], "FAULT_CLOCK": "-86400"}
if "yesterday" in WORDS:
    # The ledger is made yesterday too, because its clock must not go back.
    environment.update(YESTERDAY)


def run(*command):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def read(name):
    with open(name) as file:
        return file.read()


def sha256(name):
    with open(name, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def make_softhsm():
    """Two tokens, by their labels."""
    run(PROGRAM, "rig", "new", "rig", "--label", "root")
    environment.update(HSM_CA_CONFIG=f"{DIRECTORY}/rig/hsm-ca.toml", SOFTHSM2_CONF=f"{DIRECTORY}/rig/softhsm2.conf")
    pkcs11 = ("pkcs11-tool", "--module", TARGET)
    environment.update(so_pin=read("rig/so-pin").strip(), pin=read("rig/pin").strip())
    run(*pkcs11, "--slot-index", "1", "--init-token", "--label", "legacy", "--so-pin", "env:so_pin")
    login = ("--token-label", "legacy", "--login", "--login-type", "so", "--so-pin", "env:so_pin")
    run(*pkcs11, *login, "--init-pin", "--new-pin", "env:pin")
    del environment["so_pin"], environment["pin"]
    return {token["label"]: token["serial_number"] for token in tokens()}


def make_cloudhsm():
    """One token with both names."""
    run(PROGRAM, "--module", TARGET, "rig", "new", "rig", "--kind", "kryoptic")
    with open("crypto-user", "w") as file:
        file.write(f"CryptoUser:{read('rig/pin').strip()}")
    os.chmod("crypto-user", 0o600)
    environment.update(HSM_CA_CONFIG=f"{DIRECTORY}/rig/hsm-ca.toml", KRYOPTIC_CONF=f"{DIRECTORY}/rig/kryoptic.conf")
    environment.update(HSM_CA_TOKEN="hsm1", HSM_CA_PIN_SOURCE=f"file:{DIRECTORY}/crypto-user")
    environment.update(HSM_CA_MODULE=MODULE, CLOUDHSM_SHIM_TARGET=TARGET, CLOUDHSM_SHIM_BEHAVIOUR="cloudhsm")
    return {"root": tokens()[0]["serial_number"]}


def tokens():
    return json.loads(run(PROGRAM, "token", "list", "--format", "json"))["tokens"]


serial = make_cloudhsm() if "cloudhsm" in WORDS else make_softhsm()
older = "legacy" if "legacy" in serial else "root"
legacy = ("--token", f"pkcs11:serial={serial[older]}")
# Both types are deterministic. Each run and each verification makes a stand-in for this key, and an Ed25519 key is made instantly.
kind = "rsa:2048" if "cloudhsm" in WORDS else "ed25519"
run(PROGRAM, *legacy, "key", "generate", "--label", "legacy", "--type", kind)
os.makedirs("inputs")
os.makedirs("keys")
begin = (datetime.datetime.now(UTC) - datetime.timedelta(days=2)).strftime("%Y-%m-%d")
root = ("--subject", "CN=Legacy Root,O=Example", "--profile", "root", "--days", "5000", "--not-before", begin)
run(PROGRAM, *legacy, "ca", "create", "--key", "legacy", *root, "--out", "inputs/legacy.crt")
request = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "i1.key")
run("openssl", *request, "-subj", "/O=Example/CN=Issuing I1", "-out", "inputs/i1.csr")
people = ""
for name, roles in ROLES.items():
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", f"keys/{name}")
    people += PERSON % (name, roles, read(f"keys/{name}.pub").strip())
step, pair = GENERATED % TYPE, ""
if TYPE.startswith("import:"):
    spec, _, swapped = TYPE.removeprefix("import:").partition(":")
    for name in ("pair", "other"):
        generate = ("kms", "generate-key-pair", "--key-id", "alias/cloudhsm-customerCA-key-encryption-key", "--spec", spec)
        run(PROGRAM, *generate, "--out", f"inputs/{name}.json")
    own, other = json.loads(read("inputs/pair.json")), json.loads(read("inputs/other.json"))
    if swapped:
        own["PrivateKeyCiphertextBlob"] = other["PrivateKeyCiphertextBlob"]
        with open("inputs/pair.json", "w") as file:
            json.dump(own, file)
    noted = hashlib.sha256(base64.b64decode(own["PublicKey"])).hexdigest()
    step = f'do = "import-key"\ntoken = "root"\nlabel = "root-r1"\npair = "pair"\nexpect = "{noted}"\n'
    pair = INPUT % ("pair", "pair.json", sha256("inputs/pair.json"))
now = datetime.datetime.now(UTC)
# The session lasts at most 24 hours, and must not end while the test runs. In the last minutes before midnight, use the next day.
day = (now + datetime.timedelta(minutes=5)).date()
hours = ["00:00Z", "23:59Z"] if day == now.date() else ["00:00+01:00", "23:00+01:00"]
sessions = [("main", day, hours), ("standby", day + datetime.timedelta(days=2), ["08:00Z", "18:00Z"])]
if "yesterday" in WORDS:
    sessions = [("main", day - datetime.timedelta(days=1), hours), ("standby", day, hours)]
sessions = "".join(SESSION % (name, date, *hours) for name, date, hours in sessions)
tokens_of_plan = "".join(TOKEN % item for item in serial.items())
before_the_key = '''[[step]]
id = "early"
do = "confirm"
sign-by = { role = "approver", threshold = 2 }
[[step]]
id = "crl0"
do = "crl"
issuer = "legacy-root"
token = "legacy"
number = 1
previous = "none"
days = 364
out = "legacy.crl"
'''
if "certificate" in WORDS:
    before_the_key = before_the_key[: before_the_key.index('id = "crl0"')]
    before_the_key += '''id = "c0"
do = "sign-csr"
issuer = "legacy-root"
token = "legacy"
csr = "c0-csr"
profile = "intermediate"
days = 365
out = "c0.crt"
'''
    run("openssl", *request, "-subj", "/O=Example/CN=Early C0", "-out", "inputs/c0.csr")
    pair += INPUT % ("c0-csr", "c0.csr", sha256("inputs/c0.csr"))
if "yesterday" not in WORDS:
    before_the_key = ""
at_the_end = f'''[[step]]
id = "gone"
do = "destroy-key"
token = "{older}"
key = "legacy-root"
'''
if "destroy" not in WORDS:
    at_the_end = ""

inputs = INPUT % ("legacy-root", "legacy.crt", sha256("inputs/legacy.crt")) + INPUT % ("i1-csr", "i1.csr", sha256("inputs/i1.csr"))
with open("ceremony.toml", "w") as file:
    text = ceremony_file(
        id="root-r1",
        sessions=sessions,
        tokens=tokens_of_plan,
        people=people,
        inputs=inputs + pair,
        before_the_key=before_the_key,
        key=step,
        older=older,
        at_the_end=at_the_end,
    )
    file.write(text)

environment.update(HSM_CA_MODULE=MODULE, CLOUDHSM_SHIM_TARGET=TARGET)
own = {name: value for name, value in environment.items() if os.environ.get(name) != value and name not in YESTERDAY}
with open("environment.json", "w") as file:
    json.dump(own, file)
quorum = json.loads(run(PROGRAM, "ceremony", "check", "ceremony.toml", "--format", "json"))["quorum"]
settings = read("rig/hsm-ca.toml")
with open("rig/hsm-ca.toml", "w") as file:
    file.write(f'ceremony-quorum = "{quorum}"\n{settings}')
run(PROGRAM, "ceremony", "plan", "ceremony.toml", "--out", "room")
for name in "ABC":
    run(PROGRAM, "ceremony", "approve", "room", "--ssh-key", f"keys/{name}")
run(PROGRAM, "ceremony", "script", "room", "--out", "script.html")
