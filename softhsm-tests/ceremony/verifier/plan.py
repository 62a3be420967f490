"""Checks that the parts of a plan agree."""

import hashlib

from . import formats, statements
from .formats import demand
from .shapes import PLAN, fits
from .values import octets, seconds

# A step can waive these rules, but a profile cannot.
OF_THE_LEDGER = ("second-certificate", "same-name-other-key")


def ascii_lower(name):
    return name.encode().lower().decode()


def check_plan(plan):
    """Checks that the parts of a plan agree."""
    demand(fits(plan, PLAN), "plan: names and values")
    people = plan["people"]
    names = [ascii_lower(person["name"]) for person in people["persons"]]
    keys = [formats.numbers_of(formats.read_line(person["key"])) for person in people["persons"]]
    for once in (names, keys, *([part[name] for part in plan[list_of]] for list_of, name in (("steps", "id"), ("sessions", "name"), ("budget", "key")))):
        demand(len(set(once)) == len(once), "plan: twice")
    signed = [(item["session"], item["step"]) for item in plan["objects"]]
    demand(len(set(signed)) == len(signed), "plan: an object twice")
    approvers = len(statements.with_role(people, "approver"))
    demand(1 <= people["approve-threshold"] <= approvers, "plan: threshold")
    budgets = {budget["key"]: budget["signatures"] for budget in plan["budget"]}
    for session in plan["sessions"]:
        demand(seconds(session["begins"]) <= seconds(session["ends"]), "plan: session")
        signs = [item["key"] for item in plan["objects"] if item["session"] == session["name"]]
        demand({key: signs.count(key) for key in set(signs)} == {k: n for k, n in budgets.items() if n}, "plan: budget")
    steps = {step["id"]: step for step in plan["steps"]}
    waived = {(waiver["step"], waiver["rule"]) for waiver in plan["waived"]}
    verdicts = lambda step, rule: [item["verdicts"].get(rule) for item in plan["objects"] if item["step"] == step]
    demand(all(set(verdicts(*waiver)) == {"waived"} for waiver in waived), "plan: waiver")
    for item in plan["objects"]:
        told = {rule for rule in OF_THE_LEDGER if item["verdicts"].get(rule) == "waived"}
        demand(all((item["step"], rule) in waived for rule in told), "plan: verdict")
        tbs = octets(item["tbs"])
        demand(hashlib.sha256(tbs).hexdigest() == item["sha256"] and item["step"] in steps, "plan: object")
        demand(item["session"] in [session["name"] for session in plan["sessions"]], "plan: session of an object")
        end = 0
        for hole in item["holes"]:
            demand(hole["at"] >= end and hole["len"] > 0, "plan: holes")
            end = hole["at"] + hole["len"]
            demand(end <= len(tbs) and not any(tbs[hole["at"] : end]), "plan: hole")
        demand(("serial" in item) == (item["is"] == "certificate"), "plan: serial number")
        demand("serial" in item or "spare" not in item, "plan: spare")
        if "spare" in item:
            own, at = bytes.fromhex(item["serial"]), item["spare"]["at"]
            demand(tbs[at : at + len(own)] == own, "plan: spare")
            demand(len(item["spare"]["serial"]) == len(item["serial"]) and item["spare"]["serial"] != item["serial"], "plan: spare")
