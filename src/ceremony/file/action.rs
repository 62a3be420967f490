//! What the step types have in common.

use super::{CreateCa, Crl, CrossSign, DestroyKey, GenerateKey, ImportKey, Revoke, SignCsr, StepAction};

impl StepAction {
    /// The word after `do =`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Manual(_) => "manual",
            Self::GenerateKey(_) => "generate-key",
            Self::ImportKey(_) => "import-key",
            Self::Confirm(_) => "confirm",
            Self::CreateCa(_) => "create-ca",
            Self::SignCsr(_) => "sign-csr",
            Self::CrossSign(_) => "cross-sign",
            Self::Revoke(_) => "revoke",
            Self::Crl(_) => "crl",
            Self::DestroyKey(_) => "destroy-key",
        }
    }

    /// Whether the operator must type the script's words first: for steps that make, use or destroy a key, or that revoke a certificate.
    #[must_use]
    pub const fn needs_words(&self) -> bool {
        !matches!(self, Self::Manual(_) | Self::Confirm(_))
    }

    /// The name of its result file in `out`.
    #[must_use]
    pub fn out(&self) -> Option<&str> {
        match self {
            Self::CreateCa(CreateCa { out, .. })
            | Self::SignCsr(SignCsr { out, .. })
            | Self::CrossSign(CrossSign { out, .. })
            | Self::Crl(Crl { out, .. }) => Some(out),
            _ => None,
        }
    }

    /// The CA that issues or revokes.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::SignCsr(SignCsr { issuer, .. })
            | Self::CrossSign(CrossSign { issuer, .. })
            | Self::Revoke(Revoke { issuer, .. })
            | Self::Crl(Crl { issuer, .. }) => Some(issuer),
            _ => None,
        }
    }

    /// The profile of the object: a name, or `./PATH` for a file.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::CreateCa(CreateCa { profile, .. }) | Self::SignCsr(SignCsr { profile, .. }) => {
                Some(profile)
            }
            Self::CrossSign(CrossSign { profile, .. }) => profile.as_deref(),
            _ => None,
        }
    }

    /// The token named by the step.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::GenerateKey(GenerateKey { token, .. })
            | Self::ImportKey(ImportKey { token, .. })
            | Self::DestroyKey(DestroyKey { token, .. }) => Some(token),
            Self::CreateCa(CreateCa { token, .. })
            | Self::SignCsr(SignCsr { token, .. })
            | Self::CrossSign(CrossSign { token, .. })
            | Self::Crl(Crl { token, .. }) => token.as_deref(),
            _ => None,
        }
    }
}
