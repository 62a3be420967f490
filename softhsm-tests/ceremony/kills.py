"""A ceremony that is killed around PKCS#11 calls, and goes on: `kills.py PROGRAM SHIM TARGET DIR VERIFIER POINT...`.

DIR is what room.py made. For each POINT (a rule of the shim's KILL, or `none`), a copy of it is held: killed there, held again to its end. After
`=` comes what people choose where they have to; `~` at the end tears the transcript's last line; with `^` the closing fails once. One JSON object a line says what came of it.
"""

import datetime
import json
import os
import re
import shutil
import subprocess
import sys

PROGRAM, SHIM, TARGET, DIRECTORY, VERIFIER = sys.argv[1:6]
POINTS = sys.argv[6:]
GATE_KEYS = ("A", "C")


def words_of(plan, script):
    typed = [text.strip() for text in re.findall(r'class="typed">([^<]*)', script)]
    steps = [step["id"] for step in plan["steps"] if step["do"] not in ("manual", "confirm")]
    names = ["opening", *steps, "closing"]
    assert len(typed) == len(names), (typed, names)
    return dict(zip(names, typed))


class Room:
    """The people of one copy."""

    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "room", "plan.json")) as file:
            plan = json.load(file)
        with open(os.path.join(directory, "script.html")) as file:
            self.words = words_of(plan, file.read())
        self.keys = list(GATE_KEYS)
        self.choice = ""
        self.questions = 0

    def environment(self, log, rules):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDHSM_SHIM_")}
        path = os.path.join(self.directory, "rig")
        kept.update(HSM_CA_CONFIG=os.path.join(path, "hsm-ca.toml"), SOFTHSM2_CONF=os.path.join(path, "softhsm2.conf"))
        kept.update(HSM_CA_MODULE=SHIM, CLOUDHSM_SHIM_TARGET=TARGET, CLOUDHSM_SHIM_LOG=os.path.join(self.directory, log))
        kept.update({f"CLOUDHSM_SHIM_{name}": value for name, value in rules.items()})
        return kept

    def command(self, *arguments):
        return subprocess.run(
            [PROGRAM, *arguments], cwd=self.directory, env=self.environment("other.log", {}), capture_output=True, text=True
        )

    def answer(self, question):
        self.questions += 1
        if "by the wall clock" in question:
            return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
        if "Who is in the room" in question:
            return "A, B, C, W"
        if "four words" in question:
            return self.words[re.search(r'"([^"]*)"', question).group(1)]
        if "Press Enter to count" in question:
            assert self.command("ceremony", "approve", "room", "--ssh-key", f"keys/{self.keys.pop(0)}").returncode == 0
            return ""
        if question.startswith("Decide"):
            words = re.findall(r"[a-z]+-[a-z]+", question)
            return self.choice if self.choice in words else words[0]
        if question.startswith("Who decided"):
            return "A, C"
        return "seen"

    def hold(self, log, rules):
        """Its exit code, negative where a signal ended it, and everything it said."""
        run = subprocess.Popen(
            [PROGRAM, "ceremony", "run", "room"],
            cwd=self.directory,
            env=self.environment(log, rules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, line = b"", b""
        while True:
            chunk = os.read(run.stdout.fileno(), 65536)
            if not chunk:
                break
            said += chunk
            line = (line + chunk).rsplit(b"\n", 1)[-1]
            if line.endswith((b": ", b"? ")):
                try:
                    run.stdin.write(self.answer(line.decode()).encode() + b"\n")
                    run.stdin.flush()
                except BrokenPipeError:
                    pass
                line = b""
        return run.wait(), said.decode()


def calls(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [line.split()[:2] for line in file if line.strip()]


def events(directory):
    with open(os.path.join(directory, "room", "run", "transcript.jsonl")) as file:
        return [json.loads(line) for line in file]


for point in POINTS:
    copy = os.path.join(os.path.dirname(DIRECTORY), "held-" + re.sub(r"[^A-Za-z0-9]", "-", point))
    shutil.copytree(DIRECTORY, copy)
    with open(os.path.join(copy, "rig", "softhsm2.conf"), "w") as file:
        file.write(f"directories.tokendir = {copy}/rig/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    settings = os.path.join(copy, "rig", "hsm-ca.toml")
    with open(settings) as file:
        text = file.read().replace(DIRECTORY, copy)
    with open(settings, "w") as file:
        file.write(text)
    room = Room(copy)
    result = {"point": point}
    rule, _, room.choice = point.rstrip("~^").partition("=")
    if rule != "none":
        result["killed"], _ = room.hold("killed.log", {"KILL": rule})
    if point == "none^":
        # In the way of a file that is written after the end: the run fails there, and nothing is added to the transcript.
        path = os.path.join(copy, "room", "checkpoint")
        with open(path, "w") as file:
            file.write("something else\n")
        result["stopped"], _ = room.hold("killed.log", {})
        result["last"] = events(copy)[-1]["what"]
        os.remove(path)
    if point.endswith("~"):
        with open(os.path.join(copy, "room", "run", "transcript.jsonl"), "a") as file:
            file.write('{"n":99,"pr')
    result["finished"], said = room.hold("finished.log", {})
    if result["finished"] != 0:
        result["said"] = said[-800:]
    else:
        happened = events(copy)
        both = calls(os.path.join(copy, "killed.log")) + calls(os.path.join(copy, "finished.log"))
        result["sign_inits"] = sum(1 for name, answer in both if name == "C_SignInit" and answer == "rv=0x0")
        result["generated"] = sum(1 for name, answer in both if name == "C_GenerateKeyPair" and answer == "rv=0x0")
        result["begun"] = [event["step"] for event in happened if event["what"] == "sign-begin"]
        result["ended"] = [event["step"] for event in happened if event["what"] == "sign-end"]
        result["deviations"] = sum(1 for event in happened if event["what"] == "deviation")
        result["decided"] = [f"{event['step']}: {event['choice']}" for event in happened if event["what"] == "decision"]
        for key in ("A", "W"):
            attested = room.command("ceremony", "attest", "room", "--ssh-key", f"keys/{key}")
            assert attested.returncode == 0, attested
        verified = room.command("ceremony", "verify", "room")
        result["verified"] = verified.returncode
        second = subprocess.run([sys.executable, VERIFIER, os.path.join(copy, "room")], capture_output=True, text=True)
        result["second"] = second.stdout.partition(" ")[0]
        if result["second"] != "ok":
            result["said"] = second.stdout + second.stderr
        if verified.returncode != 0:
            result["said"] = (verified.stdout + verified.stderr)[-1500:]
        result["ledger"] = room.command("ledger", "verify").returncode
    print(json.dumps(result), flush=True)
    if result.get("verified") == 0:
        shutil.rmtree(copy)
