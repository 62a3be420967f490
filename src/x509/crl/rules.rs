//! Every rule that a planned CRL is checked against, besides those shared with certificates.

use crate::x509::rules::{Rule, rule, rules};

rules! {
    /// The rules about CRLs.
    CRL_RULES:
    CRL_VERSION = rule("crl-version", "RFC 5280 5.1.2.1", "version 2");
    CRL_ISSUER = rule(
        "crl-issuer",
        "RFC 5280 5.1.2.3",
        "the CA certificate's subject and key, byte for byte; not empty",
    );
    CRL_SIGN = rule(
        "crl-sign",
        "RFC 5280 4.2.1.3",
        "the CA certificate's keyUsage has cRLSign, where it has one",
    );
    TIME_ENCODING = rule(
        "time-encoding",
        "RFC 5280 5.1.2.4",
        "UTCTime up to 2049, GeneralizedTime from 2050",
    );
    THIS_UPDATE = rule("this-update", "RFC 5280 5.1.2.4", "not in the future");
    NEXT_UPDATE = rule("next-update", "RFC 5280 5.1.2.5", "present, and after thisUpdate");
    UPDATE_NESTING = rule(
        "update-nesting",
        "RFC 5280 5.1.2.5",
        "within the validity of the CA",
    );
    CRL_EXTENSIONS = rule(
        "crl-extensions",
        "RFC 5280 5.2",
        "exactly the plan's, each once, each critical as it must be",
    );
    CRL_AUTHORITY_KEY_IDENTIFIER = rule(
        "crl-authority-key-identifier",
        "RFC 5280 5.2.1",
        "the CA certificate's subjectKeyIdentifier",
    );
    CRL_NUMBER = rule(
        "crl-number",
        "RFC 5280 5.2.3",
        "above every number before, at most 20 octets",
    );
    CRL_ENTRIES = rule(
        "crl-entries",
        "RFC 5280 3.3",
        "none missing that the CRL before had, except holds that ended",
    );
    DELTA_INDICATOR = rule(
        "delta-indicator",
        "RFC 5280 5.2.4",
        "the base CRL's number, below the delta CRL's",
    );
    BASE_CRL = rule(
        "base-crl",
        "RFC 5280 5.2.4",
        "a full CRL of the same issuer, key and scope, not younger",
    );
    DISTRIBUTION_POINT = rule(
        "distribution-point",
        "RFC 5280 4.2.1.13",
        "an http or ldap URL; https would need this CRL first",
    );
    ISSUING_DISTRIBUTION_POINT = rule(
        "issuing-distribution-point",
        "RFC 5280 5.2.5",
        "the plan's, and none where it would be empty",
    );
    FRESHEST_CRL = rule("freshest-crl", "RFC 5280 5.2.6", "the plan's");
    REVOKED_CERTIFICATES = rule(
        "revoked-certificates",
        "RFC 5280 5.1.2.6",
        "absent where nothing is revoked",
    );
    ENTRY_ORDER = rule(
        "entry-order",
        "hsm-ca",
        "in the order of the serial numbers, each certificate once",
    );
    ENTRY = rule("entry", "X.690", "each encodes to the same bytes");
    REVOCATION_DATE = rule("revocation-date", "RFC 5280 5.1.2.6", "not after thisUpdate");
    INVALIDITY_DATE = rule("invalidity-date", "RFC 5280 5.3.2", "not after thisUpdate");
    REASON_CODE = rule(
        "reason-code",
        "RFC 5280 5.3.1",
        "removeFromCRL in delta CRLs only",
    );
}
