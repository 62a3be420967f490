//! The content of a certificate of each kind, as data.

mod builtin;
mod file;
mod shards;
mod vocabulary;

pub(super) use builtin::AUTHORITY_USAGE;
pub use file::ProfileFile;
pub use shards::CrlShards;
pub use vocabulary::{Purpose, Usage};

use std::borrow::Cow;
use std::sync::Arc;

use const_oid::ObjectIdentifier;

use super::general_name::NameKind;
use super::{NameConstraints, X509Error};
use crate::signer::{Curve, KeyAlgorithm, KeyList, KeySearch, MlDsaParameterSet};

/// A kind of certificate: built in, or read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name on the command line, and in the ledger.
    pub name: Cow<'static, str>,
    /// The role of the certificate in the hierarchy.
    pub role: Role,
    /// Exactly these extensions, in this order; one without content is omitted.
    pub extensions: Vec<ProfileExtension>,
    /// Days of validity if none are requested.
    pub default_days: u32,
    /// The most days that may be requested.
    pub longest_days: Option<u32>,
    /// The most characters its PEM file may have, if the recipient sets a limit.
    pub longest_pem: Option<usize>,
    /// Limit on the bytes of its PEM file together with its issuer's, if the recipient gets them as a chain.
    pub longest_chain: Option<usize>,
    /// The keys that it may certify.
    pub keys: KeyKinds,
    /// The keys that may sign it.
    pub signed_by: KeyKinds,
    /// Rules that are not checked against it, by name (`cert rules`).
    pub waived: Vec<Cow<'static, str>>,
    /// The program that checks each certificate before it is signed.
    pub linter: Option<Linter>,
    /// `subjectKeyIdentifier`, instead of the one in a CA's request, or the key's own.
    pub key_identifier: Option<Vec<u8>>,
    /// How long a key is searched for faults before it is certified.
    pub key_search: KeySearch,
    /// Keys that are not certified, whatever their properties.
    pub refused_keys: Option<Arc<KeyList>>,
}

/// The role of a certificate in the hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A CA that is its own issuer.
    Root,
    /// A CA under another.
    Intermediate,
    /// A certificate that issues no others.
    Leaf,
}

/// The keys that a profile accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyKinds {
    /// RSA keys of this many bits or more.
    pub rsa: Option<usize>,
    /// Whether RSA keys for RSASSA-PSS only are accepted, with the same minimum.
    pub rsa_pss: bool,
    /// Keys on these curves.
    pub curves: Cow<'static, [Curve]>,
    /// Whether Ed25519 is accepted.
    pub ed25519: bool,
    /// ML-DSA keys of these parameter sets.
    pub ml_dsa: Cow<'static, [MlDsaParameterSet]>,
}

/// An extension that a profile can contain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileExtension {
    /// `basicConstraints`, critical
    BasicConstraints {
        /// cA
        ca: bool,
        /// pathLenConstraint
        path_length: Option<u8>,
    },
    /// `keyUsage`, critical
    KeyUsage(Cow<'static, [Usage]>),
    /// `extKeyUsage`, critical for timeStamping only
    ExtendedKeyUsage(Cow<'static, [Purpose]>),
    /// `subjectAltName`, from the request; critical when the subject is empty
    SubjectAlternativeName(AlternativeNames),
    /// `nameConstraints`, critical
    NameConstraints(NameConstraints),
    /// `certificatePolicies`, not critical
    CertificatePolicies(Vec<Policy>),
    /// `cRLDistributionPoints`, not critical: URLs of one CRL
    CrlDistributionPoints(Vec<String>),
    /// `cRLDistributionPoints`, not critical: the URL of the certificate's shard
    CrlShards(CrlShards),
    /// `authorityInfoAccess`, not critical
    AuthorityInformationAccess {
        /// URLs of OCSP responders
        ocsp: Vec<String>,
        /// URLs of the issuer's certificate
        issuers: Vec<String>,
    },
    /// `id-pkix-ocsp-nocheck` (RFC 6960 section 4.2.2.2.1), not critical
    OcspNoCheck,
    /// `subjectKeyIdentifier`, not critical
    SubjectKeyIdentifier,
    /// `authorityKeyIdentifier`, not critical
    AuthorityKeyIdentifier,
    /// An extension of another certificate, byte for byte, for a cross-certificate
    Carried(CarriedExtension),
}

/// An extension as in the certificate that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedExtension {
    /// extnID
    pub identifier: ObjectIdentifier,
    /// critical
    pub critical: bool,
    /// The bytes in extnValue.
    pub value: Vec<u8>,
}

