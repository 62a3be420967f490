//! The rows for CloudHSM.

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::ServerError;
use hsm_ca::cloudhsm::{CloudHsmError, ClusterState, NoCsr};
use hsm_ca::workflow::InitializeClusterError;

use super::aws_table::explain_aws;
use super::row::Row;
use super::x509_table::explain_x509;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_cloudhsm(error: &CloudHsmError) -> Row {
    match error {
        CloudHsmError::Aws(error) => explain_aws(error),
        CloudHsmError::ClusterId { .. } => ("cluster-id", USAGE, Some("`hsm-ca cluster list` shows them")),
        CloudHsmError::NotFound { .. } => (
            "cluster-not-found",
            UNAVAILABLE,
            Some("check the account and the region; `hsm-ca cluster list` shows the clusters"),
        ),
        CloudHsmError::AccessDenied { .. } => (
            "access-denied",
            UNAVAILABLE,
            Some("the IAM policy must allow this principal the cloudhsm action named above"),
        ),
        CloudHsmError::InvalidRequest { .. } => ("cloudhsm-refused", REFUSED, None),
        CloudHsmError::NoCsr { reason, .. } => explain_no_csr(reason),
        _ => (
            "cloudhsm",
            UNAVAILABLE,
            Some("the fault is on AWS's side and may be temporary: try again in a minute"),
        ),
    }
}

const fn explain_no_csr(reason: &NoCsr) -> Row {
    match reason {
        NoCsr::ClusterInCreation => (
            "no-csr-yet",
            REFUSED,
            Some("wait until it is UNINITIALIZED, and give it an HSM: aws cloudhsmv2 create-hsm"),
        ),
        NoCsr::NoHsm => (
            "no-csr-yet",
            REFUSED,
            Some(
                "the first HSM creates the CSR: aws cloudhsmv2 create-hsm --cluster-id … --availability-zone …",
            ),
        ),
        NoCsr::HsmInCreation { .. } => ("no-csr-yet", REFUSED, Some("wait a few minutes and try again")),
        NoCsr::Initialized => (
            "already-initialized",
            REFUSED,
            Some("`hsm-ca cluster check` checks its certificate"),
        ),
        NoCsr::Changing => (
            "cluster-state",
            REFUSED,
            Some("wait until it is UNINITIALIZED again: `hsm-ca cluster list` shows it"),
        ),
        NoCsr::Unusable => (
            "cluster-state",
            REFUSED,
            Some("only an UNINITIALIZED cluster can be initialised"),
        ),
        _ => ("no-csr", REFUSED, Some("ask AWS Support about this cluster")),
    }
}

pub(super) fn explain_initialize(error: &InitializeClusterError) -> Row {
    match error {
        InitializeClusterError::Unreadable { cause, .. } => explain_x509(cause),
        InitializeClusterError::Text { .. } => (
            "pem-text",
            REFUSED,
            Some("write the certificate without text: openssl x509 -in OLD -out NEW"),
        ),
        InitializeClusterError::TooLong { .. } => (
            "pem-length",
            REFUSED,
            Some("shorten it: remove extensions, names, or whitespace from the file"),
        ),
        InitializeClusterError::PrivateKey { .. } => (
            "private-key",
            REFUSED,
            Some("name a file with only the certificate; AWS never needs the CA's key"),
        ),
        InitializeClusterError::Request { .. } => (
            "request",
            REFUSED,
            Some("`hsm-ca csr sign` makes the certificate for it"),
        ),
        InitializeClusterError::Several { .. } => (
            "several-certificates",
            REFUSED,
            Some(
                "the trust anchor is the one self-signed certificate that signed the cluster's certificate, not a chain",
            ),
        ),
        InitializeClusterError::Same | InitializeClusterError::Swapped => (
            "files-mixed-up",
            REFUSED,
            Some("--signed-cert is the cluster's certificate, --trust-anchor that of the CA"),
        ),
        InitializeClusterError::NotSelfSigned { .. } => (
            "anchor-not-self-signed",
            REFUSED,
            Some("the cluster's certificate must be signed by the root itself: `hsm-ca ca create` makes one"),
        ),
        InitializeClusterError::SelfSignature { .. } => (
            "bad-signature",
            REFUSED,
            Some("the file was changed, or belongs to another CA: get the CA's certificate from its source"),
        ),
        InitializeClusterError::Anchor { .. } => (
            "anchor-no-authority",
            REFUSED,
            Some("a v3 trust anchor needs basicConstraints CA:TRUE, and no extension that contradicts it"),
        ),
        InitializeClusterError::NotIssued { .. } => (
            "not-issued-by-anchor",
            REFUSED,
            Some("name the certificate of the CA that signed it with --trust-anchor"),
        ),
        InitializeClusterError::Useless { .. } => (
            "not-for-servers",
            REFUSED,
            Some("`hsm-ca csr sign` makes one without such extensions; `hsm-ca cert show` shows them"),
        ),
        InitializeClusterError::NotValid { .. } => {
            ("not-valid-now", REFUSED, Some("also check this machine's clock"))
        }
        InitializeClusterError::Algorithm { .. } => (
            "algorithm",
            REFUSED,
            Some("AWS accepts RSA 2048, 3072, 4096, P-256, P-384 and P-521, signed with SHA-224 to SHA-512"),
        ),
        InitializeClusterError::OtherKey { .. } => (
            "other-key",
            REFUSED,
            Some(
                "AWS replaces a first HSM that fails, and with it the CSR: run `hsm-ca cluster fetch`, `cluster verify` and `csr sign` again",
            ),
        ),
        _ => explain_course(error),
    }
}

