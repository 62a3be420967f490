"""The constraints in botocore's model of the API: required members, lengths, patterns and enumerations."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("cloudhsmv2")


def violations(operation: str, parameters: dict[str, Any]) -> str | None:
    """The message of AWS's front end if the model does not allow the parameters, or None."""
    shape = _model().operation_model(operation).input_shape
    found = list(_walk(shape, parameters, ""))
    if not found:
        return None
    count = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
    return f"{count} detected: {'; '.join(found)}"


def _walk(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            for member, inner in shape.members.items():
                inner_path = f"{path}.{member[0].lower()}{member[1:]}".lstrip(".")
                if member in value:
                    yield from _walk(inner, value[member], inner_path)
                elif member in shape.required_members:
                    yield _violation(None, inner_path, "not be null")
        case ListShape():
            yield from _size(shape, value, len(value), path)
            for number, item in enumerate(value, 1):
                yield from _walk(shape.member, item, f"{path}.{number}.member")
        case MapShape():
            for key, item in value.items():
                yield from _walk(shape.value, item, f"{path}.{key}.member")
        case _ if shape.type_name == "string":
            yield from _text(shape, value, path)
        case _ if shape.type_name == "integer":
            yield from _size(shape, value, value, path)


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    if "enum" in shape.metadata and value not in shape.metadata["enum"]:
        yield _violation(value, path, f"satisfy enum value set: [{', '.join(shape.metadata['enum'])}]")
    yield from _size(shape, value, len(value), path)
    pattern = shape.metadata.get("pattern", ".*")
    # Python does not support \p{...}, which only tags use.
    if "\\p{" not in pattern and not re.fullmatch(pattern, value):
        yield _violation(value, path, f"satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, value: Any, size: int, path: str) -> Iterator[str]:
    what = "have value" if shape.type_name == "integer" else "have length"
    if size > shape.metadata.get("max", size):
        yield _violation(value, path, f"{what} less than or equal to {shape.metadata['max']}")
    if size < shape.metadata.get("min", size):
        yield _violation(value, path, f"{what} greater than or equal to {shape.metadata['min']}")


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {constraint}"
