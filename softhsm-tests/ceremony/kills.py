"""Stops a ceremony at chosen points and continues it: `kills.py PROGRAM FAULTS DIR VERIFIER POINT...`.

DIR is a directory that room.py made, FAULTS is faults.c as a shared library, and VERIFIER is the directory of the second verifier. For each POINT, the
program copies DIR, holds the ceremony in the copy until it stops there, and then holds it to its end. It prints one JSON object a line with the results.
A POINT is one of these:

    none                    not stopped
    C_Name!@N               a rule of the shim's KILL
    fail C_Name:CKR_X@N     a rule of the shim's FAIL
    write WHAT OCTETS [N]   killed inside the N-th line of that event in the transcript, after OCTETS octets; if negative, -OCTETS before its end
    writes OCTETS           one run after the other, each killed like this in the next event of the ceremony
    fills TEXT              no space for the first write of that text
    full N                  no space from the N-th write or new file on
    changed                 a signature at the gate disappears before the ceremony is closed, and is put back. Then another process changes files after
                            the run has read them; they are put back before the next run. The ceremony is closed then, but its checksums are missing;
                            before each run, one of several changes is made to the results
    talks                   people type remarks at a question, and Ctrl-C at another one
    twice                   a second run starts while the first one waits for an answer
    standby STATE           the first session is held until STATE, and the second one the next day
    A & B                   stopped at A, and after it continues, at B

After `=` comes the choice that people make if they are asked. `~` at the end tears the transcript's last line by hand. With `^` the closing fails once.
With `%` KMS is unreachable when the ceremony continues.
"""

import json
import os
import re
import shutil
import subprocess
import sys

PROGRAM, FAULTS, DIRECTORY, VERIFIER = sys.argv[1:5]
EXCHANGE = os.path.join(os.path.dirname(FAULTS), "exchange")
sys.path.insert(0, VERIFIER)
sys.dont_write_bytecode = True

from held_room import Room
from verifier.directory import read_directory, verify_ceremony
from verifier.unlisted import unlisted_revocations

POINTS = sys.argv[5:]
DAY = 86400
# In the order of a ceremony. After the last one, nothing is left to kill.
EVENTS = "opened clock attending confirmed said key-begin key-end gate-open gate-passed sign-begin sign-end written closed".split()


def copy_of(point):
    copy = os.path.join(os.path.dirname(DIRECTORY), "held-" + re.sub(r"[^A-Za-z0-9]", "-", point))
    shutil.copytree(DIRECTORY, copy)
    for name in ("softhsm2.conf", "kryoptic.conf", "hsm-ca.toml"):
        path = os.path.join(copy, "rig", name)
        if os.path.exists(path):
            with open(path) as file:
                text = file.read().replace(DIRECTORY + "/", copy + "/")
            with open(path, "w") as file:
                file.write(text)
    return Room(PROGRAM, FAULTS, DIRECTORY, copy)


def in_transcript(what, octets, nth=1):
    return {
        "FAULT_DOES": "kill",
        "FAULT_PATH": "/run/transcript.jsonl",
        "FAULT_TEXT": f'"what":"{what}"',
        "FAULT_AT": str(nth),
        "FAULT_OCTETS": str(octets),
    }


def block(room):
    """Blocks the path of a file that is written after the closing event."""
    with open(os.path.join(room.directory, "room", "checkpoint"), "w") as file:
        file.write("something else\n")


def unblock(room):
    os.remove(os.path.join(room.directory, "room", "checkpoint"))


def an_octet(out):
    with open(os.path.join(out, "i1.crt"), "r+b") as file:
        file.seek(100)
        octet = file.read(1)
        file.seek(100)
        file.write(b"A" if octet != b"A" else b"B")


def one_more(out):
    with open(os.path.join(out, "i2.crt"), "w") as file:
        file.write("another\n")


def one_less(out):
    os.remove(os.path.join(out, "r1.crl"))


def a_link(out):
    os.rename(os.path.join(out, "r1.crt"), os.path.join(os.path.dirname(out), "elsewhere.crt"))
    os.symlink("../elsewhere.crt", os.path.join(out, "r1.crt"))


def a_file(out):
    shutil.rmtree(out)
    with open(out, "w") as file:
        file.write("x")


def exchange(room, files):
    """Each of these files is changed as soon as the run has opened it, and put back after the run."""
    directory, others = os.path.realpath(os.path.join(room.directory, "room")), os.path.join(room.logs, "others")
    for file in files:
        os.makedirs(os.path.dirname(os.path.join(others, file)), exist_ok=True)
        with open(os.path.join(directory, file), "rb") as sound, open(os.path.join(others, file), "wb") as other:
            other.write(sound.read() + b"\n")
    code, said = room.hold(around=[EXCHANGE, os.path.join(room.logs, "opened"), directory, others])
    for file in files:
        os.replace(os.path.join(others, file), os.path.join(directory, file))
    return code, said


