#!/usr/bin/env python3
"""Stands in for the Nitro Secure Module: makes an attestation document for a public key.

The local AWS KMS accepts the document if both have the same root: give both the same directory.
"""

import argparse
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

import attestation


def load_public_key(file: Path) -> bytes:
    """The DER SubjectPublicKeyInfo in a PEM or DER file."""
    content = file.read_bytes()
    load = load_pem_public_key if content.startswith(b"-----BEGIN") else load_der_public_key
    key = load(content)
    if not isinstance(key, rsa.RSAPublicKey):
        raise SystemExit(f"{file}: not an RSA public key")
    return attestation.public_key_der(key)


def main() -> None:
    """Write one document."""
    parser = argparse.ArgumentParser(description="Attestation documents for the local AWS KMS")
    parser.add_argument("--public-key", type=Path, required=True, metavar="FILE", help="RSA, PEM or DER")
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="the server's --attestation-root")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the document to write (CBOR)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--other-key", action="store_true", help="the document is for a new key, not for FILE's")
    kind.add_argument("--no-public-key", action="store_true", help="the document has no public key")
    parser.add_argument("--expired", action="store_true", help="the document is a day old")
    parser.add_argument("--untagged", action="store_true", help="no tag 18 before the COSE_Sign1")
    parser.add_argument("--bad-signature", action="store_true", help="the signature is wrong")
    args = parser.parse_args()

    public_key: bytes | None = load_public_key(args.public_key)
    if args.other_key:
        public_key = attestation.public_key_der(rsa.generate_private_key(65537, 2048).public_key())
    if args.no_public_key:
        public_key = None
    root = attestation.Root.in_directory(args.root)
    document = attestation.make(
        root, public_key, expired=args.expired, tagged=not args.untagged, bad_signature=args.bad_signature
    )
    args.out.write_bytes(document)


if __name__ == "__main__":
    main()
