"""Simulates power cuts at many moments of a batch, and checks what is on the disk afterwards, by the model below.

usage: power_cut.py TRACE BEFORE LEDGER OUT CUTS [KEEP]; the batch was started in the parent directory of OUT

TRACE is the output of strace for the batch (-f -y -xx, whole writes). BEFORE is a copy of the directory of LEDGER from before the batch; all of it was on the
disk. OUT is the directory in which the batch wrote certificates, and now contains all of them. CUTS is the number of moments to try.

The model: a write, a new length, a new name and a removed name change memory only. fsync writes the content of one file to the disk, or the names in one
directory; syncfs writes everything. A sync covers what happened before it began, and takes effect when it ends. After a cut, the disk has what
was synced. Of everything else it has nothing (`none`), a random half (`some`), a random tenth (`few`) or all of it (`all`). It may have a name without its
content.

After every cut, verify_ledger.py must find the ledger sound. A file that has its name must be the whole certificate, and signed in the ledger. Every
certificate that was reported on stdout must be in its file. The program prints each fault, and then the number of states it checked. With KEEP, it writes
the state `none` of one cut to that directory.
"""

import base64
import contextlib
import io
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from verify_ledger import verify

CALL = re.compile(r"^(\d+) +(\w+)\((.*?)\) += (-?\d+)(?:<([^>]*)>)?")
BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


def octets(text):
    return bytes.fromhex(text.replace("\\x", ""))


class File:
    """The content in memory and on the disk, and the changes between them."""

    def __init__(self, content=b""):
        self.now = bytearray(content)
        self.disk = bytes(content)
        self.changes = []

    def change(self, offset, data):
        apply(self.now, offset, data)
        self.changes.append((offset, data))

    def after_cut(self, survives):
        content = bytearray(self.disk)
        for offset, data in self.changes:
            if survives():
                apply(content, offset, data)
        return bytes(content)


def apply(content, offset, data):
    """Writes data at an offset. None sets a new length."""
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class Disk:
    """The files by path, in memory and on the disk, and the names that differ between the two."""

    def __init__(self, origin, directories):
        self.origin = origin
        self.directories = directories
        self.names = {}
        self.disk = {}
        self.renamed = []
        self.offsets = {}

    def is_meant(self, path):
        return Path(path).parent in self.directories and not path.endswith("-shm")

    def name(self, path, file):
        """Sets the file at a path; None removes the name."""
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file
        self.renamed.append([(path, file)])

    def rename(self, old, new):
        file = self.names.pop(old)
        self.names[new] = file
        self.renamed.append([(old, None), (new, file)])

    def begin_sync(self, call, path):
        if call == "syncfs":
            files = set(self.names.values())
            return [(file, len(file.changes)) for file in files], len(self.renamed), None
        if path in self.names:
            return [(self.names[path], len(self.names[path].changes))], 0, None
        return [], len(self.renamed), Path(path)

    def end_sync(self, begun):
        files, renames, directory = begun
        for file, count in files:
            content = bytearray(file.disk)
            for offset, data in file.changes[:count]:
                apply(content, offset, data)
            file.disk = bytes(content)
            del file.changes[:count]
        kept = []
        for place, step in enumerate(self.renamed):
            if place < renames and (directory is None or Path(step[0][0]).parent == directory):
                for path, file in step:
                    put(self.disk, path, file)
            else:
                kept.append(step)
        self.renamed = kept

    def after_cut(self, survives):
        names = dict(self.disk)
        for step in self.renamed:
            if survives():
                for path, file in step:
                    put(names, path, file)
        return {path: file.after_cut(survives) for path, file in names.items()}


def put(names, path, file):
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file


def events(trace):
    """The calls in order: ("begin" or "end", process, call, arguments, result). A call on one line of the trace gives both at once."""
    waiting = {}
    for line in trace.read_text(encoding="ascii", errors="strict").splitlines():
        if found := RESUMED.match(line):
            process, call, rest = found.groups()
            line = f"{process} {call}({waiting.pop(process)}{rest}"
            if whole := CALL.match(line):
                yield "end", *whole.groups()[:4]
        elif found := BEGUN.match(line):
            process, call, arguments = found.groups()
            waiting[process] = arguments
            yield "begin", process, call, arguments, None
        elif found := CALL.match(line):
            yield "begin", *found.groups()[:3], None
            yield "end", *found.groups()[:4]


def descriptor(arguments):
    number, path = re.match(r"(\d+)<([^>]*)>", arguments).groups()
    return int(number), octets(path).decode()


def paths(disk, arguments):
    """The paths in the arguments of a call. A relative one is below the directory in which the batch was started."""
    return [str(disk.origin / text.decode()) for text in strings(arguments)]


def strings(arguments):
    return [octets(text) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]


