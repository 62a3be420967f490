"""The part of CBOR (RFC 8949) that attestation documents use."""

from typing import Any, NamedTuple

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
SIMPLE_VALUES = {20: False, 21: True, 22: None}
MAX_DEPTH = 16


class Tagged(NamedTuple):
    """A value with a tag number before it."""

    number: int
    value: Any


class CborError(Exception):
    """These bytes are not the part of CBOR that attestation documents use."""


def head(major: int, argument: int) -> bytes:
    """The major type and its argument, in the shortest form."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size)


def encode(value: Any) -> bytes:
    """One value; maps keep their order."""
    match value:
        case None | bool():
            return head(SIMPLE, {False: 20, True: 21, None: 22}[value])
        case int():
            return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
        case bytes():
            return head(BYTES, len(value)) + value
        case str():
            return head(TEXT, len(value.encode())) + value.encode()
        case Tagged(number, inner):
            return head(TAG, number) + encode(inner)
        case list():
            return head(ARRAY, len(value)) + b"".join(map(encode, value))
        case dict():
            return head(MAP, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())
        case _:
            raise TypeError(f"no CBOR for {type(value)}")


def decode(data: bytes) -> Any:
    """The one value in `data`. Definite lengths only, which is what the Nitro Secure Module writes.

    Raises CborError.
    """
    value, end = _decode(data, 0, 0)
    if end != len(data):
        raise CborError("it has trailing bytes")
    return value


def _take(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    end = position + size
    if end > len(data):
        raise CborError("it ends too early")
    return data[position:end], end


def _decode(data: bytes, position: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise CborError("it is nested too deeply")
    first, position = _take(data, position, 1)
    major, argument = first[0] >> 5, first[0] & 0x1F
    if argument >= 28:
        raise CborError("it has an indefinite or reserved length")
    if argument >= 24:
        octets, position = _take(data, position, 1 << argument - 24)
        argument = int.from_bytes(octets)
    match major:
        case 0:
            return argument, position
        case 1:
            return -1 - argument, position
        case 2:
            return _take(data, position, argument)
        case 3:
            text, position = _take(data, position, argument)
            try:
                return text.decode(), position
            except UnicodeDecodeError as error:
                raise CborError("a text is not UTF-8") from error
        case 4:
            items = []
            for _ in range(argument):
                item, position = _decode(data, position, depth + 1)
                items.append(item)
            return items, position
        case 5:
            pairs = {}
            for _ in range(argument):
                key, position = _decode(data, position, depth + 1)
                if not isinstance(key, (int, str)) or key in pairs:
                    raise CborError("a map has a duplicate key, or a key that is not a number or a text")
                pairs[key], position = _decode(data, position, depth + 1)
            return pairs, position
        case 6:
            value, position = _decode(data, position, depth + 1)
            return Tagged(argument, value), position
        case _:
            if argument not in SIMPLE_VALUES:
                raise CborError("a simple value is unknown")
            return SIMPLE_VALUES[argument], position
