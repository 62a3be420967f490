#!/usr/bin/env python3
"""Prints the name, version, licence and licence texts of the crates in a variant of the program.

usage: scripts/third-party.py hsm-ca|hsm-ca-offline
"""

import json
import sys
from pathlib import Path

from variant_crates import FEATURES, crates_of, output_of

TEXTS = ("license", "licence", "copying", "notice", "unlicense")


def main(variant):
    metadata = json.loads(output_of("cargo", "metadata", "--locked", "--format-version", "1"))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    crates = sorted(crates_of(variant, "normal"))
    print(f"The crates compiled into {variant}, and their licences.\n")
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
