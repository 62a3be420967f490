//! Words that only the approved script contains. The operator types them before critical actions, because people can answer "Yes" without reading.

use super::words;
use crate::ceremony::Digest;
use crate::signer::sha256;

/// How many words a step has. They encode 32 bits: too many to guess, and few enough to type without a mistake.
pub const SCRIPT_WORDS: usize = 4;

/// The words of a step. They encode the SHA-256 of a label, the plan's hash and the step's id, each followed by a newline. The ids `opening` and
/// `closing` give the words for the start and the end of the ceremony.
#[must_use]
pub fn script_words(plan: &Digest, step: &str) -> String {
    let text = format!("hsm-ca ceremony words 1\n{plan}\n{step}\n");
    words(&sha256(text.as_bytes())[..SCRIPT_WORDS])
}
