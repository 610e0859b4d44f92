//! Loads and stores: from an effective address to memory.
//!
//! There are two ways. [`Bus`] itself does what its look-aside buffer knows and refuses all else, so that the functions
//! that execute instructions call nothing and stay short. An instruction that it refused is run again by the run loop
//! over [`Slowly`], which looks at the mappings, fills the buffer, does what crosses pages or hits decoded code, and
//! finds out which fault it is if it is one.

use cpu::memory::{Access, Fault, Memory, Reason};
use kvm_ppc::hardware::Rights;
use magicpage::PAGE_SIZE;

use crate::ram::{Ram, base};
use crate::table::{OFFSET, Table};
use crate::tlb::{DataTlb, offset};

/// Bytes that were stored to a frame with decoded code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeStore {
    pub(crate) frame: u32,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

/// Memory as the guest's loads and stores reach it.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    pub(crate) tlb: DataTlb,
    pub(crate) ram: Ram,
    pub(crate) table: Table,
    pub(crate) little: bool,
    /// The bits that an effective address has.
    pub(crate) width: u64,
    /// Stores to frames with decoded code, for the run loop to look at.
    pub(crate) code_stores: Vec<CodeStore>,
}

/// The bus, with all that its look-aside buffer does not know.
pub(crate) struct Slowly<'a>(pub(crate) &'a mut Bus);

impl Bus {
    pub(crate) fn new(ram: Ram) -> Self {
        Self {
            tlb: DataTlb::new(),
            ram,
            table: Table::new(),
            little: false,
            width: u64::MAX,
            code_stores: Vec::new(),
        }
    }

    /// Records that a frame is about to change.
    pub(crate) fn touch(&mut self, frame: u32) {
        if self.ram.touch(frame) {
            self.tlb.drop_stores();
        }
    }

    /// The frame that an effective address of data reaches.
    pub(crate) fn frame(&self, address: u64) -> Option<u32> {
        self.table.get(self.tlb.tag(address)).map(|mapping| mapping.frame)
    }

    fn permitted(&self, address: u64, access: Access, right: Rights) -> Result<u32, Fault> {
        let fault = |reason| Fault {
            address,
            access,
            reason,
        };
        let mapping = self.table.get(self.tlb.tag(address));
        let mapping = mapping.ok_or(fault(Reason::Unmapped))?;
        if mapping.rights.contains(right) {
            Ok(mapping.frame)
        } else {
            Err(fault(Reason::Protected))
        }
    }

    /// The position in memory that a load within a page reads.
    fn find(&mut self, address: u64) -> Result<usize, Fault> {
        let base = base(self.permitted(address, Access::Load, Rights::READ)?);
        self.tlb.allow_load(address, base);
        Ok(base + offset(address))
    }

    /// The position in memory that a store within a page writes, which is ready to be written.
    fn prepare(&mut self, address: u64, bytes: usize) -> Result<usize, Fault> {
        let frame = self.permitted(address, Access::Store, Rights::WRITE)?;
        let (base, offset) = (base(frame), offset(address));
        self.touch(frame);
        if self.ram.has_code(frame) {
            self.code_stores.push(CodeStore { frame, offset, bytes });
        } else {
            self.tlb.allow_store(address, base);
        }
        Ok(base + offset)
    }

    fn load_slowly(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let first = first_part(address, bytes);
        if first == usize::from(bytes) {
            let at = self.find(address)?;
            return Ok(self.ram.load(at, bytes, self.little).unwrap_or(0));
        }
        let parts = [self.find(address)?, self.find(self.next_page(address))?];
        let value = (0..usize::from(bytes)).fold(0, |value, n| {
            let at = if n < first {
                parts[0] + n
            } else {
                parts[1] + n - first
            };
            let byte = self.ram.load(at, 1, false).unwrap_or(0);
            value << 8 | byte
        });
        Ok(self.ordered(value, bytes))
    }

    fn store_slowly(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let all = usize::from(bytes);
        let first = first_part(address, bytes);
        if first == all {
            let at = self.prepare(address, all)?;
            self.ram.store(at, bytes, self.little, value);
            return Ok(());
        }
        let parts = [
            self.prepare(address, first)?,
            self.prepare(self.next_page(address), all - first)?,
        ];
        let value = self.ordered(value, bytes);
        for n in 0..all {
            let at = if n < first {
                parts[0] + n
            } else {
                parts[1] + n - first
            };
            self.ram.store(at, 1, false, value >> (8 * (all - 1 - n)));
        }
        Ok(())
    }

    /// The first address of the page behind that of `address`.
    fn next_page(&self, address: u64) -> u64 {
        (address | OFFSET).wrapping_add(1) & self.width
    }

    /// A big-endian number of `bytes` bytes in the order of the guest, or back.
    fn ordered(&self, value: u64, bytes: u8) -> u64 {
        if self.little {
            value.swap_bytes() >> (64 - 8 * u32::from(bytes))
        } else {
            value
        }
    }
}

/// How many bytes of an access lie in the page of its address.
fn first_part(address: u64, bytes: u8) -> usize {
    usize::from(bytes).min(PAGE_SIZE - offset(address))
}

/// Whether an access lies in one page.
#[inline(always)]
fn is_within(address: u64, bytes: u8) -> bool {
    offset(address) <= PAGE_SIZE - usize::from(bytes)
}

/// What the run loop takes as the wish to try again.
const fn refused(address: u64, access: Access) -> Fault {
    Fault {
        address,
        access,
        reason: Reason::Unmapped,
    }
}

impl Memory for Bus {
    #[inline(always)]
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        if is_within(address, bytes)
            && let Some(at) = self.tlb.load(address)
            && let Some(value) = self.ram.load(at, bytes, self.little)
        {
            Ok(value)
        } else {
            Err(refused(address, Access::Load))
        }
    }

    #[inline(always)]
    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        if is_within(address, bytes)
            && let Some(at) = self.tlb.store(address)
            && let Some(()) = self.ram.store(at, bytes, self.little, value)
        {
            Ok(())
        } else {
            Err(refused(address, Access::Store))
        }
    }
}

impl Memory for Slowly<'_> {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        self.0.load_slowly(address, bytes)
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        self.0.store_slowly(address, bytes, value)
    }
}
