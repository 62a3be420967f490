//! [`InitializeClusterError`] in words.

use std::fmt;

use super::InitializeClusterError;
use crate::cloudhsm::LONGEST_CERTIFICATE;

impl fmt::Display for InitializeClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { which, found } => {
                write!(f, "{which} comes with {found}, which AWS does not accept")
            }
            Self::TooLong { which, characters } => write!(
                f,
                "{which} has {characters} characters; AWS accepts at most {LONGEST_CERTIFICATE}"
            ),
            Self::Unreadable { which, cause } => write!(f, "{which}: {cause}"),
            Self::PrivateKey { which } => write!(
                f,
                "a private key where {which} is expected; none of it was sent"
            ),
            Self::Request { which } => write!(f, "a CSR where {which} is expected"),
            Self::Several { which, count } => {
                write!(f, "{count} certificates where {which} alone is expected")
            }
            Self::Same => f.write_str("the signed certificate and the trust anchor are the same certificate"),
            Self::Swapped => f.write_str(
                "the certificates are swapped: the signed certificate is the CA's, and the trust anchor is the one that it signed",
            ),
            Self::NotSelfSigned { subject, issuer } => write!(
                f,
                "the trust anchor \"{subject}\" is not a self-signed certificate: \"{issuer}\" issued it"
            ),
            Self::SelfSignature { subject } => write!(
                f,
                "the trust anchor \"{subject}\" is not self-signed: its signature does not verify under its own key"
            ),
            Self::Anchor { reason } => write!(f, "the trust anchor is not a CA certificate: {reason}"),
            Self::NotIssued { reason } => {
                write!(
                    f,
                    "the signed certificate is not issued by the trust anchor: {reason}"
                )
            }
            Self::Useless { reason } => {
                write!(f, "clients would refuse the HSM with the signed certificate: {reason}")
            }
            Self::NotValid {
                which,
                not_before,
                not_after,
            } => write!(f, "{which} is valid from {not_before} to {not_after}, not now"),
            Self::Algorithm { which, found } => write!(f, "{which}: {found}, which AWS does not accept"),
            Self::OtherKey {
                cluster,
                certificate,
                request,
            } => write!(
                f,
                "the signed certificate is for another key than the CSR that {cluster} has now: it is for \"{certificate}\", but the CSR is for \"{request}\""
            ),
            Self::OtherCertificate {
                cluster,
                state,
                found,
                issuer,
            } => write!(
                f,
                "{cluster} is {state} with another certificate, issued by \"{issuer}\" (SHA-256 {found})"
            ),
            Self::Refused { cause, state } | Self::NotDone { cause, state } => {
                write!(f, "{cause}; the cluster is still {state}")
            }
            Self::Unknown {
                cluster,
                cause,
                second,
            } => write!(
                f,
                "{cause}; whether {cluster} is being initialised is not known ({second})"
            ),
            Self::Unconfirmed { cluster, state } => write!(
                f,
                "{cluster} is already {state}, and AWS does not show with which certificate"
            ),
            Self::OutOfSight {
                cluster,
                state,
                cause,
            } => write!(f, "{cause}; {cluster} was {state} when it was last seen"),
            Self::StillInProgress {
                cluster,
                state,
                waited,
            } => write!(f, "{cluster} is still {state} after {} seconds", waited.as_secs()),
            Self::Failed {
                cluster,
                state,
                message,
            } => {
                write!(f, "{cluster} is {state}")?;
                message
                    .as_ref()
                    .map_or(Ok(()), |message| write!(f, ": {message}"))
            }
        }
    }
}
