"""Data key pairs: the private key in every DER encoding that AWS KMS might use, and in many that it must not use.

KMS documents only "DER-encoded PKCS8 PrivateKeyInfo, as specified in RFC 5958". It does not say whether an EC key repeats its
curve and its public key inside, or whether an Ed25519 key contains its public key. So a test chooses.
"""

from dataclasses import dataclass, replace
from secrets import randbits

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import der

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
ED25519 = "1.3.101.112"
X25519 = "1.3.101.110"
FRIENDLY_NAME = "1.2.840.113549.1.9.20"

# [0] IMPLICIT Attributes of RFC 5958: one friendlyName, the BMPString "ca".
ATTRIBUTES = der.tlv(0xA0, der.sequence(der.oid(FRIENDLY_NAME), der.tlv(der.SET, der.tlv(0x1E, b"\0c\0a"))))

RSA_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "ECC_NIST_P256": (ec.SECP256R1(), "1.2.840.10045.3.1.7"),
    "ECC_NIST_P384": (ec.SECP384R1(), "1.3.132.0.34"),
    "ECC_NIST_P521": (ec.SECP521R1(), "1.3.132.0.35"),
    "ECC_SECG_P256K1": (ec.SECP256K1(), "1.3.132.0.10"),
}
EDWARDS = "ECC_NIST_EDWARDS25519"

SPECS = (*RSA_BITS, *CURVES, EDWARDS)
# Other specs in KMS's API model, and the error for each. For SM2 outside China, KMS documents the exception but not the
# message. The real KMS supports ML-KEM; this one does not.
UNSUPPORTED_SPECS = {
    "SM2": "KeyPairSpec SM2 is not supported in this region.",
    "ML_KEM_512": "local AWS: no ML-KEM",
    "ML_KEM_768": "local AWS: no ML-KEM",
    "ML_KEM_1024": "local AWS: no ML-KEM",
}

# The spec that `other-spec` makes instead of the requested one.
OTHER_SPECS = {
    "RSA_2048": "RSA_3072",
    "RSA_3072": "RSA_2048",
    "RSA_4096": "RSA_2048",
    "ECC_NIST_P256": "ECC_SECG_P256K1",
    "ECC_NIST_P384": "ECC_NIST_P256",
    "ECC_NIST_P521": "ECC_NIST_P256",
    "ECC_SECG_P256K1": "ECC_NIST_P256",
    EDWARDS: "ECC_NIST_P256",
}


class UnknownEncoding(Exception):
    """No encoding for a key pair of this spec has this name."""


@dataclass(frozen=True)
class PrivateKeyInfo:
    """OneAsymmetricKey of RFC 5958; its version 0 is PKCS#8's PrivateKeyInfo."""

    algorithm: bytes
    private_key: bytes
    version: bytes = der.integer(0)
    attributes: bytes = b""
    public_key: bytes = b""

    def content(self) -> bytes:
        """The fields of the SEQUENCE."""
        private_key = der.octet_string(self.private_key)
        return self.version + self.algorithm + private_key + self.attributes + self.public_key

    def encode(self) -> bytes:
        """The SEQUENCE. It is DER if the fields are."""
        return der.sequence(self.content())


@dataclass(frozen=True)
class KeyPair:
    """A key pair as KMS makes it: the private key to encrypt, and the public key (SubjectPublicKeyInfo)."""

    private: bytes
    public: bytes


def generate(spec: str, encoding: str | None) -> KeyPair:
    """A new key pair of `spec`, with the private key in `encoding`.

    Raises UnknownEncoding.
    """
    if encoding == "other-spec":
        return generate(OTHER_SPECS[spec], None)
    if encoding == "other-key":
        return KeyPair(generate(spec, None).private, generate(spec, None).public)
    if spec in RSA_BITS:
        return generate_rsa(RSA_BITS[spec], encoding)
    if spec in CURVES:
        return generate_ec(spec, encoding)
    return generate_ed25519(encoding)


