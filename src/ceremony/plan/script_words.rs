//! Words that only the approved script has. At the moments that matter they are typed, because a "Yes" can be said without reading.

use super::words;
use crate::ceremony::Digest;
use crate::signer::sha256;

/// How many words a step has: 32 bits, so nobody guesses them, and they are still typed without a mistake.
pub const SCRIPT_WORDS: usize = 4;

/// The words of a step: from the SHA-256 of a label, the plan's hash and the step's id, each followed by a newline. `opening` and `closing`
/// are the words at the ceremony's two ends.
#[must_use]
pub fn script_words(plan: &Digest, step: &str) -> String {
    let text = format!("hsm-ca ceremony words 1\n{plan}\n{step}\n");
    words(&sha256(text.as_bytes())[..SCRIPT_WORDS])
}
