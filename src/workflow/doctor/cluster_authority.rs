//! The certificate that CloudHSM's client knows its cluster by: customerCA.crt.

use std::path::Path;

use super::client_sdk::may_refuse_weak_authority;
use super::{Check, Client};
use crate::signer::KeyAlgorithm;
use crate::x509::{Certificate, X509Error};

/// Where the client looks for it by default: AWS CloudHSM User Guide, configure-tool-params5 (`--hsm-ca-cert`).
pub const CLUSTER_AUTHORITY: &str = "/opt/cloudhsm/etc/customerCA.crt";

const NAME: &str = "cluster CA";

/// "An RSA key weaker than 2048 bits": ki-all, issue 15. Nothing is said of EC keys, of which clusters have P-256 and above
/// (initialize-cluster).
const LEAST_BITS: usize = 2048;

/// Whether the client connects to a cluster with this CA, as far as its key goes. A file may have a chain: initialize-cluster, option B.
#[must_use]
pub fn check_authority_key(path: &Path, chain: &[Certificate], client: &Client) -> Check {
    let path = path.display();
    let keys: Result<Vec<_>, _> = chain
        .iter()
        .map(|certificate| Ok(certificate.public_key()?.algorithm()))
        .collect();
    let keys = match keys {
        Ok(keys) => keys,
        Err::<_, X509Error>(error) => return Check::failed(NAME, format!("{path}: {error}")),
    };
    let is_weak = |key: &&KeyAlgorithm| key.rsa_bits().is_some_and(|bits| bits < LEAST_BITS);
    let Some(key) = keys.iter().find(is_weak) else {
        let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
        return Check::passed(
            NAME,
            format!("{path}, {}: no version refuses such a key", keys.join(" and ")),
        );
    };
    let found = format!(
        "{path}, {key}: Client SDK 5.17.0 and 5.17.1 refuse RSA below {LEAST_BITS} bits (ki-all, issue 15)"
    );
    if !may_refuse_weak_authority(client.version) {
        return Check::noted(NAME, found);
    }
    let hint = "the client's log then says \"CA certificate key too weak\": upgrade the client to 5.17.2 or later, or go back below 5.17";
    let check = if client.connected {
        Check::warning(NAME, found)
    } else {
        // Nothing else is known yet that would keep it from connecting.
        Check::failed(NAME, found)
    };
    check.with_hint(hint.to_owned())
}

/// No certificate where the client looks for it by default.
#[must_use]
pub fn note_no_authority(reason: &str) -> Check {
    Check::noted(NAME, format!("not checked: {reason}")).with_hint(
        "the client looks there for its cluster's CA, or where `configure-pkcs11 --hsm-ca-cert FILE` set it"
            .to_owned(),
    )
}
