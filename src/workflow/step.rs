//! The next step of a workflow, in numbers and names. The caller makes the sentences.

use std::time::Duration;

use crate::cloudhsm::{CloudHsmError, ClusterId, ClusterState};
use crate::kms::KeyArn;
use crate::signer::{KeyAlgorithm, SignatureAlgorithm};
use crate::token::ImportRoute;

/// One step that begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The profile's linter checks a certificate, signed by a throwaway key.
    Lint(Linted),
    /// The key signs its own CA certificate.
    SignAuthority,
    /// The CA's key signs a cross-certificate.
    SignCross,
    /// The CA's key signs one certificate of a job.
    SignCertificate {
        /// Its number, from 1.
        number: usize,
        /// The number of certificates in the job.
        count: usize,
    },
    /// The CA's key signs a CRL.
    SignCrl {
        /// Its number of entries.
        entries: usize,
    },
    /// The key signs an OCSP response.
    SignOcsp,
    /// The key signs a certification request.
    SignRequest,
    /// Another process is putting a key on the token; this one waits for it.
    WaitForKeyLock,
    /// The token generates a key pair.
    GenerateKey {
        /// Its kind.
        algorithm: KeyAlgorithm,
    },
    /// Several sessions sign at once, for a measurement.
    Measure {
        /// The signature algorithm.
        algorithm: SignatureAlgorithm,
        /// The number of sessions.
        sessions: usize,
    },
    /// Certificates are issued, for a measurement.
    MeasureIssuing {
        /// The CA's key.
        key: KeyAlgorithm,
        /// The number of certificates.
        count: usize,
    },
    /// The token generates the recipient key, to which another key is sealed.
    GenerateRecipientKey,
    /// The token generates a wrapping key for another key.
    GenerateWrappingKey,
    /// The imported key is already on the token and is checked again.
    CheckPresentKey,
    /// KMS is asked whether it would decrypt a private key.
    RehearseDecrypt {
        /// The KMS key that encrypts it.
        key: &'a KeyArn,
    },
    /// KMS decrypts the private key to this process.
    DecryptKey,
    /// KMS encrypts the private key to the token's key.
    SealKey,
    /// The private key goes into the token.
    ImportKey {
        /// How.
        route: ImportRoute,
    },
    /// The key signs on the token, and its attributes are checked.
    ProveKey,
    /// AWS is asked for the cluster's state and CSR.
    DescribeCluster {
        /// Which.
        cluster: &'a ClusterId,
    },
    /// AWS is asked to initialise the cluster. Its certificate matches its CSR.
    InitializeCluster {
        /// Which.
        cluster: &'a ClusterId,
    },
    /// The wait for AWS begins.
    WaitForCluster {
        /// The longest wait.
        longest: Duration,
    },
    /// The cluster has a new state.
    ClusterState {
        /// Which cluster.
        cluster: &'a ClusterId,
        /// The state.
        state: &'a ClusterState,
    },
    /// Nothing has changed for a while.
    ClusterUnchanged {
        /// Which cluster.
        cluster: &'a ClusterId,
        /// The current state.
        state: &'a ClusterState,
        /// How long this process has waited.
        waited: Duration,
    },
    /// AWS did not answer, and is asked again.
    AskAgain {
        /// The error.
        cause: &'a CloudHsmError,
    },
}

/// What the linter checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Linted {
    /// The CA's own certificate.
    Authority,
    /// A cross-certificate.
    Cross,
    /// A certificate of a job.
    Certificate,
    /// A certificate of a ceremony file that is being drafted.
    Draft,
}
