"""Makes attestation documents as the Nitro Secure Module does, and checks them as AWS KMS does.

The Nitro Enclaves documentation, "Verifying the root of trust", has the format: a COSE_Sign1 (RFC 9052) of a CBOR map, signed
with ES384 by a certificate that chains to a root. The root here is for tests, in a directory.
"""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha384
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

import cbor

COSE_SIGN1 = 18  # the CBOR tag
PROTECTED = cbor.encode({1: -35})  # alg: ES384
COORDINATE = 48  # octets of r and of s
# How long KMS accepts a document. The certificates of the Nitro Secure Module are valid for three hours.
MAX_AGE = timedelta(minutes=5)
CERTIFICATE_LIFETIME = timedelta(hours=3)


class InvalidDocument(Exception):
    """KMS would not accept this document."""


@dataclass(frozen=True)
class Root:
    """The test root, which stands in for AWS's Nitro Enclaves root."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def in_directory(cls, directory: Path) -> "Root":
        """Reads the root in `directory`, or makes it if it does not exist. Several processes may do so at once."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "root.pem"
        if not file.exists():
            with tempfile.NamedTemporaryFile(dir=directory) as temporary:
                temporary.write(_new_root())
                temporary.flush()
                with suppress(FileExistsError):  # if another process was faster
                    os.link(temporary.name, file)
        pem = file.read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, x509.load_pem_x509_certificate(pem))


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
    issuer: x509.Name | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer or subject, subject, key, x509.random_serial_number(), not_before, not_after
    )
    constraints = x509.BasicConstraints(ca=issuer is None, path_length=None)
    return builder.add_extension(constraints, critical=True).sign(issuer_key, SHA384())


def _new_root() -> bytes:
    """The private key and certificate of a new root, in PEM."""
    key = ec.generate_private_key(ec.SECP384R1())
    now = datetime.now(UTC)
    lifetime = timedelta(days=3650)
    certificate = _certificate("test.nitro-enclaves", key.public_key(), now - lifetime, now + lifetime, None, key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052, section 4.4."""
    return cbor.encode(["Signature1", protected, b"", payload])


def make(
    root: Root, public_key: bytes | None, *, expired: bool = False, tagged: bool = True, bad_signature: bool = False
) -> bytes:
    """A document for `public_key` (DER SubjectPublicKeyInfo), signed by a new certificate that `root` issued."""
    now = datetime.now(UTC) - (timedelta(days=1) if expired else timedelta())
    key = ec.generate_private_key(ec.SECP384R1())
    module_id = "i-0123456789abcdef0-enc0123456789abcdef"
    certificate = _certificate(
        f"{module_id}.us-east-1.aws",
        key.public_key(),
        now - timedelta(seconds=5),
        now + CERTIFICATE_LIFETIME,
        root.certificate.subject,
        root.key,
    )
    measured = (b"image", b"kernel", b"application")
    payload = cbor.encode(
        {
            "module_id": module_id,
            "digest": "SHA384",
            "timestamp": int(now.timestamp() * 1000),
            "pcrs": {number: sha384(content).digest() for number, content in enumerate(measured)},
            "certificate": certificate.public_bytes(Encoding.DER),
            "cabundle": [root.certificate.public_bytes(Encoding.DER)],
            "public_key": public_key,
            "user_data": None,
            "nonce": None,
        }
    )
    r, s = decode_dss_signature(key.sign(_to_be_signed(PROTECTED, payload), ec.ECDSA(SHA384())))
    signature = r.to_bytes(COORDINATE) + (s ^ bad_signature).to_bytes(COORDINATE)
    document = [PROTECTED, {}, payload, signature]
    return cbor.encode(cbor.Tagged(COSE_SIGN1, document) if tagged else document)


def verify(document: bytes, root: Root) -> rsa.RSAPublicKey:
    """Verifies that a document chains to `root`, and returns the public key in it.

    Raises InvalidDocument.
    """
    try:
        fields = cbor.decode(document)
        if isinstance(fields, cbor.Tagged) and fields.number == COSE_SIGN1:
            fields = fields.value
        protected, unprotected, payload, signature = fields
        content: dict[str, Any] = cbor.decode(payload)
        if protected != PROTECTED or unprotected != {}:
            raise InvalidDocument("it is not signed with ES384")
        r, s = int.from_bytes(signature[:COORDINATE]), int.from_bytes(signature[COORDINATE:])
        if content["digest"] != "SHA384" or not content["module_id"] or not content["pcrs"]:
            raise InvalidDocument("a field is missing")
        made = datetime.fromtimestamp(content["timestamp"] / 1000, UTC)
        chain = [x509.load_der_x509_certificate(der) for der in (*content["cabundle"], content["certificate"])]
        encoded_key = content["public_key"]
    except (cbor.CborError, x509.InvalidVersion, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InvalidDocument("it is malformed") from error

    signer = _verify_chain(chain, root)
    try:
        signer.verify(encode_dss_signature(r, s), _to_be_signed(protected, payload), ec.ECDSA(SHA384()))
    except InvalidSignature as error:
        raise InvalidDocument("its signature is wrong") from error
    if abs(datetime.now(UTC) - made) > MAX_AGE:
        raise InvalidDocument("it has expired")
    if encoded_key is None:
        raise InvalidDocument("it has no public key")
    try:
        public_key = load_der_public_key(encoded_key)
    except (UnsupportedAlgorithm, TypeError, ValueError) as error:
        raise InvalidDocument("its public key is malformed") from error
    if not isinstance(public_key, rsa.RSAPublicKey) or public_key.key_size < 2048:
        raise InvalidDocument("its public key is not an RSA key of 2048 bits or more")
    return public_key


def _verify_chain(chain: list[x509.Certificate], root: Root) -> ec.EllipticCurvePublicKey:
    """The public key of the last certificate of a chain that begins with the root."""
    now = datetime.now(UTC)
    if chain[0] != root.certificate:
        raise InvalidDocument("its certificates begin with another root")
    for issuer, certificate in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError) as error:
            raise InvalidDocument("its certificates are not a chain") from error
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise InvalidDocument("its certificate has expired")
    key = chain[-1].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise InvalidDocument("its certificate has no P-384 key")
    return key


def public_key_der(key: rsa.RSAPublicKey) -> bytes:
    """SubjectPublicKeyInfo"""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
