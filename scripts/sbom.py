#!/usr/bin/env python3
"""Writes the SBOM of a variant of the program as CycloneDX 1.5 (JSON), for the current commit and with its time.

usage: scripts/sbom.py hsm-ca|hsm-ca-offline FILE
It needs cargo-cyclonedx, which scripts/install-cyclonedx.sh installs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from variant_crates import FEATURES, ROOT, crates_of, output_of


def generate(variant, directory):
    """The output of cargo-cyclonedx. It writes beside each Cargo.toml, so it runs in a copy, and the path of the copy is removed from the output."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "--extract"], cwd=directory, input=archive.stdout, check=True)
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    command = [target / "tools/bin/cargo-cyclonedx", "cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": output_of("git", "log", "-1", "--format=%ct").strip()}
    subprocess.run(
        [*command, "--override-filename", "sbom", *FEATURES[variant]], cwd=directory, env=environment, check=True
    )
    text = Path(directory, "sbom.json").read_text()
    return json.loads(text.replace(f"path+file://{directory}", "path+file:///hsm-ca"))


def main(variant, path):
    with TemporaryDirectory() as directory:
        sbom = generate(variant, os.path.realpath(directory))
    # cargo-cyclonedx reads Cargo's metadata, which also contains crates that only tests and unused features need.
    compiled = crates_of(variant, "normal,build")
    left_out = {
        component["bom-ref"]
        for component in sbom["components"]
        if (component["name"], component["version"]) not in compiled
    }
    sbom["components"] = [component for component in sbom["components"] if component["bom-ref"] not in left_out]
    sbom["dependencies"] = [
        {key: [ref for ref in value if ref not in left_out] if key == "dependsOn" else value for key, value in entry.items()}
        for entry in sbom["dependencies"]
        if entry["ref"] not in left_out
    ]
    Path(path).write_text(json.dumps(sbom, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in FEATURES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
