//! The heap, and what becomes of a panic.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ops::Range;
use core::panic::PanicInfo;
use core::ptr::{NonNull, null_mut};

use linked_list_allocator::Heap;

struct Allocator(UnsafeCell<Heap>);

// SAFETY: there is one processor, and no exception handler allocates.
unsafe impl Sync for Allocator {}

#[global_allocator]
static HEAP: Allocator = Allocator(UnsafeCell::new(Heap::empty()));

// SAFETY: the heap does what the trait asks; nothing interrupts it.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see `Sync` above.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocate_first_fit(layout)
            .map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let Some(at) = NonNull::new(at) else { return };
        // SAFETY: as above; the memory is the caller's to give back.
        unsafe { (*self.0.get()).deallocate(at, layout) };
    }
}

/// Makes a range of memory the heap.
///
/// # Safety
///
/// The range is memory, and nobody else's; this is called once.
pub unsafe fn install(range: Range<usize>) {
    // SAFETY: the caller's.
    unsafe {
        let heap = &mut *HEAP.0.get();
        heap.init(core::ptr::with_exposed_provenance_mut(range.start), range.len());
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    crate::job::failed(format_args!("{info}"))
}
