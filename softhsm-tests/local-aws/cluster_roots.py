"""The roots of the rig, which stand in for AWS CloudHSM Root G1 and for the manufacturer's roots of both generations."""

import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from cluster_certificates import (
    KEY_CERT_SIGN,
    YEAR,
    Issuer,
    Validity,
    basic_constraints,
    certificate,
    key_identifiers,
    key_usage,
    name,
)
from cluster_keys import new_key

LIFETIME = Validity(-YEAR, 10 * YEAR)
AWS_NAME = name(
    {"C": "US"},
    {"ST": "Virginia"},
    {"L": "Herndon"},
    {"O": "Amazon Web Services INC."},
    {"OU": "CloudHSM"},
    {"CN": "Local AWS CloudHSM Root G1"},
)
CAVIUM_NAME = name(
    {"C": "US"},
    {"ST": "California"},
    {"L": "San Jose"},
    {"O": "Cavium, Inc."},
    {"OU": "LiquidSecurity"},
    {"CN": "local.liquidsecurity.cavium.com"},
)
MARVELL_NAME = name(
    {"C": "US", "ST": "CA", "OU": "SSBU", "L": "SanJose", "O": "Marvell"}, {"CN": "local-ls2-root-AR-v1"}
)


@dataclass(frozen=True)
class Root:
    """One root. Its certificate can be made again with other dates."""

    issuer: Issuer
    serial: int
    version: int

    def certificate(self, validity: Validity) -> str:
        """The root's own certificate, in PEM."""
        key = self.issuer.key.public_key()
        extensions = None
        if self.version == 3:
            extensions = [basic_constraints(ca=True), key_usage(KEY_CERT_SIGN), *key_identifiers(key, key)]
        return certificate(
            self.issuer, self.issuer.name, key, extensions, serial=self.serial, validity=validity
        )


@dataclass(frozen=True)
class Kind:
    """The properties of a root."""

    name: bytes
    bits: int
    serial: int
    version: int


# By file name.
KINDS = {
    "aws-root": Kind(AWS_NAME, 2048, 0x00F924EEEECF9EA64F, 3),
    "manufacturer-root-1": Kind(CAVIUM_NAME, 2048, 0x00C0EAADF434DEDC17, 1),
    "manufacturer-root-2": Kind(MARVELL_NAME, 4096, 1, 3),
}


class Roots:
    """The three roots, in a directory: NAME.crt, and the key in NAME.key. Missing files are made."""

    def __init__(self, directory: Path) -> None:
        """Makes no root yet, because that takes a second; see `root`."""
        self.directory = directory
        self.lock = threading.Lock()
        self.roots: dict[str, Root] = {}

    def make_in_background(self) -> None:
        """Makes all files in another thread, before the first HSM exists."""
        threading.Thread(target=lambda: [self.root(file) for file in KINDS], daemon=True).start()

    def root(self, file: str) -> Root:
        """One of KINDS."""
        with self.lock:
            if file not in self.roots:
                kind = KINDS[file]
                root = Root(Issuer(kind.name, self._key(file, kind.bits)), kind.serial, kind.version)
                self._write(f"{file}.crt", root.certificate(LIFETIME).encode())
                self.roots[file] = root
            return self.roots[file]

    def pem(self, file: str) -> str:
        """The certificate in its file."""
        self.root(file)
        return (self.directory / f"{file}.crt").read_text()

    def _key(self, file: str, bits: int) -> RSAPrivateKey:
        path = self.directory / f"{file}.key"
        if not path.exists():
            private = new_key(bits).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            self._write(path.name, private)
        key = load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        return key

    def _write(self, file: str, content: bytes) -> None:
        """Writes a file unless it exists. No reader sees it half-written."""
        path = self.directory / file
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{file}.tmp")
            temporary.write_bytes(content)
            temporary.replace(path)
