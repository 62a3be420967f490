//! Bytes in pages of their own, locked against swapping and wiped before they are given back.

use std::fmt;
use std::io;

use zeroize::Zeroize;

use super::MemoryError;

/// A fixed number of secret bytes.
///
/// `mlock` works on whole pages and does not nest, so the bytes start on a page boundary and share no page with
/// anything else: no other value's unlocking can unlock them.
pub struct LockedBytes {
    // Order matters: fields drop top down, and the pages must be wiped (in Drop) before they are unlocked.
    _lock: region::LockGuard,
    buffer: Box<[u8]>,
    start: usize,
    len: usize,
}

impl LockedBytes {
    /// `len` zero bytes, locked.
    ///
    /// # Errors
    /// [`MemoryError`] when the pages cannot be locked: `RLIMIT_MEMLOCK` is below two pages.
    pub fn zeroed(len: usize) -> Result<Self, MemoryError> {
        let page = region::page::size();
        let span = len.max(1).next_multiple_of(page);
        let buffer = vec![0_u8; span + page].into_boxed_slice();
        let start = buffer.as_ptr().align_offset(page);
        let lock = region::lock(buffer[start..].as_ptr(), span).map_err(|error| MemoryError {
            call: "mlock",
            cause: io::Error::other(error),
        })?;
        Ok(Self {
            _lock: lock,
            buffer,
            start,
            len,
        })
    }

    /// Copies `bytes` in and wipes the source.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed); `bytes` are wiped in that case too.
    pub fn take(bytes: &mut [u8]) -> Result<Self, MemoryError> {
        let locked = Self::zeroed(bytes.len()).map(|mut locked| {
            locked.expose_mut().copy_from_slice(bytes);
            locked
        });
        bytes.zeroize();
        locked
    }

    /// The secret bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.buffer[self.start..self.start + self.len]
    }

    /// The secret bytes, to be filled.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}

impl Drop for LockedBytes {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl fmt::Debug for LockedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockedBytes([redacted; {}])", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the page at `address` is locked, according to the kernel.
    fn is_locked(address: *const u8) -> bool {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let number = |text: &str| usize::from_str_radix(text, 16).ok();
            match range.map(|(from, to)| (number(from), number(to))) {
                Some((Some(from), Some(to))) => inside = (from..to).contains(&address.addr()),
                _ if inside && line.starts_with("VmFlags:") => {
                    return line.split(' ').any(|flag| flag == "lo");
                }
                _ => {}
            }
        }
        panic!("no mapping has the address");
    }

    #[test]
    fn pages_are_locked_while_the_value_lives_and_no_page_is_shared() {
        let page = region::page::size();
        let first = LockedBytes::zeroed(10).unwrap();
        let second = LockedBytes::zeroed(page + 1).unwrap();
        let [one, other] = [&first, &second].map(|value| value.expose().as_ptr());
        assert!(one.addr().is_multiple_of(page) && other.addr().is_multiple_of(page));
        assert!(is_locked(one) && is_locked(other) && is_locked(other.wrapping_add(page)));
        drop(second);
        assert!(is_locked(one), "unlocking one does not unlock the other");
        let plain = vec![0_u8; 8 * page];
        assert!(
            !is_locked(plain[4 * page..].as_ptr()),
            "the kernel tells locked pages from others"
        );
    }

    #[test]
    fn taking_wipes_the_source() {
        let mut source = *b"the key";
        let locked = LockedBytes::take(&mut source).unwrap();
        assert_eq!(source, [0; 7]);
        assert_eq!(locked.expose(), b"the key");
        assert!(!format!("{locked:?}").contains("116"));
    }
}
