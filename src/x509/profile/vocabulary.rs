//! The words of profiles for key usages and purposes, from RFC 5280.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING, ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH,
    ID_KP_TIME_STAMPING,
};

/// A bit of `keyUsage` (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// digitalSignature
    DigitalSignature,
    /// nonRepudiation, which X.509 now calls contentCommitment
    NonRepudiation,
    /// keyEncipherment, for RSA keys
    KeyEncipherment,
    /// keyAgreement, for EC keys
    KeyAgreement,
    /// keyCertSign
    KeyCertSign,
    /// cRLSign
    CrlSign,
}

impl Usage {
    /// Every usage that a profile can ask for, with its name.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::DigitalSignature, "digitalSignature"),
        (Self::NonRepudiation, "nonRepudiation"),
        (Self::KeyEncipherment, "keyEncipherment"),
        (Self::KeyAgreement, "keyAgreement"),
        (Self::KeyCertSign, "keyCertSign"),
        (Self::CrlSign, "cRLSign"),
    ];

    /// The usage with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(usage, _)| usage)
    }
}

/// A purpose of `extKeyUsage` (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(pub ObjectIdentifier);

impl Purpose {
    /// id-kp-serverAuth: "TLS WWW server authentication"
    pub const SERVER_AUTH: Self = Self(ID_KP_SERVER_AUTH);
    /// id-kp-clientAuth: "TLS WWW client authentication"
    pub const CLIENT_AUTH: Self = Self(ID_KP_CLIENT_AUTH);
    /// id-kp-codeSigning: "Signing of downloadable executable code"
    pub const CODE_SIGNING: Self = Self(ID_KP_CODE_SIGNING);
    /// id-kp-OCSPSigning: "Signing OCSP responses"
    pub const OCSP_SIGNING: Self = Self(ID_KP_OCSP_SIGNING);

    /// id-kp-timeStamping (RFC 3161 section 2.3)
    pub const TIME_STAMPING: Self = Self(ID_KP_TIME_STAMPING);

    const NAMED: [(Self, &'static str); 6] = [
        (Self::SERVER_AUTH, "serverAuth"),
        (Self::CLIENT_AUTH, "clientAuth"),
        (Self::CODE_SIGNING, "codeSigning"),
        (Self(ID_KP_EMAIL_PROTECTION), "emailProtection"),
        (Self::TIME_STAMPING, "timeStamping"),
        (Self::OCSP_SIGNING, "OCSPSigning"),
    ];

    /// The purpose with that name or object identifier.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMED.into_iter().find(|(_, known)| *known == name);
        found
            .map(|(purpose, _)| purpose)
            .or_else(|| ObjectIdentifier::new(name).ok().map(Self))
    }

    /// The purpose with that name, as in [`named`](Self::named), in `openssl verify -purpose` or in a built-in profile.
    ///
    /// # Errors
    /// The names that exist.
    pub fn parse(name: &str) -> Result<Self, String> {
        const OTHER_NAMES: [(&str, Purpose); 9] = [
            ("sslserver", Purpose::SERVER_AUTH),
            ("tls-server", Purpose::SERVER_AUTH),
            ("sslclient", Purpose::CLIENT_AUTH),
            ("tls-client", Purpose::CLIENT_AUTH),
            ("cloudhsm-client", Purpose::CLIENT_AUTH),
            ("codesign", Purpose::CODE_SIGNING),
            ("code-signing", Purpose::CODE_SIGNING),
            ("timestampsign", Purpose::TIME_STAMPING),
            ("ocsp-signer", Purpose::OCSP_SIGNING),
        ];
        let other = || OTHER_NAMES.into_iter().find(|(known, _)| *known == name);
        Self::named(name)
            .or_else(|| other().map(|(_, purpose)| purpose))
            .ok_or_else(|| {
                let known = Self::NAMED.map(|(_, name)| name).join(", ");
                format!("it must be one of {known}, or an object identifier")
            })
    }

    /// Its name, or its object identifier.
    #[must_use]
    pub fn name(self) -> String {
        let found = Self::NAMED.into_iter().find(|(known, _)| *known == self);
        found.map_or_else(|| self.0.to_string(), |(_, name)| name.to_owned())
    }
}
