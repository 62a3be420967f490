#!/usr/bin/env python3
"""Finds modules of `src` that use each other in a circle, and fails if there is one that ALLOWED does not explain.

usage: scripts/module_circles.py [DIRECTORY]     DIRECTORY: the sources (src)
A module may use what the modules above it define, and those may use it: that is how Rust divides one module into files. Any other two
modules may use each other in one direction only, directly or by way of others. A name that a module passes on with `use` counts for
the module that defines it. A module called `error` may use every other one, because an error's variants contain what went wrong with.
Tests are not counted.
"""

import sys

from rust_paths import absolute, module_of, read_all

# Modules that may form a circle, with the reason. Remove what is no longer needed: the check fails otherwise.
ALLOWED = {
    "one type has its methods in files by subject, and each returns or takes the types of the others": (
        "token::authentication token::dialect token::import token::key token::mechanism token::mechanism_answers token::module "
        "token::native token::note token::public_key_attributes token::selector token::session token::signer token::signing_way"
    ),
    "an error contains the errors of other rooms, so the tables call each other": (
        "cli::exit::ceremony_table cli::exit::people_table cli::exit::run_table cli::exit::table"
    ),
    "the file of a ceremony and its plan have the same people, and the same quorum": (
        "ceremony::author ceremony::file ceremony::file::names ceremony::file::people ceremony::plan::people "
        "ceremony::statement::signatories"
    ),
    "a draft is made of objects, and fails as a plan does": (
        "workflow::ceremony::draft workflow::ceremony::draft::serials workflow::ceremony::foreseen workflow::ceremony::objects "
        "workflow::ceremony::plan workflow::ceremony::waivers"
    ),
    "an export is checked as the next ceremony will check it": "workflow::ceremony::export workflow::ceremony::previous",
    "the guards say where the head is kept, and the head is compared as the guards say": (
        "workflow::kept_head workflow::record::guards"
    ),
    "a destination is written, and what is written has its destination": "output::destination output::written",
    "an entry shows its revocation, and a compromised key its entry": (
        "ledger::sqlite::read::entries ledger::sqlite::read::revocations"
    ),
    "a server's address says where its local copy is": "ledger::postgres::local_copy ledger::postgres::place",
    "a planned certificate is made of the original's parts, and read as a certificate": "x509::certificate x509::cross x509::tbs",
    "the import and the proof of its key have one request": "workflow::import workflow::prove_import",
}


def related(one, other):
    """Whether one of two modules is inside the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


class Modules:
    def __init__(self, root):
        self.root = root
        self.files = read_all(root)
        self.names = {file.root for file in self.files}
        # What each module imports: its own name for it, and where that is.
        imports = (named for named in self.named() if named.name is not None)
        self.imports = {(named.module, named.name): named.path for named in imports}

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
            user = module_of(named.file, self.root)
            if user[-1:] == ("error",):
                continue
            full = self.full(named.module, named.path[:-1] if named.name == "*" else named.path)
            if full is None:
                continue
            used = self.definer(full)
            if not related(user, used):
                found.setdefault(user, {}).setdefault(used, (named.file, named.line))
        return found


def circles(uses):
    """Sets of modules that each reach all others of their set (Tarjan's strongly connected components), larger than one."""
    order, lowest, waiting, found = {}, {}, [], []

    def visit(module):
        order[module] = lowest[module] = len(order)
        waiting.append(module)
        for used in uses.get(module, {}):
            if used not in order:
                visit(used)
                lowest[module] = min(lowest[module], lowest[used])
            elif used in waiting:
                lowest[module] = min(lowest[module], order[used])
        if lowest[module] == order[module]:
            at = waiting.index(module)
            if len(waiting) - at > 1:
                found.append(set(waiting[at:]))
            del waiting[at:]

    for module in uses:
        if module not in order:
            visit(module)
    return found


def main():
    sys.setrecursionlimit(10_000)
    uses = Modules(sys.argv[1] if len(sys.argv) > 1 else "src").uses()
    allowed = [set(tuple(name.split("::")) for name in names.split()) for names in ALLOWED.values()]
    failed = False
    needed = set()
    for circle in circles(uses):
        group = next((group for group in allowed if circle <= group), set())
        needed |= circle
        if group:
            continue
        failed = True
        for module in sorted(circle):
            for used in sorted(circle & uses[module].keys()):
                file, line = uses[module][used]
                print(f"{file}:{line}: in a circle: {'::'.join(module)} uses {'::'.join(used)}")
    for module in sorted(set().union(*allowed) - needed):
        failed = True
        print(f"module_circles.py: {'::'.join(module)} is in no circle: remove it from ALLOWED")
    if failed:
        sys.exit("module_circles: modules use each other")
    print(f"module_circles: {len(uses)} modules, no circle except {len(ALLOWED)} that ALLOWED explains")


if __name__ == "__main__":
    main()
