"""Errors as AWS KMS words them."""

from moto.core.exceptions import JsonRESTError


def kms_error(error_type: str, message: str) -> JsonRESTError:
    """An error as KMS sends it: HTTP 400, body {"__type": ..., "message": ...}."""
    return JsonRESTError(error_type, message)


def constraint_error(value: object, name: str, constraint: str) -> JsonRESTError:
    """The error for a parameter that KMS's API model does not allow."""
    shown = "null" if value is None else f"'{value}'"
    message = f"1 validation error detected: Value {shown} at '{name}' failed to satisfy constraint: Member must "
    return kms_error("ValidationException", message + constraint)
