//! What may be written.

use std::io::{self, Read, Write};

use self::sealed::Sealed;
use super::pem_length;

/// Only this library can implement [`Verified`]: `Sealed` cannot be named outside.
pub(crate) mod sealed {
    /// Implemented beside each `Verified`.
    pub trait Sealed {}
}

/// How a DER structure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One PEM block (RFC 7468) and nothing else.
    Pem,
    /// The DER bytes.
    Der,
}

impl Encoding {
    /// The length in bytes of a file whose DER structure has this length, and this label in PEM.
    #[must_use]
    pub fn length(self, label: &str, der_bytes: usize) -> usize {
        match self {
            Self::Pem => pem_length(label, der_bytes),
            Self::Der => der_bytes,
        }
    }
}

/// Content that has passed its checks. Only this library implements it, for types that cannot exist unchecked. So no caller can write unchecked
/// bytes.
///
/// Types that can be large override the two streaming methods.
///
/// ```compile_fail,E0277
/// use hsm_ca::output::{Encoding, Verified};
///
/// struct Anything(Vec<u8>);
///
/// impl Verified for Anything {
///     fn content(&self, _: Encoding) -> Vec<u8> {
///         self.0.clone()
///     }
///
///     fn recheck(&self, _: &[u8]) -> Result<(), String> {
///         Ok(())
///     }
/// }
/// ```
pub trait Verified: Sealed {
    /// The bytes of the file.
    fn content(&self, encoding: Encoding) -> Vec<u8>;

    /// Decodes `written`, the bytes read back from the file, with a decoder other than the one that made them, and compares.
    ///
    /// # Errors
    /// What differs, in words.
    fn recheck(&self, written: &[u8]) -> Result<(), String>;

    /// Writes the bytes of the file.
    ///
    /// # Errors
    /// Errors of the writer.
    fn write_to(&self, encoding: Encoding, output: &mut dyn Write) -> io::Result<()> {
        output.write_all(&self.content(encoding))
    }

    /// Reads the file back to its end. The bytes must equal [`content`](Self::content), and pass [`recheck`](Self::recheck).
    ///
    /// # Errors
    /// Errors of the reader. Inside: what differs, in words.
    fn recheck_file(&self, encoding: Encoding, file: &mut dyn Read) -> io::Result<Result<(), String>> {
        let mut written = Vec::new();
        file.read_to_end(&mut written)?;
        if written != self.content(encoding) {
            return Ok(Err("the bytes differ".to_owned()));
        }
        Ok(self.recheck(&written))
    }
}
