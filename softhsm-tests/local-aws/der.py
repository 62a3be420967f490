"""Writes DER, and the BER that AWS KMS sends (X.690). It checks nothing, because tests make broken encodings on purpose."""

INTEGER = 0x02
OCTET_STRING = 0x04
SEQUENCE = 0x30
SET = 0x31
CONSTRUCTED_OCTET_STRING = OCTET_STRING | 0x20

END_OF_CONTENTS = b"\x00\x00"
NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"


def length(size: int) -> bytes:
    """The shortest length octets for `size`."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, *contents: bytes) -> bytes:
    """An element of definite length."""
    content = b"".join(contents)
    return bytes([tag]) + length(len(content)) + content


def indefinite(tag: int, *contents: bytes) -> bytes:
    """A constructed element of indefinite length."""
    return bytes([tag, 0x80]) + b"".join(contents) + END_OF_CONTENTS


def sequence(*contents: bytes) -> bytes:
    """SEQUENCE"""
    return tlv(SEQUENCE, *contents)


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING"""
    return tlv(OCTET_STRING, content)


def bit_string(content: bytes, tag: int = 0x03) -> bytes:
    """BIT STRING of whole octets."""
    return tlv(tag, b"\x00", content)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER"""
    first, second, *arcs = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *arcs):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tlv(0x06, bytes(content))


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    """AlgorithmIdentifier (RFC 5280)"""
    return sequence(oid(dotted), *parameters)
