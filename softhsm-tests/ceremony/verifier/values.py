"""Values in plans, events and statements. Each value has exactly one spelling."""

import base64
import datetime
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


def seconds(time):
    return datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def moment(text):
    """Whether this is a time: UTC and whole seconds, from 1970 on."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        return False
    try:
        return seconds(text) >= 0
    except ValueError:
        return False
