//! The data types of SSH (RFC 4251 section 5), read so that each value has one encoding.

/// What is still to be read. Every read gives `None` where the bytes do not have the value.
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

    /// A string of ASCII characters that can be printed.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let text = str::from_utf8(self.string()?).ok()?;
        text.bytes().all(|byte| byte.is_ascii_graphic()).then_some(text)
    }

    /// A positive `mpint` without octets too many: its magnitude, without the zero octet that keeps it positive.
    pub(super) fn positive_mpint(&mut self) -> Option<&'a [u8]> {
        match self.string()? {
            [0, rest @ ..] => rest.first().filter(|first| **first >= 0x80).map(|_| rest),
            [first, ..] if *first >= 0x80 => None,
            [] => None,
            octets => Some(octets),
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

pub(super) fn put_string(out: &mut Vec<u8>, octets: &[u8]) {
    // What is written here was read, or is a hash or a name.
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(octets);
}
