//! The built-in profiles.

use std::borrow::Cow;

use super::{AlternativeNames, KeyKinds, Profile, ProfileExtension, Purpose, Role, Usage};
use crate::signer::{Curve, KeySearch, MlDsaParameterSet};
use crate::x509::general_name::NameKind;
use crate::x509::rules;

/// AWS CloudHSM User Guide, "Initialize the cluster": "a maximum of 5000 characters" for either certificate.
const CLOUDHSM_LONGEST_PEM: usize = 5000;

/// AWS CloudHSM User Guide, "Set up mutual TLS between client and AWS CloudHSM": "a certificate chain of 6980 bytes".
const CLOUDHSM_LONGEST_CHAIN: usize = 6980;

/// NIST SP 800-131A: RSA from 2048 bits; the curves of FIPS 186-5. CloudHSM's pages list the same.
const NIST_CURVES: &[Curve] = &[Curve::P256, Curve::P384, Curve::P521];

/// The CA/B Forum allows less for a TLS server certificate of 2026, but does not bind a private CA.
const YEAR: u32 = 365;

fn nist_keys() -> KeyKinds {
    KeyKinds {
        ed25519: false,
        ml_dsa: Cow::Borrowed(&[]),
        ..KeyKinds::any()
    }
}

/// The keys of CloudHSM's certificates. RSA keys for RSASSA-PSS only are accepted by size, as AWS does.
fn cloudhsm_keys() -> KeyKinds {
    KeyKinds {
        rsa_pss: true,
        ..nist_keys()
    }
}

impl KeySearch {
    /// Long if one key is trusted for years: a CA's, and those that sign programs, times or OCSP responses. Other keys come in large numbers.
    pub(super) fn of(role: Role, purposes: &[Purpose]) -> Self {
        let signs = [
            Purpose::CODE_SIGNING,
            Purpose::TIME_STAMPING,
            Purpose::OCSP_SIGNING,
        ];
        match role {
            Role::Leaf if !purposes.iter().any(|purpose| signs.contains(purpose)) => Self::Short,
            _ => Self::Long,
        }
    }
}

impl KeyKinds {
    /// Every key that a certificate can be issued for, except on the one curve outside the NIST standards.
    pub(super) fn any() -> Self {
        Self {
            rsa: Some(2048),
            rsa_pss: false,
            curves: Cow::Borrowed(NIST_CURVES),
            ed25519: true,
            ml_dsa: Cow::Borrowed(&MlDsaParameterSet::ALL),
        }
    }

    /// Every key that the program signs with, except on that curve.
    pub(in crate::x509) fn of_authorities() -> Self {
        Self {
            rsa_pss: true,
            ..Self::any()
        }
    }
}

const fn authority_constraints(path_length: Option<u8>) -> ProfileExtension {
    ProfileExtension::BasicConstraints {
        ca: true,
        path_length,
    }
}

/// RFC 5280 section 4.2.1.3: "Conforming CAs MUST include this extension"; section 4.2.1.9 has cRLSign beside it if CRLs are signed.
pub(in crate::x509) const AUTHORITY_USAGE: ProfileExtension =
    ProfileExtension::KeyUsage(Cow::Borrowed(&[Usage::KeyCertSign, Usage::CrlSign]));

const SIGNATURES_ONLY: ProfileExtension =
    ProfileExtension::KeyUsage(Cow::Borrowed(&[Usage::DigitalSignature]));

const LEAF_CONSTRAINTS: ProfileExtension = ProfileExtension::BasicConstraints {
    ca: false,
    path_length: None,
};

fn profile(name: &'static str, role: Role, default_days: u32, extensions: Vec<ProfileExtension>) -> Profile {
    Profile {
        name: Cow::Borrowed(name),
        role,
        extensions,
        default_days,
        longest_days: None,
        longest_pem: None,
        longest_chain: None,
        keys: KeyKinds::any(),
        signed_by: KeyKinds::of_authorities(),
        waived: Vec::new(),
        linter: None,
        key_identifier: None,
        key_search: KeySearch::of(role, &[]),
        refused_keys: None,
    }
}

/// A certificate for one purpose, under a CA. TLS 1.3, OCSP and code signing need only digitalSignature (RFC 8446 section 4.4.2.2).
fn leaf(
    name: &'static str,
    days: u32,
    purposes: &'static [Purpose],
    more: impl IntoIterator<Item = ProfileExtension>,
) -> Profile {
    let mut extensions = vec![
        LEAF_CONSTRAINTS,
        SIGNATURES_ONLY,
        ProfileExtension::ExtendedKeyUsage(Cow::Borrowed(purposes)),
    ];
    extensions.extend(more);
    extensions.extend([
        ProfileExtension::SubjectKeyIdentifier,
        ProfileExtension::AuthorityKeyIdentifier,
    ]);
    Profile {
        key_search: KeySearch::of(Role::Leaf, purposes),
        ..profile(name, Role::Leaf, days, extensions)
    }
}

