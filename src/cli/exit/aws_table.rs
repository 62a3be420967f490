//! The rows for AWS services that cannot be reached.

use hsm_ca::aws::AwsError;

use super::row::Row;
use super::{UNAVAILABLE, USAGE};

pub(super) fn explain_aws(error: &AwsError) -> Row {
    match error {
        AwsError::NoRegion => (
            "no-region",
            USAGE,
            Some("set AWS_REGION, or a region in the AWS profile"),
        ),
        AwsError::OtherRegion { .. } => (
            "wrong-region",
            USAGE,
            Some("set AWS_REGION to the region it is in, or unset it"),
        ),
        AwsError::Credentials { .. } => (
            "credentials",
            UNAVAILABLE,
            Some(
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows who you are",
            ),
        ),
        AwsError::PlaintextEndpoint { service: "KMS", .. } => (
            "plaintext-endpoint",
            USAGE,
            Some(
                "the private key would cross the network in the clear: name an https endpoint (http is for this machine only)",
            ),
        ),
        AwsError::PlaintextEndpoint { .. } => (
            "plaintext-endpoint",
            USAGE,
            Some(
                "anyone on the network path could replace the CSR in the answer: name an https endpoint (http is for this machine only)",
            ),
        ),
        AwsError::Unreachable { service: "KMS", .. } => (
            "kms-unreachable",
            UNAVAILABLE,
            Some(
                "check the network, the proxy and AWS_ENDPOINT_URL_KMS; `hsm-ca doctor` tests the connection again",
            ),
        ),
        AwsError::Unreachable { .. } => (
            "cloudhsm-unreachable",
            UNAVAILABLE,
            Some("check the network, the proxy and AWS_ENDPOINT_URL_CLOUDHSM_V2"),
        ),
        AwsError::AnswerTooLong { .. } => (
            "answer-too-long",
            UNAVAILABLE,
            Some(
                "the server is not AWS, or something in between changes its answers: check the proxy and the AWS_ENDPOINT_URL variables",
            ),
        ),
        _ => ("aws", UNAVAILABLE, None),
    }
}
