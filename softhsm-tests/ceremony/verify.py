"""A second verifier of ceremonies, written from docs/ceremony-format.md alone.

`verify.py DIR [N:HASH]` verifies a ceremony. Without arguments it reads cases from standard input, one JSON object a line, and answers each
with `ok` or `refused: WHY`:
  {"what": "canonical", "hex": ...}
  {"what": "plan", "hex": plan.json}
  {"what": "key", "hex": TYPE BASE64, as in a .pub file}
  {"what": "signature", "hex": armour, "message": hex, "namespace": text}     ok is followed by the key's fingerprint
  {"what": "transcript", "hex": ..., "plan": hex, "head": optional text}      ok is followed by head and tree head
  {"what": "ceremony", "directory": path, "head": optional text, "files": optional {path: hex, or null for a missing file}}
                                                                              ok is followed by the head
"""

import functools
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from verifier.directory import read_directory, verify_ceremony
from verifier.formats import canonical, read_line, transcript, verify_signature
from verifier.plan import check_plan

read_once = functools.lru_cache(read_directory)


def answer(case):
    if case["what"] == "ceremony":
        files = dict(read_once(case["directory"]))
        for name, content in case.get("files", {}).items():
            files.pop(name, None)
            if content is not None:
                files[name] = bytes.fromhex(content)
        return "ok " + verify_ceremony(files, case.get("head"))
    data = bytes.fromhex(case["hex"])
    if case["what"] == "canonical":
        canonical(data)
        return "ok"
    if case["what"] == "plan":
        check_plan(canonical(data))
        return "ok"
    if case["what"] == "key":
        read_line(data.decode())
        return "ok"
    if case["what"] == "signature":
        message = bytes.fromhex(case["message"])
        return "ok " + verify_signature(data, case["namespace"].encode(), message)
    return "ok " + transcript(data, case["plan"], case.get("head"))


def answered(case):
    try:
        return answer(case)
    except Exception as error:  # The libraries raise many kinds of exceptions.
        return f"refused: {type(error).__name__} {error}".replace("\n", " ")


if len(sys.argv) > 1:
    said = answered({"what": "ceremony", "directory": sys.argv[1], "head": (sys.argv[2:] or [None])[0]})
    print(said)
    sys.exit(0 if said.startswith("ok") else 3)
for line in sys.stdin:
    print(answered(json.loads(line)))
