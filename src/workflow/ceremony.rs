//! `ceremony`: what a ceremony file asks for, held against every rule before anybody comes to the room.

mod draft;
mod error;
mod inputs;
mod stand_in;

pub use draft::{CeremonyDraft, DraftObject, DraftedSession, KeyBudget, draft_ceremony};
pub use error::CeremonyError;
pub use inputs::CeremonyInputs;
