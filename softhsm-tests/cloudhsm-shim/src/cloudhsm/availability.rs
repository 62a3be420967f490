//! A cluster of one HSM: token keys can be neither made nor used.
//!
//! "If your cluster configuration doesn't meet the key durability requirements, any attempt to
//! create or use a token key will fail":
//! <https://docs.aws.amazon.com/cloudhsm/latest/userguide/working-client-sync.html>. That the answer
//! is `CKR_FUNCTION_FAILED` is in <https://github.com/aws-samples/aws-cloudhsm-pkcs11-examples/issues/78>.
//! That using a key fails at the `Init` is INF, from configure-tool-params5, where the library asks
//! the HSM about the key at `C_SignInit` (`--disable-validate-key-at-init`).

use cryptoki_sys::*;

use super::CloudHsm;
use crate::log;
use crate::target::Answer;
use crate::template::Template;

/// The number of HSMs that must have a key: working-client-sync.
const QUORUM: u64 = 2;

impl CloudHsm {
    /// Whether a key with this template may be made. If not, nothing is made; what a real cluster leaves behind is not documented.
    pub fn may_make(&self, template: &Template) -> Answer {
        match template.boolean(CKA_TOKEN) {
            Some(true) => self.available(CK_INVALID_HANDLE),
            _ => Ok(()),
        }
    }

    /// The target's handle of a key to use.
    pub fn key_to_use(&self, session: CK_SESSION_HANDLE, ours: CK_OBJECT_HANDLE) -> Answer<CK_OBJECT_HANDLE> {
        let target = self.handles.of_target(ours);
        if self.settings.hsms >= QUORUM {
            return Ok(target);
        }
        // The target refuses an invalid handle.
        if let Ok([CK_TRUE]) = self.bytes(session, target, CKA_TOKEN).as_deref() {
            self.available(ours)?;
        }
        Ok(target)
    }

    fn available(&self, key: CK_OBJECT_HANDLE) -> Answer {
        if self.settings.hsms >= QUORUM {
            return Ok(());
        }
        log::note(&format!(
            "Key {key} does not meet the availability requirements - \
             The key must be available on at least 2 HSMs before being used."
        ));
        Err(CKR_FUNCTION_FAILED)
    }
}
