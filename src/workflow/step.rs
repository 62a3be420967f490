//! The next step of a workflow, in numbers and names: the caller has the sentences.

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
        /// Which, from 1.
        number: usize,
        /// How many the job has.
        count: usize,
    },
    /// The CA's key signs a CRL.
    SignCrl {
        /// How many entries it has.
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
    /// A number of sessions sign at once, to be measured.
    Measure {
        /// The signatures' kind.
        algorithm: SignatureAlgorithm,
        /// How many sessions.
        sessions: usize,
    },
    /// Certificates are issued, to be measured.
    MeasureIssuing {
        /// The CA's key.
        key: KeyAlgorithm,
        /// How many.
        count: usize,
    },
    /// The token generates the key that another key is sealed to.
    GenerateRecipientKey,
    /// The token generates the key that another key is wrapped with.
    GenerateWrappingKey,
    /// The imported key is on the token already, and is checked again.
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
    /// The token shows that the key signs, and what it cannot do.
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
        /// How long it lasts at most.
        longest: Duration,
    },
    /// A state of the cluster that was not seen before.
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
        /// The state that it is still in.
        state: &'a ClusterState,
        /// How long this process has waited.
        waited: Duration,
    },
    /// AWS did not answer, and is asked again.
    AskAgain {
        /// What it said.
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
