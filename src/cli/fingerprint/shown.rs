//! A fingerprint in a result.

use hsm_ca::signer::PublicKey;
use hsm_ca::x509::words;

use crate::cli::report::Fields;

pub(in crate::cli) fn show(fields: &mut Fields, key: &PublicKey) {
    let fingerprint = key.fingerprint();
    fields.add("SHA-256", fingerprint);
    // An even number in each line, so that words of the even and odd lists stay in their columns.
    for (index, line) in words(fingerprint.as_bytes()).chunks(4).enumerate() {
        let cells = line.iter().enumerate();
        let line: String = cells
            .map(|(place, word)| format!("{word:width$}", width = if place % 2 == 0 { 10 } else { 12 }))
            .collect();
        fields.add(if index == 0 { "in words" } else { "" }, line.trim_end());
    }
}
