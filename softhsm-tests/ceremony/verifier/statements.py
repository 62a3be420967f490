"""Verifies the statements that people sign: approvals, gates, attestations."""

import re

from .formats import canonical, demand, verify_signature
from .values import moment

COMMON = {"ceremony", "format", "key", "kind", "person", "plan", "time"}
LARGEST, MOST = 2**20, 2000
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*")


def read_pairs(files, directory):
    """The statements of a directory with their signatures, by path."""
    names = sorted(name for name in files if name.startswith(directory + "/"))
    demand(len(names) <= MOST, f"{directory}: too many files")
    pairs = {}
    for name in names:
        if re.fullmatch(r"\.hsm-ca-.*", name.rpartition("/")[2]):
            continue
        demand(len(files[name]) <= LARGEST, f"{name}: too large")
        if name.endswith(".json.sig"):
            demand(name[:-4] in names, f"{name}: no statement")
        else:
            demand(name.endswith(".json") and "/" not in name[len(directory) + 1 :], f"{name}: not a statement")
            # A statement without a signature does not count.
            if name + ".sig" in names:
                pairs[name] = (files[name], files[name + ".sig"])
    return pairs


def check(statement, signature, what, plan, plan_hash, people, more):
    """Verifies the signature of a statement by its person's key, and returns the statement."""
    said = canonical(statement)
    demand(isinstance(said, dict), "not an object")
    demand(COMMON <= set(said) and set(said) - COMMON <= set(more), "names")
    demand(all(name in said for name, wanted in more.items() if wanted), "names")
    demand(said["format"] == f"hsm-ca ceremony {what} 1", "format")
    demand((said["kind"], said["ceremony"], said["plan"]) == (plan["kind"], plan["ceremony"], plan_hash), "another plan")
    person = people.get(said["person"])
    demand(person, f"{said['person']}: may not sign")
    practice = "practice-" if plan["kind"] == "practice" else ""
    namespace = f"ceremony-{practice}{what}@hsm-ca".encode()
    fingerprint = verify_signature(signature, namespace, statement, require=person["require"], key=person["key"])
    demand(said["key"] == fingerprint, "another key")
    demand(moment(said["time"]), "time")
    return said


def with_role(people, role):
    return {person["name"]: person for person in people["persons"] if role in person["roles"]}


def approvals(files, plan, plan_hash, groups):
    """`groups`: the people of the plan, and those of the previous ceremony if they differ."""
    approved = [set() for _ in groups]
    for name, (statement, signature) in read_pairs(files, "approvals").items():
        outcomes = []
        for people, yes in zip(groups, approved):
            try:
                more = {"decision": True, "because": False}
                said = check(statement, signature, "approval", plan, plan_hash, with_role(people, "approver"), more)
            except Exception as error:
                outcomes.append(f"{name}: {error}")
                continue
            demand(said["decision"] == "approve" and "because" not in said, f"{name}: not an approval")
            yes.add(said["person"])
            outcomes.append(None)
        demand(None in outcomes, outcomes[0])
    for people, yes in zip(groups, approved):
        demand(len(yes) >= people["approve-threshold"], "too few approvals")


def gates(files, plan, plan_hash, trail):
    signed = {gate: {} for gate in trail.opened_gates}
    for name, (statement, signature) in read_pairs(files, "run/gates").items():
        said = canonical(statement)
        demand(isinstance(said, dict), f"{name}: not an object")
        gate = (said.get("step"), said.get("session"))
        demand(gate in signed, f"{name}: no such gate")
        people = with_role(plan["people"], trail.steps[trail.places[gate[0]]]["sign-by"]["role"])
        more = {"step": True, "session": True, "objects": True}
        said = check(statement, signature, "gate", plan, plan_hash, people, more)
        demand(said["objects"] == trail.opened_gates[gate]["objects"], f"{name}: other bytes")
        passed = trail.opened_gates[gate]["passed"]
        if passed and said["person"] in passed["attending"]:
            signed[gate].setdefault(said["person"], set()).add(said["time"])
    for gate, people in signed.items():
        passed = trail.opened_gates[gate]["passed"]
        demand(not passed or people.keys() == passed["people"].keys(), f"gate {gate}: signatures")
        for person, time in passed["people"].items() if passed else ():
            demand(time in people[person], f"gate {gate}: {person} signed another statement")


def attestations(files, plan, plan_hash, trail, head):
    there = {person["name"]: person for person in plan["people"]["persons"] if person["name"] in trail.attended}
    done = set()
    for name, (statement, signature) in read_pairs(files, "attest").items():
        more = {"head": True, "present": True, "as-planned": True, "remarks": False}
        said = check(statement, signature, "attestation", plan, plan_hash, there, more)
        demand(said["head"] == head, f"{name}: another head")
        demand(said["present"] in ("all", "part") and said["as-planned"] in ("yes", "no"), f"{name}: words")
        demand("remarks" not in said or LINE.fullmatch(said["remarks"]), f"{name}: remarks")
        done.add(said["person"])
    roles = set(plan["people"]["attest"])
    missing = {name for name, person in there.items() if roles & set(person["roles"])} - done
    demand(not missing, f"attestations missing: {missing}")
