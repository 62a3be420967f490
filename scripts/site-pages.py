#!/usr/bin/env python3
"""Lays out the pages of the site for mdBook: the pages in this repository, and the reference that the program prints.

usage: scripts/site-pages.py PROGRAM DIR      PROGRAM: the hsm-ca whose help, profiles and rules are shown; DIR: a new directory
Exits with 1 if a page of docs/ is not in site/SUMMARY.md, or if a link leads to a file that is not in the repository.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from site_schemas import write_schemas

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def answer(program, *words):
    """The output of a command, on a terminal of 100 columns and without the settings of this machine."""
    environment = {"COLUMNS": "100", "NO_COLOR": "1", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run(
        [program, *words], env=environment, stdout=subprocess.PIPE, check=True, text=True, cwd="/"
    ).stdout


def commands_below(text):
    """The names in the section "Commands:" of a help text."""
    part = re.search(r"^Commands:\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    names = re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", part[1], re.MULTILINE) if part else []
    return [name for name in names if name != "help"]


def help_of(program, path, depth):
    """The help of a command and its subcommands, as Markdown."""
    text = answer(program, *path, "--help").rstrip()
    lines = [f"{'#' * min(depth, 4)} hsm-ca {' '.join(path)}".rstrip(), "", "```text", text, "```", ""]
    for name in commands_below(text):
        lines += help_of(program, [*path, name], depth + 1)
    return lines


def write_commands(program, directory):
    """Writes a page for each top-level command; returns their lines for the table of contents."""
    top = answer(program, "--help").rstrip()
    overview = ["# Commands", "", f"What `hsm-ca --help` prints. {answer(program, '--version').strip()}.", ""]
    (directory / "commands.md").write_text("\n".join([*overview, "```text", top, "```", ""]))
    contents = []
    for name in commands_below(top):
        (directory / f"{name}.md").write_text("\n".join(help_of(program, [name], 1)))
        contents.append(f"    - [{name}](reference/{name}.md)")
    return contents


def write_rules(program, directory):
    rules = json.loads(answer(program, "cert", "rules", "--format", "json"))["rules"]
    lines = [
        "# Rules and their clauses",
        "",
        "What `hsm-ca cert rules` prints: every rule that a certificate, CRL or OCSP response must meet before it is signed.",
        "",
        "| rule | clause | requirement | can be waived |",
        "|---|---|---|---|",
    ]
    for rule in rules:
        waived = f"`--{rule['flag'].lstrip('-')}`" if rule["flag"] else "in a profile" if rule["waivable"] else "no"
        asks = rule["asks"].replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{rule['rule']}` | {rule['source']} | {asks} | {waived} |")
    (directory / "rules.md").write_text("\n".join([*lines, ""]))


def write_profiles(program, directory):
    profiles = json.loads(answer(program, "profile", "list", "--format", "json"))["profiles"]
    lines = ["# Built-in profiles", "", "What `hsm-ca profile show NAME` prints.", ""]
    for profile in profiles:
        text = answer(program, "profile", "show", profile["name"]).rstrip()
        lines += [f"## {profile['name']}", "", "```text", text, "```", ""]
    (directory / "profiles.md").write_text("\n".join(lines))


def links_of(page):
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if not re.match(r"[a-z]+:", target):
            yield target


def main(program, directory):
    directory.mkdir(parents=True)
    summary = (ROOT / "site/SUMMARY.md").read_text()
    listed = set(LINK.findall(summary))
    problems = [
        f"site/SUMMARY.md does not list {path.relative_to(ROOT)}"
        for path in sorted((ROOT / "docs").glob("*.md"))
        if str(path.relative_to(ROOT)) not in listed
    ]

    (directory / "reference").mkdir()
    contents = write_commands(program, directory / "reference")
    write_profiles(program, directory / "reference")
    write_rules(program, directory / "reference")
    schemas = write_schemas(ROOT / "docs/schema", directory / "reference")
    filled = summary.replace("{{commands}}", "\n".join(contents)).replace("{{schemas}}", "\n".join(schemas))
    (directory / "SUMMARY.md").write_text(filled)
    for name in ["book.toml", "site.css"]:
        shutil.copyfile(ROOT / "site" / name, directory / name)

    # Copy every page, and every file that a page links or shows.
    for name in sorted(listed):
        page = ROOT / name
        if not name.startswith("reference/"):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            if not page.is_file():
                problems.append(f"site/SUMMARY.md lists {name}, which does not exist")
                continue
            shutil.copyfile(page, directory / name)
            for target in links_of(page):
                linked = (page.parent / target).resolve()
                if not linked.is_file() or not linked.is_relative_to(ROOT):
                    problems.append(f"{name}: the link {target} does not lead to a file of the repository")
                elif linked.suffix != ".md":
                    copy = directory / linked.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(linked, copy)
    for problem in problems:
        print(f"site-pages.py: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2])))
