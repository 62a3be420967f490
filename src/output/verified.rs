//! What may be written.

/// How a DER structure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One PEM block (RFC 7468) and nothing else.
    Pem,
    /// The DER bytes.
    Der,
}

/// Content that has passed its checks: implemented only by types that cannot exist otherwise.
pub trait Verified {
    /// The bytes of the file.
    fn content(&self, encoding: Encoding) -> Vec<u8>;

    /// Reads `written`, the file's bytes read back, with a decoder other than the one that made them, and compares.
    ///
    /// # Errors
    /// What differs, in words.
    fn recheck(&self, written: &[u8]) -> Result<(), String>;
}
