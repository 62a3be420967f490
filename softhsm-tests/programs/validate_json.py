"""Validates the JSON output of hsm-ca against the schemas in docs/schema, with an independent validator.

Reads one JSON text from each line, and answers each with a line: `ok`, or its faults. The text names its schema in its field `schema`.
A field that the schema does not have is a fault here, although a later version may add fields.
"""

import copy
import datetime
import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker

ROOT = pathlib.Path(__file__).parents[2] / "docs" / "schema"
SEVERAL = ("oneOf", "anyOf", "allOf")


def close(schema, is_branch=False):
    """Forbids unnamed fields in every object that has named fields."""
    if not isinstance(schema, dict):
        return
    branches = [one for name in SEVERAL for one in schema.get(name, [])]
    if "properties" in schema and not is_branch:
        schema.setdefault("unevaluatedProperties", False)
    for branch in branches:
        close(branch, is_branch or "properties" in schema)
    for one in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
        close(one)
    for name in ("items", "additionalProperties"):
        close(schema.get(name))
    for one in schema.get("prefixItems", []):
        close(one)


def open_referenced(schema, definitions, is_part=False):
    """Copies referenced parts of an object into it, so that `close` closes the object as a whole, not each part alone."""
    is_part = is_part or "properties" in schema
    reference = schema.get("$ref", "").removeprefix("#/$defs/")
    if is_part and reference in definitions:
        schema.pop("$ref")
        schema.setdefault("allOf", []).append(copy.deepcopy(definitions[reference]))
    for name in SEVERAL:
        for branch in schema.get(name, []):
            open_referenced(branch, definitions, is_part)


# Formats of numbers, by which a reader chooses a type; `minimum` and `maximum` are in the schema where they matter.
NUMBERS = {"double", "int64", "uint", "uint8", "uint16", "uint32", "uint64"}

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_time(value):
    return not isinstance(value, str) or datetime.datetime.fromisoformat(value).tzinfo is not None


def formats_of(schema):
    """Every `format` in a schema."""
    if isinstance(schema, list):
        return set().union(*map(formats_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["format"]} if isinstance(schema.get("format"), str) else set()
    return own.union(*map(formats_of, schema.values()))


validators = {}


def validator_of(identifier):
    if identifier not in validators:
        start, name, version = identifier.split("/")
        schema = json.loads((ROOT / f"{name}.json").read_text(encoding="utf-8"))
        if start != "hsm-ca" or schema["properties"]["schema"]["const"] != identifier:
            raise ValueError(f"no schema has the identifier {identifier}")
        Draft202012Validator.check_schema(schema)
        unknown = formats_of(schema) - NUMBERS - set(formats.checkers)
        if unknown:
            raise ValueError(f"nothing checks the formats {unknown}")
        definitions = schema.get("$defs", {})
        for one in [*definitions.values(), schema]:
            open_referenced(one, definitions)
        close(schema)
        validators[identifier] = Draft202012Validator(schema, format_checker=formats)
    return validators[identifier]


def verdict(text):
    instance = json.loads(text)
    if not isinstance(instance, dict) or "schema" not in instance:
        return "it names no schema"
    try:
        validator = validator_of(instance["schema"])
    except (OSError, ValueError, KeyError) as error:
        return f"{instance['schema']}: {error!r}"
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
    return "; ".join(problems) or "ok"


for line in sys.stdin:
    print(" ".join(verdict(line).split()), flush=True)
