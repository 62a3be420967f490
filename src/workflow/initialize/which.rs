//! The two certificates of `InitializeCluster`.

use std::fmt;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichCertificate {
    /// `SignedCert`: the cluster's.
    Signed,
    /// `TrustAnchor`: the CA's.
    Anchor,
}

impl fmt::Display for WhichCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signed => "the signed certificate",
            Self::Anchor => "the trust anchor",
        })
    }
}
