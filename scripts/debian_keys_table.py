"""Writes the table of src/signer/key_fault/debian_keys.bin: debian_keys_table.py LIST... >TABLE

Each line of a list is a SHA-256 in hex. A hash's place is its first two bytes. For each place, the table has the number of hashes up to and
with that place, in four bytes; then, for each hash in ascending order, the four bytes after its place. Numbers are big-endian.
"""

import fileinput
import sys
from itertools import accumulate

hashes = sorted({bytes.fromhex(line)[:6] for line in fileinput.input()})
counts = [0] * 65536
for found in hashes:
    counts[int.from_bytes(found[:2], "big")] += 1
ends = b"".join(end.to_bytes(4, "big") for end in accumulate(counts))
sys.stdout.buffer.write(ends + b"".join(found[2:] for found in hashes))
