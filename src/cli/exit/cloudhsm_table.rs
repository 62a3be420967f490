//! The table's part about CloudHSM.

use hsm_ca::cloudhsm::{CloudHsmError, NoCsr};

use super::aws_table::explain_aws;
use super::table::Row;
use super::{REFUSED, UNAVAILABLE, USAGE};

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
