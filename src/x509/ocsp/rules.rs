//! Every rule that an OCSP request, its signer and the planned response are checked against, besides those that certificates have too.

use crate::x509::rules::{Rule, rule};

/// The rules about OCSP.
pub const OCSP_RULES: &[Rule] = &[
    rule(
        "ocsp-signed-request",
        "RFC 6960 4.1.2",
        "the request is not signed: no requester's signature can be verified",
    ),
    rule(
        "ocsp-critical-extension",
        "RFC 6960 4.1.2",
        "no critical extension that is not supported",
    ),
    rule(
        "ocsp-response-type",
        "RFC 6960 4.4.3",
        "the request takes basic responses",
    ),
    rule(
        "ocsp-issuer",
        "RFC 6960 2.3",
        "about a certificate of this CA and key, at least one",
    ),
    rule("ocsp-encoding", "X.690", "the response encodes to the same bytes"),
    rule(
        "ocsp-signer",
        "RFC 6960 4.2.2.2",
        "the CA, or one whose certificate this CA issued with this key",
    ),
    rule(
        "ocsp-signer-purpose",
        "RFC 6960 4.2.2.2",
        "a delegated signer has OCSPSigning, and may make signatures",
    ),
    rule(
        "ocsp-signer-validity",
        "RFC 6960 4.2.2.2",
        "a delegated signer's certificate is valid",
    ),
    rule(
        "ocsp-signer-status",
        "RFC 6960 4.2.2.2.1",
        "a delegated signer is not revoked",
    ),
    rule(
        "ocsp-nocheck",
        "CA/B BR 4.9.9",
        "a delegated signer's certificate has ocsp-nocheck",
    ),
    rule(
        "ocsp-responder-id",
        "RFC 6960 4.2.2.3",
        "the name or the key of who signs",
    ),
    rule(
        "ocsp-cert-ids",
        "RFC 6960 4.2.2.3",
        "the request's CertIDs, byte for byte, in their order",
    ),
    rule(
        "ocsp-status",
        "RFC 6960 2.2",
        "what is known; unknown for another CA's certificate",
    ),
    rule(
        "ocsp-revocation",
        "RFC 6960 4.2.1",
        "revoked before thisUpdate, for a reason that exists",
    ),
    rule(
        "ocsp-times",
        "RFC 6960 2.4",
        "thisUpdate and producedAt not in the future",
    ),
    rule(
        "ocsp-next-update",
        "RFC 6960 4.2.2.1",
        "present, and after thisUpdate; when verified, not past",
    ),
    rule(
        "ocsp-nesting",
        "RFC 6960 4.2.2.2",
        "nextUpdate not after the end of the signer's certificate and its CA's",
    ),
    rule("ocsp-nonce", "RFC 9654 2.1", "the request's, or absent"),
    rule(
        "ocsp-extensions",
        "RFC 6960 4.4",
        "nothing else, and nothing critical",
    ),
];
