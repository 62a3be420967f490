#!/usr/bin/env python3
"""Checks an SBOM against CycloneDX's schema, and against the crates that Cargo builds the variant from.

usage: target/tools/cyclonedx/bin/python scripts/check-sbom.py hsm-ca|hsm-ca-offline FILE
Prints each difference on a separate line, and exits with 1 if there is any.
"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from variant_crates import FEATURES, crates_of


def differences(variant, text):
    fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    if fault is not None:
        yield f"not CycloneDX 1.5: {fault}"
        return
    sbom = json.loads(text)
    if sbom["metadata"]["component"]["name"] != "hsm-ca":
        yield "it does not describe hsm-ca"
    # Includes build scripts and their crates: they run during the build, and can change the program.
    built = crates_of(variant, "normal,build")
    listed = {(component["name"], component["version"]) for component in sbom["components"]}
    for name, version in sorted(built - listed):
        yield f"{name} {version} is compiled, but not listed"
    for name, version in sorted(listed - built):
        yield f"{name} {version} is listed, but not compiled"
    for component in sbom["components"]:
        if not component.get("licenses"):
            yield f"{component['name']} {component['version']}: no licence"
    for reference in {entry["ref"] for entry in sbom["dependencies"]}:
        if "file://" in reference and not reference.startswith("path+file:///hsm-ca"):
            yield f"it names a path of this machine: {reference}"


def main(variant, path):
    found = list(differences(variant, Path(path).read_text()))
    for line in found:
        print(f"{path}: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in FEATURES:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
