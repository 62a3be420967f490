//! Every rule that a planned certificate is checked against, by name (`cert rules`).

pub use super::crl::rules::*;
pub use super::ocsp::rules::*;
use super::rule::{Rule, rule, rules, waivable, waivable_once};

rules! {
    /// The rules, in the order in which they are checked against a certificate.
    RULES:
    PROFILE = rule(
        "profile",
        "hsm-ca",
        "a root has a root's profile; a certificate under a CA has another",
    );
    PLANNED_BYTES = rule(
        "planned-bytes",
        "hsm-ca",
        "a stored plan has exactly the bytes that its profile, issuer and request make now",
    );
    VERSION = rule("version", "RFC 5280 4.1.2.1", "the version is 3");
    UNIQUE_IDENTIFIERS = rule(
        "unique-identifiers",
        "RFC 5280 4.1.2.8",
        "issuerUniqueID and subjectUniqueID are absent",
    );
    SERIAL_NUMBER = rule(
        "serial-number",
        "RFC 5280 4.1.2.2",
        "the serial number is positive and has 8 to 20 octets",
    );
    SERIAL_ENTROPY = rule(
        "serial-entropy",
        "CA/B BR 7.1",
        "the serial number is 159 random bits from the token (with a KMS key, from the operating system); the bits above the last 64 are not all zero",
    );
    SERIAL_UNUSED = rule(
        "serial-unused",
        "RFC 5280 4.1.2.2",
        "the ledger has no other use of the serial number under this issuer's name",
    );
    OCSP_SIGNING_CA = rule(
        "ocsp-signing-ca",
        "RFC 6960 4.2.2.2",
        "a CA certificate under another CA does not have the purpose OCSPSigning",
    );
    COMPROMISED_KEY = rule(
        "compromised-key",
        "CA/B BR 6.1.1.3",
        "the ledger has no revocation that calls the key compromised",
    );
    ISSUER_STATUS = rule(
        "issuer-status",
        "RFC 5280 6.1.3 (a)(3)",
        "the CA certificate is not revoked in the ledger",
    );
    SECOND_CERTIFICATE = waivable_once(
        "second-certificate",
        "hsm-ca",
        "the ledger has no other valid certificate of the same CA name and key; for a cross-certificate, none from \
         the same issuer; for an adopted CA, none of the same key under another name either",
    );
    SAME_NAME_OTHER_KEY = waivable_once(
        "same-name-other-key",
        "RFC 5280 4.1.2.2",
        "the ledger has no valid CA certificate of the same name with another key: serial numbers and CRLs belong to \
         the name",
    );
    ADOPTED_PATH = rule(
        "adopted-path",
        "RFC 5280 6.1",
        "a CA that is adopted with its issuer's certificate has a valid path up to a self-signed one",
    );
    ADOPTED_CRL = rule(
        "adopted-crl",
        "RFC 5280 5.2.4",
        "the CRL of an adopted CA is complete, not a delta CRL",
    );
    REVOKED_BY_ISSUER = rule(
        "revoked-by-issuer",
        "RFC 5280 5",
        "another certificate issued the revoked one: a root cannot revoke itself",
    );
    SIGNATURE_ALGORITHM = rule(
        "signature-algorithm",
        "FIPS 186-5 6.1.1",
        "the issuer's key can make such a signature, and the hash is as strong as the key",
    );
    ISSUER = rule(
        "issuer",
        "RFC 5280 4.1.2.4",
        "the issuer is the CA certificate's subject, byte for byte, and not empty; the key is the CA certificate's",
    );
    VALIDITY_ENCODING = rule(
        "validity-encoding",
        "RFC 5280 4.1.2.5",
        "times are UTCTime up to 2049, and GeneralizedTime from 2050",
    );
    VALIDITY = rule(
        "validity",
        "RFC 5280 4.1.2.5",
        "the validity begins before it ends, and has not ended at the signature",
    );
    VALIDITY_NESTING = rule(
        "validity-nesting",
        "RFC 5280 6.1.3 (a)(2)",
        "the validity is within the CA certificate's: outside it, no path is valid",
    );
    VALIDITY_LENGTH = rule(
        "validity-length",
        "profile",
        "the validity, including its first and last second, is at most the profile's longest-days",
    );
    SUBJECT = rule(
        "subject",
        "RFC 5280 4.1.2.6",
        "the subject can be decoded, no part of it is empty or too long, and it is not the CA's own; only a leaf with alternative names may lack one",
    );
    NAME_STRING_TYPE = rule(
        "name-string-type",
        "RFC 5280 A.1",
        "countryName, serialNumber and dnQualifier are PrintableStrings, emailAddress and domainComponent IA5Strings, and any other attribute \
         with a fixed string type has that type; the others are UTF8Strings or PrintableStrings; in cloudhsm-cluster only a warning, because \
         the HSM chose it",
    );
    NAME_ATTRIBUTE_ONCE = rule(
        "name-attribute-once",
        "X.501 9.3",
        "no RDN has two attributes of the same type; in cloudhsm-cluster only a warning",
    );
    NAME_TEXT = rule(
        "name-text",
        "Unicode UTS 39",
        "no value can be mistaken for another: no invisible or unassigned characters, no U+FFFD, no space at either end or other \
         than U+0020, and no look-alikes of . / @ : - *; a common name also has no variants of ASCII letters, and no \
         word that mixes Latin with Greek, Cyrillic, Armenian or Cherokee",
    );
    NAME_SIZE = rule("name-size", "hsm-ca", "the subject has at most 64 attributes, each of at most 1,024 characters");
    SUBJECT_KEY = rule("subject-key", "hsm-ca", "the key is not the CA's own");
    KEY_SIZE = rule("key-size", "NIST SP 800-131A", "an RSA key has 2048 bits or more");
    KEY_KIND = rule(
        "key-kind",
        "profile",
        "the profile accepts the kinds of the subject's key and of the CA's",
    );
    KEY_POINT = rule(
        "key-point",
        "NIST SP 800-56A 5.6.2.3.3",
        "an EC public key is a point on its curve, and an Ed25519 key is not a point of small order",
    );
    KEY_REFUSED = rule(
        "key-refused",
        "CVE-2008-0166",
        "the key is not in the operator's list of refused keys",
    );
    KEY_DEBIAN = rule(
        "key-debian",
        "CVE-2008-0166",
        "the key is not one that Debian's OpenSSL of 2006 to 2008 could generate (RSA-2048, P-256 and P-384)",
    );
    KEY_EXPONENT = rule(
        "key-exponent",
        "NIST SP 800-89 5.3.3",
        "an RSA exponent is odd, and 65537 or more",
    );
    KEY_SMALL_FACTORS = rule(
        "key-small-factors",
        "CA/B BR 6.1.6",
        "an RSA modulus has no factor below 65536",
    );
    KEY_MEDIUM_FACTORS = rule(
        "key-medium-factors",
        "NIST SP 800-89 5.3.3",
        "an RSA modulus has no factor from 65536 to 2^32, if the profile asks for the search; the search misses a few factors of 29 bits and more",
    );
    KEY_COMPOSITE = rule(
        "key-composite",
        "NIST SP 800-89 5.3.3",
        "an RSA modulus is neither a prime nor a power of a prime",
    );
    KEY_ROCA = rule(
        "key-roca",
        "CVE-2017-15361",
        "an RSA modulus does not have the fingerprint of the ROCA weakness",
    );
    KEY_CLOSE_PRIMES = rule(
        "key-close-primes",
        "CVE-2022-26320",
        "Fermat's method does not factor an RSA modulus in 100 rounds",
    );
    EXTENSIONS = rule(
        "extensions",
        "RFC 5280 4.2",
        "the extensions are exactly the profile's, each present once and with the right criticality",
    );
    EXTENSION_FORM = rule(
        "extension-form",
        "RFC 5280 4.2.1",
        "every value is in DER and has the form of its clause: no list is empty; a name constraint is a domain, a host, a mailbox or a network, without \
         minimum and maximum; a policy occurs once, its CPS pointer is an IA5String and its notice has at most 200 characters; anyPolicy is not \
         mapped; no number is negative",
    );
    SUBJECT_KEY_IDENTIFIER = rule(
        "subject-key-identifier",
        "RFC 5280 4.2.1.2",
        "the identifier is computed from the key; a CA may have the one that its request asks for, and a cross-certificate has the original's, of 1 to \
         64 octets and not the issuer's",
    );
    AUTHORITY_KEY_IDENTIFIER = rule(
        "authority-key-identifier",
        "RFC 5280 4.2.1.1",
        "the identifier is the CA certificate's subjectKeyIdentifier",
    );
    BASIC_CONSTRAINTS = rule("basic-constraints", "RFC 5280 4.2.1.9", "CA flag and path length are the profile's");
    KEY_USAGE = rule(
        "key-usage",
        "RFC 5280 4.2.1.3",
        "the usages are the profile's; a CA has keyCertSign",
    );
    KEY_USAGE_FITS = rule(
        "key-usage-fits",
        "RFC 5280 4.2.1.3",
        "the key can do what the usages allow: RSA keyEncipherment, EC keyAgreement, every kind signatures",
    );
    EXTENDED_KEY_USAGE = rule("extended-key-usage", "RFC 5280 4.2.1.12", "the purposes are the profile's");
    EXTENDED_KEY_USAGE_NESTING = waivable(
        "extended-key-usage-nesting",
        "CA/B BR 7.1.2.10.6",
        "the CA certificate has every purpose of the certificate, except OCSPSigning",
    );
    PATH_LENGTH = rule(
        "path-length",
        "RFC 5280 4.2.1.9",
        "the CA certificate's pathLenConstraint allows another certificate below it",
    );
    SUBJECT_ALTERNATIVE_NAME = rule(
        "subject-alternative-name",
        "RFC 5280 4.2.1.6",
        "the profile accepts the names; each is well-formed and occurs once; at most 1000",
    );
    NAME_CONSTRAINTS = rule(
        "name-constraints",
        "RFC 5280 4.2.1.10",
        "the CA certificate's name constraints permit every name",
    );
    NAME_CONSTRAINTS_NESTING = rule(
        "name-constraints-nesting",
        "RFC 5280 4.2.1.10",
        "if the CA certificate has name constraints, a CA below it has some too, and they lie within those",
    );
    COMMON_NAME = waivable(
        "common-name",
        "CA/B BR 7.1.4.3",
        "if a server's common name looks like a host, it is also one of its alternative names",
    );
    CROSS_ORIGINAL = rule(
        "cross-original",
        "RFC 5280 6.1.3 (a)(1)",
        "the original is a CA certificate, and its signature verifies under its own key or its issuer's; it has no fault that only the CA \
         could correct: its extensions about its subject keep the rule extension-form",
    );
    CROSS_SUBJECT = rule(
        "cross-subject",
        "RFC 5280 6.1.4 (a)",
        "a cross-certificate has the original's subject, byte for byte",
    );
    CROSS_KEY = rule(
        "cross-key",
        "RFC 5280 6.1.4 (d)",
        "a cross-certificate has the original's subjectPublicKeyInfo, byte for byte",
    );
    CROSS_SKI = rule(
        "cross-ski",
        "RFC 5280 4.2.1.2",
        "a cross-certificate has the original's subjectKeyIdentifier, to which every certificate of that CA refers",
    );
    CROSS_EXTENSIONS = rule(
        "cross-extensions",
        "CA/B BR 7.1.2.2.3",
        "a cross-certificate has the original's extensions about its subject, byte for byte and with the right criticality; if the original has \
         no keyUsage, keyCertSign and cRLSign",
    );
    CROSS_VALIDITY = rule(
        "cross-validity",
        "CA/B BR 7.1.2.2.1",
        "a cross-certificate's validity is within the original's",
    );
    PEM_LENGTH = rule(
        "pem-length",
        "CloudHSM InitializeCluster",
        "the PEM file is at most as long as the recipient allows",
    );
    CHAIN_LENGTH = rule(
        "chain-length",
        "CloudHSM mutual TLS",
        "the PEM file and the CA's together are at most as long as the recipient allows",
    );
    OBJECT_IDENTIFIERS = rule(
        "object-identifiers",
        "X.690 8.19.2",
        "object identifiers have no unneeded octets",
    );
    SECOND_DECODER = rule(
        "second-decoder",
        "X.690",
        "a decoder that shares no code with the first reads the structure to its end",
    );
    READ_BACK = rule(
        "read-back",
        "hsm-ca",
        "with a signature in place, both decoders read back what was planned",
    );
    LINTER = rule(
        "linter",
        "profile",
        "the profile's linter accepts the certificate, signed by a throwaway key",
    );
    SIGNING_KEY = rule("signing-key", "RFC 5280 6.1.3", "the signing key is the issuer's");
}
