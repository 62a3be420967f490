//! A buffer for a structure whose length is known only at its end.

use der::{Encode, ErrorKind, Header, Length, Tag};

/// A tag, and the longest length that `der` writes.
pub(super) const HEADER_BYTES: usize = 6;

/// Grows at its end, and keeps space at its front for the headers, which can be written only when the length is known.
#[derive(Clone)]
pub(super) struct DerBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl DerBuffer {
    /// Empty, with space for `front` bytes before the content.
    pub(super) fn with_room(front: usize) -> Self {
        Self {
            bytes: vec![0; front],
            start: front,
        }
    }

    /// Allocates memory for this many bytes at once, so that the buffer need not move. Pages that are never written cost nothing.
    pub(super) fn expect(&mut self, bytes: usize) {
        self.bytes.reserve_exact(bytes);
    }

    /// A buffer for bytes that were read; no header will be put before them.
    pub(super) const fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn append(&mut self, value: &impl Encode) -> der::Result<()> {
        self.append_bytes(&value.to_der()?);
        Ok(())
    }

    pub(super) fn append_bytes(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            // A quarter more, not twice as much: during a move, the old and the new buffer both exist.
            self.bytes.reserve_exact(bytes.len().max(self.bytes.len() / 4));
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn prepend(&mut self, bytes: &[u8]) -> der::Result<()> {
        let start = self.start.checked_sub(bytes.len()).ok_or(ErrorKind::Overlength)?;
        self.bytes[start..self.start].copy_from_slice(bytes);
        self.start = start;
        Ok(())
    }

    /// Puts the header of a SEQUENCE before the content.
    pub(super) fn wrap(&mut self) -> der::Result<()> {
        let length = Length::try_from(self.as_bytes().len())?;
        self.prepend(&Header::new(Tag::Sequence, length).to_der()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_before_their_content() {
        let mut buffer = DerBuffer::with_room(3 * HEADER_BYTES);
        buffer.append(&7_u8).unwrap();
        buffer.wrap().unwrap();
        buffer.prepend(&[0x05, 0]).unwrap();
        buffer.wrap().unwrap();
        assert_eq!(buffer.as_bytes(), [0x30, 7, 5, 0, 0x30, 3, 2, 1, 7]);
        assert!(DerBuffer::with_room(1).wrap().is_err());
    }
}
