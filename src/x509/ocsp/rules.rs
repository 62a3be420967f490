//! Every rule that an OCSP request, its signer and the planned response are checked against, besides those shared with certificates.

use crate::x509::rule::{Rule, rule, rules};

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
        "every critical extension is supported",
    );
    OCSP_RESPONSE_TYPE = rule(
        "ocsp-response-type",
        "RFC 6960 4.4.3",
        "the request accepts basic responses",
    );
    OCSP_ISSUER = rule(
        "ocsp-issuer",
        "RFC 6960 2.3",
        "the request asks about at least one certificate of this CA and key",
    );
    OCSP_ENCODING = rule("ocsp-encoding", "X.690", "the response, decoded and encoded again, has the same bytes");
    OCSP_SIGNER = rule(
        "ocsp-signer",
        "RFC 6960 4.2.2.2",
        "the signer is the CA, or has a certificate that this CA issued with this key",
    );
    OCSP_SIGNER_PURPOSE = rule(
        "ocsp-signer-purpose",
        "RFC 6960 4.2.2.2",
        "a delegated signer's certificate has OCSPSigning, and its keyUsage allows signatures",
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
        "the responder ID is the signer's name or key",
    );
    OCSP_CERT_IDS = rule(
        "ocsp-cert-ids",
        "RFC 6960 4.2.2.3",
        "the response has the request's CertIDs, byte for byte and in order",
    );
    OCSP_STATUS = rule(
        "ocsp-status",
        "RFC 6960 2.2",
        "each status is what the ledger or the index says; unknown for another CA's certificate",
    );
    OCSP_REVOCATION = rule(
        "ocsp-revocation",
        "RFC 6960 4.2.1",
        "a revocation is not after thisUpdate, and its reason exists",
    );
    OCSP_TIMES = rule(
        "ocsp-times",
        "RFC 6960 2.4",
        "thisUpdate and producedAt are not in the future",
    );
    OCSP_NEXT_UPDATE = rule(
        "ocsp-next-update",
        "RFC 6960 4.2.2.1",
        "nextUpdate is present, and after thisUpdate; at verification, it is not past",
    );
    OCSP_NESTING = rule(
        "ocsp-nesting",
        "RFC 6960 4.2.2.2",
        "nextUpdate is not after the end of the signer's certificate or its CA's",
    );
    OCSP_NONCE = rule("ocsp-nonce", "RFC 9654 2.1", "the nonce is the request's, or absent");
    OCSP_EXTENSIONS = rule(
        "ocsp-extensions",
        "RFC 6960 4.4",
        "only the planned extensions are present, none of them critical",
    );
}
