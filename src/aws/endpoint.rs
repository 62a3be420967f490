//! A private key comes back in KMS's answer, a cluster's CSR in CloudHSM's: only an encrypted connection may carry them.

use std::fmt;
use std::net::IpAddr;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Refuses an `http` endpoint on another machine, whatever setting it comes from.
#[derive(Debug)]
pub(crate) struct EncryptedEndpoint;

/// The endpoint that was refused.
#[derive(Debug)]
pub(super) struct NotEncrypted(pub(super) String);

impl fmt::Display for NotEncrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not encrypted", self.0)
    }
}

impl std::error::Error for NotEncrypted {}

impl Intercept for EncryptedEndpoint {
    fn name(&self) -> &'static str {
        "EncryptedEndpoint"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        if is_safe(uri) {
            return Ok(());
        }
        Err(NotEncrypted(uri.trim_end_matches('/').to_owned()).into())
    }
}

fn is_safe(uri: &str) -> bool {
    if uri.starts_with("https://") {
        return true;
    }
    let authority = uri
        .strip_prefix("http://")
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    // `user@host` would hide the host.
    let Some(authority) = authority.filter(|authority| !authority.contains('@')) else {
        return false;
    };
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_only() {
        for uri in [
            "https://kms.eu-west-1.amazonaws.com/",
            "http://127.0.0.1:5000/",
            "http://localhost:5000",
            "http://[::1]:5000/",
        ] {
            assert!(is_safe(uri), "{uri}");
        }
        for uri in [
            "http://kms.eu-west-1.amazonaws.com/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://localhost.example.com/",
            "ftp://127.0.0.1/",
            "",
        ] {
            assert!(!is_safe(uri), "{uri}");
        }
    }
}
