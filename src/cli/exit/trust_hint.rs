//! What to do about a file that others could change.

use hsm_ca::file_trust::TrustError;

use crate::cli::shell::quote;

/// The hint, if it depends only on the file or directory that is refused. A directory that is meant for everyone, such as `/tmp`, stays as it is.
pub(super) fn trust_hint(cause: &TrustError) -> Option<String> {
    let refused = quote(&cause.path().display().to_string());
    match cause {
        TrustError::OtherLink { .. } => Some("name the file by its own path, without this link".to_owned()),
        TrustError::OpenToOthers { .. } if cause.is_about_shared_directory() => Some(format!(
            "check its contents, then move it out of {refused}, to a directory where only you and root can write"
        )),
        TrustError::OpenToOthers { .. } => Some(format!("check its contents, then: chmod go-w {refused}")),
        _ => None,
    }
}
