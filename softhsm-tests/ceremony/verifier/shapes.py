"""The names and values of plans and exports. A reader refuses every name that is not in its format."""

import re

from .formats import Refused
from .values import digest, moment, octets


class Map(dict):
    """An object with any names of one kind, and values of another: `Map({kind of names: kind of values})`."""


class Filled(list):
    """A list that is left out if it is empty."""


def fits(value, kind):
    """Whether a value is of a kind: a type, a list of a kind, a set of words, names with their kinds (`?` for those that can be left out), a tuple of
    alternatives, or a function."""
    if isinstance(kind, tuple):
        return any(fits(value, other) for other in kind)
    if isinstance(kind, Map):
        (names, values), = kind.items()
        return isinstance(value, dict) and all(fits(name, names) and fits(value[name], values) for name in value)
    if isinstance(kind, dict):
        known = {name.rstrip("?"): inner for name, inner in kind.items()}
        required = {name for name in kind if not name.endswith("?")}
        return isinstance(value, dict) and required <= value.keys() <= known.keys() and all(fits(value[name], known[name]) for name in value)
    if isinstance(kind, list):
        is_filled = bool(value) or not isinstance(kind, Filled)
        return isinstance(value, list) and is_filled and all(fits(item, kind[0]) for item in value)
    if isinstance(kind, (set, frozenset)):
        return isinstance(value, str) and value in kind
    if isinstance(kind, type):
        return type(value) is kind
    return bool(kind(value))


def below(limit):
    return lambda value: type(value) is int and 0 <= value < limit


def base64(value):
    try:
        return octets(value) is not None
    except Refused:
        return False


def head(value):
    return isinstance(value, str) and re.fullmatch("(0|[1-9][0-9]*):[0-9a-f]{64}", value, re.ASCII) and int(value.split(":")[0]) < 2**64


COUNT = below(2**64)
DAYS = below(2**32)
KIND = {"production", "practice"}
ROLE = {"administrator", "operator", "approver", "witness", "custodian", "auditor"}
PEOPLE = {
    "approve-threshold": COUNT,
    "attend": Map({frozenset(ROLE): COUNT}),
    "separate": [[ROLE]],
    "attest": [ROLE],
    "persons": [{"name": str, "roles": [ROLE], "key": str, "require": [{"touch", "pin"}]}],
}
VALIDITY = {"not-before": str, "days?": DAYS, "not-after?": str, "hash?": str, "token?": str, "out": str}
ACTIONS = {
    "manual": {"say": str, "record?": Filled([str])},
    "generate-key": {"token": str, "label": str, "type": str},
    "import-key": {"token": str, "label": str, "pair": str, "expect?": digest},
    "confirm": {"sign-by": {"role": ROLE, "threshold": COUNT}},
    "create-ca": {"key": str, "subject": str, "profile": str, **VALIDITY},
    "sign-csr": {"issuer": str, "csr": str, "profile": str, **VALIDITY},
    "cross-sign": {"issuer": str, "subject-of": str, "signed-by?": str, "profile?": str, "extended-key-usage?": Filled([str]), **VALIDITY},
    "revoke": {"issuer": str, "certificate": str, "reason": str, "invalid-since?": str},
    "crl": {"issuer": str, "token?": str, "number": COUNT, "previous?": str, "days": DAYS, "hash?": str, "out": str},
    "destroy-key": {"token": str, "key": str},
}
STEP = tuple({"id": str, "do": {do}, **names} for do, names in ACTIONS.items())
SEEN = {"serial": str, "manufacturer": str, "model": str, "firmware": str, "hardware": str}
OBJECT = {
    "session": str,
    "step": str,
    "is": {"certificate", "crl"},
    "out": str,
    "key": str,
    "algorithm": base64,
    "deterministic": bool,
    "tbs": base64,
    "sha256": digest,
    "holes": [{"at": COUNT, "len": COUNT, "is": {"key", "key-identifier"}, "key": str}],
    "serial?": str,
    "spare?": {"serial": str, "at": COUNT},
    "shown": [str],
    "verdicts": Map({str: {"passed", "waived", "at-signing"}}),
}
PLAN = {
    "format": {"hsm-ca ceremony plan 1"},
    "kind": KIND,
    "ceremony": str,
    "file": digest,
    "policy?": str,
    "previous?": {"head": str, "file": str, "sha256": digest},
    "time": moment,
    "tool": {"name": str, "version": str, "sha256": digest},
    "module?": {"file": str, "library": str, "sha256": digest},
    "tokens": Map({str: ({"serial": str}, SEEN)}),
    "people": PEOPLE,
    "inputs": Map({str: {"file": str, "sha256": digest, "is": str, "shown": [str], "key?": digest}}),
    "profiles": Map({str: digest}),
    "linters": Map({str: {"command": [str], "sha256": digest}}),
    "refused-keys?": digest,
    "sessions": [{"name": str, "begins": moment, "ends": moment}],
    "steps": [STEP],
    "objects": [OBJECT],
    "budget": [{"key": str, "token": str, "signatures": COUNT, "proofs": COUNT}],
    "waived": [{"rule": str, "step": str, "because": str}],
}
EXPORT = {
    "format": {"hsm-ca ceremony export 1"},
    "kind": KIND,
    "ceremony": str,
    "plan": digest,
    "head": head,
    "end": {"closed", "aborted"},
    "people": PEOPLE,
    "issuers": [
        {"name": base64, "keys": [digest], "serials": [str], "crl-number?": COUNT, "revoked": [{"serial": str, "because": str}]}
    ],
}
