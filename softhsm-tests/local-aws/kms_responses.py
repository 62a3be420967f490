"""AWS KMS's operations, based on moto 5.2.5. "Gap in moto" marks what moto lacks or does differently from the real KMS."""

import base64
import json
from typing import Any, ClassVar

import moto.kms.utils
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import InvalidCiphertextException
from moto.kms.models import Grant, Key, kms_backends
from moto.kms.responses import KmsResponse

import attestation
import envelope
import key_pairs
import kms_signing
from attestation import Root
from kms_errors import constraint_error, kms_error
from kms_keys import key_material_id, wish
from weather import access_key_of

# Requests signed with an access key id that starts like this are denied.
DENIED_ACCESS_KEY_PREFIX = "AKIADENIED"

# Operations that use GrantTokens here.
GRANT_TOKEN_OPERATIONS = ("Decrypt", "GenerateDataKeyPairWithoutPlaintext", "GetPublicKey", "Sign")

# Requests signed with an access key id that starts like this come from another account.
OTHER_ACCOUNT_ACCESS_KEY_PREFIX = "AKIAOTHERACCOUNT"
OTHER_ACCOUNT = "999988887777"

MAX_GRANT_TOKENS = 10
MAX_GRANT_TOKEN = 8192
MAX_ATTESTATION_DOCUMENT = 262_144


def constraints_hold(constraints: dict[str, dict[str, str]], context: dict[str, str]) -> bool:
    """Whether the constraints of a grant allow this encryption context."""
    equals = constraints.get("EncryptionContextEquals")
    subset = constraints.get("EncryptionContextSubset") or {}
    return equals in (None, context) and subset.items() <= context.items()