/// The rows for errors after AWS was asked.
fn explain_course(error: &InitializeClusterError) -> Row {
    match error {
        InitializeClusterError::OtherCertificate { .. } => (
            "already-initialized",
            REFUSED,
            Some("a cluster keeps its certificate for life; `hsm-ca cluster check` checks it"),
        ),
        InitializeClusterError::Refused { .. } => (
            "cloudhsm-refused",
            REFUSED,
            Some("nothing was changed; `hsm-ca cert show` shows what is in the certificates"),
        ),
        InitializeClusterError::NotDone { .. } => (
            "cloudhsm-failed",
            UNAVAILABLE,
            Some("run the same command again: it checks the state first"),
        ),
        InitializeClusterError::Unknown { .. } => (
            "outcome-unknown",
            UNAVAILABLE,
            Some(
                "run the same command again when CloudHSM answers: it checks the state first and continues from there",
            ),
        ),
        InitializeClusterError::Unconfirmed {
            state: ClusterState::InitializeInProgress,
            ..
        } => (
            "unconfirmed",
            UNAVAILABLE,
            Some(
                "run the same command with --wait: it follows the states and compares the certificates at the end",
            ),
        ),
        InitializeClusterError::Unconfirmed { .. } => (
            "unconfirmed",
            UNAVAILABLE,
            Some("try again in a few minutes; the cluster is initialised, perhaps by someone else"),
        ),
        InitializeClusterError::OutOfSight { cause, .. } => (
            explain_cloudhsm(cause).0,
            UNAVAILABLE,
            Some(
                "AWS continues by itself; when CloudHSM answers again, run the same command with --wait to follow it",
            ),
        ),
        InitializeClusterError::StillInProgress { .. } => (
            "still-in-progress",
            UNAVAILABLE,
            Some(
                "run the same command to wait again; after half an hour, check the HSM's state (`hsm-ca cluster list`), and ask AWS Support",
            ),
        ),
        InitializeClusterError::Failed { .. } => (
            "cluster-failed",
            FAILED,
            Some(
                "`hsm-ca cluster list` shows its HSMs; ask AWS Support, or create another cluster: this one has no keys yet",
            ),
        ),
        _ => ("initialize", FAILED, None),
    }
}

#[cfg(feature = "aws")]
pub(super) const fn explain_server(error: &ServerError) -> Row {
    match error {
        ServerError::Address { .. } => (
            "server-address",
            USAGE,
            Some("give the ENI IP address of an HSM, and the port if it is not 2223"),
        ),
        ServerError::Refused { .. } => (
            "server-refused",
            UNAVAILABLE,
            Some("is it the address of an HSM that is ACTIVE? `aws cloudhsmv2 describe-clusters` shows them"),
        ),
        ServerError::Silent { .. } => (
            "server-timeout",
            UNAVAILABLE,
            Some("run this inside the VPC, where the cluster's security group lets you in (port 2223)"),
        ),
        ServerError::NotTls { .. } => (
            "server-not-tls",
            UNAVAILABLE,
            Some("something else answers there: check the address, and any proxy in between"),
        ),
        ServerError::Closed { .. } => ("server-closed", UNAVAILABLE, None),
        ServerError::Handshake { .. } => (
            "server-handshake",
            UNAVAILABLE,
            Some(
                "`openssl s_client -connect IP:2223` may get further: pass what it prints with --server-cert",
            ),
        ),
        _ => ("server-unreachable", UNAVAILABLE, None),
    }
}
