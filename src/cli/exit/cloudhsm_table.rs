//! The table's part about CloudHSM.

use hsm_ca::cloudhsm::{CloudHsmError, NoCsr};
use hsm_ca::workflow::InitializeError;

use super::aws_table::explain_aws;
use super::table::Row;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_cloudhsm(error: &CloudHsmError) -> Row {
    match error {
        CloudHsmError::Aws(error) => explain_aws(error),
        CloudHsmError::ClusterId { .. } => (
            "cluster-id",
            USAGE,
            Some("it is cluster- and 11 to 16 letters and digits; `hsm-ca cluster list` shows them"),
        ),
        CloudHsmError::NotFound { .. } => (
            "cluster-not-found",
            UNAVAILABLE,
            Some("look at account and region; `hsm-ca cluster list` shows what is there"),
        ),
        CloudHsmError::AccessDenied { .. } => (
            "access-denied",
            UNAVAILABLE,
            Some("the IAM policy must allow this principal the cloudhsm action named above"),
        ),
        CloudHsmError::InvalidRequest { .. } => ("cloudhsm-refused", REFUSED, None),
        CloudHsmError::NoCsr { reason, .. } => explain_no_csr(reason),
        _ => ("cloudhsm", UNAVAILABLE, None),
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
                "its first HSM makes the CSR: aws cloudhsmv2 create-hsm --cluster-id … --availability-zone …",
            ),
        ),
        NoCsr::HsmInCreation { .. } => ("no-csr-yet", REFUSED, Some("wait some minutes, and try again")),
        NoCsr::Initialized => (
            "already-initialized",
            REFUSED,
            Some("`hsm-ca cluster check` looks at the certificate that it has"),
        ),
        NoCsr::Unusable => (
            "cluster-state",
            REFUSED,
            Some("only an UNINITIALIZED cluster can be initialised"),
        ),
        _ => ("no-csr", REFUSED, Some("ask AWS Support about this cluster")),
    }
}

pub(super) fn explain_initialize(error: &InitializeError) -> Row {
    match error {
        InitializeError::Text { .. } => (
            "pem-text",
            REFUSED,
            Some("write the certificate without text: openssl x509 -in OLD -out NEW"),
        ),
        InitializeError::TooLong { .. } => ("pem-length", REFUSED, None),
        InitializeError::Unreadable { .. } => ("certificate", REFUSED, None),
        InitializeError::Several { .. } => (
            "several-certificates",
            REFUSED,
            Some("the trust anchor is the one self-signed certificate that signed the cluster's"),
        ),
        InitializeError::NotSelfSigned { .. } => (
            "anchor-not-self-signed",
            REFUSED,
            Some("the cluster's certificate must be signed by the root itself: `hsm-ca ca create` makes one"),
        ),
        InitializeError::Anchor { .. } => (
            "anchor-no-authority",
            REFUSED,
            Some("a v3 trust anchor needs basicConstraints CA:TRUE, and nothing that says otherwise"),
        ),
        InitializeError::NotIssued { .. } => (
            "not-issued-by-anchor",
            REFUSED,
            Some("name the certificate of the CA that signed it with --trust-anchor"),
        ),
        InitializeError::NotValid { .. } => {
            ("not-valid-now", REFUSED, Some("look at this machine's clock too"))
        }
        InitializeError::Algorithm { .. } => (
            "algorithm",
            REFUSED,
            Some("RSA 2048, 3072 and 4096, P-256, P-384 and P-521 are taken"),
        ),
        InitializeError::OtherKey { .. } => (
            "other-key",
            REFUSED,
            Some(
                "AWS replaces a first HSM that fails, and with it the CSR: `hsm-ca cluster fetch`, `cluster verify` and `csr sign` once more",
            ),
        ),
        InitializeError::OtherCertificate { .. } => (
            "already-initialized",
            REFUSED,
            Some("`hsm-ca cluster check` looks at the certificate that it has"),
        ),
        InitializeError::NotDone { .. } => {
            ("cloudhsm-failed", UNAVAILABLE, Some("run the same command again"))
        }
        InitializeError::Unknown { .. } => (
            "outcome-unknown",
            UNAVAILABLE,
            Some(
                "run the same command again when CloudHSM answers: it looks at the state first, and goes on from there",
            ),
        ),
        InitializeError::StillInProgress { .. } => (
            "still-in-progress",
            UNAVAILABLE,
            Some(
                "the same command waits again; after half an hour look at the HSM's state (`hsm-ca cluster list`), at CloudTrail, and ask AWS Support",
            ),
        ),
        InitializeError::Failed { .. } => (
            "cluster-failed",
            FAILED,
            Some(
                "`hsm-ca cluster list` shows the HSM's state; delete the cluster and begin again, or ask AWS Support",
            ),
        ),
        _ => ("initialize", FAILED, None),
    }
}
