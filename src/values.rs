//! The plain values that X.509, the ledger and ceremonies share: one definition each, normalised when it is made, so that two of them are equal
//! exactly if they mean the same.
//!
//! Text that is shown to people is here too: without characters that deceive, and in lines of a width.
//!
//! This room depends on no other room. The room that encodes a value defines its encoding: `x509` adds DER, and `ledger` the one spelling that its
//! events have.

mod crl_number;
mod digest;
mod lines;
mod name;
mod printable;
mod reason;
mod serial_number;
mod time;
mod word_list;

pub use crl_number::{CrlNumber, CrlNumberTextError};
pub use digest::{Digest, NotADigest};
pub use lines::{Block, WIDTH, columns, cut, cut_hex, fold, hang, without_styles};
pub use name::{Name, NotAName};
pub use printable::{is_unprintable, printable};
pub use reason::{CrlReason, NotARevocation, RevocationReason, UnknownReason};
pub use serial_number::SerialNumber;
pub use time::{TimeTextError, UnixTime};
pub(crate) use word_list::word_pairs;
