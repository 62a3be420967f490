//! `CertStatus` (RFC 6960 section 4.2.1).

use std::fmt;

use der::asn1::{Any, GeneralizedTime, Null};
use der::{Choice, Sequence, Tag};

use super::{RESPONSE, refused};
use crate::x509::{CrlReason, UnixTime, X509Error};

/// What a responder says about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Issued, and not revoked. It may have expired.
    Good,
    /// Revoked, for good or on hold.
    Revoked {
        /// revocationTime
        revoked_at: UnixTime,
        /// revocationReason; unspecified if absent.
        reason: CrlReason,
    },
    /// Not known: never issued, or not by this CA.
    Unknown,
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("good"),
            Self::Revoked { revoked_at, reason } => write!(f, "revoked {revoked_at} {reason}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub(super) enum StatusDer {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct RevokedInfo {
    revocation_time: GeneralizedTime,
    /// CRLReason, an ENUMERATED.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    revocation_reason: Option<Any>,
}

impl CertificateStatus {
    pub(super) fn to_der_form(self) -> Result<StatusDer, X509Error> {
        Ok(match self {
            Self::Good => StatusDer::Good(Null),
            Self::Unknown => StatusDer::Unknown(Null),
            Self::Revoked { revoked_at, reason } => StatusDer::Revoked(RevokedInfo {
                revocation_time: revoked_at.to_generalized_time()?,
                // As on a CRL: unspecified carries no information, and is omitted.
                revocation_reason: match reason {
                    CrlReason::Unspecified => None,
                    reason => Some(
                        Any::new(Tag::Enumerated, [reason.code()]).map_err(X509Error::malformed(RESPONSE))?,
                    ),
                },
            }),
        })
    }

    pub(super) fn read(der: &StatusDer) -> Result<Self, X509Error> {
        let info = match der {
            StatusDer::Good(_) => return Ok(Self::Good),
            StatusDer::Unknown(_) => return Ok(Self::Unknown),
            StatusDer::Revoked(info) => info,
        };
        let reason = match &info.revocation_reason {
            None => Some(CrlReason::Unspecified),
            Some(any) => match any.value() {
                [code] if any.header().tag() == Tag::Enumerated => CrlReason::from_code(*code),
                _ => None,
            },
        };
        let Some(reason) = reason else {
            return refused(RESPONSE, "a revocationReason that does not exist");
        };
        Ok(Self::Revoked {
            revoked_at: UnixTime::from_generalized_time(&info.revocation_time),
            reason,
        })
    }
}
