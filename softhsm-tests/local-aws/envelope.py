"""CiphertextForRecipient: the plaintext for the holder of the private key whose public key was attested.

The format is that of two answers of KMS, which aws-nitro-enclaves-sdk-c has in tests/kmstool-enclaves/cms_test.c. They are
CMS EnvelopedData (RFC 5652) of version 2 in BER. The outer parts have indefinite lengths; the RecipientInfos are DER. There is
one KeyTransRecipientInfo of version 2, whose subjectKeyIdentifier has 32 octets. It names RSAES-OAEP with SHA-256 for both the
hash and the mask. The content is encrypted with aes-256-cbc, in one primitive element or in OCTET STRINGs.

AWS does not document what the 32 octets are. Here they are the SHA-256 of the SubjectPublicKeyInfo.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from os import urandom

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import der

DATA = "1.2.840.113549.1.7.1"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSAES_OAEP = "1.2.840.113549.1.1.7"
MGF1 = "1.2.840.113549.1.1.8"
SHA_1 = "1.3.14.3.2.26"
SHA_256 = "2.16.840.1.101.3.4.2.1"
AES_128_CBC = "2.16.840.1.101.3.4.1.2"
AES_256_CBC = "2.16.840.1.101.3.4.1.42"
AES_256_GCM = "2.16.840.1.101.3.4.1.46"

BLOCK = 16
CHUNK = 100  # octets in an OCTET STRING of the content; the number that KMS uses is unknown
DEEP = 10_000

# Writes an element with this tag and this content.
Writer = Callable[[int, bytes], bytes]


class UnknownEnvelope(Exception):
    """No variation has this name."""


def oaep_algorithm(digest: str, mask_digest: str) -> bytes:
    """AlgorithmIdentifier of RSAES-OAEP (RFC 4055)"""
    mask = der.algorithm(MGF1, der.algorithm(mask_digest, der.NULL))
    return der.algorithm(RSAES_OAEP, der.sequence(der.tlv(0xA0, der.algorithm(digest, der.NULL)), der.tlv(0xA1, mask)))


def oaep(digest: hashes.HashAlgorithm, mask_digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    """The padding that `oaep_algorithm` names."""
    return padding.OAEP(padding.MGF1(mask_digest), digest, None)


@dataclass(frozen=True)
class Recipient:
    """A recipient who can open the envelope, and how the key is wrapped for them."""

    key: rsa.RSAPublicKey
    wrapping: padding.AsymmetricPadding = field(default_factory=lambda: oaep(hashes.SHA256(), hashes.SHA256()))
    algorithm: bytes = oaep_algorithm(SHA_256, SHA_256)
    identifier: bytes | None = None
    by_certificate: bool = False

    def info(self, content_key: bytes, tamper: Callable[[bytes], bytes]) -> bytes:
        """KeyTransRecipientInfo"""
        spki = self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        named = (der.integer(2), der.tlv(0x80, self.identifier or sha256(spki).digest()))
        if self.by_certificate:
            named = (der.integer(0), der.sequence(der.sequence(), der.integer(1)))
        return der.sequence(
            *named,
            self.algorithm,
            der.octet_string(tamper(self.key.encrypt(content_key, self.wrapping))),
        )


def chunks(encrypted: bytes, size: int = CHUNK) -> list[bytes]:
    """OCTET STRINGs that together contain the content."""
    return [der.octet_string(encrypted[start : start + size]) for start in range(0, len(encrypted), size)]


def in_chunks(encrypted: bytes) -> bytes:
    """[0] IMPLICIT of indefinite length around OCTET STRINGs: KMS's first form."""
    return der.indefinite(0xA0, *chunks(encrypted))


def in_one_piece(encrypted: bytes) -> bytes:
    """[0] IMPLICIT, primitive: KMS's second form, and DER's only one."""
    return der.tlv(0x80, encrypted)


def nested(encrypted: bytes) -> bytes:
    """DEEP constructed OCTET STRINGs, one inside the other."""
    opening = bytes([der.CONSTRUCTED_OCTET_STRING, 0x80])
    innermost = opening * DEEP + der.octet_string(encrypted) + der.END_OF_CONTENTS * DEEP
    return der.indefinite(0xA0, innermost)


def too_long(encrypted: bytes) -> bytes:
    """An OCTET STRING that claims a length of nearly 4 GiB."""
    return der.indefinite(0xA0, bytes([der.OCTET_STRING, 0x84]) + b"\xff" * 4 + encrypted)


@dataclass(frozen=True)
class Plan:
    """How to make an envelope; the defaults are KMS's."""

    recipients: tuple[Recipient, ...]
    cipher: str = AES_256_CBC
    key_size: int = 32
    outer: Writer = der.indefinite
    content: Callable[[bytes], bytes] = in_chunks
    content_type: str = DATA
    version: int = 2
    tamper_key: Callable[[bytes], bytes] = bytes
    tamper_iv: Callable[[bytes], bytes] = bytes
    tamper_content: Callable[[bytes], bytes] = bytes

    def seal(self, plaintext: bytes) -> bytes:
        """The ContentInfo."""
        content_key = urandom(self.key_size)
        infos = der.tlv(der.SET, *(recipient.info(content_key, self.tamper_key) for recipient in self.recipients))
        if self.cipher == AES_256_GCM:
            return self._seal_gcm(plaintext, content_key, infos)
        iv = urandom(BLOCK)
        padder = PKCS7(8 * BLOCK).padder()
        encryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).encryptor()
        encrypted = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
        content = self.outer(
            der.SEQUENCE,
            der.oid(self.content_type)
            + der.algorithm(self.cipher, der.octet_string(self.tamper_iv(iv)))
            + self.content(self.tamper_content(encrypted)),
        )
        return self._wrap(ENVELOPED_DATA, der.integer(self.version) + infos + content)

    def _seal_gcm(self, plaintext: bytes, content_key: bytes, infos: bytes) -> bytes:
        """AuthEnvelopedData of RFC 5083 with AES-GCM (RFC 5084)"""
        nonce = urandom(12)
        sealed = AESGCM(content_key).encrypt(nonce, plaintext, None)
        encrypted, tag = sealed[:-BLOCK], sealed[-BLOCK:]
        parameters = der.sequence(der.octet_string(nonce), der.integer(BLOCK))
        content = self.outer(
            der.SEQUENCE,
            der.oid(self.content_type) + der.algorithm(self.cipher, parameters) + self.content(encrypted),
        )
        return self._wrap(AUTH_ENVELOPED_DATA, der.integer(0) + infos + content + der.octet_string(tag))

    def _wrap(self, content_type: str, fields: bytes) -> bytes:
        """ContentInfo"""
        inner = self.outer(0xA0, self.outer(der.SEQUENCE, fields))
        return self.outer(der.SEQUENCE, der.oid(content_type) + inner)


