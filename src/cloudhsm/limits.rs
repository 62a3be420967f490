//! What `InitializeCluster` accepts.

/// API reference, `InitializeCluster`, `SignedCert` and `TrustAnchor`: "a maximum of 5000 characters".
pub const LONGEST_CERTIFICATE: usize = 5000;

/// API reference, the same page: the pattern `[a-zA-Z0-9+-/=\s]*`. The range `+-/` is `+ , - . /`. A text dump before the PEM block has parentheses
/// and colons, which the pattern does not include.
///
/// # Errors
/// The first character that is not accepted, and its line, counted from 1.
pub fn check_characters(text: &str) -> Result<(), (char, usize)> {
    for (index, line) in text.lines().enumerate() {
        let is_taken = |character: char| {
            character.is_ascii_alphanumeric()
                || ('+'..='/').contains(&character)
                || character == '='
                || character.is_ascii_whitespace()
        };
        if let Some(stranger) = line.chars().find(|character| !is_taken(*character)) {
            return Err((stranger, index + 1));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_block_is_accepted_and_a_text_dump_is_not() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB+/0=\r\n-----END CERTIFICATE-----\n";
        assert_eq!(check_characters(pem), Ok(()));
        let dump = format!("Certificate:\n    Data:\n{pem}");
        assert_eq!(check_characters(&dump), Err((':', 1)));
        assert_eq!(check_characters("a\nBag Attributes\n(x"), Err(('(', 3)));
    }
}
