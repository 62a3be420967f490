#!/usr/bin/env python3
"""Checks every package of both lock files against deny.toml: licences, versions, sources.
Cargo downloads missing packages; after `cargo fetch` of both workspaces, no network is needed.

usage: scripts/check-dependencies.py [RULES]     RULES: a file to use instead of deny.toml
Prints each breach on a separate line, and exits with 1 if there is any. It does not check advisories: cargo-deny does.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
REGISTRY = "registry+"


def packages_of(manifest):
    """Every package in a lock file, with all features and for every target."""
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    answer = subprocess.run(
        [*command, "--manifest-path", os.path.join(ROOT, manifest)], stdout=subprocess.PIPE, check=True
    )
    return json.loads(answer.stdout)["packages"]


def is_allowed(expression, allowed, used):
    """Whether the allowed licences satisfy an SPDX expression (Annex D: WITH binds closest, then AND, then OR)."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        met = requirements()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = requirements() or met
        return met

    def requirements():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            if tokens.pop(0) != ")":
                raise ValueError(expression)
            return met
        if tokens and tokens[0] == "WITH":
            token = " ".join([token, tokens.pop(0), tokens.pop(0)])
        if token in allowed:
            used.add(token)
        return token in allowed

    try:
        met = alternatives()
    except IndexError:
        return False
    return met and not tokens


def breaches_of_licences(rules, packages):
    allowed, used = set(rules["allow"]), set()
    for package in packages:
        licence = package["license"]
        if not licence:
            yield f"{package['name']} {package['version']}: names no licence"
        elif not is_allowed(licence, allowed, used):
            yield f"{package['name']} {package['version']}: the licence {licence} is not allowed"
    for unused in sorted(allowed - used):
        yield f"deny.toml allows the licence {unused}, but no package needs it"


def breaches_of_versions(rules, graphs):
    """More than one version of a package in one build, except those that deny.toml lists with a reason."""
    skipped = {entry["crate"]: entry for entry in rules["skip"]}
    unused = set(skipped)
    for packages in graphs:
        versions = defaultdict(set)
        for package in packages:
            versions[package["name"]].add(package["version"])
        for name, found in versions.items():
            older = sorted(version for version in found if f"{name}@{version}" in skipped)
            unused -= {f"{name}@{version}" for version in older if len(found) > 1}
            if len(found) - len(older) > 1:
                yield f"{name}: one build has the versions {', '.join(sorted(found))}; if both are needed, list the older in deny.toml"
    for name in sorted(unused):
        yield f"deny.toml skips {name}, but the build has no second version of it"
    for name, entry in skipped.items():
        if not entry.get("reason"):
            yield f"deny.toml skips {name} without a reason"


def breaches_of_requirements(packages):
    for package in packages:
        if package["source"] is None:
            for dependency in package["dependencies"]:
                if dependency["req"] == "*" and not dependency.get("path"):
                    yield f"{package['name']}: accepts any version of {dependency['name']}; name one"


def breaches_of_sources(rules, packages):
    allowed = {REGISTRY + url for url in rules["allow-registry"]}
    for package in packages:
        source = package["source"]
        if source is not None and source not in allowed:
            yield f"{package['name']} {package['version']}: the source {source} is not allowed"


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "deny.toml")
    with open(path, "rb") as file:
        rules = tomllib.load(file)
    graphs = [packages_of("Cargo.toml"), packages_of("fuzz/Cargo.toml")]
    packages = list({package["id"]: package for graph in graphs for package in graph}.values())
    breaches = [
        *breaches_of_licences(rules["licenses"], packages),
        *breaches_of_versions(rules["bans"], graphs),
        *breaches_of_requirements(packages),
        *breaches_of_sources(rules["sources"], packages),
    ]
    for breach in breaches:
        print(breach)
    print(f"check-dependencies: {len(packages)} packages, {len(breaches) or 'no'} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