def flip(position: int) -> Callable[[bytes], bytes]:
    """Returns a function that flips the lowest bit of the octet at `position`; a negative one counts from the end."""

    def flipped(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[position % len(changed)] ^= 1
        return bytes(changed)

    return flipped


def flip_padding(encrypted: bytes) -> bytes:
    """Makes the padding's length larger than a block: flips the top bit of the ciphertext octet that CBC adds to it."""
    changed = bytearray(encrypted)
    changed[-BLOCK - 1] ^= 0x80
    return bytes(changed)


def stranger() -> Recipient:
    """Another recipient, with a new key."""
    return Recipient(rsa.generate_private_key(65537, 2048).public_key())


def plan_for(variation: str, position: int, recipient: Recipient) -> Plan:
    """The plan of a variation. Raises UnknownEnvelope."""
    kms = Plan((recipient,))
    match variation:
        case "indefinite":
            return kms
        case "primitive":
            return replace(kms, content=in_one_piece)
        case "single-chunk":
            return replace(kms, content=lambda encrypted: der.indefinite(0xA0, der.octet_string(encrypted)))
        case "definite":
            return replace(kms, outer=der.tlv, content=in_one_piece)
        case "definite-chunks":
            return replace(kms, outer=der.tlv, content=lambda encrypted: der.tlv(0xA0, *chunks(encrypted)))
        case "sha1-oaep":
            sha1 = replace(
                recipient, wrapping=oaep(hashes.SHA1(), hashes.SHA1()), algorithm=oaep_algorithm(SHA_1, SHA_1)
            )
            return replace(kms, recipients=(sha1,))
        case "sha1-mask":
            sha1 = replace(
                recipient, wrapping=oaep(hashes.SHA256(), hashes.SHA1()), algorithm=oaep_algorithm(SHA_256, SHA_1)
            )
            return replace(kms, recipients=(sha1,))
        case "rsa-v15":
            pkcs1 = der.algorithm(RSA_ENCRYPTION, der.NULL)
            return replace(kms, recipients=(replace(recipient, wrapping=padding.PKCS1v15(), algorithm=pkcs1),))
        case "aes-128":
            return replace(kms, cipher=AES_128_CBC, key_size=16)
        case "short-key":
            return replace(kms, key_size=16)
        case "aes-gcm":
            return replace(kms, cipher=AES_256_GCM)
        case "other-key":
            return replace(kms, recipients=(stranger(),))
        case "wrong-ski":
            return replace(kms, recipients=(replace(recipient, identifier=urandom(32)),))
        case "by-certificate":
            return replace(kms, recipients=(replace(recipient, by_certificate=True),), version=0)
        case "two-recipients":
            return replace(kms, recipients=(recipient, stranger()))
        case "no-recipient":
            return replace(kms, recipients=())
        case "wrong-version":
            return replace(kms, version=3)
        case "wrong-content-type":
            return replace(kms, content_type=ENVELOPED_DATA)
        case "tampered-key":
            return replace(kms, tamper_key=flip(position))
        case "tampered-iv":
            return replace(kms, tamper_iv=flip(position))
        case "tampered-content":
            return replace(kms, tamper_content=flip(position))
        case "tampered-padding":
            return replace(kms, tamper_content=flip_padding)
        case "partial-block":
            return replace(kms, tamper_content=lambda encrypted: encrypted[:-1])
        case "empty-content":
            return replace(kms, content=lambda _: in_chunks(b""))
        case "no-content":
            return replace(kms, content=lambda _: b"")
        case "deep":
            return replace(kms, content=nested)
        case "huge-length":
            return replace(kms, content=too_long)
        case _:
            raise UnknownEnvelope(variation)


def seal(plaintext: bytes, key: rsa.RSAPublicKey, name: str | None) -> bytes:
    """An envelope for `key`. `name` is a variation, optionally followed by ":" and the position of an octet.

    Raises UnknownEnvelope.
    """
    parts = re.fullmatch(r"([^:]+)(?::(-?\d+))?", name or "indefinite")
    if not parts:
        raise UnknownEnvelope(name)
    variation, position = parts[1], int(parts[2] or 0)
    match variation:
        case "trailing":
            return seal(plaintext, key, None) + b"\x00"
        case "truncated":
            return seal(plaintext, key, None)[: position or -1]
        case "huge-outer-length":
            return bytes([der.SEQUENCE, 0x88]) + b"\xff" * 8 + seal(plaintext, key, None)[2:]
        case _:
            return plan_for(variation, position, Recipient(key)).seal(plaintext)
