"""The two variants of the program, and the crates that Cargo compiles for each."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEATURES = {"hsm-ca": [], "hsm-ca-offline": ["--no-default-features"]}


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout


def crates_of(variant, edges):
    """The name and version of each crate except the program itself. `edges` is for `cargo tree`: "normal" means the crates linked into the program."""
    tree = output_of(
        "cargo", "tree", "--locked", *FEATURES[variant], "--edges", edges, "--prefix", "none", "--format", "{p}"
    )
    crates = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    return {(name, version.removeprefix("v")) for name, version in crates if name != "hsm-ca"}
