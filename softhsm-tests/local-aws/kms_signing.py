"""AWS KMS's signing keys: their key specs, and how they sign a message or a digest.

kms_responses.py has the operations. This module closes these gaps in moto 5.2.5:
- it ignores MessageType, and hashes a digest once more;
- its salt for RSASSA-PSS has the maximum length; KMS's is as long as the hash;
- it has neither Ed25519 nor ML-DSA keys.
"""

from typing import Any

import moto.kms.models
import moto.kms.utils
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto.kms.models import Key

from kms_errors import constraint_error, kms_error

HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
RSA = [f"RSASSA_{scheme}_{name}" for scheme in ("PKCS1_V1_5", "PSS") for name in HASHES]

# KMS developer guide, "Key spec reference": the signing algorithms of each key spec.
ALGORITHMS: dict[str, list[str]] = {
    "RSA_2048": RSA,
    "RSA_3072": RSA,
    "RSA_4096": RSA,
    "ECC_NIST_P256": ["ECDSA_SHA_256"],
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_SECG_P256K1": ["ECDSA_SHA_256"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    "ML_DSA_44": ["ML_DSA_SHAKE_256"],
    "ML_DSA_65": ["ML_DSA_SHAKE_256"],
    "ML_DSA_87": ["ML_DSA_SHAKE_256"],
}
ALL_ALGORITHMS = sorted({name for names in ALGORITHMS.values() for name in names} | {"SM2DSA"})

CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
ML_DSA = {
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
}

MESSAGE_TYPES = ("RAW", "DIGEST", "EXTERNAL_MU")
LONGEST_MESSAGE = 4096
MU_BYTES = 64


def generate(spec: str) -> Any:
    """A private key of that spec."""
    match spec.split("_"):
        case ["RSA", bits]:
            return rsa.generate_private_key(65537, int(bits))
        case ["ML", "DSA", _]:
            return ML_DSA[spec].generate()
        case [*_, "EDWARDS25519"]:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(CURVES[spec])


class SigningKey:
    """Replaces moto's private half of a KMS key, for the specs in ALGORITHMS."""

    def __init__(self, spec: str) -> None:
        """A new key."""
        self.private = generate(spec)

    def public_key(self) -> bytes:
        """The DER SubjectPublicKeyInfo."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes, message_type: str, algorithm: str) -> bytes:
        """A signature; for ECDSA it is DER."""
        method, arguments = prepare(message, message_type, algorithm)
        return getattr(self.private, "sign" + method)(*arguments)

    def verify(self, signature: bytes, message: bytes, message_type: str, algorithm: str) -> bool:
        """Whether the signature is valid."""
        method, arguments = prepare(message, message_type, algorithm)
        try:
            getattr(self.private.public_key(), "verify" + method)(signature, *arguments)
        except InvalidSignature:
            return False
        return True


def prepare(message: bytes, message_type: str, algorithm: str) -> tuple[str, list[Any]]:
    """The method of a key that signs or verifies (the end of its name), and its arguments."""
    if algorithm == "ED25519_SHA_512":
        require_type(message_type, algorithm, "RAW")
        return "", [message]
    if algorithm == "ML_DSA_SHAKE_256":
        require_type(message_type, algorithm, "RAW", "EXTERNAL_MU")
        if message_type == "RAW":
            return "", [message]
        require_length(message, MU_BYTES, algorithm)
        return "_mu", [message]
    if algorithm == "ED25519_PH_SHA_512":
        raise kms_error("ValidationException", "local AWS: Ed25519ph is not supported")

    require_type(message_type, algorithm, "RAW", "DIGEST")
    hash_algorithm = HASHES[algorithm[-len("SHA_256") :]]
    if message_type == "RAW":
        hasher = hashes.Hash(hash_algorithm)
        hasher.update(message)
        message = hasher.finalize()
    require_length(message, hash_algorithm.digest_size, algorithm)
    prehashed = Prehashed(hash_algorithm)
    if algorithm.startswith("ECDSA"):
        return "", [message, ec.ECDSA(prehashed)]
    if algorithm.startswith("RSASSA_PSS"):
        pss = padding.PSS(padding.MGF1(hash_algorithm), hash_algorithm.digest_size)
        return "", [message, pss, prehashed]
    return "", [message, padding.PKCS1v15(), prehashed]


def require_type(found: str, algorithm: str, *allowed: str) -> None:
    """Checks MessageType. The message is not KMS's own."""
    if found not in allowed:
        raise kms_error("ValidationException", f"MessageType {found} is not valid for algorithm {algorithm}.")


def require_length(message: bytes, length: int, algorithm: str) -> None:
    """Checks that the message has the length of the algorithm's digest."""
    if len(message) != length:
        raise kms_error("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")


def check_request(algorithm: str | None, message_type: str, message: bytes | None) -> None:
    """Refuses a request to sign or verify that KMS's API model does not allow."""
    if algorithm not in ALL_ALGORITHMS:
        allowed = "not be null" if algorithm is None else f"satisfy enum value set: [{', '.join(ALL_ALGORITHMS)}]"
        raise constraint_error(algorithm, "signingAlgorithm", allowed)
    if message_type not in MESSAGE_TYPES:
        raise constraint_error(message_type, "messageType", f"satisfy enum value set: [{', '.join(MESSAGE_TYPES)}]")
    if not message or len(message) > LONGEST_MESSAGE:
        allowed = f"have length between 1 and {LONGEST_MESSAGE}"
        raise constraint_error(f"{len(message or b'')} bytes", "message", allowed)


def signing_algorithms(key: Key) -> list[str] | None:
    """Gap in moto: for Ed25519 it lists the algorithms of ECDSA."""
    return ALGORITHMS.get(key.key_spec, []) if key.key_usage == "SIGN_VERIFY" else None


def install() -> None:
    """Adds the key specs in ALGORITHMS to moto."""
    motos_own = moto.kms.utils.generate_private_key
    specs = sorted({*moto.kms.utils.KeySpec.key_specs(), *ALGORITHMS})
    moto.kms.utils.KeySpec.key_specs = classmethod(lambda _: specs)  # type: ignore[method-assign,assignment]
    moto.kms.models.generate_private_key = (  # type: ignore[assignment]
        lambda spec: SigningKey(spec) if spec in ALGORITHMS else motos_own(spec)
    )
    Key.signing_algorithms = property(signing_algorithms)  # type: ignore[method-assign,assignment]
