#!/usr/bin/env python3
"""Prints name, version, licence and licence texts of the crates that a variant of the program is made of.

usage: scripts/third-party.py hsm-ca|hsm-ca-offline
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEATURES = {"hsm-ca": [], "hsm-ca-offline": ["--no-default-features"]}
TEXTS = ("license", "licence", "copying", "notice", "unlicense")


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout


def crates_of(variant):
    """What is linked into the program: (name, version), the program itself left out."""
    tree = output_of(
        "cargo", "tree", "--locked", *FEATURES[variant], "--edges", "normal", "--prefix", "none", "--format", "{p}"
    )
    crates = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    return {(name, version.removeprefix("v")) for name, version in crates if name != "hsm-ca"}


def main(variant):
    metadata = json.loads(output_of("cargo", "metadata", "--locked", "--format-version", "1"))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    crates = sorted(crates_of(variant))
    print(f"The crates that are compiled into {variant}, and their licences.\n")
    texts = {}
    for crate in crates:
        package = packages[crate]
        name = f"{crate[0]} {crate[1]}"
        print(f"{name}: {package['license'] or 'see its licence file'}")
        for path in sorted(Path(package["manifest_path"]).parent.iterdir()):
            if path.is_file() and path.name.lower().startswith(TEXTS):
                texts.setdefault(path.read_text(errors="replace").strip(), []).append(name)
    for text, names in texts.items():
        print(f"\n{'=' * 78}\n{', '.join(names)}\n\n{text}")


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in FEATURES:
        sys.exit(__doc__)
    main(sys.argv[1])