def play(disk, trace):
    """Carries out the calls; yields each one with what it wrote to stdout, or None."""
    syncs = {}
    for moment, process, call, arguments, result in events(trace):
        if call in ("fsync", "fdatasync", "syncfs"):
            if moment == "begin":
                syncs[process] = disk.begin_sync(call, descriptor(arguments)[1])
            else:
                disk.end_sync(syncs.pop(process))
                yield call, None
            continue
        if moment == "begin" or int(result) < 0:
            continue
        told = None
        if call == "openat":
            path = paths(disk, arguments)[0]
            disk.offsets[int(result)] = 0
            if disk.is_meant(path):
                if "O_CREAT" in arguments and path not in disk.names:
                    disk.name(path, File())
                if "O_TRUNC" in arguments:
                    disk.names[path].change(0, None)
        elif call in ("rename", "renameat", "renameat2"):
            old, new = paths(disk, arguments)
            if old in disk.names:
                disk.rename(old, new)
        elif call in ("link", "linkat"):
            old, new = paths(disk, arguments)
            if old in disk.names:
                disk.name(new, disk.names[old])
        elif call in ("unlink", "unlinkat"):
            path = paths(disk, arguments)[-1]
            if path in disk.names:
                disk.name(path, None)
        elif call == "lseek":
            disk.offsets[descriptor(arguments)[0]] = int(result)
        elif call in ("write", "pwrite64"):
            number, path = descriptor(arguments)
            data = strings(arguments.split(">", 1)[1])[0][: int(result)]
            if number == 1:
                told = data
            elif path in disk.names:
                if call == "pwrite64":
                    offset = int(arguments.rsplit(",", 1)[1])
                else:
                    offset = disk.offsets[number]
                    disk.offsets[number] = offset + len(data)
                disk.names[path].change(offset, data)
        elif call in ("ftruncate", "fallocate"):
            _, path = descriptor(arguments)
            numbers = [int(word) for word in re.findall(r", (\d+)", arguments)]
            if path in disk.names and "KEEP_SIZE" not in arguments:
                length = numbers[-1] if call == "ftruncate" else max(len(disk.names[path].now), sum(numbers[-2:]))
                disk.names[path].change(length, None)
        elif call in ("writev", "pwritev", "pwritev2", "copy_file_range", "sendfile"):
            if any(disk.is_meant(path) for path in [descriptor(arguments)[1]]):
                raise ValueError(f"the model does not know {call}")
        yield call, told


def read_ledger(copy):
    """The faults that verify_ledger.py finds, and the entry of each certificate that is signed."""
    with contextlib.redirect_stdout(io.StringIO()):
        faults = list(verify(copy, None))
    signed = {}
    with contextlib.closing(sqlite3.connect(copy)) as database:
        for (body,) in database.execute("SELECT body FROM events ORDER BY sequence"):
            event = json.loads(body)["event"].get("signed")
            if event and "der" in event:
                signed[base64.b64decode(event["der"])] = event["entry"]
    return faults, signed


def check(state, ledger, final, told, scratch):
    """The faults of a disk after a cut."""
    for found in scratch.iterdir():
        found.unlink()
    for path, content in state.items():
        if Path(path).parent == ledger.parent:
            (scratch / Path(path).name).write_bytes(content)
    try:
        faults, signed = read_ledger(scratch / ledger.name)
    except sqlite3.DatabaseError as error:
        yield f"the ledger cannot be read: {error}"
        return
    yield from faults
    for path, content in state.items():
        name = Path(path).name
        if path not in final or name.startswith("."):
            continue
        if content != final[path]:
            yield f"{name} has {len(content)} octets of {len(final[path])}"
            continue
        der = base64.b64decode(b"".join(content.split(b"-----")[2].split()))
        if der not in signed:
            yield f"{name} exists, but the ledger does not have it"
    for path in told:
        if state.get(path) != final[path]:
            yield f"{Path(path).name} was reported as issued, but does not exist"


def main(trace, before, ledger, out, cuts, keep=None):
    trace, before, ledger, out = Path(trace), Path(before), Path(ledger), Path(out)
    def begin():
        disk = Disk(out.parent, {ledger.parent, out})
        for found in before.iterdir():
            if found.is_file() and found.name.startswith(ledger.name) and not found.name.endswith("-shm"):
                path = str(ledger.parent / found.name)
                disk.names[path] = disk.disk[path] = File(found.read_bytes())
        return disk

    changing = ("write", "pwrite64", "rename", "renameat2", "linkat", "link", "unlink", "fsync", "fdatasync", "syncfs", "ftruncate")
    final = {str(path): path.read_bytes() for path in out.iterdir()}
    moments = sum(call in changing for call, _ in play(begin(), trace))
    dice = random.Random(moments)
    chosen = set(dice.sample(range(moments), min(int(cuts), moments)))
    middle = sorted(chosen)[len(chosen) * 2 // 3]
    disk, told, states, moment = begin(), [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for call, line in play(disk, trace):
            for part in (line or b"").splitlines():
                found = json.loads(part)
                if found.get("result") == "issued":
                    told.append(str(out.parent / found["file"]))
            if call not in changing:
                continue
            if moment in chosen:
                kinds = {"none": lambda: False, "some": lambda: dice.random() < 0.5, "few": lambda: dice.random() < 0.1, "all": lambda: True}
                for kind, survives in kinds.items():
                    state = disk.after_cut(survives)
                    states += 1
                    for fault in check(state, ledger, final, told, Path(scratch)):
                        print(f"cut {moment} of {moments}, {kind}: {fault}")
                    if kind == "none" and moment == middle and keep:
                        leave(state, ledger, out, Path(keep))
            moment += 1
    print(f"{states} states, {moments} moments, {len(told)} reported")


def leave(state, ledger, out, keep):
    (keep / "out").mkdir(parents=True)
    for path, content in state.items():
        place = keep / ("out" if Path(path).parent == out else "") / Path(path).name
        place.write_bytes(content)
        place.chmod(0o600)


if __name__ == "__main__":
    main(*sys.argv[1:])
