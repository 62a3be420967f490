"""What a KMS key says about itself, and the context that its ciphertexts are bound to. kms_responses.py has the operations."""

import hashlib
import json
import re

from moto.kms.models import Key


def wish(key: Key, name: str) -> str | None:
    """The VALUE of NAME=VALUE in the description of the KMS key, by which a test asks for a variation."""
    found = re.search(rf"(?:^|\s){name}=(\S+)", key.description)
    return found[1] if found else None


def key_material_id(key: Key) -> str:
    """The 64 hex digits that name the key's current key material."""
    return hashlib.sha256(key.key_material).hexdigest()


def serialize_encryption_context(encryption_context: dict[str, str]) -> bytes:
    """The additional authenticated data for an encryption context.

    Gap in moto: it joins names and values without separators, so
    {"a": "bc"} and {"ab": "c"} would decrypt each other's data.
    """
    return json.dumps(encryption_context, sort_keys=True).encode()
