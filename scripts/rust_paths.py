#!/usr/bin/env python3
"""The paths that Rust sources name, in full: use trees over any number of lines are taken apart, `super` and `self` are resolved.

usage: scripts/rust_paths.py [DIRECTORY]     DIRECTORY: the sources (src)
Prints FILE:LINE:PATH for each, and names a module of this package as crate::MODULE::NAME, also from the program.
Strings and comments are not read.
"""

import os
import re
import sys
from collections import namedtuple

# What can hide code or be taken for it: comments (block comments nest), strings, characters.
COMMENT_OR_LITERAL = re.compile(
    r"""(?=["'/bcr])(?: //[^\n]* | /\*
      | \bb?c?r(?P<hashes>\#*)"(?:.|\n)*?"(?P=hashes)
      | \bb?c?"(?:\\.|\\\n|[^"\\])*" | "(?:\\.|\\\n|[^"\\])*"
      | \bb?'(?:\\.[^']*|[^'\\])' | '(?:\\.[^']*|[^'\\\n])' )""",
    re.VERBOSE,
)
TOKEN = re.compile(r"(?:r#)?[A-Za-z_]\w*|::|[][{}();,#*<>.]|\n")
PACKAGE = "hsm_ca"

# A path as it stands in a file: from module MODULE, at LINE. `name` is what a use tree calls it in MODULE, or None outside of one.
Named = namedtuple("Named", "file line module path name test")


def without_literals(text):
    """The same text with spaces for comments and literals: lines stay where they are."""
    parts, at = [], 0
    while found := COMMENT_OR_LITERAL.search(text, at):
        end = found.end()
        if found.group() == "/*":
            end = end_of_block_comment(text, end)
        parts += [text[at : found.start()], re.sub(r"[^\n]", " ", text[found.start() : end])]
        at = end
    return "".join([*parts, text[at:]])


def end_of_block_comment(text, at):
    depth = 1
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return len(text)


def module_of(file, root):
    """The module that a file holds: src/a/b.rs is ("a", "b"), src/lib.rs and src/main.rs are ()."""
    parts = os.path.relpath(file, root).removesuffix(".rs").split(os.sep)
    return () if parts in (["lib"], ["main"]) else tuple(parts)


class File:
    """One file's tokens, and what it names."""

    def __init__(self, file, root):
        with open(file, encoding="utf-8") as opened:
            text = without_literals(opened.read())
        self.file, self.root, self.found = file, module_of(file, root), []
        self.tokens, line = [], 1
        for token in TOKEN.finditer(text):
            if token.group() == "\n":
                line += 1
            else:
                self.tokens.append((token.group(), line))
        self.at = 0
        self.read()

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at][0] if 0 <= at < len(self.tokens) else ""

    def read(self):
        """Walks the file. `inside` is the modules with braces that are open, each with the depth of its braces."""
        self.inside, depth, self.test_next = [], 0, False
        self.in_test_file = "tests" in self.root or any(part.startswith("test_") for part in self.root)
        while self.at < len(self.tokens):
            word = self.tokens[self.at][0]
            if word == "{":
                depth += 1
            elif word == "}":
                if self.inside and self.inside[-1][1] == depth:
                    self.inside.pop()
                depth -= 1
                self.test_next = False
            elif word == ";":
                self.test_next = False
            elif word == "#" and [self.peek(n) for n in range(1, 6)] == ["[", "cfg", "(", "test", ")"]:
                self.test_next = True
                self.at += 6
            elif word == "mod" and self.peek(2) == "{":
                depth += 1
                self.inside.append((self.peek(1), depth, self.test_next))
                self.at, self.test_next = self.at + 2, False
            elif word == "use" and re.match(r"[\w{:]", self.peek(1)):
                self.at += 1
                self.tree([])
                self.test_next = False
                continue
            elif self.peek(1) == "::" and word.isidentifier() and not self.follows_a_path():
                self.plain_path()
                continue
            self.at += 1

    def follows_a_path(self):
        """Whether the word continues `a::` or `<T>::`; a path may also begin with `::`."""
        return self.peek(-1) == "::" and re.match(r"[\w>]", self.peek(-2)) is not None

    def note(self, line, path, name):
        module = self.root + tuple(name for name, _, _ in self.inside)
        is_test = self.in_test_file or self.test_next or any(test for _, _, test in self.inside)
        self.found.append(Named(self.file, line, module, path, name, is_test))

    def plain_path(self):
        line, path = self.tokens[self.at][1], [self.peek()]
        self.at += 1
        while self.peek() == "::" and re.match(r"\w", self.peek(1)):
            path.append(self.peek(1))
            self.at += 2
        self.note(line, path, None)

    def tree(self, before):
        """One use tree: a path, then perhaps `::{`, `::*` or `as NAME`. Stops at the comma, brace or semicolon after it."""
        path, line = list(before), self.tokens[self.at][1]
        while self.at < len(self.tokens):
            word = self.peek()
            if word == "{":
                self.at += 1
                while self.peek() not in ("}", ""):
                    self.tree(path)
                    self.at += self.peek() == ","
                self.at += 1
                return
            if word in (",", "}", ";"):
                break
            if word == "as":
                self.note(line, path, self.peek(1))
                self.at += 2
                return
            if word != "::":
                line = self.tokens[self.at][1]
                path.append(word)
            self.at += 1
        if path[-1:] == ["self"] and len(path) > 1:
            path.pop()
        if path:
            self.note(line, path, path[-1])


def absolute(module, path):
    """A path in full, from the module that names it; None if it starts with a name that only the compiler can place."""
    first, rest = path[0], list(path[1:])
    if first in ("crate", PACKAGE):
        return tuple(rest)
    if first == "self":
        return (*module, *rest)
    if first != "super":
        return None
    here = list(module)[:-1]
    while rest[:1] == ["super"]:
        here, rest = here[:-1], rest[1:]
    return (*here, *rest)


def read_all(root):
    """Every path in every file below a directory."""
    files = sorted(
        os.path.join(directory, name)
        for directory, _, names in os.walk(root)
        for name in names
        if name.endswith(".rs")
    )
    return [File(file, root) for file in files]


if __name__ == "__main__":
    for read in read_all(sys.argv[1] if len(sys.argv) > 1 else "src"):
        for named in read.found:
            full = absolute(named.module, named.path)
            full = named.path if full is None else ("crate", *full)
            print(f"{named.file}:{named.line}:{'::'.join(full)}")