def sign_again(room, signature):
    """A signs the same statement again, once its signature is lost, and once both files are. While another file is in its place, nothing is signed."""
    path, lost = os.path.join(room.directory, "room", signature), os.path.join(room.logs, "lost")
    statement = path.removesuffix(".sig")
    with open(statement, "rb") as kept, open(lost, "rb") as signed:
        kept, signed = kept.read(), signed.read()
    outcomes = []
    for content in (kept, None, kept.replace(b'"A"', b'"B"')):
        for made in (path, statement):
            if os.path.exists(made):
                os.remove(made)
        if content is not None:
            with open(statement, "wb") as file:
                file.write(content)
        run = room.signs("A")
        files = []
        for made, expected in ((statement, kept), (path, signed)):
            if os.path.exists(made):
                with open(made, "rb") as file:
                    files.append(file.read() == expected)
        outcomes.append([run.returncode, files])
    os.remove(statement)
    outcomes.append([room.signs("A").returncode, room.signs("A").returncode])
    return outcomes


def due(room, said, report, unlisted):
    """What the room shows about a CRL that is due, and whether the command on the closing screen makes it."""
    [[_, serial, _]] = unlisted
    asked = room.said
    prompt = asked[asked.index("The last run stopped while") : asked.index("Decide:")] if "Decide:" in asked else ""
    closing = said[said.index(" is closed.\n") :]
    [command] = re.findall(r"^  hsm-ca (crl create .*) --out FILE$", closing, re.MULTILINE)
    token = f"pkcs11:serial={room.plan['tokens']['root']['serial']}"
    made = room.command(*command.split(), "--token", token, "--days", "364", "--out", "due.crl")
    assert made.returncode == 0, made
    listed = subprocess.run(
        ["openssl", "crl", "-in", "due.crl", "-noout", "-text"], cwd=room.directory, capture_output=True, text=True, check=True
    )
    written = room.command("ceremony", "report", "room", "--out", "report.html")
    assert written.returncode == 0, written
    with open(os.path.join(room.directory, "report.html")) as file:
        page = file.read()
    return {
        "serial": serial,
        "prompt": " ".join(prompt.split()),
        "screen": " ".join(said.split()),
        "closing": closing,
        "warnings": report["warnings"],
        "listed": serial.upper() in listed.stdout,
        "deadlines": page[page.index("<h2>Deadlines</h2>") :],
    }


def stop(room, rule, result):
    """Holds the runs that stop before the end."""
    if " & " in rule:
        for part in rule.split(" & "):
            stop(room, part, result)
        return
    word, *rest = rule.split(" ")
    if word == "write":
        result["killed"], _ = room.hold(in_transcript(*rest))
    elif word == "writes":
        result["killed"] = [room.hold(in_transcript(what, rest[0]))[0] for what in EVENTS]
    elif word == "full":
        faults = {"FAULT_DOES": "full", "FAULT_PATH": room.directory + "/", "FAULT_AT": rest[0], "FAULT_OCTETS": "7"}
        faults["FAULT_COUNT"] = os.path.join(room.logs, "writes")
        result["stopped"], said = room.hold(faults)
        result["line"] = said[said.rfind("error: ") :]
    elif word == "fills":
        faults = {"FAULT_DOES": "full", "FAULT_PATH": room.directory + "/room/", "FAULT_TEXT": rule[6:], "FAULT_AT": "1", "FAULT_OCTETS": "7"}
        result["stopped"], said = room.hold(faults)
        result["line"] = said[said.rfind("error: ") :]
    elif word == "fail":
        result["stopped"], said = room.hold({"CLOUDHSM_SHIM_FAIL": rest[0]})
        result["line"] = said[said.rfind("error: ") :]
    elif word == "standby":
        room.seconds = -DAY
        room.silent = {"half-signed": "Press Enter to count", "passed": '"crl0"'}.get(rest[0])
        # The signature is begun in the ledger, but not in the transcript.
        result["stopped"], said = room.hold(in_transcript("sign-begin", 0) if rest[0] == "begun" else None)
        result["line"] = said[said.rfind("error: ") :]
        room.seconds, room.silent = 0, None
    elif word == "changed":
        room.lost = signature = "run/gates/gate@main-01.json.sig"
        code, said = room.hold()
        result["lost"] = [code, said[said.rfind("error: ") :], room.events()[-1]["what"]]
        result["again"] = sign_again(room, signature)
        approved = ["approvals/01-approve.json", "approvals/01-approve.json.sig", "ceremony.toml", "inputs/legacy.crt", "plan.txt"]
        result["stopped"], said = exchange(room, approved)
        result["line"] = said[said.rfind("error: ") :]
        result["exchanged"] = []
        for file in ["ceremony.toml", "out/r1.crt", "plan.json", "plan.txt", signature, "run/objects/root.der", "run/transcript.jsonl"]:
            code, said = exchange(room, [file])
            result["exchanged"].append([code, file, said[said.rfind("error: ") :]])
        out = os.path.join(room.directory, "room", "out")
        result["refused"] = []
        for change in (an_octet, one_more, one_less, a_link, a_file):
            shutil.copytree(out, out + ".kept")
            change(out)
            code, said = room.hold()
            result["refused"].append([code, said[said.rfind("error: ") :]])
            shutil.rmtree(out) if os.path.isdir(out) else os.remove(out)
            os.rename(out + ".kept", out)
    elif word == "talks":
        room.remarks = ["Deviation: the second bag is torn", "note:", "note: a guest came in"]
        room.later = ["note: the second camera is on", "note: it is repaired"]
        # A name that nobody has, and another remark, which waits. Two names, one of them of a person who is absent. After three wrong answers, the login counts.
        room.authors = ["X", "deviation: the lamp fails", "note:", "W", "a", "A, B", "E", "X"]
        room.silent, room.ctrl_c, room.options = '"root"', True, ["--color", "never"]
        result["killed"], result["talked"] = room.hold()
        room.silent, room.ctrl_c = None, False
        result["login"], result["network"] = room.events()[0]["by"], room.events()[0]["network"]
        result["remarks"] = [event for event in room.events() if event["what"] in ("note", "deviation")]
    elif word == "twice":
        room.second, room.silent = None, '"i1"'
        result["stopped"], _ = room.hold()
        result["second run"], result["line"] = room.second.returncode, room.second.stderr
        room.silent = None
    elif rule != "none":
        result["killed"], _ = room.hold({"CLOUDHSM_SHIM_KILL": rule})


