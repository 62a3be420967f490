//! The whole chain of one ledger in a new one.

use super::{Access, Evidence, Head, LedgerError, LedgerUrl};

/// Makes a new ledger at `to` with the events of the one at `from`, byte for byte. `from` is verified first, against `kept` if that is
/// given; what arrived is verified before it counts: there is a whole ledger at `to` afterwards, or none. What is recorded at `from`
/// meanwhile stops it.
///
/// # Errors
/// [`LedgerError::Damaged`] if one of them does not verify; [`LedgerError::Exists`] whatever is at `to`.
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
