//! The SSH data types (RFC 4251 section 5). The reader accepts only one encoding of each value.

/// The input that is not read yet. Each read returns `None` if the bytes do not contain the value.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn uint32(&mut self) -> Option<u32> {
        let octets = self.take(4)?;
        octets.try_into().ok().map(u32::from_be_bytes)
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.uint32()?).ok()?;
        self.take(length)
    }

    /// A string of printable ASCII characters.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let text = str::from_utf8(self.string()?).ok()?;
        text.bytes().all(|byte| byte.is_ascii_graphic()).then_some(text)
    }

    /// The magnitude of a positive `mpint` in its shortest encoding, without the zero octet that keeps it positive.
    pub(super) fn positive_mpint(&mut self) -> Option<&'a [u8]> {
        match self.string()? {
            [0, rest @ ..] => rest.first().filter(|first| **first >= 0x80).map(|_| rest),
            [first, ..] if *first >= 0x80 => None,
            [] => None,
            octets => Some(octets),
        }
    }

    /// Requires the end of the input.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

pub(super) fn put_string(out: &mut Vec<u8>, octets: &[u8]) {
    // The octets come from valid input, or are a hash or a name, so the length fits.
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(octets);
}
