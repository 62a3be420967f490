"""Plays the people in scripts/ceremony-demo.sh: runs `hsm-ca ceremony run DIR` and answers its questions.

usage: ceremony-people.py DIR SCRIPT [KILL-AT]
It takes the words from the printed script, as people do. With KILL-AT, it kills the run (SIGKILL) as soon as the run has printed that text.
Standard input has the steps that ask for words. PEOPLE and SIGNERS in the environment replace the people of the demo, and the keys that sign at gates.
"""

import datetime
import os
import re
import subprocess
import sys

directory, script = sys.argv[1:3]
kill_at = sys.argv[3] if len(sys.argv) > 3 else None
people = os.environ.get("PEOPLE", "A, B, C, W")
signers = os.environ.get("SIGNERS", "keys/A keys/C").split()


def words(page):
    """The words of each step, in the order of the script."""
    parts = re.findall(r'class="typed">([^<]*)', page)
    return [part.strip() for part in parts]


with open(script) as file:
    typed = words(file.read())
steps = ["opening", *sys.stdin.read().split(), "closing"]
by_step = dict(zip(steps, typed, strict=True))


def answer(question):
    if "by the wall clock" in question:
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
    if "Who is in the room" in question:
        return people
    if "four words" in question:
        return by_step[re.search(r'"([^"]*)"', question).group(1)]
    if "Press Enter to count" in question:
        approve = ["hsm-ca", "ceremony", "approve", directory, "--ssh-key", signers.pop(0)]
        subprocess.run(approve, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return ""
    if "Press Enter" in question:
        return ""
    if question.startswith("Decide"):
        return "sign-again"
    if question.startswith("Who decided"):
        return "A, C"
    return "as in the script"


run = subprocess.Popen(["hsm-ca", "ceremony", "run", directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
said, line = "", ""
while chunk := os.read(run.stdout.fileno(), 65536).decode():
    sys.stdout.write(chunk)
    sys.stdout.flush()
    said += chunk
    line = (line + chunk).rsplit("\n", 1)[-1]
    if kill_at and kill_at in said:
        run.kill()
        run.wait()
        print("\n*** killed (SIGKILL) ***")
        sys.exit(0)
    if line.endswith((": ", "? ")):
        run.stdin.write(answer(line).encode() + b"\n")
        run.stdin.flush()
        line = ""
sys.exit(run.wait())
