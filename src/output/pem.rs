//! PEM (RFC 7468), strictly as section 3 writes it.

use std::io::{self, Write};

use base64ct::{Base64, Encoding as _};

/// The number of bytes on one line of 64 characters.
const LINE_BYTES: usize = 48;

/// One PEM block with lines of 64 characters and a final newline.
#[must_use]
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let mut pem = Vec::with_capacity(pem_length(label, der.len()));
    write_pem(label, der, &mut pem)
        .map_or_else(|_| String::new(), |()| String::from_utf8(pem).unwrap_or_default())
}

/// Writes the output of [`encode_pem`] line by line: a CRL can have a hundred million bytes.
///
/// # Errors
/// Errors of the writer.
pub fn write_pem(label: &str, der: &[u8], output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "-----BEGIN {label}-----")?;
    let mut line = [0; 64];
    for bytes in der.chunks(LINE_BYTES) {
        let text = Base64::encode(bytes, &mut line).map_err(io::Error::other)?;
        output.write_all(text.as_bytes())?;
        output.write_all(b"\n")?;
    }
    writeln!(output, "-----END {label}-----")
}

/// The length of the PEM block around `der_bytes` bytes.
#[must_use]
pub fn pem_length(label: &str, der_bytes: usize) -> usize {
    let frame = 2 * label.len() + "-----BEGIN -----\n-----END -----\n".len();
    frame + der_bytes.div_ceil(3) * 4 + der_bytes.div_ceil(LINE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_64_characters() {
        let pem = encode_pem("X", &[0; 49]);
        let lines: Vec<&str> = pem.lines().collect();
        assert_eq!(
            lines.iter().map(|line| line.len()).collect::<Vec<_>>(),
            [17, 64, 4, 15]
        );
        assert!(pem.ends_with("-----END X-----\n"));
    }

    #[test]
    fn the_length_is_known_before_encoding() {
        for bytes in (0..200).chain([4095, 4096, 4800]) {
            assert_eq!(
                encode_pem("X509 CRL", &vec![7; bytes]).len(),
                pem_length("X509 CRL", bytes)
            );
        }
    }
}
