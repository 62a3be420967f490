//! Hints about an entry of the ledger, with its number.

use hsm_ca::workflow::{NotDeliverable, WorkflowError};
use hsm_ca::x509::{X509Error, rules};

/// The hint for an error about one entry.
pub(super) fn entry_hint(cause: &WorkflowError) -> Option<String> {
    match cause {
        WorkflowError::InInput { cause, .. } | WorkflowError::Partly { cause, .. } => entry_hint(cause),
        WorkflowError::X509(X509Error::Rule { rule, found, .. }) if *rule == rules::SECOND_CERTIFICATE.name => {
            Some(second_certificate_hint(found))
        }
        WorkflowError::Undelivered { entry, .. } => Some(format!(
            "`hsm-ca ledger deliver '{entry}' --out FILE` writes it; an OCSP response or a large CRL is not kept there, so run the command again"
        )),
        WorkflowError::NotDeliverable(error) => match error.as_ref() {
            NotDeliverable::Open {
                is_self_issued: true, ..
            } => Some(
                "it is the CA's own certificate: create it again, with --second-certificate, and the ledger records that".to_owned(),
            ),
            NotDeliverable::Open {
                serial: Some(serial), ..
            } => Some(format!(
                "sign the request again; `hsm-ca cert revoke {serial} --ca CA --reason superseded` revokes the certificate, if there is one"
            )),
            _ => None,
        },
        _ => None,
    }
}

/// The hint for an entry that has nothing to prove or to deliver.
pub(super) fn show_hint(entry: &str) -> String {
    format!("`hsm-ca ledger show '{entry}'` shows the entry")
}

/// What is found says which entry it is, and whether its certificate may never have been signed.
fn second_certificate_hint(found: &str) -> String {
    const ANOTHER: &str = "--second-certificate makes another, and the ledger records that";
    let is_open = found.contains("which may have been signed");
    match number_in(found) {
        Some(entry) if is_open => format!(
            "an interrupted run began that one, so the ledger does not have it (`hsm-ca ledger show '{entry}'`); {ANOTHER}"
        ),
        Some(entry) => {
            format!("`hsm-ca ledger deliver '{entry}' --out FILE` writes the recorded one; {ANOTHER}")
        }
        None => ANOTHER.to_owned(),
    }
}

/// The number of the entry that a text names, as `#3`.
fn number_in(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("entry #")?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let start = text.len().checked_sub(after.len() + 1)?;
    let end = start + 1 + digits;
    text.get(start..end).filter(|_| digits > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_entry_that_is_found() {
        let hint = |place: &str, open: &str| {
            let found = format!(
                "a CA certificate with this name and the same key already exists: {place}, {open}valid until 2030"
            );
            second_certificate_hint(&found)
        };
        let signed = hint("entry #12 of the ledger", "");
        assert!(
            signed.starts_with("`hsm-ca ledger deliver '#12' --out FILE`"),
            "{signed}"
        );
        let open = hint("entry #1 of the ledger", "which may have been signed, ");
        assert!(
            open.contains("'#1'") && !open.contains("deliver") && open.contains("--second-certificate"),
            "{open}"
        );
        // An adopted certificate has no entry, and one of a ceremony's steps is not in the ledger.
        for place in ["event 3 of the ledger", "that of step \"i1\""] {
            assert!(hint(place, "").starts_with("--second-certificate"), "{place}");
        }
    }
}
