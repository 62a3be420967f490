//! Copying a whole ledger into a new one.

use super::{Access, Evidence, Head, LedgerError, LedgerUrl};

/// Creates a ledger at `to` with the events of the one at `from`, byte for byte. It verifies `from` first, against `kept` if given, and
/// verifies the copy before it counts: afterwards `to` has a whole ledger or none. If `from` changes meanwhile, the copy fails.
///
/// # Errors
/// [`LedgerError::Damaged`] if one of them does not verify; [`LedgerError::Exists`] if anything is at `to`.
pub fn copy_ledger(from: &LedgerUrl, to: &LedgerUrl, kept: Option<Head>) -> Result<Head, LedgerError> {
    let source = from.open(Access::Read)?;
    let evidence = Evidence {
        head: kept,
        checkpoint: None,
    };
    let report = source.verify_against(&evidence)?;
    if let Err(found) = report.require(report.head) {
        let place = from.place();
        return Err(LedgerError::Damaged { place, found });
    }
    to.copy_from(source.as_ref(), report.head)?;
    Ok(report.head)
}
