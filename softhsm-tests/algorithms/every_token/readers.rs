//! Independent programs that read and verify what was signed.

use crate::harness::{Rig, python_tool};
use crate::oracle::openssl;

/// Verifies a CA certificate, a certificate under it and its CRL with Python's cryptography, which contains OpenSSL 4. Checks them against
/// RFC 9881: the identifiers have no parameters, and the key usages are for signatures.
const ML_DSA: &str = r#"
import sys
from asn1crypto import crl as asn1_crl, x509 as asn1_x509
from cryptography import x509
name, ca, leaf, revoked = sys.argv[1], *(open(path, "rb").read() for path in sys.argv[2:])
ca, leaf = x509.load_pem_x509_certificate(ca), x509.load_pem_x509_certificate(leaf)
revoked = x509.load_pem_x509_crl(revoked)
ca.verify_directly_issued_by(ca)
leaf.verify_directly_issued_by(ca)
assert revoked.is_signature_valid(ca.public_key())
assert type(ca.public_key()).__name__ == name.replace("-", "") + "PublicKey", ca.public_key()
oid = {"ML-DSA-44": 17, "ML-DSA-65": 18, "ML-DSA-87": 19}[name]
oid = f"2.16.840.1.101.3.4.3.{oid}"
for signed in (ca, leaf, revoked):
    assert signed.signature_algorithm_oid.dotted_string == oid
    assert signed.signature_algorithm_parameters is None
usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
assert usage.key_cert_sign and usage.crl_sign
assert not (usage.key_encipherment or usage.data_encipherment or usage.key_agreement)
"#;

/// The objects to read: a CA certificate, a certificate under it and a CRL.
pub(crate) struct Signed<'a> {
    pub(crate) ca: &'a str,
    pub(crate) leaf: &'a str,
    pub(crate) crl: &'a str,
}

impl Signed<'_> {
    /// Python's cryptography.
    #[track_caller]
    pub(crate) fn assert_read_as_ml_dsa(&self, rig: &Rig, name: &str) {
        rig.tool(
            python_tool("python3"),
            &["-c", ML_DSA, name, self.ca, self.leaf, self.crl],
        )
        .ok();
    }

    /// openssl and GnuTLS; openssl names the algorithm with each of `words`.
    #[track_caller]
    pub(crate) fn assert_read_as(&self, rig: &Rig, words: &[&str]) {
        self.assert_read_by_openssl(rig);
        let all = [("x509", self.ca), ("x509", self.leaf), ("crl", self.crl)];
        Self::assert_named(rig, &all, words);
        self.assert_read_by_gnutls(rig, "--verify", &[self.ca, self.leaf]);
        self.assert_read_by_gnutls(rig, "--verify-crl", &[self.crl]);
    }

    /// For a CA certificate by openssl. GnuTLS 3.7.9 accepts no CRL under an unrestricted RSASSA-PSS key, not even openssl's.
    #[track_caller]
    pub(super) fn assert_read_as_unrestricted_pss(&self, rig: &Rig, words: &[&str]) {
        self.assert_read_by_openssl(rig);
        Self::assert_named(rig, &[("x509", self.leaf), ("crl", self.crl)], words);
        self.assert_read_by_gnutls(rig, "--verify", &[self.ca, self.leaf]);
    }

    #[track_caller]
    fn assert_read_by_gnutls(&self, rig: &Rig, what: &str, files: &[&str]) {
        for file in files {
            let arguments = [what, "--load-ca-certificate", self.ca, "--infile", file];
            let run = rig.tool("certtool", &arguments).ok();
            assert!(run.stdout.contains("Verified"), "{run:#?}");
        }
    }

    #[track_caller]
    fn assert_read_by_openssl(&self, rig: &Rig) {
        let verify = ["verify", "-x509_strict", "-check_ss_sig", "-crl_check", "-CAfile"];
        let verified = openssl(
            rig,
            &[&verify[..], &[self.ca, "-CRLfile", self.crl, self.leaf]].concat(),
        );
        assert_eq!(verified, format!("{}: OK\n", self.leaf));
    }

    #[track_caller]
    fn assert_named(rig: &Rig, files: &[(&str, &str)], words: &[&str]) {
        for (kind, file) in files {
            let text = openssl(rig, &[kind, "-in", file, "-noout", "-text"]);
            for word in words {
                assert!(text.contains(word), "{file}: no {word} in {text}");
            }
        }
    }

    /// Runs pkilint. It does not recognise a root whose algorithm it cannot verify, and then reports a missing issuer key identifier.
    #[track_caller]
    pub(crate) fn assert_lints(&self, rig: &Rig, is_verified: bool) {
        let lint = |file: &str| {
            let arguments = ["lint", "-s", "NOTICE", file];
            rig.tool(python_tool("lint_pkix_cert"), &arguments).stdout
        };
        assert_eq!(lint(self.leaf).trim(), "");
        let root = lint(self.ca);
        let findings: Vec<_> = root.lines().filter(|line| line.starts_with(' ')).collect();
        if is_verified {
            assert!(findings.is_empty(), "{root}");
        } else {
            assert!(
                matches!(findings[..], [one] if one.contains("aki_absent_self_issued_and_unsupported_algorithm")),
                "{root}"
            );
        }
        let arguments = ["lint", "-t", "CRL", "-p", "PKIX", "-s", "NOTICE", self.crl];
        assert_eq!(
            rig.tool(python_tool("lint_crl"), &arguments).ok().stdout.trim(),
            ""
        );
    }
}