class RealisticKmsResponse(KmsResponse):
    """moto's KMS front end, changed to answer like the real service."""

    # Stands in for AWS's Nitro Enclaves root; set when the server starts.
    attestation_root: ClassVar[Root]

    # Access control ---------------------------------------------------------

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        """Denies everything to access key ids with DENIED_ACCESS_KEY_PREFIX.

        moto's own IAM enforcement cannot be used here: it answers KMS requests
        with HTTP 403 and an XML body, in which SDKs find no KMS error. Once
        switched on, it also refuses all credentials that it did not create.
        """
        denied = access_key_of(self.headers.get("Authorization", "")).startswith(DENIED_ACCESS_KEY_PREFIX)
        if denied and not self._is_granted():
            raise self._access_denied(f"kms:{self._get_action()}")
        super()._authenticate_and_authorize_normal_action(resource)

    def get_current_account(self) -> str:
        """The account of the access key id."""
        other = access_key_of(self.headers.get("Authorization", "")).startswith(OTHER_ACCOUNT_ACCESS_KEY_PREFIX)
        return OTHER_ACCOUNT if other else super().get_current_account()

    def _enter_account_of(self, key_id: str | None) -> None:
        """Switches to the account that a key ARN names, as if the key's policy allowed everyone to make the call.

        Gap in moto: it ignores the account in an ARN. KMS searches for a bare id or an alias in the caller's account (API
        reference, KeyId: "To specify a KMS key in a different AWS account, you must use the key ARN or alias ARN").
        """
        arn_parts = (key_id or "").split(":")
        if arn_parts[0] == "arn" and len(arn_parts) > 4:
            self.current_account = arn_parts[4]

    @property
    def _denied_principal(self) -> str:
        """The user of the access key ids with DENIED_ACCESS_KEY_PREFIX."""
        return f"arn:aws:iam::{self.current_account}:user/denied"

    def _access_denied(self, action: str) -> JsonRESTError:
        """AccessDeniedException with IAM's message, for the named key if the request names one."""
        key_id = self._get_param("KeyId") or "*"
        try:
            resource = self._resolve_key(key_id).arn
        except JsonRESTError:
            resource = key_id
        return kms_error(
            "AccessDeniedException",
            f"User: {self._denied_principal} is not authorized to perform: "
            f"{action} on resource: {resource} because no identity-based policy allows the {action} action",
        )

    # Grants -----------------------------------------------------------------

    def _grants(self) -> list[Grant]:
        """The grants whose tokens the request presents.

        Gap in moto: it ignores grant tokens.
        """
        tokens: list[str] = self._get_param("GrantTokens") or []
        if len(tokens) > MAX_GRANT_TOKENS:
            constraint = f"have length less than or equal to {MAX_GRANT_TOKENS}"
            raise constraint_error(f"[{', '.join(tokens)}]", "grantTokens", constraint)
        if not all(1 <= len(token) <= MAX_GRANT_TOKEN for token in tokens):
            constraint = (
                f"satisfy constraint: [Member must have length less than or equal to {MAX_GRANT_TOKEN}, "
                "Member must have length greater than or equal to 1]"
            )
            raise constraint_error(f"[{', '.join(tokens)}]", "grantTokens", constraint)
        # Copies, because other threads make keys and grants meanwhile.
        keys = list(self.kms_backend.keys.values())
        issued = {grant.token: grant for key in keys for grant in list(key.grants.values())}
        if not issued.keys() >= set(tokens):
            raise kms_error("InvalidGrantTokenException", "")
        return [issued[token] for token in tokens]

    def _is_granted(self) -> bool:
        """Whether a grant whose token the request presents allows the denied principal this call."""
        operation = self._get_action()
        if operation not in GRANT_TOKEN_OPERATIONS:
            return False
        grants = self._grants()
        if not grants:
            return False
        key_id = self._get_param("KeyId")
        blob: bytes = self._get_param("CiphertextBlob") or b""
        granted_key = self._resolve_key(key_id).id if key_id else self._blob_key_id(blob)
        context: dict[str, str] = self._get_param("EncryptionContext") or {}
        return any(
            grant.key_id == granted_key
            and grant.grantee_principal == self._denied_principal
            and operation in grant.operations
            and constraints_hold(grant.constraints or {}, context)
            for grant in grants
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

    @staticmethod
    def _blob_key_id(blob: bytes) -> str:
        """The id of the key that encrypted a blob. moto puts it at the beginning of the blob."""
        return blob[: moto.kms.utils.KEY_ID_LEN].decode(errors="replace")

    # Operations -------------------------------------------------------------

    def _stop_dry_run(self) -> None:
        """Gap in moto: it does not support DryRun, which stops after all checks."""
        if self._get_param("DryRun"):
            message = "The request would have succeeded, but the DryRun option is set."
            raise kms_error("DryRunOperationException", message)

    def generate_data_key_pair_without_plaintext(self) -> str:
        """Gap in moto: it does not have this operation."""
        key_id = self._get_param("KeyId")
        spec = self._get_param("KeyPairSpec")
        for name, value in (("keyId", key_id), ("keyPairSpec", spec)):
            if value is None:
                raise constraint_error(None, name, "not be null")
        known = (*key_pairs.SPECS, *key_pairs.UNSUPPORTED_SPECS)
        if spec not in known:
            raise constraint_error(spec, "keyPairSpec", f"satisfy enum value set: [{', '.join(known)}]")
        self._grants()
        key = self._resolve_key(key_id)
        self._require_symmetric(key, "You cannot generate a data key with an asymmetric CMK")
        self._require_enabled(key)

        if spec in key_pairs.UNSUPPORTED_SPECS:
            raise kms_error("UnsupportedOperationException", key_pairs.UNSUPPORTED_SPECS[spec])
        self._stop_dry_run()

        encoding = wish(key, "encoding")
        try:
            pair = key_pairs.generate(spec, encoding)
        except key_pairs.UnknownEncoding as error:
            raise kms_error("ValidationException", f"local AWS: no encoding={encoding} for {spec}") from error
        encryption_context = self._get_param("EncryptionContext") or {}
        ciphertext, key_arn = self.kms_backend.encrypt(key.id, pair.private, encryption_context)
        return json.dumps(
            {
                "KeyId": key_arn,
                "KeyMaterialId": key_material_id(key),
                "KeyPairSpec": spec,
                "PrivateKeyCiphertextBlob": base64.b64encode(ciphertext).decode(),
                "PublicKey": base64.b64encode(pair.public).decode(),
            }
        )

    def get_public_key(self) -> str:
        """Gaps in moto: KeyId is the key's id, not its ARN. KeySpec is missing. The lists for another usage are null. A
        symmetric key has a public half. Keys that are disabled or pending deletion are not refused.
        """
        self._grants()
        key = self._resolve_key(self._get_param("KeyId"))
        if key.key_spec not in kms_signing.ALGORITHMS:
            message = f"{key.arn} key spec is {key.key_spec} which is not valid for GetPublicKey."
            raise kms_error("UnsupportedOperationException", message)
        self._require_enabled(key)
        algorithms = {
            "SIGN_VERIFY": ("SigningAlgorithms", key.signing_algorithms),
            "ENCRYPT_DECRYPT": ("EncryptionAlgorithms", key.encryption_algorithms),
            "KEY_AGREEMENT": ("KeyAgreementAlgorithms", ["ECDH"]),
        }
        name, listed = algorithms[key.key_usage]
        return json.dumps(
            {
                "CustomerMasterKeySpec": key.key_spec,
                "KeyId": key.arn,
                "KeySpec": key.key_spec,
                "KeyUsage": key.key_usage,
                "PublicKey": base64.b64encode(key.private_key.public_key()).decode(),
                name: listed,
            }
        )

    def sign(self) -> str:
        """Gaps in moto, in addition to those in kms_signing.py: the error for a key of another usage or spec is
        ValidationException. Keys that are disabled or pending deletion sign. GrantTokens and DryRun are ignored.
        """
        key, algorithm, message_type, message = self._signing_request()
        self._stop_dry_run()
        signature = key.private_key.sign(message, message_type, algorithm)
        return json.dumps(
            {"KeyId": key.arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithm}
        )

    def verify(self) -> str:
        """The gaps of Sign. Also, KMS refuses a wrong signature with an exception; moto answers SignatureValid=false."""
        key, algorithm, message_type, message = self._signing_request()
        self._stop_dry_run()
        signature = base64.b64decode(self._get_param("Signature") or "")
        if not key.private_key.verify(signature, message, message_type, algorithm):
            raise kms_error("KMSInvalidSignatureException", "")
        return json.dumps({"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm})

    def _signing_request(self) -> tuple[Key, str, str, bytes]:
        """Checks a request; returns its key, SigningAlgorithm, MessageType and Message."""
        algorithm: str = self._get_param("SigningAlgorithm")
        message_type: str = self._get_param("MessageType") or "RAW"
        message: bytes = self._get_param("Message")
        kms_signing.check_request(algorithm, message_type, message)
        self._grants()
        key = self._resolve_key(self._get_param("KeyId"))
        if key.key_usage != "SIGN_VERIFY":
            usage = f"{key.arn} key usage is {key.key_usage} which is not valid for {self._get_action()}."
            raise kms_error("InvalidKeyUsageException", usage)
        if algorithm not in (key.signing_algorithms or []):
            spec = f"Algorithm {algorithm} is incompatible with key spec {key.key_spec}."
            raise kms_error("InvalidKeyUsageException", spec)
        self._require_enabled(key)
        return key, algorithm, message_type, message

    def decrypt(self) -> str:
        """moto's Decrypt after the checks that it lacks.

        moto itself handles a wrong or missing encryption context, and damaged
        or truncated encrypted data (InvalidCiphertextException, which has no
        message in the real service either). It also handles unknown keys and
        aliases in KeyId (NotFoundException). Gaps in moto:
        - KeyId and the blob name different keys: AccessDeniedException without
          a message instead of IncorrectKeyException;
        - damage in the blob's header: also AccessDeniedException;
        - keys that are disabled, pending deletion or of the wrong kind, and
          ARNs of other regions, are not refused;
        - EncryptionAlgorithm and KeyMaterialId are missing from the answer;
        - the account in a key's ARN is ignored;
        - GrantTokens, DryRun with its modifiers, and Recipient are ignored.
        """
        requested_id = self._get_param("KeyId")
        blob: bytes = self._get_param("CiphertextBlob") or b""
        blob_key_id = self._blob_key_id(blob)
        ignore_ciphertext = self._ignores_ciphertext()
        self._enter_account_of(requested_id)
        self._grants()
        recipient_key = self._recipient_key()

        if requested_id:
            key = self._resolve_key(requested_id)
            self._require_symmetric(key, "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {}.")
            self._require_enabled(key)
        if ignore_ciphertext:
            self._stop_dry_run()

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
        self._stop_dry_run()
        answer["EncryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
        if recipient_key is None:
            answer["KeyMaterialId"] = key_material_id(key)
        else:
            plaintext = base64.b64decode(answer.pop("Plaintext"))
            answer["CiphertextForRecipient"] = self._seal(key, plaintext, recipient_key)
        return json.dumps(answer)

    def _ignores_ciphertext(self) -> bool:
        """Whether the call is a dry run that checks only permissions. It then needs a KeyId, and no CiphertextBlob.

        The messages for a missing parameter, and for a modifier without DryRun, are not KMS's own.
        """
        modifiers: list[str] = self._get_param("DryRunModifiers") or []
        if any(modifier != "IGNORE_CIPHERTEXT" for modifier in modifiers):
            allowed = "satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]"
            raise constraint_error(f"[{', '.join(modifiers)}]", "dryRunModifiers", allowed)
        if modifiers and not self._get_param("DryRun"):
            raise kms_error("ValidationException", "DryRunModifiers requires DryRun to be true.")
        needed = ("KeyId", "keyId") if modifiers else ("CiphertextBlob", "ciphertextBlob")
        if self._get_param(needed[0]) is None:
            raise constraint_error(None, needed[1], "not be null")
        return bool(modifiers)

    def _recipient_key(self) -> rsa.RSAPublicKey | None:
        """Verifies the attestation document in Recipient, and returns its public key.

        AWS does not document KMS's messages for a refused document. The messages here are ours.
        """
        recipient: dict[str, str] | None = self._get_param("Recipient")
        if recipient is None:
            return None
        algorithm = recipient.get("KeyEncryptionAlgorithm")
        if algorithm != "RSAES_OAEP_SHA_256":
            allowed = "not be null" if algorithm is None else "satisfy enum value set: [RSAES_OAEP_SHA_256]"
            raise constraint_error(algorithm, "recipient.keyEncryptionAlgorithm", allowed)
        document = base64.b64decode(recipient.get("AttestationDocument", ""))
        if not 1 <= len(document) <= MAX_ATTESTATION_DOCUMENT:
            allowed = f"have length between 1 and {MAX_ATTESTATION_DOCUMENT}"
            raise constraint_error(f"{len(document)} bytes", "recipient.attestationDocument", allowed)
        try:
            return attestation.verify(document, self.attestation_root)
        except attestation.InvalidDocument as error:
            raise kms_error("ValidationException", f"The attestation document is not valid: {error}.") from error

    @staticmethod
    def _seal(key: Key, plaintext: bytes, recipient_key: rsa.RSAPublicKey) -> str:
        """CiphertextForRecipient, in the variation that the KMS key's description asks for."""
        name = wish(key, "envelope")
        try:
            return base64.b64encode(envelope.seal(plaintext, recipient_key, name)).decode()
        except envelope.UnknownEnvelope as error:
            raise kms_error("ValidationException", f"local AWS: no envelope={name}") from error
