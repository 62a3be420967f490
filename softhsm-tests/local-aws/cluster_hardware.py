"""The identity of an HSM: its key, its CSR, its certificate signed by a key of the hardware, and the two certificates of that key.

A test can ask for variations by name, several joined with `+`. Every certificate in them has a valid signature by some key.

    PART-FAULT              PART is aws, manufacturer or hardware (both); FAULT is one of HARDWARE_FAULTS
    ROOT-expired            ROOT is aws-root or manufacturer-root: the same name and key, other dates. The cluster's
    ROOT-not-yet-valid      description has this certificate; the directory of the roots keeps the good one.
    hsm-expired, hsm-not-yet-valid
    hsm-other-hardware      another hardware key with the right name signed the HSM certificate
    csr-other-key           the CSR is for another HSM's key
    csr-broken              the CSR's own signature is wrong
"""

import secrets
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

import der
from cluster_certificates import (
    DIGITAL_SIGNATURE,
    EXPIRED,
    KEY_CERT_SIGN,
    NOT_YET_VALID,
    VALID,
    Issuer,
    Rdn,
    Validity,
    basic_constraints,
    certificate,
    extension,
    key_identifiers,
    key_usage,
    name,
    request,
)
from cluster_keys import PrimePool, new_key
from cluster_roots import LIFETIME, Roots

# What can be wrong with a certificate of the hardware.
HARDWARE_FAULTS = {
    "crossed": "another HSM's hardware: another name and key",
    "other-key": "the right name, another key",
    "impostor": "signed by another key of the root's name",
    "expired": "",
    "not-yet-valid": "",
    "v1": "version 1, in the second generation too",
    "ca-false": "version 3, CA:FALSE",
    "no-constraints": "version 3, no basicConstraints",
    "no-cert-sign": "version 3, CA:TRUE, but keyUsage is for signatures only",
    "unknown-critical": "version 3, CA:TRUE, with an unknown critical extension",
    "sha1": "signed with SHA-1",
}
DATES = {"expired": EXPIRED, "not-yet-valid": NOT_YET_VALID}
VARIATIONS = frozenset(
    [f"{part}-{fault}" for part in ("aws", "manufacturer", "hardware") for fault in HARDWARE_FAULTS]
    + [f"{part}-{date}" for part in ("hsm", "aws-root", "manufacturer-root") for date in DATES]
    + ["hsm-other-hardware", "csr-other-key", "csr-broken"]
)
HARDWARE_SERIAL = 0x1D4C


class UnknownVariation(Exception):
    """No variation has this name."""


def parse_variations(text: str) -> frozenset[str]:
    """The names of the variations that a test asks for.

    Raises UnknownVariation.
    """
    names = frozenset(filter(None, text.split("+")))
    if unknown := names - VARIATIONS:
        raise UnknownVariation(", ".join(sorted(unknown)))
    return names


@dataclass(frozen=True)
class Generation:
    """A generation of the hardware."""

    owner: Rdn
    version: int
    manufacturer_root: str
    hardware_keys: PrimePool

    def new_card(self) -> str:
        """The serial number of a new card."""
        if self.version == 1:
            return f"5.3G{secrets.randbelow(10_000):04}-ICM{secrets.randbelow(1_000_000):06}"
        return f"RCN{secrets.randbelow(10_000):04}B{secrets.randbelow(100_000):05}"

    def new_partition(self, card: str) -> str:
        """The beginning of a partition's name: in the second generation, the serial number of the card."""
        return secrets.token_hex(15).upper() if self.version == 1 else card


# The subjects are those of a real CSR of each generation. Hardware certificates of the first have version 1, as a public one of
# the same manufacturer has. Those of the second have CA flags, so `openssl verify` accepts them.
GENERATIONS = {
    "hsm1.medium": Generation(
        {"C": "US", "ST": "CA", "O": "Cavium", "OU": "N3FIPS", "L": "SanJose"},
        1,
        "manufacturer-root-1",
        PrimePool(2048),
    ),
    "hsm2m.medium": Generation(
        {"C": "US", "ST": "CA", "OU": "LS2", "L": "SanJose", "O": "Marvell"},
        3,
        "manufacturer-root-2",
        PrimePool(4096),
    ),
}


