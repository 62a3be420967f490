//! Limits the memory that an input may use, in proportion to its length.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counting the memory in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static HIGHEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

/// The memory for an empty input, which the parsers and properties need themselves.
const BASE: usize = 512 * 1024;

/// The memory for each byte of an input. Five bytes of an index can become an entry, and two bytes of an encoded list an owned element.
const PER_BYTE: usize = 256;

/// Checks a property on an input, and that it uses no more memory than the input's length allows.
///
/// # Panics
/// If it uses more memory, or if the property does not hold.
pub fn within_budget(input: &[u8], property: impl Fn(&[u8])) {
    let before = IN_USE.load(Relaxed);
    HIGHEST.store(before, Relaxed);
    property(input);
    let taken = HIGHEST.load(Relaxed).saturating_sub(before);
    let allowed = BASE + PER_BYTE * input.len();
    assert!(
        taken <= allowed,
        "{} bytes of input took {taken} bytes of memory; {allowed} are allowed",
        input.len()
    );
}

fn count(more: usize, less: usize) {
    let before = IN_USE.fetch_add(more.wrapping_sub(less), Relaxed);
    HIGHEST.fetch_max(before.wrapping_add(more).wrapping_sub(less), Relaxed);
}

// SAFETY: every call is passed unchanged to the system's allocator; the counters are atomic and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the conditions of `alloc`, which are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: `pointer` came from `alloc` above with this layout, and so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        // SAFETY: as for `dealloc`; the caller upholds the conditions on the new size.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
