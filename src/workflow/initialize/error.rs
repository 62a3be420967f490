//! Why a cluster is not initialised.

use std::fmt;
use std::time::Duration;

use super::WhichCertificate;
use crate::cloudhsm::{CloudHsmError, ClusterId, ClusterState, LONGEST_CERTIFICATE};
use crate::x509::{UnixTime, X509Error};

/// Why a cluster is not initialised.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitializeError {
    /// A file with something besides one PEM block, which AWS refuses.
    Text {
        /// Which file.
        which: WhichCertificate,
        /// The first thing that AWS does not take.
        found: String,
    },
    /// A file with more characters than AWS takes.
    TooLong {
        /// Which file.
        which: WhichCertificate,
        /// How many it has.
        characters: usize,
    },
    /// A certificate that cannot be read, or whose own signature is wrong.
    Unreadable {
        /// Which.
        which: WhichCertificate,
        /// What is wrong.
        cause: X509Error,
    },
    /// A chain where one certificate is wanted.
    Several {
        /// Which.
        which: WhichCertificate,
        /// How many.
        count: usize,
    },
    /// The trust anchor is issued by another.
    NotSelfSigned {
        /// Its subject.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// The trust anchor's extensions contradict that it is a CA.
    Anchor {
        /// In which way.
        reason: String,
    },
    /// The cluster's certificate is not issued by the trust anchor.
    NotIssued {
        /// In which way.
        reason: String,
    },
    /// Outside its validity.
    NotValid {
        /// Which.
        which: WhichCertificate,
        /// It starts …
        not_before: UnixTime,
        /// … and ends.
        not_after: UnixTime,
    },
    /// A key or a signature of a kind that AWS does not take.
    Algorithm {
        /// Which.
        which: WhichCertificate,
        /// The kind.
        found: String,
    },
    /// The certificate is for another key than the CSR's: AWS replaced the HSM, or it is another cluster's.
    OtherKey {
        /// The cluster.
        cluster: ClusterId,
        /// The certificate's subject.
        certificate: String,
        /// The CSR's subject.
        request: String,
    },
    /// The cluster was initialised with another certificate.
    OtherCertificate {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// SHA-256 of its certificate.
        found: String,
    },
    /// The call failed, and the cluster is still uninitialised.
    NotDone {
        /// How the call failed.
        cause: Box<CloudHsmError>,
    },
    /// The call failed, and what became of it is not known.
    Unknown {
        /// The cluster.
        cluster: ClusterId,
        /// How the call failed.
        cause: Box<CloudHsmError>,
        /// How the question for the state failed.
        second: Box<CloudHsmError>,
    },
    /// It takes longer than was to be waited.
    StillInProgress {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// How long it was waited.
        waited: Duration,
    },
    /// The cluster went to a state that does not lead to INITIALIZED.
    Failed {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// Why, where AWS says so.
        message: Option<String>,
    },
}

impl fmt::Display for InitializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { which, found } => {
                write!(f, "the file of {which} has {found}, which AWS does not take")
            }
            Self::TooLong { which, characters } => write!(
                f,
                "the file of {which} has {characters} characters, AWS takes {LONGEST_CERTIFICATE}"
            ),
            Self::Unreadable { which, cause } => write!(f, "{which}: {cause}"),
            Self::Several { which, count } => {
                write!(f, "the file of {which} has {count} certificates, AWS wants one")
            }
            Self::NotSelfSigned { subject, issuer } => write!(
                f,
                "the trust anchor \"{subject}\" is no self-signed certificate: \"{issuer}\" issued it"
            ),
            Self::Anchor { reason } => write!(f, "the trust anchor is no CA certificate: {reason}"),
            Self::NotIssued { reason } => {
                write!(
                    f,
                    "the signed certificate is not issued by the trust anchor: {reason}"
                )
            }
            Self::NotValid {
                which,
                not_before,
                not_after,
            } => write!(f, "{which} is valid from {not_before} to {not_after}, not now"),
            Self::Algorithm { which, found } => write!(f, "{which}: {found}, which AWS does not take"),
            Self::OtherKey {
                cluster,
                certificate,
                request,
            } => write!(
                f,
                "the signed certificate is for another key than the CSR that {cluster} has now: it is for \"{certificate}\", the CSR is of \"{request}\""
            ),
            Self::OtherCertificate {
                cluster,
                state,
                found,
            } => write!(
                f,
                "{cluster} is {state} with another certificate (SHA-256 {found})"
            ),
            Self::NotDone { cause } => write!(f, "{cause}; the cluster is still UNINITIALIZED"),
            Self::Unknown {
                cluster,
                cause,
                second,
            } => write!(
                f,
                "{cause}; whether {cluster} is being initialised is not known ({second})"
            ),
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

impl std::error::Error for InitializeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            Self::NotDone { cause } | Self::Unknown { cause, .. } => Some(cause.as_ref()),
            _ => None,
        }
    }
}