/// The part of a request's `subjectAltName` that is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// Names of these kinds; others are dropped, and reported.
    pub kinds: Cow<'static, [NameKind]>,
    /// Whether at least one is required.
    pub required: bool,
    /// Whether `*.example.com` is accepted.
    pub wildcards: bool,
}

/// `PolicyInformation` (RFC 5280 section 4.2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// policyIdentifier
    pub identifier: ObjectIdentifier,
    /// The CPS pointer, a URI.
    pub cps: Option<String>,
}

/// A program that checks a certificate and reports faults; exit code 0 means that it found none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linter {
    /// The program, and its arguments before the name of the PEM file.
    pub command: Vec<String>,
}

impl KeyKinds {
    /// Whether it includes keys of this kind.
    #[must_use]
    pub fn include(&self, key: KeyAlgorithm) -> bool {
        let is_long = |bits| self.rsa.is_some_and(|least| bits >= least);
        match key {
            KeyAlgorithm::Rsa { bits } => is_long(bits),
            KeyAlgorithm::RsaPss { bits, .. } => self.rsa_pss && is_long(bits),
            KeyAlgorithm::Ec(curve) => self.curves.contains(&curve),
            KeyAlgorithm::Ed25519 => self.ed25519,
            KeyAlgorithm::MlDsa(parameters) => self.ml_dsa.contains(&parameters),
        }
    }
}

impl Linter {
    /// The search path for a program that is named without one.
    pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
}

impl ProfileExtension {
    /// Its name in RFC 5280 or RFC 6960.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BasicConstraints { .. } => "basicConstraints",
            Self::KeyUsage(_) => "keyUsage",
            Self::ExtendedKeyUsage(_) => "extendedKeyUsage",
            Self::SubjectAlternativeName(_) => "subjectAltName",
            Self::NameConstraints(_) => "nameConstraints",
            Self::CertificatePolicies(_) => "certificatePolicies",
            Self::CrlDistributionPoints(_) | Self::CrlShards(_) => "cRLDistributionPoints",
            Self::AuthorityInformationAccess { .. } => "authorityInfoAccess",
            Self::OcspNoCheck => "ocsp-nocheck",
            Self::SubjectKeyIdentifier => "subjectKeyIdentifier",
            Self::AuthorityKeyIdentifier => "authorityKeyIdentifier",
            Self::Carried(_) => "carried",
        }
    }
}

impl Role {
    /// The word for it in profile files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        }
    }
}

impl Profile {
    /// True if the certificate is its own issuer.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.role == Role::Root
    }

    /// The CRL shards of its certificates.
    #[must_use]
    pub fn crl_shards(&self) -> Option<&CrlShards> {
        self.extensions.iter().find_map(|wanted| match wanted {
            ProfileExtension::CrlShards(shards) => Some(shards),
            _ => None,
        })
    }

    /// Whether the rule with that name is waived.
    #[must_use]
    pub fn waives(&self, rule: &str) -> bool {
        self.waived.iter().any(|waived| waived == rule)
    }

    /// The built-in profile with that name for self-signed certificates (`ca create`) or for requests (`csr sign`).
    ///
    /// # Errors
    /// [`X509Error::UnknownProfile`] or [`X509Error::OtherRole`], with the names that fit.
    pub fn named(name: &str, self_signed: bool) -> Result<Self, X509Error> {
        let fitting = || {
            Self::built_in()
                .into_iter()
                .filter(move |profile| profile.is_self_signed() == self_signed)
        };
        fitting().find(|profile| profile.name == name).ok_or_else(|| {
            let known = fitting().map(|profile| profile.name.into_owned()).collect();
            let name = name.to_owned();
            match Self::built_in().iter().any(|profile| profile.name == name) {
                true => X509Error::OtherRole {
                    name,
                    self_signed,
                    known,
                },
                false => X509Error::UnknownProfile { name, known },
            }
        })
    }
}
