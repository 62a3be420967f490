//! Memory that a module reads arguments from and writes results to.

use std::ffi::c_void;
use std::slice;

use zeroize::Zeroizing;

/// Bytes with the alignment of PKCS#11 structures, wiped on drop. Their address does not change when this value is moved.
pub struct Storage {
    words: Zeroizing<Vec<u64>>,
    length: usize,
}

impl Storage {
    /// Zeroes. The pointer is valid even if the length is 0.
    pub fn zeroed(length: usize) -> Self {
        let words = length.div_ceil(size_of::<u64>()).max(1);
        Self {
            words: Zeroizing::new(vec![0; words]),
            length,
        }
    }

    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut copy = Self::zeroed(bytes.len());
        copy.bytes_mut().copy_from_slice(bytes);
        copy
    }

    /// A structure of PKCS#11. None needs more than the alignment of a word.
    pub fn of<T: Copy>(value: T) -> Self {
        const { assert!(align_of::<T>() <= align_of::<u64>()) };
        let mut storage = Self::zeroed(size_of::<T>());
        // SAFETY: as many bytes as the structure has, aligned as it needs.
        unsafe { storage.pointer().cast::<T>().write(value) };
        storage
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn pointer(&mut self) -> *mut c_void {
        self.words.as_mut_ptr().cast()
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: there are at least `length` bytes in the words, borrowed as long as `self`.
        unsafe { slice::from_raw_parts(self.words.as_ptr().cast(), self.length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, borrowed alone.
        unsafe { slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), self.length) }
    }
}
