//! Why a cluster was not initialised.

use std::time::Duration;

use super::WhichCertificate;
use crate::cloudhsm::{CloudHsmError, ClusterId, ClusterState};
use crate::x509::{UnixTime, X509Error};

/// Why a cluster was not initialised.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitializeClusterError {
    /// A file with text besides one PEM block, which AWS refuses.
    Text {
        /// Which file.
        which: WhichCertificate,
        /// The first text that AWS does not accept.
        found: String,
    },
    /// A file with more characters than AWS accepts.
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
    /// A CSR instead of a certificate.
    Request {
        /// Which.
        which: WhichCertificate,
    },
    /// A chain instead of one certificate.
    Several {
        /// Which.
        which: WhichCertificate,
        /// How many.
        count: usize,
    },
    /// Both files have the same certificate.
    Same,
    /// The two files are swapped.
    Swapped,
    /// The trust anchor is not self-signed.
    NotSelfSigned {
        /// Its subject.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// The trust anchor names itself as its issuer, but its key did not sign it.
    SelfSignature {
        /// Its subject.
        subject: String,
    },
    /// The trust anchor's extensions contradict that it is a CA.
    Anchor {
        /// The contradiction.
        reason: String,
    },
    /// The cluster's certificate is not issued by the trust anchor.
    NotIssued {
        /// The contradiction.
        reason: String,
    },
    /// AWS might accept it, but clients would refuse every connection with it.
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
    /// AWS does not accept this kind of key or signature.
    Algorithm {
        /// Which.
        which: WhichCertificate,
        /// The kind.
        found: String,
    },
    /// The certificate's key is not the CSR's: AWS replaced the HSM, or the certificate belongs to another cluster.
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
        /// Its issuer.
        issuer: String,
    },
    /// AWS refused the certificates, although they passed every check here.
    Refused {
        /// AWS's answer.
        cause: Box<CloudHsmError>,
        /// The cluster's state.
        state: ClusterState,
    },
    /// The call failed, and AWS did not initialise the cluster.
    NotDone {
        /// How the call failed.
        cause: Box<CloudHsmError>,
        /// The cluster's state.
        state: ClusterState,
    },
    /// The call failed, and its outcome is unknown.
    Unknown {
        /// The cluster.
        cluster: ClusterId,
        /// How the call failed.
        cause: Box<CloudHsmError>,
        /// How the query for the state failed.
        second: Box<CloudHsmError>,
    },
    /// Another call initialised it, and AWS does not show with which certificate.
    Unconfirmed {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
    },
    /// CloudHSM stopped answering while this waited.
    OutOfSight {
        /// The cluster.
        cluster: ClusterId,
        /// Its last known state.
        state: ClusterState,
        /// Why the state can no longer be read.
        cause: Box<CloudHsmError>,
    },
    /// The time limit for waiting is over.
    StillInProgress {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// How long this waited.
        waited: Duration,
    },
    /// The cluster reached a state from which it does not become INITIALIZED.
    Failed {
        /// The cluster.
        cluster: ClusterId,
        /// Its state.
        state: ClusterState,
        /// The reason, if AWS gives one.
        message: Option<String>,
    },
}

impl InitializeClusterError {
    /// The file that the error is about, if any.
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
