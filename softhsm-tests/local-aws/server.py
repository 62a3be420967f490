#!/usr/bin/env python3
"""A local AWS KMS: moto's server on 127.0.0.1, completed where moto 5.2.5 lacks
something or answers differently from the real service.

    server.py [--port PORT] [--ready-file FILE] [--parent-pid PID]

It stops on SIGTERM, and soon after process PID has ended.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import moto.kms.urls
import moto.kms.utils
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import InvalidCiphertextException
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

# Requests signed with an access key id that starts like this are denied.
DENIED_ACCESS_KEY_PREFIX = "AKIADENIED"

KEY_PAIR_GENERATORS = {
    "RSA_2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA_3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA_4096": lambda: rsa.generate_private_key(65537, 4096),
    "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECC_NIST_P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECC_NIST_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def kms_error(error_type: str, message: str) -> JsonRESTError:
    """An error as KMS sends it: HTTP 400, body {"__type": ..., "message": ...}."""
    return JsonRESTError(error_type, message)


def key_material_id(key: Key) -> str:
    """The 64 hex digits that name the key's current key material."""
    return hashlib.sha256(key.key_material).hexdigest()


def serialize_encryption_context(encryption_context: dict[str, str]) -> bytes:
    """The additional authenticated data for an encryption context.

    Gap in moto: it joins names and values without separators, so that
    {"a": "bc"} and {"ab": "c"} would decrypt each other's data.
    """
    return json.dumps(encryption_context, sort_keys=True).encode()


