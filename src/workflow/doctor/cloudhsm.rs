//! Problems that only AWS CloudHSM has. The pages cited are in the AWS CloudHSM User Guide.

use std::path::Path;

use super::{Check, client_sdk};
use crate::token::{ModuleDescription, Session, TokenError};

/// Where the package cloudhsm-pkcs11 puts the library of Client SDK 5: pkcs11-library-install.
const MODULE: &str = "/opt/cloudhsm/lib/libcloudhsm_pkcs11.so";

/// The library of Client SDK 3 had this name: aws-samples/aws-cloudhsm-pkcs11-examples issue 59.
const SDK_3_FILE: &str = "libcloudhsm_pkcs11_standard.so";

/// hsm-client-logs; `--log-file` of configure-pkcs11 moves it, and the day is added to its name.
const LOG: &str = "see the library's log: /opt/cloudhsm/run/cloudhsm-pkcs11.log.<date>";

/// cluster-connect: the client is pointed at its cluster, has its certificate, and reaches it.
const CONNECT: &str = "point the client at its cluster (`sudo /opt/cloudhsm/bin/configure-pkcs11 --cluster-id ID`, or `-a` and an HSM's \
     address), put customerCA.crt into /opt/cloudhsm/etc, and let TCP 2223 to 2225 through to the HSMs";

/// working-client-sync.
const QUORUM: &str = "if /opt/cloudhsm/run/cloudhsm-pkcs11.log.<date> says \"does not meet the availability requirements\", the key would be on \
     fewer than two HSMs: add one (`aws cloudhsmv2 create-hsm`), or for a cluster of one `sudo /opt/cloudhsm/bin/configure-pkcs11 \
     --disable-key-availability-check`, and its keys are lost with it; if not, the HSM is throttling: try again later";

/// What is known about CloudHSM's client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client {
    /// Whether the module is CloudHSM's.
    pub is_cloudhsm: bool,
    /// Its version, if it reported one.
    pub version: Option<(u8, u8)>,
    /// Whether it reached its cluster.
    pub connected: bool,
}

impl Client {
    /// What the name of a module shows.
    #[must_use]
    pub fn named(module: &Path) -> Self {
        let file = module.file_name().unwrap_or_default().to_string_lossy();
        Self {
            is_cloudhsm: module.starts_with("/opt/cloudhsm") || file.starts_with("libcloudhsm_pkcs11"),
            ..Self::default()
        }
    }

    /// What the module reports.
    #[must_use]
    pub fn described(module: &ModuleDescription) -> Self {
        Self {
            is_cloudhsm: module.is_cloudhsm(),
            version: module.is_cloudhsm().then_some(module.library_version),
            connected: false,
        }
    }
}

/// The module's place and version.
#[must_use]
pub fn check_client(module: &ModuleDescription) -> Vec<Check> {
    let mut checks = check_path(&module.path);
    checks.extend(client_sdk::check_version(module.library_version));
    checks
}

fn check_path(path: &Path) -> Vec<Check> {
    const NAME: &str = "module path";
    if is_of_sdk_3(path) {
        let found = format!("{SDK_3_FILE} is the name of Client SDK 3's library");
        return vec![Check::warning(NAME, found).with_hint(format!("Client SDK 5 is {MODULE}"))];
    }
    // A link to it is updated with it.
    let is_installed = path.canonicalize().is_ok_and(|path| path == Path::new(MODULE));
    if is_installed {
        return Vec::new();
    }
    let found = format!(
        "not {MODULE}, where the package installs it: a copy does not change when the package is updated"
    );
    vec![Check::noted(NAME, found)]
}

fn is_of_sdk_3(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == SDK_3_FILE)
}

/// What to do about an error of CloudHSM's library, which was named as `path`; `None` if only the error's own hint applies.
#[must_use]
pub fn advise(error: &TokenError, path: &Path) -> Option<String> {
    match error {
        TokenError::Module { .. } | TokenError::ModuleNotFound { .. } if is_of_sdk_3(path) => Some(format!(
            "{SDK_3_FILE} is Client SDK 3, which has reached its end of support: install cloudhsm-pkcs11 of Client SDK 5, and name {MODULE}"
        )),
        TokenError::Module { .. } | TokenError::ModuleNotFound { .. } => Some(format!(
            "the package cloudhsm-pkcs11 of Client SDK 5 installs {MODULE}; there are packages for Amazon Linux, RHEL and Ubuntu, each for \
             its own version only"
        )),
        TokenError::NoToken { found, .. } if found.is_empty() => Some(format!("{CONNECT}; {LOG}")),
        TokenError::NoToken { .. } => {
            Some("the token of Client SDK 5 is called hsm1, that of Client SDK 3 cavium".to_owned())
        }
        TokenError::Call { function, value, .. } => Some(match (function.as_str(), value.as_str()) {
            ("C_Initialize" | "C_GetSlotList" | "C_GetTokenInfo", _) => format!("{CONNECT}; {LOG}"),
            // ki-pkcs11-sdk: without CKF_RW_SESSION, every attempt gets this answer.
            ("C_OpenSession", "CKR_FUNCTION_FAILED") => format!(
                "CloudHSM opens only read-write sessions, and hsm-ca asked for one: so the HSM is throttling, or out of reach; {LOG}"
            ),
            ("C_OpenSession", "CKR_SESSION_COUNT") => {
                "an application can have 1,024 sessions, and a cluster 900 connections (limits)".to_owned()
            }
            _ => LOG.to_owned(),
        }),
        _ => None,
    }
}

/// Whether an existing key can be used. No signature is made.
#[must_use]
pub fn check_key_use(session: &Session) -> Check {
    const NAME: &str = "key use";
    match session.try_key_use() {
        Ok(Some(label)) => Check::passed(
            NAME,
            format!("a signature with \"{label}\" can be begun (none was made): it is on enough HSMs"),
        ),
        Ok(None) => Check::noted(
            NAME,
            "the token has no key to test; with one HSM, keys can be neither used nor made unless the key availability check is off",
        ),
        Err(error) => refused_key(NAME, &error),
    }
}

/// Explains why a key could not be made or used.
pub(super) fn refused_key(name: &'static str, error: &TokenError) -> Check {
    let hint = match error {
        TokenError::Call { function, value, .. }
            if value == "CKR_FUNCTION_FAILED"
                && (function == "C_GenerateKey" || function == "C_SignInit") =>
        {
            QUORUM.to_owned()
        }
        _ => LOG.to_owned(),
    };
    Check::failed(name, error.to_string()).with_hint(hint)
}
