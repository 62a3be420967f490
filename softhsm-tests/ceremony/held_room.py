"""The people of one copy of a ceremony, who answer the questions of `ceremony run` and sign. For kills.py."""

import datetime
import hashlib
import json
import os
import re
import signal
import subprocess

import people


def words_of(plan, script):
    typed = [text.strip() for text in re.findall(r'class="typed">([^<]*)', script)]
    steps = [step["id"] for step in plan["steps"] if step["do"] not in ("manual", "confirm")]
    names = ["opening", *steps, "closing"]
    assert len(typed) == len(names), (typed, names)
    return dict(zip(names, typed))


class NoAnswer(Exception):
    """The people do not answer this question."""


class Room:
    """The people of one copy, and their clock."""

    def __init__(self, program, faults, base, directory):
        self.program, self.faults, self.directory = program, faults, directory
        self.logs = directory + ".logs"
        os.makedirs(self.logs)
        with open(os.path.join(directory, "room", "plan.json")) as file:
            self.plan = json.load(file)
        with open(os.path.join(directory, "script.html")) as file:
            self.words = words_of(self.plan, file.read())
        with open(os.path.join(directory, "environment.json")) as file:
            self.settings = {name: value.replace(base, directory) for name, value in json.load(file).items()}
        self.choice = ""
        self.seconds = 0
        self.silent = None
        self.remarks = []
        self.later = []
        self.authors = []
        self.ctrl_c = False
        self.second = False
        self.lost = None
        self.said = ""
        self.options = []
        self.runs = 0

    def environment(self, log, faults):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDHSM_SHIM_")}
        # With a stored wrapping pair, an import does not wait for a new one.
        kept.update(CLOUDHSM_SHIM_STORED_PAIR="1")
        kept.update(self.settings, CLOUDHSM_SHIM_LOG=os.path.join(self.logs, log))
        if self.seconds:
            faults = {**faults, "FAULT_CLOCK": str(self.seconds)}
        if any(name.startswith("FAULT_") for name in faults):
            kept["LD_PRELOAD"] = self.faults
        return {**kept, **faults}

    def command(self, *arguments):
        return subprocess.run(
            [self.program, *arguments], cwd=self.directory, env=self.environment("other", {}), capture_output=True, text=True
        )

    def signs_elsewhere(self, directory, name, what, person, more):
        """Writes a statement as if it were signed on another machine, by another program."""
        with open(os.path.join(self.directory, "room", "plan.json"), "rb") as file:
            plan_hash = hashlib.sha256(file.read()).hexdigest()
        key = people.load(os.path.join(self.directory, "keys", person))
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.seconds)
        time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        path = os.path.join(self.directory, "room", directory, f"{name}{people.place(self.plan, person)}.json")
        for end, content in zip(("", ".sig"), people.signed(self.plan, plan_hash, what, person, person, key, time, more)):
            with open(path + end, "wb") as file:
                file.write(content)

    def sign_at_gate(self):
        """A signs first, with this program. The next call lets C sign, with another program."""
        events = self.events()
        session = next(event["session"] for event in reversed(events) if event["what"] == "opened")
        gate = next(event for event in reversed(events) if event["what"] == "gate-open")
        step, objects = gate["step"], gate["objects"]
        first = os.path.join(self.directory, "room", "run", "gates", f"{step}@{session}-01.json")
        if not os.path.exists(first):
            signed = self.signs("A")
            assert signed.returncode == 0, signed
            return
        said = {"step": step, "session": session, "objects": objects}
        self.signs_elsewhere("run/gates", f"{step}@{session}-", "gate", "C", said)

    def attests(self, person):
        with open(self.transcript(), "rb") as file:
            lines = file.readlines()
        said = {"head": f"{len(lines)}:{hashlib.sha256(lines[-1]).hexdigest()}", "present": "all", "as-planned": "yes"}
        self.signs_elsewhere("attest", "", "attestation", person, said)

    def signs(self, name):
        return self.command("ceremony", "approve", "room", "--ssh-key", f"keys/{name}")

    def answer(self, question):
        if self.silent and self.silent in question:
            if "Press Enter to count" in question:
                assert self.signs("A").returncode == 0
            raise NoAnswer
        if "Who is in the room" in question and self.remarks:
            return self.remarks.pop(0)
        if "four words" in question and '"k"' in question and self.later:
            return self.later.pop(0)
        if question.startswith("Who says this"):
            return self.authors.pop(0)
        if self.lost and '"crl1"' in question:
            os.rename(os.path.join(self.directory, "room", self.lost), os.path.join(self.logs, "lost"))
            self.lost = None
        if self.second is None and "Who is in the room" in question:
            self.second = self.command("ceremony", "run", "room")
        if "by the wall clock" in question:
            now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.seconds)
            return now.strftime("%Y-%m-%d %H:%M")
        if "Who is in the room" in question:
            return "A, B, C, W"
        if "four words" in question:
            return self.words[re.search(r'"([^"]*)"', question).group(1)]
        if "Press Enter to count" in question:
            self.sign_at_gate()
            return ""
        if question.startswith("Decide"):
            words = re.findall(r"[a-z]+-[a-z]+", question)
            return self.choice if self.choice in words else words[0]
        if question.startswith("Who decided"):
            return "A, C"
        return "seen"

    def hold(self, faults=None, around=()):
        """Runs the ceremony; returns the exit code (negative after a signal) and all output. `around` is a program that starts it."""
        self.runs += 1
        run = subprocess.Popen(
            [*around, self.program, *self.options, "ceremony", "run", "room"],
            cwd=self.directory,
            env=self.environment(f"run-{self.runs:02}", faults or {}),
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
            if line.endswith((b": ", b"? ")) and not run.stdin.closed:
                try:
                    run.stdin.write(self.answer(line.decode()).encode() + b"\n")
                    run.stdin.flush()
                except BrokenPipeError:
                    pass
                except NoAnswer:
                    if self.ctrl_c:
                        run.send_signal(signal.SIGINT)
                    else:
                        run.stdin.close()
                line = b""
        self.said += said.decode()
        return run.wait(), said.decode()

    def calls(self):
        """Every PKCS#11 call of every run, with its return value."""
        found = []
        for name in sorted(os.listdir(self.logs)):
            if name.startswith("run-"):
                with open(os.path.join(self.logs, name)) as file:
                    found += [line.split()[:2] for line in file if line.strip()]
        return found

    def keys_left(self):
        """Each key object that is left on a token."""
        for name, token in self.plan["tokens"].items():
            listed = self.command("key", "list", "--token", f"pkcs11:serial={token['serial']}", "--format", "json")
            for key in json.loads(listed.stdout)["keys"]:
                yield f"{name}: {key['class']} {key['label']}"

    def transcript(self):
        return os.path.join(self.directory, "room", "run", "transcript.jsonl")

    def events(self):
        with open(self.transcript(), "rb") as file:
            return [json.loads(line) for line in file]
