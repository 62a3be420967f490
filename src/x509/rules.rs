//! Every rule that a planned certificate is checked against, by name (`cert rules`).

pub(crate) use super::crl::rules::*;
pub(crate) use super::ocsp::rules::*;

/// A rule, its source, and its requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in errors and in a profile's `waive`.
    pub name: &'static str,
    /// The clause.
    pub source: &'static str,
    /// Its requirement.
    pub asks: &'static str,
    /// Whether a profile may waive it.
    pub can_be_waived: bool,
    /// Whether the caller may waive it for one signature; the ledger records that.
    pub can_be_waived_once: bool,
}

pub(super) const fn rule(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        name,
        source,
        asks,
        can_be_waived: false,
        can_be_waived_once: false,
    }
}

const fn waivable_once(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        can_be_waived_once: true,
        ..rule(name, source, asks)
    }
}

const fn waivable(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        can_be_waived: true,
        ..rule(name, source, asks)
    }
}

/// Makes a constant for each rule, so that a name that does not exist does not compile, and the list of all rules.
macro_rules! rules {
    ($(#[$doc:meta])* $list:ident: $($name:ident = $rule:expr;)+) => {
        $(pub(crate) const $name: &Rule = &$rule;)+

        $(#[$doc])*
        pub const $list: &[Rule] = &[$(*$name),+];
    };
}
pub(super) use rules;

rules! {
    /// The rules, in the order in which they are checked against a certificate.
    RULES:
    PROFILE = rule(
        "profile",
        "hsm-ca",
        "a root's profile for a root, another profile under a CA",
    );
    PLANNED_BYTES = rule(
        "planned-bytes",
        "hsm-ca",
        "a planned object that was stored is, byte for byte, what its profile, its issuer and its request make",
    );
    VERSION = rule("version", "RFC 5280 4.1.2.1", "version 3");
    UNIQUE_IDENTIFIERS = rule(
        "unique-identifiers",
        "RFC 5280 4.1.2.8",
        "neither issuerUniqueID nor subjectUniqueID",
    );
    SERIAL_NUMBER = rule(
        "serial-number",
        "RFC 5280 4.1.2.2",
        "positive, from 8 to 20 octets",
    );
    SERIAL_ENTROPY = rule(
        "serial-entropy",
        "CA/B BR 7.1",
        "159 bits from the token (for a KMS key, from the operating system), not all zeros apart from the last 64",
    );
    SERIAL_UNUSED = rule(
        "serial-unused",
        "RFC 5280 4.1.2.2",
        "not used before under this issuer's name, as far as the ledger shows",
    );
    OCSP_SIGNING_CA = rule(
        "ocsp-signing-ca",
        "RFC 6960 4.2.2.2",
        "a CA certificate under another CA does not have OCSPSigning",
    );
    COMPROMISED_KEY = rule(
        "compromised-key",
        "CA/B BR 6.1.1.3",
        "no key that a revocation in the ledger calls compromised",
    );
    ISSUER_STATUS = rule(
        "issuer-status",
        "RFC 5280 6.1.3 (a)(3)",
        "the CA certificate is not revoked, as far as the ledger shows",
    );
    SECOND_CERTIFICATE = waivable_once(
        "second-certificate",
        "hsm-ca",
        "no other certificate of the same CA name and key that is still valid, as far as the ledger shows; \
         for a cross-certificate, none of the same issuer; for a CA that is adopted, none of the same key under another name either",
    );
    SAME_NAME_OTHER_KEY = waivable_once(
        "same-name-other-key",
        "RFC 5280 4.1.2.2",
        "no CA certificate of the same name and another key that is still valid, as far as the ledger shows: \
         serial numbers and CRLs belong to the name",
    );
    ADOPTED_PATH = rule(
        "adopted-path",
        "RFC 5280 6.1",
        "a CA that is adopted with its issuer's certificate has a valid path up to a self-signed one",
    );
    ADOPTED_CRL = rule(
        "adopted-crl",
        "RFC 5280 5.2.4",
        "the CRL of a CA that is adopted is a complete one",
    );
    REVOKED_BY_ISSUER = rule(
        "revoked-by-issuer",
        "RFC 5280 5",
        "a certificate that another one issued: a root cannot revoke itself",
    );
    SIGNATURE_ALGORITHM = rule(
        "signature-algorithm",
        "FIPS 186-5 6.1.1",
        "the issuer's key makes it, and the hash does not weaken the key",
    );
    ISSUER = rule(
        "issuer",
        "RFC 5280 4.1.2.4",
        "the CA certificate's subject and key, byte for byte; not empty",
    );
    VALIDITY_ENCODING = rule(
        "validity-encoding",
        "RFC 5280 4.1.2.5",
        "UTCTime up to 2049, GeneralizedTime from 2050",
    );
    VALIDITY = rule(
        "validity",
        "RFC 5280 4.1.2.5",
        "it begins before it ends, and is not over when it is signed",
    );
    VALIDITY_NESTING = rule(
        "validity-nesting",
        "RFC 5280 6.1.3 (a)(2)",
        "within the CA certificate's validity: outside it, no path is valid",
    );
    VALIDITY_LENGTH = rule(
        "validity-length",
        "profile",
        "not longer than the profile's longest-days, the first and the last second included",
    );
    SUBJECT = rule(
        "subject",
        "RFC 5280 4.1.2.6",
        "readable, with nothing empty or too long; not the CA's own; a CA has one, a leaf has one or names",
    );
    NAME_STRING_TYPE = rule(
        "name-string-type",
        "RFC 5280 A.1",
        "countryName, serialNumber and dnQualifier are PrintableStrings, emailAddress and domainComponent IA5Strings, and other attributes \
         of one string type are of that; in cloudhsm-cluster a warning, since the HSM chose it",
    );
    NAME_ATTRIBUTE_ONCE = rule(
        "name-attribute-once",
        "X.501 9.3",
        "no RDN has two attributes of one type; in cloudhsm-cluster a warning",
    );
    NAME_TEXT = rule(
        "name-text",
        "Unicode UTS 39",
        "no value that can be mistaken for another: invisible or unassigned characters, U+FFFD, a space at either end or one that \
         is not U+0020, look-alikes of . / @ : - *; in a common name no other forms of ASCII letters, and no \
         Latin with Greek, Cyrillic, Armenian or Cherokee in one word",
    );
    NAME_SIZE = rule("name-size", "hsm-ca", "at most 64 attributes in the subject, none with more than 1,024 characters");
    SUBJECT_KEY = rule("subject-key", "hsm-ca", "not the CA's own key");
    KEY_SIZE = rule("key-size", "NIST SP 800-131A", "RSA of 2048 bits or more");
    KEY_KIND = rule(
        "key-kind",
        "profile",
        "kinds of keys, the subject's and the CA's, that the profile accepts",
    );
    KEY_POINT = rule(
        "key-point",
        "NIST SP 800-56A 5.6.2.3.3",
        "an EC public key is a point on its curve, an Ed25519 key not a point of small order",
    );
    KEY_REFUSED = rule(
        "key-refused",
        "CVE-2008-0166",
        "a key that is not in the operator's list of refused keys",
    );
    KEY_EXPONENT = rule(
        "key-exponent",
        "NIST SP 800-89 5.3.3",
        "an RSA exponent of 65537 or more, and odd",
    );
    KEY_SMALL_FACTORS = rule(
        "key-small-factors",
        "CA/B BR 6.1.6",
        "an RSA modulus without factors below 65536",
    );
    KEY_MEDIUM_FACTORS = rule(
        "key-medium-factors",
        "NIST SP 800-89 5.3.3",
        "an RSA modulus without factors from 65536 to 2^32, where the profile has them searched for; the search misses a few of 29 bits and more",
    );
    KEY_COMPOSITE = rule(
        "key-composite",
        "NIST SP 800-89 5.3.3",
        "an RSA modulus that is neither a prime nor a power of one",
    );
    KEY_ROCA = rule(
        "key-roca",
        "CVE-2017-15361",
        "no RSA key with the fingerprint of the ROCA weakness",
    );
    KEY_CLOSE_PRIMES = rule(
        "key-close-primes",
        "CVE-2022-26320",
        "an RSA modulus that Fermat's method does not factor in 100 rounds",
    );
    EXTENSIONS = rule(
        "extensions",
        "RFC 5280 4.2",
        "exactly the profile's extensions, each once, each critical as it must be",
    );
    SUBJECT_KEY_IDENTIFIER = rule(
        "subject-key-identifier",
        "RFC 5280 4.2.1.2",
        "the key's; for a CA the one that was requested, of 1 to 64 octets and not the issuer's",
    );
    AUTHORITY_KEY_IDENTIFIER = rule(
        "authority-key-identifier",
        "RFC 5280 4.2.1.1",
        "the CA certificate's subjectKeyIdentifier",
    );
    BASIC_CONSTRAINTS = rule("basic-constraints", "RFC 5280 4.2.1.9", "what the profile says");
    KEY_USAGE = rule(
        "key-usage",
        "RFC 5280 4.2.1.3",
        "what the profile says; keyCertSign for a CA",
    );
    KEY_USAGE_FITS = rule(
        "key-usage-fits",
        "RFC 5280 4.2.1.3",
        "what the key can do: keyEncipherment for RSA, keyAgreement for EC, signatures for every kind",
    );
    EXTENDED_KEY_USAGE = rule("extended-key-usage", "RFC 5280 4.2.1.12", "what the profile says");
    EXTENDED_KEY_USAGE_NESTING = waivable(
        "extended-key-usage-nesting",
        "CA/B BR 7.1.2.10.6",
        "no purpose except OCSPSigning that the CA certificate lacks",
    );
    PATH_LENGTH = rule(
        "path-length",
        "RFC 5280 4.2.1.9",
        "the CA certificate's pathLenConstraint leaves room",
    );
    SUBJECT_ALTERNATIVE_NAME = rule(
        "subject-alternative-name",
        "RFC 5280 4.2.1.6",
        "names that the profile accepts, each well-formed and once, at most 1000",
    );
    NAME_CONSTRAINTS = rule(
        "name-constraints",
        "RFC 5280 4.2.1.10",
        "no name that the CA certificate excludes or does not permit",
    );
    NAME_CONSTRAINTS_NESTING = rule(
        "name-constraints-nesting",
        "RFC 5280 4.2.1.10",
        "a CA has name constraints of its own inside those of the CA certificate, where that has any",
    );
    COMMON_NAME = waivable(
        "common-name",
        "CA/B BR 7.1.4.3",
        "a server's common name, where it looks like a host, is one of its names",
    );
    CROSS_ORIGINAL = rule(
        "cross-original",
        "RFC 5280 6.1.3 (a)(1)",
        "the original is a CA certificate, signed by its own key or by its issuer's; no fault in it that only the CA could correct: name constraints \
         and policies in RFC 5280's form, a subjectKeyIdentifier with octets",
    );
    CROSS_SUBJECT = rule(
        "cross-subject",
        "RFC 5280 6.1.4 (a)",
        "a cross-certificate has the original's subject, byte for byte",
    );
    CROSS_KEY = rule(
        "cross-key",
        "RFC 5280 6.1.4 (d)",
        "the original's subjectPublicKeyInfo, byte for byte",
    );
    CROSS_SKI = rule(
        "cross-ski",
        "RFC 5280 4.2.1.2",
        "the original's subjectKeyIdentifier, which everything that this CA issued refers to",
    );
    CROSS_EXTENSIONS = rule(
        "cross-extensions",
        "CA/B BR 7.1.2.2.3",
        "the original's extensions about its subject, byte for byte and each as critical as it must be; keyCertSign and cRLSign where it has no \
         keyUsage",
    );
    CROSS_VALIDITY = rule(
        "cross-validity",
        "CA/B BR 7.1.2.2.1",
        "not before the original begins, and not after it ends",
    );
    PEM_LENGTH = rule(
        "pem-length",
        "CloudHSM InitializeCluster",
        "not longer than the recipient allows",
    );
    CHAIN_LENGTH = rule(
        "chain-length",
        "CloudHSM mutual TLS",
        "together with the CA's, not longer than the recipient allows",
    );
    SECOND_DECODER = rule(
        "second-decoder",
        "X.690",
        "a decoder that shares no code with the first reads it to its end",
    );
    READ_BACK = rule(
        "read-back",
        "hsm-ca",
        "with a signature in its place, both decoders read it back as it was planned",
    );
    LINTER = rule(
        "linter",
        "profile",
        "the profile's linter accepts it, signed by a throwaway key",
    );
    SIGNING_KEY = rule("signing-key", "RFC 5280 6.1.3", "the signing key is the issuer's");
}
