//! Cuts an input into pieces, so that a change in one piece does not invalidate the lengths around it.

/// Pieces of an input: a byte, or a length byte and that many bytes.
pub struct Pieces<'a>(pub &'a [u8]);

impl<'a> Pieces<'a> {
    /// The next byte; 0 after the last.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *byte
    }

    /// The next piece, with its length before it.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A DER element.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut element = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (short @ 0..=127, _) => element.extend(u8::try_from(short)),
        (_, octets) => {
            element.extend(octets.map(|octets| 0x80 | octets));
            element.extend(length);
        }
    }
    element.extend(content);
    element
}
