//! Why a cluster is not initialised.

use std::time::Duration;

use super::WhichCertificate;
use crate::cloudhsm::{CloudHsmError, ClusterId, ClusterState};
use crate::x509::{UnixTime, X509Error};

/// Why a cluster is not initialised.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitializeClusterError {
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
    /// A file with a private key in it.
    PrivateKey {
        /// Which.
        which: WhichCertificate,
    },
    /// A CSR where a certificate is wanted.
    Request {
        /// Which.
        which: WhichCertificate,
    },
    /// A chain where one certificate is wanted.
    Several {
        /// Which.
        which: WhichCertificate,
        /// How many.
        count: usize,
    },
    /// Both files have the same certificate.
    Same,
    /// Each file is in the place of the other.
    Swapped,
    /// The trust anchor is issued by another.
    NotSelfSigned {
        /// Its subject.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// The trust anchor names itself as its issuer, and its key did not sign it.
    SelfSignature {
        /// Its subject.
        subject: String,
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
    /// AWS might take it, and no client would take a connection with it.
    Useless {
        /// Why not.
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
        /// Who issued that.
        issuer: String,
    },
    /// AWS refuses the certificates, although they passed every check here.
    Refused {
        /// What AWS said.
        cause: Box<CloudHsmError>,
        /// The cluster's state.
        state: ClusterState,
    },
    /// The call failed, and AWS did not do it.
    NotDone {
        /// How the call failed.
        cause: Box<CloudHsmError>,
        /// The cluster's state.
        state: ClusterState,
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
    /// Another call initialised it, and with which certificate is not shown.
    Unconfirmed {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
    },
    /// CloudHSM stopped to answer during the waiting.
    OutOfSight {
        /// The cluster.
        cluster: ClusterId,
        /// Its state when it was last seen.
        state: ClusterState,
        /// Why it is not seen any more.
        cause: Box<CloudHsmError>,
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

impl InitializeClusterError {
    /// Which file it is about, where it is about one.
    #[must_use]
    pub const fn which(&self) -> Option<WhichCertificate> {
        match self {
            Self::Text { which, .. }
            | Self::TooLong { which, .. }
            | Self::Unreadable { which, .. }
            | Self::PrivateKey { which }
            | Self::Request { which }
            | Self::Several { which, .. }
            | Self::NotValid { which, .. }
            | Self::Algorithm { which, .. } => Some(*which),
            Self::NotSelfSigned { .. } | Self::SelfSignature { .. } | Self::Anchor { .. } => {
                Some(WhichCertificate::Anchor)
            }
            Self::NotIssued { .. } | Self::Useless { .. } => Some(WhichCertificate::Signed),
            _ => None,
        }
    }
}

impl std::error::Error for InitializeClusterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => cause.source(),
            Self::Refused { cause, .. }
            | Self::NotDone { cause, .. }
            | Self::Unknown { cause, .. }
            | Self::OutOfSight { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
