"""Values in plans, events and statements. Each value has exactly one spelling."""

import base64
import re

from .formats import Refused


def digest(text):
    return isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text, re.ASCII) is not None


def octets(text):
    """Decodes base64, and refuses every spelling but the canonical one."""
    if not isinstance(text, str):
        raise Refused("base64")
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Refused(f"base64: {error}")
    if base64.b64encode(decoded).decode() != text:
        raise Refused("base64")
    return decoded
