//! From checked bytes to a signed, delivered object. Certificates, requests, CRLs and OCSP responses all take this path.
//!
//! [`Planned`] → [`Held`] → [`Begun`] → [`Signed`] → [`Completed`] → [`Finished`]. Each step consumes the value of the step before, so no step
//! can be skipped or done twice:
//!
//! | step | what is done |
//! |---|---|
//! | [`Planned`] | the exact bytes passed every rule; nothing is signed or recorded |
//! | [`Planned::hold`] | the place for the output is kept |
//! | [`Recorder::begin`](super::Recorder::begin) | the ledger takes what is about to be signed, or refuses it |
//! | [`Begun::sign`] | one signature, verified in software; needs no ledger, so it can run on another thread |
//! | [`Recorder::complete`](super::Recorder::complete) | the ledger takes what was signed |
//! | [`Recorder::deliver`](super::Recorder::deliver) | the output gets its name |

mod begin;
mod file;
mod finish;
mod planned;
mod signable;
mod signed;
#[cfg(test)]
mod tests;

pub use file::{PlannedFileError, StoredPlan};
pub use planned::{Begun, Held, Planned};
pub use signable::{Certified, Signable};
pub use signed::{Completed, Finished, NotSigned, Signed};
