//! PEM (RFC 7468), strictly as section 3 writes it.

use base64ct::{Base64, Encoding as _};

/// One PEM block with lines of 64 characters and a final newline.
#[must_use]
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
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
}
