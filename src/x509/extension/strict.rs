//! Reads a value as it must be in a certificate that is issued: in DER, and a list with at least one element.

use der::{Decode, Encode};

use crate::x509::rule::Breach;

/// A `SEQUENCE SIZE (1..MAX) OF`, in DER.
pub(super) fn read_list<T>(clause: &'static str, value: &[u8]) -> Result<Vec<T>, Breach>
where
    T: for<'a> Decode<'a, Error = der::Error> + Encode,
{
    let list = Vec::<T>::from_der(value).map_err(|error| Breach::of(clause, error.kind().to_string()))?;
    match list.is_empty() {
        true => Err(Breach::of(clause, "it is empty")),
        false => check_der(&list, value).map(|()| list),
    }
}

/// The decoder reads some values that are not in DER, for example a default that is written out.
pub(super) fn check_der(read: &impl Encode, value: &[u8]) -> Result<(), Breach> {
    match read.to_der().is_ok_and(|der| der == value) {
        true => Ok(()),
        false => Err(Breach::of("X.690 10", "it is not in DER")),
    }
}