def encode(info: PrivateKeyInfo, encoding: str | None) -> bytes:
    """The encodings that all key types have in common; None is the correct one."""
    match encoding:
        case None:
            return info.encode()
        case "attributes":
            return replace(info, attributes=ATTRIBUTES).encode()
        case "trailing":
            return info.encode() + b"\x00"
        case "truncated":
            return info.encode()[:-1]
        case "unknown-version":
            return replace(info, version=der.integer(2)).encode()
        case "non-minimal":
            return replace(info, version=b"\x02\x02\x00\x00").encode()
        case "non-minimal-length":
            content = info.content()
            return bytes([der.SEQUENCE, 0x83]) + len(content).to_bytes(3) + content
        case "indefinite":
            return der.indefinite(der.SEQUENCE, info.content())
        case _:
            raise UnknownEncoding(encoding)


# RSA ------------------------------------------------------------------------


def rsa_public_der(key: rsa.RSAPublicKey) -> bytes:
    """SubjectPublicKeyInfo"""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_private_key(integers: dict[str, bytes], version: int = 0, other_primes: bytes = b"") -> bytes:
    """RSAPrivateKey of RFC 8017 from its encoded integers, which are in its order."""
    return der.sequence(der.integer(version), *integers.values(), other_primes)


def generate_rsa(bits: int, encoding: str | None) -> KeyPair:
    """An RSA key pair."""
    key = rsa.generate_private_key(3 if encoding == "rsa-exponent-3" else 65537, bits)
    public = rsa_public_der(key.public_key())
    private = key.private_numbers()
    n = private.public_numbers.n
    values = {
        "n": n,
        "e": private.public_numbers.e,
        "d": private.d,
        "p": private.p,
        "q": private.q,
        "dp": private.dmp1,
        "dq": private.dmq1,
        "qinv": private.iqmp,
    }
    integers = {name: der.integer(value) for name, value in values.items()}
    info = PrivateKeyInfo(der.algorithm(RSA_ENCRYPTION, der.NULL), rsa_private_key(integers))

    def with_key(private_key: bytes) -> KeyPair:
        return KeyPair(replace(info, private_key=private_key).encode(), public)

    def with_values(**changes: int) -> KeyPair:
        return with_key(rsa_private_key(integers | {name: der.integer(value) for name, value in changes.items()}))

    def with_modulus(content: bytes) -> KeyPair:
        return with_key(rsa_private_key(integers | {"n": der.tlv(der.INTEGER, content)}))

    match encoding:
        case "wrong-algorithm":
            algorithm = der.algorithm(EC_PUBLIC_KEY, der.oid(CURVES["ECC_NIST_P256"][1]))
            return KeyPair(replace(info, algorithm=algorithm).encode(), public)
        case "no-parameters":
            return KeyPair(replace(info, algorithm=der.algorithm(RSA_ENCRYPTION)).encode(), public)
        case "rsa-wrong-dp":
            return with_values(dp=private.dmp1 + 1)
        case "rsa-wrong-dq":
            return with_values(dq=private.dmq1 + 1)
        case "rsa-wrong-qinv":
            return with_values(qinv=private.iqmp + 1)
        case "rsa-wrong-d":
            # The CRT values stay correct, and so do signatures made with them.
            return with_values(d=private.d + 2)
        case "public-exponent":
            return with_values(e=3)
        case "rsa-exponent-3":
            return KeyPair(info.encode(), public)
        case "rsa-wrong-modulus":
            other = rsa.generate_private_key(65537, bits).public_key()
            return replace(with_values(n=other.public_numbers().n), public=rsa_public_der(other))
        case "rsa-swapped-primes":
            p, q = private.q, private.p
            return with_values(p=p, q=q, dp=private.dmq1, dq=private.dmp1, qinv=pow(q, -1, p))
        case "rsa-multi-prime":
            third = der.sequence(der.sequence(der.integer(3), der.integer(1), der.integer(2)))
            return with_key(rsa_private_key(integers, 1, third))
        case "negative":
            return with_modulus(n.to_bytes(bits // 8))
        case "non-minimal":
            return with_modulus(b"\x00\x00" + n.to_bytes(bits // 8))
        case _:
            return KeyPair(encode(info, encoding), public)


# EC -------------------------------------------------------------------------


def ec_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def ec_private_key(scalar: bytes, parameters: bytes = b"", point: bytes = b"") -> bytes:
    """ECPrivateKey of RFC 5915"""
    return der.sequence(
        der.integer(1),
        der.octet_string(scalar),
        der.tlv(0xA0, parameters) if parameters else b"",
        der.tlv(0xA1, der.bit_string(point)) if point else b"",
    )


def generate_ec(spec: str, encoding: str | None) -> KeyPair:
    """An EC key pair."""
    curve, curve_oid = CURVES[spec]
    if encoding in ("large-scalar", "stripped-scalar"):
        # The scalar is so small that adding the group's order needs no more octets on any of the curves.
        key = ec.derive_private_key(1 << 119 | randbits(119), curve)
    else:
        key = ec.generate_private_key(curve)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    d = key.private_numbers().private_value
    size = (curve.key_size + 7) // 8
    scalar, point, parameters = d.to_bytes(size), ec_point(key), der.oid(curve_oid)
    algorithm = der.algorithm(EC_PUBLIC_KEY, parameters)
    info = PrivateKeyInfo(algorithm, ec_private_key(scalar, point=point))

    def with_key(private_key: bytes) -> KeyPair:
        return KeyPair(replace(info, private_key=private_key).encode(), public)

    def with_algorithm(changed: bytes) -> KeyPair:
        return KeyPair(replace(info, algorithm=changed).encode(), public)

    match encoding:
        case "with-public":
            return KeyPair(info.encode(), public)
        case "without-public":
            return with_key(ec_private_key(scalar))
        case "sec1-full":
            return with_key(ec_private_key(scalar, parameters, point))
        case "v2-public" | "v1-outer-public":
            version = der.integer(1 if encoding == "v2-public" else 0)
            outside = replace(info, version=version, public_key=der.bit_string(point, tag=0x81))
            return KeyPair(replace(outside, private_key=ec_private_key(scalar)).encode(), public)
        case "padded-scalar":
            return with_key(ec_private_key(b"\x00" + scalar, point=point))
        case "stripped-scalar":
            return with_key(ec_private_key(scalar.lstrip(b"\x00"), point=point))
        case "zero-scalar":
            return with_key(ec_private_key(bytes(size), point=point))
        case "large-scalar":
            # (d + n)·G is d·G: only the range is wrong.
            return with_key(ec_private_key((d + curve.group_order).to_bytes(size), point=point))
        case "wrong-point":
            return with_key(ec_private_key(scalar, point=ec_point(ec.generate_private_key(curve))))
        case "wrong-inner-curve":
            return with_key(ec_private_key(scalar, der.oid(CURVES[OTHER_SPECS[spec]][1]), point))
        case "wrong-curve":
            return with_algorithm(der.algorithm(EC_PUBLIC_KEY, der.oid(CURVES[OTHER_SPECS[spec]][1])))
        case "wrong-algorithm":
            return with_algorithm(der.algorithm(RSA_ENCRYPTION, der.NULL))
        case "no-parameters":
            return with_algorithm(der.algorithm(EC_PUBLIC_KEY))
        case _:
            return KeyPair(encode(info, encoding), public)


# Ed25519 --------------------------------------------------------------------


def generate_ed25519(encoding: str | None) -> KeyPair:
    """An Ed25519 key pair (RFC 8410)."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = key.public_key().public_bytes_raw()
    seed = key.private_bytes_raw()
    info = PrivateKeyInfo(der.algorithm(ED25519), der.octet_string(seed))

    def with_public(version: int, outside: bytes) -> KeyPair:
        changed = replace(info, version=der.integer(version), public_key=der.bit_string(outside, tag=0x81))
        return KeyPair(changed.encode(), public)

    def with_key(private_key: bytes) -> KeyPair:
        return KeyPair(replace(info, private_key=private_key).encode(), public)

    match encoding:
        case "without-public":
            return KeyPair(info.encode(), public)
        case "v2-public":
            return with_public(1, point)
        case "v1-outer-public":
            return with_public(0, point)
        case "wrong-point":
            return with_public(1, ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        case "bare-seed":
            return with_key(seed)
        case "short-seed":
            return with_key(der.octet_string(seed[:-1]))
        case "long-seed":
            # Some programs append the public key to the seed.
            return with_key(der.octet_string(seed + point))
        case "null-parameters":
            return KeyPair(replace(info, algorithm=der.algorithm(ED25519, der.NULL)).encode(), public)
        case "wrong-algorithm":
            return KeyPair(replace(info, algorithm=der.algorithm(X25519)).encode(), public)
        case _:
            return KeyPair(encode(info, encoding), public)
