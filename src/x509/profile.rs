//! What a certificate of each kind holds, as data.

use super::X509Error;
use crate::signer::{Curve, KeyAlgorithm};

/// A kind of certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name on the command line.
    pub name: &'static str,
    /// True if the certificate is its own issuer.
    pub self_signed: bool,
    /// Exactly these extensions, in this order.
    pub extensions: &'static [ProfileExtension],
    /// Days of validity when none are asked for.
    pub default_days: u32,
    /// The most characters its PEM file may have, where whoever takes it sets a limit.
    pub longest_pem: Option<usize>,
    /// The most bytes that its PEM file and its issuer's have together, where they are handed over as a chain.
    pub longest_chain: Option<usize>,
    /// The curves whose keys it may certify and be signed with; RSA always is one of its kinds.
    pub curves: &'static [Curve],
    /// Whether RSA for RSASSA-PSS only is.
    pub rsa_pss: bool,
    /// Whether Ed25519 is.
    pub ed25519: bool,
}

/// An extension that a profile can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileExtension {
    /// `basicConstraints`, critical, without a path length
    BasicConstraints {
        /// cA
        ca: bool,
    },
    /// `keyUsage`, critical
    KeyUsage(&'static [Usage]),
    /// `extKeyUsage`, not critical
    ExtendedKeyUsage(&'static [Purpose]),
    /// `subjectKeyIdentifier`
    SubjectKeyIdentifier,
    /// `authorityKeyIdentifier`
    AuthorityKeyIdentifier,
}

/// A bit of `keyUsage` (RFC 5280 section 4.2.1.3) that a profile can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// digitalSignature
    DigitalSignature,
    /// keyCertSign
    KeyCertSign,
    /// cRLSign
    CrlSign,
}

/// A purpose of `extKeyUsage` (RFC 5280 section 4.2.1.12) that a profile can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// id-kp-clientAuth: "TLS WWW client authentication"
    ClientAuth,
}

/// AWS CloudHSM User Guide, "Initialize the cluster": "a maximum of 5000 characters" for either certificate.
const CLOUDHSM_LONGEST_PEM: usize = 5000;

/// The same page: RSA, and "ECDSA prime256v1/secp384r1/secp521r1".
const CLOUDHSM_CURVES: &[Curve] = &[Curve::P256, Curve::P384, Curve::P521];

/// AWS CloudHSM User Guide, "Set up mutual TLS between client and AWS CloudHSM": "a certificate chain of 6980 bytes".
const CLOUDHSM_LONGEST_CHAIN: usize = 6980;

impl Profile {
    /// The trust anchor of a CloudHSM cluster: AWS requires a self-signed certificate with basicConstraints when it is v3;
    /// keyUsage is RFC 5280 section 4.2.1.3 ("Conforming CAs MUST include this extension"), which AWS's own recipe leaves out.
    pub const CLOUDHSM_CA: Self = Self {
        name: "cloudhsm-ca",
        self_signed: true,
        extensions: &[
            ProfileExtension::BasicConstraints { ca: true },
            ProfileExtension::KeyUsage(&[Usage::KeyCertSign, Usage::CrlSign]),
            ProfileExtension::SubjectKeyIdentifier,
        ],
        default_days: 3652,
        longest_pem: Some(CLOUDHSM_LONGEST_PEM),
        longest_chain: None,
        curves: CLOUDHSM_CURVES,
        rsa_pss: true,
        ed25519: false,
    };

    /// The certificate of a CloudHSM cluster: AWS's recipe signs it without extensions, its PCA template with; the two
    /// key identifiers are what RFC 5280 asks of every certificate under a CA.
    pub const CLOUDHSM_CLUSTER: Self = Self {
        name: "cloudhsm-cluster",
        self_signed: false,
        extensions: &[
            ProfileExtension::SubjectKeyIdentifier,
            ProfileExtension::AuthorityKeyIdentifier,
        ],
        default_days: 3652,
        longest_pem: Some(CLOUDHSM_LONGEST_PEM),
        longest_chain: None,
        curves: CLOUDHSM_CURVES,
        rsa_pss: true,
        ed25519: false,
    };

    /// The certificate of a client of the cluster, for mutual TLS with the HSM. AWS's recipe signs it without extensions; these
    /// bind it to its purpose, so that it is of no use to a server or to issue others with.
    ///
    /// A year, where AWS's recipe has five: the key lies unencrypted on the client, and an HSM asks for no CRL.
    /// Keys as for trust anchors ("Register a trust anchor with CloudHSM CLI"): RSA, P-256, P-384, P-521.
    pub const CLOUDHSM_CLIENT: Self = Self {
        name: "cloudhsm-client",
        self_signed: false,
        extensions: &[
            ProfileExtension::BasicConstraints { ca: false },
            ProfileExtension::KeyUsage(&[Usage::DigitalSignature]),
            ProfileExtension::ExtendedKeyUsage(&[Purpose::ClientAuth]),
            ProfileExtension::SubjectKeyIdentifier,
            ProfileExtension::AuthorityKeyIdentifier,
        ],
        default_days: 365,
        longest_pem: None,
        longest_chain: Some(CLOUDHSM_LONGEST_CHAIN),
        curves: CLOUDHSM_CURVES,
        rsa_pss: false,
        ed25519: false,
    };

    const ALL: [Self; 3] = [Self::CLOUDHSM_CA, Self::CLOUDHSM_CLUSTER, Self::CLOUDHSM_CLIENT];

    /// Whether certificates of this kind may carry, and be signed by, a key of this kind.
    #[must_use]
    pub fn takes(&self, key: KeyAlgorithm) -> bool {
        match key {
            KeyAlgorithm::Rsa { .. } => true,
            KeyAlgorithm::RsaPss { .. } => self.rsa_pss,
            KeyAlgorithm::Ec(curve) => self.curves.contains(&curve),
            KeyAlgorithm::Ed25519 => self.ed25519,
        }
    }

    /// The profile of that name for self-signed certificates (`ca create`) or for requests (`csr sign`).
    ///
    /// # Errors
    /// [`X509Error::UnknownProfile`] with the names that there are.
    pub fn named(name: &str, self_signed: bool) -> Result<Self, X509Error> {
        let fitting = || {
            Self::ALL
                .into_iter()
                .filter(move |profile| profile.self_signed == self_signed)
        };
        fitting()
            .find(|profile| profile.name == name)
            .ok_or_else(|| X509Error::UnknownProfile {
                name: name.to_owned(),
                known: fitting().map(|profile| profile.name).collect(),
            })
    }
}