class Identity:
    """The identity of one HSM. Its certificates are made on demand, and do not change."""

    def __init__(self, hsm_type: str, mode: str, roots: Roots, variations: frozenset[str]) -> None:
        """The identity of an HSM in `mode`: FIPS or NON_FIPS."""
        self.generation = GENERATIONS[hsm_type]
        self.roots = roots
        self.variations = variations
        self.mode = "FIPS" if mode == "FIPS" else "non-FIPS"
        self.card = self.generation.new_card()
        self.key = new_key(2048)
        self.hardware = Issuer(self._card_name(self.card), self.generation.hardware_keys.key())
        partition = f"HSM:{self.generation.new_partition(self.card)}:PARTN:{1 + secrets.randbelow(32)}"
        self.subject = self._name(partition)

    def _name(self, what: str) -> bytes:
        return name(self.generation.owner, {"CN": f"{what}, for {self.mode} mode"})

    def _card_name(self, card: str) -> bytes:
        return self._name(f"HSM:{card}")

    @cached_property
    def certificates(self) -> dict[str, str]:
        """The certificates that DescribeClusters shows for this HSM."""
        return {
            "ClusterCsr": self._csr(),
            "HsmCertificate": self._hsm_certificate(),
            "AwsHardwareCertificate": self._hardware_certificate("aws", "aws-root"),
            "ManufacturerHardwareCertificate": self._hardware_certificate(
                "manufacturer", self.generation.manufacturer_root
            ),
        }

    @property
    def root_certificates(self) -> dict[str, str]:
        """The roots for a verifier of this HSM, by file name."""
        return {
            "aws-root.crt": self._root("aws-root", "aws-root"),
            "manufacturer-root.crt": self._root("manufacturer-root", self.generation.manufacturer_root),
        }

    def _root(self, part: str, file: str) -> str:
        validity = self._validity(part, LIFETIME)
        return self.roots.pem(file) if validity is LIFETIME else self.roots.root(file).certificate(validity)

    def _validity(self, part: str, ordinary: Validity = VALID) -> Validity:
        return next((dates for fault, dates in DATES.items() if f"{part}-{fault}" in self.variations), ordinary)

    def _csr(self) -> str:
        key = new_key(2048) if "csr-other-key" in self.variations else self.key
        return request(self.subject, key, broken="csr-broken" in self.variations)

    def _hsm_certificate(self) -> str:
        """Issued by the hardware key, serial number 1; version 3, without extensions in the first generation."""
        issuer = self.hardware
        if "hsm-other-hardware" in self.variations:
            issuer = Issuer(issuer.name, self.generation.hardware_keys.key())
        key = self.key.public_key()
        extensions = []
        if self.generation.version == 3:
            identifiers = key_identifiers(key, self.hardware.key.public_key())
            extensions = [basic_constraints(ca=False), key_usage(DIGITAL_SIGNATURE), *identifiers]
        return certificate(issuer, self.subject, key, extensions, serial=1, validity=self._validity("hsm"))

    def _hardware_certificate(self, part: str, root_file: str) -> str:
        faults = {
            fault for fault in HARDWARE_FAULTS if {f"{part}-{fault}", f"hardware-{fault}"} & self.variations
        }
        subject, key = self.hardware.name, self.hardware.key
        if faults & {"crossed", "other-key"}:
            key = self.generation.hardware_keys.key()
        if "crossed" in faults:
            subject = self._card_name(self.generation.new_card())
        root = self.roots.root(root_file).issuer
        issuer = Issuer(root.name, new_key(2048)) if "impostor" in faults else root
        validity = next((DATES[fault] for fault in faults & DATES.keys()), VALID)
        return certificate(
            issuer,
            subject,
            key.public_key(),
            self._hardware_extensions(faults, key, root.key),
            serial=HARDWARE_SERIAL,
            validity=validity,
            digest="sha1" if "sha1" in faults else "sha256",
        )

    def _hardware_extensions(self, faults: set[str], key: RSAPrivateKey, root: RSAPrivateKey) -> list[bytes] | None:
        """The extensions; None, which means version 1, in the first generation, unless the fault concerns extensions."""
        of_extensions = faults & {"ca-false", "no-constraints", "no-cert-sign", "unknown-critical"}
        if "v1" in faults or (self.generation.version == 1 and not of_extensions):
            return None
        extensions = key_identifiers(key.public_key(), root.public_key())
        if "no-constraints" not in faults:
            extensions.append(basic_constraints(ca="ca-false" not in faults))
        if "ca-false" not in faults:
            extensions.append(key_usage(DIGITAL_SIGNATURE if "no-cert-sign" in faults else KEY_CERT_SIGN))
        if "unknown-critical" in faults:
            # An OID from the arc for examples (RFC 5612).
            extensions.append(extension("1.3.6.1.4.1.32473.1", der.NULL, critical=True))
        return extensions
