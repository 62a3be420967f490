"""What InitializeCluster requires of the two certificates that claim a cluster (User Guide, "Initialize the cluster").

AWS documents the rules, but not its error messages. The messages here are ours.
"""

from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# The API reference says so in words; its model allows 20,000.
MAX_CHARACTERS = 5000
# A trust anchor may be a chain, "ICA first to root last", says the newer User Guide.
MAX_CHAIN = 4
MAX_CHAIN_SIZE = 16 * 1024
RSA_SIZES = (2048, 3072, 4096)
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
DIGESTS = (SHA224, SHA256, SHA384, SHA512)


class InvalidClaim(Exception):
    """The cluster cannot be claimed with these certificates."""


def check(signed_cert: str, trust_anchor: str, csr: str) -> None:
    """Checks that the signed certificate matches the CSR and chains to the trust anchor.

    Raises InvalidClaim.
    """
    leaf = _certificates("SignedCert", signed_cert)
    chain = _certificates("TrustAnchor", trust_anchor)
    if len(leaf) != 1:
        raise InvalidClaim("SignedCert must be one certificate")
    if len(chain) > MAX_CHAIN:
        raise InvalidClaim(f"TrustAnchor must have at most {MAX_CHAIN} certificates")
    if len(chain) == 1 and len(trust_anchor) > MAX_CHARACTERS:
        raise InvalidClaim(f"TrustAnchor must have at most {MAX_CHARACTERS} characters")

    for certificate in chain:
        _check_accepted("TrustAnchor", certificate)
        _check_authority(certificate)
    _check_accepted("SignedCert", leaf[0])
    *_, root = chain
    if not _issued(root, root):
        raise InvalidClaim("TrustAnchor must be a self-signed certificate")
    if _public_key(leaf[0]) != _public_key(x509.load_pem_x509_csr(csr.encode())):
        raise InvalidClaim("The public key of SignedCert does not match the cluster CSR")
    for certificate, issuer in pairwise([*leaf, *chain]):
        if not _issued(certificate, issuer):
            raise InvalidClaim("SignedCert is not signed by TrustAnchor")


def _certificates(parameter: str, text: str) -> list[x509.Certificate]:
    limit = MAX_CHARACTERS if parameter == "SignedCert" else MAX_CHAIN_SIZE
    if len(text) > limit:
        raise InvalidClaim(f"{parameter} must have at most {limit} characters")
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise InvalidClaim(f"{parameter} is not a certificate in PEM format") from error


def _check_accepted(parameter: str, certificate: x509.Certificate) -> None:
    """Checks key, digest and dates."""
    match certificate.public_key():
        case rsa.RSAPublicKey() as key if key.key_size in RSA_SIZES:
            pass
        case ec.EllipticCurvePublicKey() as key if isinstance(key.curve, CURVES):
            pass
        case _:
            raise InvalidClaim(f"The key of {parameter} is of a type or size that is not supported")
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        digest = None
    if not isinstance(digest, DIGESTS):
        raise InvalidClaim(f"{parameter} is signed with an algorithm that is not supported")
    now = datetime.now(UTC)
    if now < certificate.not_valid_before_utc:
        raise InvalidClaim(f"{parameter} is not yet valid")
    if now > certificate.not_valid_after_utc:
        raise InvalidClaim(f"{parameter} has expired")


def _check_authority(certificate: x509.Certificate) -> None:
    """If using X509v3 extensions, the X509v3 Basic Constraints extension must be present."""
    try:
        extensions = certificate.extensions
    except ValueError as error:
        raise InvalidClaim("TrustAnchor has extensions that cannot be read") from error
    if not len(extensions):
        return
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as error:
        raise InvalidClaim("TrustAnchor has no X509v3 Basic Constraints extension") from error
    if not constraints.ca:
        raise InvalidClaim("TrustAnchor is not a CA: its Basic Constraints say CA:FALSE")
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise InvalidClaim("The extensions of TrustAnchor conflict: its Key Usage has no Certificate Sign")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def _public_key(holder: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
