#!/usr/bin/env python3
"""Finds modules of `src` that use each other in a circle, and fails if there are any.

usage: scripts/module_circles.py [DIRECTORY]     DIRECTORY: the sources (src)
A module may use what the modules above it define, and those may use it: that is how Rust divides one module into files. Any other two
modules may use each other in one direction only, directly or by way of others. A name that a module passes on with `use` counts for
the module that defines it. Tests are not counted: they may use everything.
"""

import os
import sys

from rust_paths import absolute, module_of, read_all


def related(one, other):
    """Whether one of two modules is inside the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


class Modules:
    def __init__(self, root):
        self.files = read_all(root)
        self.names = {file.root for file in self.files}
        # What each module imports: its own name for it, and where that is.
        self.imports, self.globs = {}, {}
        for named in self.named():
            if named.name is None:
                continue
            if named.name == "*":
                self.globs.setdefault(named.module, []).append(named.path[:-1])
            else:
                self.imports[named.module, named.name] = named.path

    def named(self):
        return (named for file in self.files for named in file.found if not named.test)

    def definer(self, path, seen=frozenset()):
        """The module whose file defines what a full path leads to."""
        at = 0
        while at < len(path) and path[: at + 1] in self.names:
            at += 1
        module, rest = path[:at], path[at:]
        if not rest or (module, rest[0]) in seen:
            return module
        seen |= {(module, rest[0])}
        passed_on = self.imports.get((module, rest[0]))
        if passed_on is not None:
            full = self.full(module, passed_on)
            return module if full is None else self.definer((*full, *rest[1:]), seen)
        return module

    def full(self, module, path):
        """A path in full. One that begins with a child's name, or with what the module imports, counts too."""
        full = absolute(module, path)
        if full is None and ((*module, path[0]) in self.names or (module, path[0]) in self.imports):
            full = (*module, *path)
        return full

    def uses(self):
        """{module: {module that it uses: (file, line) of the first place}}, without those that are inside one another."""
        found = {}
        for named in self.named():
            user = module_of(named.file, "src")
            full = self.full(named.module, named.path)
            if full is None or named.name == "*":
                continue
            used = self.definer(full)
            if not related(user, used):
                found.setdefault(user, {}).setdefault(used, (named.file, named.line))
        return found


def circle_from(start, uses):
    """The shortest way from a module back to itself."""
    ways, seen = [[start]], set()
    for way in ways:
        for used in uses.get(way[-1], {}):
            if used == start:
                return way
            if used not in seen:
                seen.add(used)
                ways.append([*way, used])
    return None


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "src"
    uses = Modules(root).uses()
    shown = set()
    for module in sorted(uses):
        circle = circle_from(module, uses)
        if circle is None or frozenset(circle) in shown:
            continue
        shown.add(frozenset(circle))
        for user, used in zip(circle, [*circle[1:], circle[0]], strict=True):
            file, line = uses[user][used]
            print(f"{file}:{line}: a circle: {'::'.join(user)} uses {'::'.join(used)}")
    if shown:
        sys.exit(f"module_circles: {len(shown)} circles of modules")
    print(f"module_circles: {len(uses)} modules, no circle")


if __name__ == "__main__":
    main()