for point in POINTS:
    room = copy_of(point)
    result = {"point": point}
    rule, _, room.choice = point.rstrip("~^%").partition("=")
    stop(room, rule, result)
    # Nothing that an interrupted run leaves looks like a file that somebody else made or removed.
    between = json.loads(room.command("ceremony", "verify", "room", "--format", "json").stdout)
    result["left behind"] = [found for found in between["findings"] if found["rule"] in ("gate", "ledger", "object", "path", "signature")]
    if point == "none^":
        # The run fails after the closing event, so it adds nothing to the transcript.
        block(room)
        result["stopped"], _ = room.hold()
        result["last"] = room.events()[-1]["what"]
        unblock(room)
    if point.endswith("~"):
        with open(room.transcript(), "a") as file:
            file.write('{"n":99,"pr')
    if point.endswith("%"):
        room.settings["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    result["finished"], said = room.hold()
    result["told"] = [line for line in said.splitlines() if "KMS does not decrypt" in line]
    if result["finished"] != 0:
        result["said"] = said[-800:]
    else:
        happened, calls = room.events(), room.calls()
        done = [name for name, answer in calls if answer == "rv=0x0"]
        result["signatures"] = done.count("C_Sign")
        result["generated"] = done.count("C_GenerateKeyPair")
        result["keys"] = [event["how"] for event in happened if event["what"] == "key-end"]
        result["begun"] = [event["step"] for event in happened if event["what"] == "sign-begin"]
        result["ended"] = [event["step"] for event in happened if event["what"] == "sign-end"]
        result["deviations"] = sum(1 for event in happened if event["what"] == "deviation")
        result["owed"] = [event["text"] for event in happened if event.get("text", "").endswith("another CRL of its issuer must list it")]
        result["decided"] = [f"{event['step']}: {event['choice']}" for event in happened if event["what"] == "decision"]
        result["sessions"] = sorted({event["session"] for event in happened if event["what"] == "opened"})
        result["gates"] = sorted(name for name in os.listdir(os.path.join(room.directory, "room", "run", "gates")))
        if any(step["do"] == "destroy-key" for step in room.plan["steps"]):
            result["left"] = sorted(room.keys_left())
        attested = room.command("ceremony", "attest", "room", "--ssh-key", "keys/A")
        assert attested.returncode == 0, attested
        room.attests("W")
        verified = room.command("ceremony", "verify", "room", "--format", "json")
        result["verified"] = verified.returncode
        try:
            files = read_directory(os.path.join(room.directory, "room"))
            verify_ceremony(files, None)
            result["second"] = "ok"
            result["unlisted"] = unlisted_revocations(files)
            report = json.loads(verified.stdout)
            shown = [[found["step"], found["serial_number"], found["crls"]] for found in report["unlisted_revocations"]]
            if shown != result["unlisted"]:
                result["second"] = f"{shown}, not {result['unlisted']}"
            if shown:
                result["due"] = due(room, said, report, result["unlisted"])
        except Exception as error:  # The libraries raise many kinds of exceptions.
            result["second"] = result["said"] = repr(error)
        if verified.returncode != 0:
            result["said"] = (verified.stdout + verified.stderr)[-1500:]
        ledger = room.command("ledger", "verify", "--format", "json")
        result["ledger"], result["open"] = ledger.returncode, json.loads(ledger.stdout or "{}").get("open")
    print(json.dumps(result), flush=True)
    if result.get("verified") == 0:
        shutil.rmtree(room.directory)
