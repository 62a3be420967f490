#!/usr/bin/env python3
"""Finds phrases that a native-speaking engineer would not write, in every message, help text, comment and document of the project.

usage: scripts/check-english.py
Prints FILE:LINE: PHRASE for each, and exits with 1 if there is any. A phrase may continue on the next line of a comment, a text or a page.
To forbid another phrase, add it to AVOIDED with what to write instead.
"""

import itertools
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
READ = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Cargo.toml", "deny.toml", "docs", "examples", "packaging", "scripts", "site"]
READ += ["softhsm-tests", "src", "fuzz", "build", "build.rs", ".ci"]
ENDINGS = (".md", ".py", ".rs", ".sh", ".sql", ".svg", ".toml", "run")
# This list, and the test that plants from it.
LEFT_OUT = ["scripts/check-english.py", "scripts/check-english-test.sh"]

# Each phrase, in lower case, and what to write instead. (a|b) are alternatives; what follows after "!" must not come next.
AVOIDED = {
    "(is|are|was|were) no !longer|more|less|later|earlier|better|worse": "is not a …",
    "there (is|are|was|were) (no|none|nothing|nobody)": "the thing as the subject: the ledger does not exist, the token has no …",
    "where there (is|are)": "if …",
    "(has|have|had) to !do with|be": "must",
    "none of its": "not one of …",
    "nothing of (it|its|that|the|them|a|an)": "no part of",
    "nothing stands": "is missing",
    "does not tell": "does not say, does not contain",
    "cut off": "removed, truncated, incomplete",
    "anew": "again",
    "(mend|mends|mended|mending)": "repair",
    "well again": "responds again",
    "held against": "waived, applied",
    "(vouch|vouches|vouched)": "sign, guarantee, certify",
    "for ever": "always",
    "(in|to) the world": "name who",
    "as it is asked": "as requested",
    "by nobody": "nobody can",
    "whoever": "the person who, anyone who",
    "(is|are|was|were|been) told": "gets an error that says",
    "told by": "the actor first",
    "(exist|exists|used|signed|run|runs|begun) already": "already exists",
    "(number|numbers) (rise|must rise)": "increase",
    # Names of the project's past.
    "(patience|patiently)": "wait, retry",
    "onlooker": "certificate probe",
}
# Where a line goes on in the next one: its end, and the marks at the beginning of the next.
LINE_END = re.compile(r"(?:\\n)?\\?\n[ \t]*(?://[/!]?|#|>)?[ \t]*|\\n")


def in_one_line(text):
    """The same text in one line, of the same length, so that a phrase is found wherever its lines end."""
    return LINE_END.sub(lambda end: " " * len(end.group()), text)


def pattern(phrase):
    words, _, next_words = phrase.partition(" !")
    after = f"(?! +(?:{next_words})\\b)" if next_words else ""
    return re.compile(rf"(?<![\w-])(?:{words.replace(' ', ' +')})(?![\w-]){after}", re.IGNORECASE)


def spellings(phrase):
    """Every text that the phrase stands for: a plain search for them is quick."""
    parts = re.findall(r"\(([^)]*)\)|([^(]+)", phrase.partition(" !")[0])
    choices = ["".join(part).split("|") for part in parts]
    return ["".join(choice) for choice in itertools.product(*choices)]


def files():
    for top in READ:
        top = os.path.join(ROOT, top)
        if os.path.isfile(top):
            yield top
        for directory, below, names in os.walk(top):
            below[:] = [name for name in below if name not in ("target", "__pycache__")]
            yield from (os.path.join(directory, name) for name in sorted(names) if name.endswith(ENDINGS))


def line_of(file, at):
    with open(file, encoding="utf-8") as opened:
        return opened.read().count("\n", 0, at) + 1


def main():
    phrases = [(spellings(phrase), pattern(phrase), instead) for phrase, instead in AVOIDED.items()]
    found = count = 0
    for file in files():
        shown = os.path.relpath(file, ROOT)
        if shown in LEFT_OUT:
            continue
        count += 1
        with open(file, encoding="utf-8") as opened:
            text = in_one_line(opened.read())
        words = " ".join(text.lower().split())
        for texts, phrase, instead in phrases:
            if not any(one in words for one in texts):
                continue
            for place in phrase.finditer(text):
                found += 1
                print(f'{shown}:{line_of(file, place.start())}: "{" ".join(place.group().split())}"; write: {instead}')
    if count < 1000:
        sys.exit(f"check-english: only {count} files were read: the folders have moved")
    if found:
        sys.exit(f"check-english: {found} phrases to rewrite")
    print(f"check-english: {count} files, no phrase to rewrite")


if __name__ == "__main__":
    main()