fn names(kinds: &'static [NameKind], required: bool, wildcards: bool) -> ProfileExtension {
    ProfileExtension::SubjectAlternativeName(AlternativeNames {
        kinds: Cow::Borrowed(kinds),
        required,
        wildcards,
    })
}

impl Profile {
    /// Every built-in profile.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        vec![
            Self::cloudhsm_ca(),
            Self::root(),
            Self::cloudhsm_cluster(),
            Self::cloudhsm_client(),
            Self::intermediate(),
            Self::tls_server(),
            Self::tls_client(),
            Self::ocsp_signer(),
            Self::code_signing(),
        ]
    }

    /// The trust anchor of a CloudHSM cluster: AWS requires a self-signed certificate, with basicConstraints if it is v3; AWS's own recipe omits
    /// keyUsage. No path length, because AWS's examples set none.
    #[must_use]
    pub fn cloudhsm_ca() -> Self {
        let extensions = vec![
            authority_constraints(None),
            AUTHORITY_USAGE,
            ProfileExtension::SubjectKeyIdentifier,
        ];
        Self {
            longest_pem: Some(CLOUDHSM_LONGEST_PEM),
            keys: cloudhsm_keys(),
            signed_by: cloudhsm_keys(),
            key_search: KeySearch::Short,
            ..profile("cloudhsm-ca", Role::Root, 3652, extensions)
        }
    }

    /// The certificate of a CloudHSM cluster: AWS's recipe signs it without extensions, its PCA template with some; RFC 5280 requires the two key
    /// identifiers in every certificate under a CA.
    #[must_use]
    pub fn cloudhsm_cluster() -> Self {
        let extensions = vec![
            ProfileExtension::SubjectKeyIdentifier,
            ProfileExtension::AuthorityKeyIdentifier,
        ];
        Self {
            longest_pem: Some(CLOUDHSM_LONGEST_PEM),
            keys: cloudhsm_keys(),
            signed_by: cloudhsm_keys(),
            // The operator cannot change what the HSM wrote: these two are warnings, and refuse nothing.
            waived: vec![
                Cow::Borrowed(rules::NAME_STRING_TYPE.name),
                Cow::Borrowed(rules::NAME_ATTRIBUTE_ONCE.name),
            ],
            ..profile("cloudhsm-cluster", Role::Leaf, 3652, extensions)
        }
    }

    /// The certificate of a client of the cluster, for mutual TLS with the HSM. AWS's recipe signs it without extensions; these limit it to its
    /// purpose, so that it cannot be used for a server or to issue others.
    ///
    /// A year, where AWS's recipe has five, because the key lies unencrypted on the client, and an HSM does not check a CRL.
    /// Keys as for trust anchors ("Register a trust anchor with CloudHSM CLI"): RSA, P-256, P-384, P-521.
    #[must_use]
    pub fn cloudhsm_client() -> Self {
        Self {
            longest_chain: Some(CLOUDHSM_LONGEST_CHAIN),
            keys: nist_keys(),
            signed_by: nist_keys(),
            ..leaf("cloudhsm-client", YEAR, &[Purpose::CLIENT_AUTH], [])
        }
    }

    /// A private CA, for ten years.
    #[must_use]
    pub fn root() -> Self {
        let extensions = vec![
            authority_constraints(None),
            AUTHORITY_USAGE,
            ProfileExtension::SubjectKeyIdentifier,
        ];
        profile("root", Role::Root, 3652, extensions)
    }

    /// A CA under another, which issues only leaves.
    #[must_use]
    pub fn intermediate() -> Self {
        let extensions = vec![
            authority_constraints(Some(0)),
            AUTHORITY_USAGE,
            ProfileExtension::SubjectKeyIdentifier,
            ProfileExtension::AuthorityKeyIdentifier,
        ];
        profile("intermediate", Role::Intermediate, 1826, extensions)
    }

    /// A TLS server, by its names, the only ones that clients check by RFC 9525 section 3.
    #[must_use]
    pub fn tls_server() -> Self {
        let names = names(&[NameKind::Dns, NameKind::Ip], true, true);
        leaf("tls-server", YEAR, &[Purpose::SERVER_AUTH], [names])
    }

    /// A TLS client, by its subject or its names.
    #[must_use]
    pub fn tls_client() -> Self {
        let names = names(&[NameKind::Dns, NameKind::Email, NameKind::Uri], false, false);
        leaf("tls-client", YEAR, &[Purpose::CLIENT_AUTH], [names])
    }

    /// A delegated OCSP signer (RFC 6960 section 4.2.2.2). Clients would not notice its revocation, so its validity is short.
    #[must_use]
    pub fn ocsp_signer() -> Self {
        leaf(
            "ocsp-signer",
            30,
            &[Purpose::OCSP_SIGNING],
            [ProfileExtension::OcspNoCheck],
        )
    }

    /// A code signer.
    #[must_use]
    pub fn code_signing() -> Self {
        leaf("code-signing", 3 * YEAR, &[Purpose::CODE_SIGNING], [])
    }
}