class RealisticKmsResponse(KmsResponse):
    """moto's KMS front end with the differences to the real service removed."""

    # Access control ---------------------------------------------------------

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        """Deny everything to access key ids with DENIED_ACCESS_KEY_PREFIX.

        moto's own IAM enforcement is no use here: it answers KMS requests with
        HTTP 403 and an XML body, in which SDKs find no KMS error, and once
        switched on it refuses all credentials that it did not create.
        """
        credential = re.search(r"Credential=([^/,]+)", self.headers.get("Authorization", ""))
        if credential and credential[1].startswith(DENIED_ACCESS_KEY_PREFIX):
            raise self._access_denied(f"kms:{self._get_action()}")
        super()._authenticate_and_authorize_normal_action(resource)

    def _access_denied(self, action: str) -> JsonRESTError:
        """AccessDeniedException worded like IAM's for the named key, if one is named."""
        key_id = self._get_param("KeyId") or "*"
        try:
            resource = self._resolve_key(key_id).arn
        except JsonRESTError:
            resource = key_id
        return kms_error(
            "AccessDeniedException",
            f"User: arn:aws:iam::{self.current_account}:user/denied is not authorized to perform: "
            f"{action} on resource: {resource} because no identity-based policy allows the {action} action",
        )

    # Keys -------------------------------------------------------------------

    def _validate_key_id(self, key_id: str) -> None:
        """Gap in moto: it ignores the region in the ARN of a key or alias."""
        arn_parts = key_id.split(":")
        if arn_parts[0] == "arn" and len(arn_parts) > 3 and arn_parts[3] != self.region:
            raise kms_error("NotFoundException", f"Invalid arn {arn_parts[3]}")
        super()._validate_key_id(key_id)

    def _resolve_key(self, key_id: str) -> Key:
        """The key named by a key id, key ARN, alias name or alias ARN."""
        self._validate_key_id(key_id)
        return self.kms_backend.keys[self.kms_backend.any_id_to_key_id(key_id)]

    def _require_enabled(self, key: Key) -> None:
        """Gap in moto: disabled keys and keys pending deletion still work."""
        if key.key_state == "PendingDeletion":
            raise kms_error("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        if key.key_state != "Enabled":
            raise kms_error("DisabledException", f"{key.arn} is disabled.")

    def _require_symmetric(self, key: Key, message_if_asymmetric: str) -> None:
        """Gap in moto: it encrypts with keys of every kind."""
        if key.key_usage not in (None, "ENCRYPT_DECRYPT"):
            message = f"{key.arn} key usage is {key.key_usage} which is not valid for {self._get_action()}."
            raise kms_error("InvalidKeyUsageException", message)
        if key.key_spec != "SYMMETRIC_DEFAULT":
            raise kms_error("InvalidKeyUsageException", message_if_asymmetric.format(key.key_spec))

    # Operations -------------------------------------------------------------

    def generate_data_key_pair_without_plaintext(self) -> str:
        """Gap in moto: it does not have this operation."""
        key_id = self._get_param("KeyId")
        spec = self._get_param("KeyPairSpec")
        invalid = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: Member must {}"
        for name, value in (("keyId", key_id), ("keyPairSpec", spec)):
            if value is None:
                raise kms_error("ValidationException", invalid.format("null", name, "not be null"))
        if spec not in KEY_PAIR_GENERATORS:
            allowed = f"satisfy enum value set: [{', '.join(KEY_PAIR_GENERATORS)}]"
            raise kms_error("ValidationException", invalid.format(f"'{spec}'", "keyPairSpec", allowed))
        key = self._resolve_key(key_id)
        self._require_symmetric(key, "You cannot generate a data key with an asymmetric CMK")
        self._require_enabled(key)

        private_key = KEY_PAIR_GENERATORS[spec]()
        private_der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public_der = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        encryption_context = self._get_param("EncryptionContext") or {}
        ciphertext, key_arn = self.kms_backend.encrypt(key.id, private_der, encryption_context)
        return json.dumps(
            {
                "KeyId": key_arn,
                "KeyMaterialId": key_material_id(key),
                "KeyPairSpec": spec,
                "PrivateKeyCiphertextBlob": base64.b64encode(ciphertext).decode(),
                "PublicKey": base64.b64encode(public_der).decode(),
            }
        )

    def decrypt(self) -> str:
        """moto's Decrypt after the checks that it lacks.

        moto itself gets right: a wrong or missing encryption context, and
        damaged or cut-off encrypted data (InvalidCiphertextException, which
        has no message in the real service either), and unknown keys and
        aliases in KeyId (NotFoundException). Gaps in moto:
        - KeyId names another key than the blob: AccessDeniedException without
          a message instead of IncorrectKeyException;
        - damage in the blob's header: also AccessDeniedException;
        - keys that are disabled, pending deletion or of the wrong kind, and
          ARNs of other regions, are not refused;
        - EncryptionAlgorithm and KeyMaterialId are missing in the answer.
        """
        requested_id = self._get_param("KeyId")
        blob: bytes = self._get_param("CiphertextBlob") or b""
        # A blob of moto begins with the id of the key that encrypted it.
        blob_key_id = blob[: moto.kms.utils.KEY_ID_LEN].decode(errors="replace")

        if requested_id:
            key = self._resolve_key(requested_id)
            self._require_symmetric(key, "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {}.")
            self._require_enabled(key)

        regions = kms_backends[self.current_account].values()
        if not any(blob_key_id in backend.keys for backend in regions):
            raise InvalidCiphertextException()
        if requested_id and key.id != blob_key_id:
            raise kms_error(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        if blob_key_id not in self.kms_backend.keys:
            raise kms_error(
                "AccessDeniedException",
                "The ciphertext refers to a customer master key that does not exist, "
                "does not exist in this region, or you are not allowed to access.",
            )
        key = self.kms_backend.keys[blob_key_id]
        self._require_enabled(key)

        answer: dict[str, Any] = json.loads(super().decrypt())
        answer["EncryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
        answer["KeyMaterialId"] = key_material_id(key)
        return json.dumps(answer)


def start_time(pid: int) -> str | None:
    """When process `pid` started (in clock ticks), or None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def main() -> None:
    """Run the server until SIGTERM or the end of the parent process."""
    parser = argparse.ArgumentParser(description="Local AWS KMS for tests and demos")
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free one)")
    parser.add_argument("--ready-file", type=Path, help="file that gets the URL once the server is up")
    parser.add_argument("--parent-pid", type=int, help="stop when this process ends")
    args = parser.parse_args()

    parent_started = start_time(args.parent_pid) if args.parent_pid else None
    if args.parent_pid and parent_started is None:
        sys.exit(f"parent process {args.parent_pid} does not exist")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    moto.kms.utils._serialize_encryption_context = serialize_encryption_context
    moto.kms.urls.url_paths["{0}/$"] = RealisticKmsResponse.dispatch

    # As ThreadedMotoServer does it, except that a port in use ends the program.
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", args.port, app, True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    print(f"local AWS KMS on {url}", flush=True)
    if args.ready_file:
        temporary = args.ready_file.with_name(f"{args.ready_file.name}.{os.getpid()}.tmp")
        temporary.write_text(url + "\n")
        temporary.replace(args.ready_file)

    while not stop.wait(0.2):
        if args.parent_pid and start_time(args.parent_pid) != parent_started:
            break


if __name__ == "__main__":
    main()
