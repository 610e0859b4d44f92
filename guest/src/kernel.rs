//! The kernel's privileged code, kept together.
//!
//! Every privileged instruction stands in the section `.text.kernel` or in the vectors. What the rewriter is shown is
//! no more than these: scanning all that is linked into the image would cost more than it brings. A table says where
//! the functions are, as the symbols of a file would.

use core::ops::{Deref, Range};

/// A row of the table: assembly makes rows of the same shape.
#[repr(C)]
pub struct Function {
    /// Address of the first instruction.
    address: *const (),
    /// Whether it is compiled code, and keeps the calling convention.
    compiled: u32,
    name: *const u8,
    length: u32,
}

// SAFETY: the pointers lead to code and constants.
unsafe impl Sync for Function {}

impl Function {
    /// The row of a compiled function.
    pub const fn new(address: *const (), name: &'static str) -> Self {
        let length = name.len() as u32;
        Self {
            address,
            compiled: 1,
            name: name.as_ptr(),
            length,
        }
    }

    /// Address of the first instruction.
    pub fn address(&self) -> usize {
        self.address as usize
    }

    /// Whether it is compiled code.
    pub const fn is_compiled(&self) -> bool {
        self.compiled != 0
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        // SAFETY: `new` and the assembly make rows of the address and the length of ASCII text.
        unsafe {
            core::str::from_utf8_unchecked(core::slice::from_raw_parts(self.name, self.length as usize))
        }
    }
}

/// Defines functions of the section: never inlined into code outside it, and known to the table.
macro_rules! kernel {
    ($($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$attribute])*
        #[inline(never)]
        #[unsafe(link_section = ".text.kernel")]
        $visibility fn $name($($argument: $type),*) $(-> $result)? $body

        const _: () = {
            #[used]
            #[unsafe(link_section = ".kernel.functions")]
            static ROW: $crate::kernel::Function =
                $crate::kernel::Function::new($name as *const (), stringify!($name));
        };
    )*};
}

pub(crate) use kernel;

/// The rows, in the order in which they were linked.
pub fn functions() -> &'static [Function] {
    unsafe extern "C" {
        static functions_start: Function;
        static functions_end: Function;
    }
    let (start, end) = (&raw const functions_start, &raw const functions_end);
    // SAFETY: the linker script puts rows, and nothing else, between the two.
    unsafe { core::slice::from_raw_parts(start, end.offset_from_unsigned(start)) }
}

/// The addresses between two symbols of the linker script.
pub fn between(start: *const u8, end: *const u8) -> Range<usize> {
    start as usize..end as usize
}

/// State of a kernel that has one processor.
///
/// Its user sees to it that interrupt handlers and threads do not meet in it: they keep interrupts off, or use cells
/// whose single accesses cannot be torn.
pub struct Single<T>(T);

// SAFETY: there is one processor, and `T` has interior mutability of cells at most: references to what is within are
// not handed out across interrupts.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    /// State with an initial value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Single<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
