//! Every rule that an OCSP request, its signer and the planned response are checked against, besides those shared with certificates.

use crate::x509::rules::{Rule, rule, rules};

rules! {
    /// The rules about OCSP.
    OCSP_RULES:
    OCSP_SIGNED_REQUEST = rule(
        "ocsp-signed-request",
        "RFC 6960 4.1.2",
        "the request is not signed: no requester's signature can be verified",
    );
    OCSP_CRITICAL_EXTENSION = rule(
        "ocsp-critical-extension",
        "RFC 6960 4.1.2",
        "no critical extension that is not supported",
    );
    OCSP_RESPONSE_TYPE = rule(
        "ocsp-response-type",
        "RFC 6960 4.4.3",
        "the request takes basic responses",
    );
    OCSP_ISSUER = rule(
        "ocsp-issuer",
        "RFC 6960 2.3",
        "about a certificate of this CA and key, at least one",
    );
    OCSP_ENCODING = rule("ocsp-encoding", "X.690", "the response encodes to the same bytes");
    OCSP_SIGNER = rule(
        "ocsp-signer",
        "RFC 6960 4.2.2.2",
        "the CA, or one whose certificate this CA issued with this key",
    );
    OCSP_SIGNER_PURPOSE = rule(
        "ocsp-signer-purpose",
        "RFC 6960 4.2.2.2",
        "a delegated signer has OCSPSigning, and may make signatures",
    );
    OCSP_SIGNER_VALIDITY = rule(
        "ocsp-signer-validity",
        "RFC 6960 4.2.2.2",
        "a delegated signer's certificate is valid",
    );
    OCSP_SIGNER_STATUS = rule(
        "ocsp-signer-status",
        "RFC 6960 4.2.2.2.1",
        "a delegated signer is not revoked",
    );
    OCSP_NOCHECK = rule(
        "ocsp-nocheck",
        "CA/B BR 4.9.9",
        "a delegated signer's certificate has ocsp-nocheck",
    );
    OCSP_RESPONDER_ID = rule(
        "ocsp-responder-id",
        "RFC 6960 4.2.2.3",
        "the name or the key of who signs",
    );
    OCSP_CERT_IDS = rule(
        "ocsp-cert-ids",
        "RFC 6960 4.2.2.3",
        "the request's CertIDs, byte for byte, in their order",
    );
    OCSP_STATUS = rule(
        "ocsp-status",
        "RFC 6960 2.2",
        "what is known; unknown for another CA's certificate",
    );
    OCSP_REVOCATION = rule(
        "ocsp-revocation",
        "RFC 6960 4.2.1",
        "revoked before thisUpdate, for a reason that exists",
    );
    OCSP_TIMES = rule(
        "ocsp-times",
        "RFC 6960 2.4",
        "thisUpdate and producedAt not in the future",
    );
    OCSP_NEXT_UPDATE = rule(
        "ocsp-next-update",
        "RFC 6960 4.2.2.1",
        "present, and after thisUpdate; when verified, not past",
    );
    OCSP_NESTING = rule(
        "ocsp-nesting",
        "RFC 6960 4.2.2.2",
        "nextUpdate not after the end of the signer's certificate and its CA's",
    );
    OCSP_NONCE = rule("ocsp-nonce", "RFC 9654 2.1", "the request's, or absent");
    OCSP_EXTENSIONS = rule(
        "ocsp-extensions",
        "RFC 6960 4.4",
        "nothing else, and nothing critical",
    );
}
