//! Memory: pages from a range that only grows, and blocks of powers of two for `alloc`.
//!
//! Interrupt handlers allocate nothing.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ops::Range;
use core::ptr::null_mut;

use crate::kernel::Single;
use crate::thread;

/// The smallest block, 2^4 bytes: room for the link of a free one, and the strictest usual alignment.
const SMALLEST: u32 = 4;
/// Sizes of blocks.
const CLASSES: usize = 28;

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// What has not been handed out.
struct Memory {
    next: Cell<usize>,
    end: Cell<usize>,
    /// For each size, the first free block; each begins with the address of the next one.
    free: [Cell<usize>; CLASSES],
}

static MEMORY: Single<Memory> = Single::new(Memory {
    next: Cell::new(0),
    end: Cell::new(0),
    free: [const { Cell::new(0) }; CLASSES],
});

/// Gives the kernel its memory.
///
/// # Safety
///
/// Nobody else uses the range.
pub unsafe fn give(range: Range<usize>) {
    MEMORY.next.set(range.start);
    MEMORY.end.set(range.end);
}

/// Takes zeroed memory for ever.
///
/// # Panics
///
/// When there is no more.
pub fn take(bytes: usize, align: usize) -> usize {
    let start = carve(bytes, align).expect("memory is exhausted");
    // SAFETY: `carve` hands out what nobody else has.
    unsafe { core::ptr::write_bytes(start as *mut u8, 0, bytes) };
    start
}

fn carve(bytes: usize, align: usize) -> Option<usize> {
    thread::undisturbed(|| {
        let start = MEMORY.next.get().next_multiple_of(align);
        let end = start.checked_add(bytes).filter(|end| *end <= MEMORY.end.get())?;
        MEMORY.next.set(end);
        Some(start)
    })
}

/// The size class of a layout.
fn class(layout: Layout) -> u32 {
    let bytes = layout.size().max(layout.align()).max(1 << SMALLEST);
    bytes.next_power_of_two().trailing_zeros()
}

struct Heap;

// SAFETY: blocks are disjoint parts of what `give` was given, as large as their class and aligned to it or to a page;
// a stricter alignment is refused.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > PAGE {
            return null_mut();
        }
        let class = class(layout);
        let Some(free) = MEMORY.free.get((class - SMALLEST) as usize) else {
            return null_mut();
        };
        let first = thread::undisturbed(|| {
            let first = free.get();
            if first != 0 {
                // SAFETY: a free block begins with a link.
                free.set(unsafe { *(first as *const usize) });
            }
            first
        });
        if first != 0 {
            return first as *mut u8;
        }
        carve(1 << class, (1 << class).min(PAGE)).map_or(null_mut(), |start| start as *mut u8)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let free = &MEMORY.free[(class(layout) - SMALLEST) as usize];
        thread::undisturbed(|| {
            // SAFETY: the block is no longer used and has room for a link.
            unsafe { *block.cast::<usize>() = free.get() };
            free.set(block as usize);
        });
    }
}

#[global_allocator]
static HEAP: Heap = Heap;
