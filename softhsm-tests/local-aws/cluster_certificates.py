"""Certificates and requests in the shapes of AWS CloudHSM's hardware, written byte by byte. Certificate libraries refuse to make
X.509 version 1, names with several attributes in one RDN, and signatures that use SHA-1 or are broken."""

import base64
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import der

Rdn = dict[str, str]

ATTRIBUTES = {"C": "2.5.4.6", "ST": "2.5.4.8", "L": "2.5.4.7", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3"}
PRINTABLE_STRING, UTF8_STRING, UTC_TIME = 0x13, 0x0C, 0x17
# sha256WithRSAEncryption and sha1WithRSAEncryption (RFC 8017)
SIGNATURES = {"sha256": ("1.2.840.113549.1.1.11", SHA256()), "sha1": ("1.2.840.113549.1.1.5", SHA1())}

# KeyUsage (RFC 5280, section 4.2.1.3): the number of unused bits, then the bits.
DIGITAL_SIGNATURE = bytes([7, 0x80])
KEY_CERT_SIGN = bytes([2, 0x04])

DAY = timedelta(days=1)
YEAR = 365 * DAY


@dataclass(frozen=True)
class Validity:
    """A validity, relative to the present time."""

    before: timedelta
    after: timedelta

    def der(self) -> bytes:
        """Validity, with UTCTime, which ends with 2049."""
        now = datetime.now(UTC)
        times = (now + self.before, now + self.after)
        return der.sequence(*(der.tlv(UTC_TIME, f"{time:%y%m%d%H%M%SZ}".encode()) for time in times))


VALID = Validity(-YEAR, 9 * YEAR)
EXPIRED = Validity(-9 * YEAR, -DAY)
NOT_YET_VALID = Validity(DAY, 9 * YEAR)


@dataclass(frozen=True)
class Issuer:
    """The issuer of a certificate: a name, and a key that should belong to it."""

    name: bytes
    key: RSAPrivateKey


def name(*rdns: Rdn) -> bytes:
    """A Name. An RDN is a SET OF, which DER sorts by encoding (X.690, 11.6)."""
    return der.sequence(*(der.tlv(der.SET, *sorted(_attribute(*pair) for pair in rdn.items())) for rdn in rdns))


def _attribute(kind: str, value: str) -> bytes:
    tag = PRINTABLE_STRING if kind == "C" else UTF8_STRING
    return der.sequence(der.oid(ATTRIBUTES[kind]), der.tlv(tag, value.encode()))


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """Extension"""
    return der.sequence(der.oid(dotted), der.TRUE if critical else b"", der.octet_string(value))


def basic_constraints(*, ca: bool) -> bytes:
    """BasicConstraints, critical, as RFC 5280, section 4.2.1.9, requires for a CA."""
    return extension("2.5.29.19", der.sequence(der.TRUE if ca else b""), critical=True)


def key_usage(bits: bytes) -> bytes:
    """KeyUsage; `bits` is one of the constants above."""
    return extension("2.5.29.15", der.tlv(0x03, bits), critical=True)


def key_identifiers(subject: RSAPublicKey, issuer: RSAPublicKey) -> list[bytes]:
    """SubjectKeyIdentifier and AuthorityKeyIdentifier."""
    issuer_id = der.sequence(der.tlv(0x80, _key_id(issuer)))
    return [extension("2.5.29.14", der.octet_string(_key_id(subject))), extension("2.5.29.35", issuer_id)]


def _key_id(key: RSAPublicKey) -> bytes:
    return sha1(key.public_bytes(Encoding.DER, PublicFormat.PKCS1)).digest()


def certificate(
    issuer: Issuer,
    subject: bytes,
    key: RSAPublicKey,
    extensions: list[bytes] | None,
    *,
    serial: int,
    validity: Validity = VALID,
    digest: str = "sha256",
) -> str:
    """A certificate in PEM. Without a list of extensions (None) it has version 1, even with an empty list version 3."""
    version = b"" if extensions is None else der.tlv(0xA0, der.integer(2))
    signature = _signature_algorithm(digest)
    names = (issuer.name, validity.der(), subject)
    wrapped = der.tlv(0xA3, der.sequence(*extensions)) if extensions else b""
    tbs = der.sequence(version, der.integer(serial), signature, *names, _public_key(key), wrapped)
    return pem("CERTIFICATE", _signed(tbs, issuer.key, digest))


def request(subject: bytes, key: RSAPrivateKey, *, broken: bool = False) -> str:
    """A PKCS#10 request in PEM: version 0, with an empty field for attributes."""
    info = der.sequence(der.integer(0), subject, _public_key(key.public_key()), der.tlv(0xA0))
    content = _signed(info, key, "sha256")
    # The last octet belongs to the signature.
    return pem("CERTIFICATE REQUEST", content[:-1] + bytes([content[-1] ^ broken]))


def _signature_algorithm(digest: str) -> bytes:
    return der.algorithm(SIGNATURES[digest][0], der.NULL)


def _signed(content: bytes, key: RSAPrivateKey, digest: str) -> bytes:
    signature = key.sign(content, PKCS1v15(), SIGNATURES[digest][1])
    return der.sequence(content, _signature_algorithm(digest), der.bit_string(signature))


def _public_key(key: RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(label: str, content: bytes) -> str:
    """RFC 7468"""
    lines = textwrap.wrap(base64.b64encode(content).decode(), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
