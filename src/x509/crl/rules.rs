//! Every rule that a planned CRL is checked against, besides those shared with certificates.

use crate::x509::rule::{Rule, rule, rules};

rules! {
    /// The rules about CRLs.
    CRL_RULES:
    CRL_VERSION = rule("crl-version", "RFC 5280 5.1.2.1", "the version is 2");
    CRL_ISSUER = rule(
        "crl-issuer",
        "RFC 5280 5.1.2.3",
        "the issuer is the CA certificate's subject, byte for byte, and not empty; the key is the CA certificate's",
    );
    CRL_SIGN = rule(
        "crl-sign",
        "RFC 5280 4.2.1.3",
        "if the CA certificate has a keyUsage, it includes cRLSign",
    );
    TIME_ENCODING = rule(
        "time-encoding",
        "RFC 5280 5.1.2.4",
        "times are UTCTime up to 2049, and GeneralizedTime from 2050",
    );
    THIS_UPDATE = rule("this-update", "RFC 5280 5.1.2.4", "thisUpdate is not in the future");
    NEXT_UPDATE = rule("next-update", "RFC 5280 5.1.2.5", "nextUpdate is present, and after thisUpdate");
    UPDATE_NESTING = rule(
        "update-nesting",
        "RFC 5280 5.1.2.5",
        "both times are within the validity of the CA certificate",
    );
    CRL_EXTENSIONS = rule(
        "crl-extensions",
        "RFC 5280 5.2",
        "the extensions are exactly the planned ones, each present once and with the right criticality",
    );
    CRL_AUTHORITY_KEY_IDENTIFIER = rule(
        "crl-authority-key-identifier",
        "RFC 5280 5.2.1",
        "the identifier is the CA certificate's subjectKeyIdentifier",
    );
    CRL_NUMBER = rule(
        "crl-number",
        "RFC 5280 5.2.3",
        "the number is above every earlier one, and has at most 20 octets",
    );
    CRL_ENTRIES = rule(
        "crl-entries",
        "RFC 5280 3.3",
        "every entry of the previous CRL is present, except holds that ended",
    );
    DELTA_INDICATOR = rule(
        "delta-indicator",
        "RFC 5280 5.2.4",
        "a delta CRL names its base CRL's number, which is below its own",
    );
    BASE_CRL = rule(
        "base-crl",
        "RFC 5280 5.2.4",
        "the base is a full CRL of the same issuer, key and scope, and not newer",
    );
    DISTRIBUTION_POINT = rule(
        "distribution-point",
        "RFC 5280 4.2.1.13",
        "the URL is http or ldap; https would need this CRL first",
    );
    ISSUING_DISTRIBUTION_POINT = rule(
        "issuing-distribution-point",
        "RFC 5280 5.2.5",
        "the distribution point is the planned one, and absent if it would be empty",
    );
    FRESHEST_CRL = rule("freshest-crl", "RFC 5280 5.2.6", "the freshest-CRL URLs are the planned ones");
    REVOKED_CERTIFICATES = rule(
        "revoked-certificates",
        "RFC 5280 5.1.2.6",
        "the list is absent if no certificate is revoked",
    );
    ENTRY_ORDER = rule(
        "entry-order",
        "hsm-ca",
        "entries are in order of serial number, each certificate once",
    );
    ENTRY = rule("entry", "X.690", "each entry, decoded and encoded again, has the same bytes");
    REVOCATION_DATE = rule("revocation-date", "RFC 5280 5.1.2.6", "no revocation date is after thisUpdate");
    INVALIDITY_DATE = rule("invalidity-date", "RFC 5280 5.3.2", "no invalidity date is after thisUpdate");
    REASON_CODE = rule(
        "reason-code",
        "RFC 5280 5.3.1",
        "only a delta CRL has the reason removeFromCRL",
    );
}
