//! User processes: an address space, a program, and how it ended.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::exception::Frame;
use crate::memory::{self, PAGE};
use crate::thread::{self, Handle};
use crate::{mmu, text};

pub mod program;

use program::Program;

/// Where a program's stack begins, downwards.
const STACK_TOP: usize = 0x1100_0000;

/// Numbers of system calls, in r0.
pub mod call {
    /// Ends the program with the status in r3.
    pub const EXIT: u32 = 1;
    /// Answers with a number that depends on r3 and r4.
    pub const MIX: u32 = 2;
}

/// What the system call [`call::MIX`] answers.
#[inline(always)]
pub const fn mix(first: u32, second: u32) -> u32 {
    (first ^ second).rotate_left(5).wrapping_add(first)
}

/// A page of a process.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Its effective address.
    pub address: usize,
    /// Its physical address.
    pub physical: usize,
    /// Whether the process may write it; otherwise it may execute it.
    pub writable: bool,
}

/// An address space.
#[derive(Debug)]
pub struct Space {
    context: u32,
    pages: Vec<Page>,
}

impl Space {
    /// A space with the pages of the programs and a stack.
    fn new(context: u32) -> Self {
        let mut pages = Vec::new();
        let (start, image) = text::user();
        for offset in (0..image.len()).step_by(PAGE) {
            pages.push(Page {
                address: start + offset,
                physical: image.start + offset,
                writable: false,
            });
        }
        pages.push(Page {
            address: STACK_TOP - PAGE,
            physical: memory::take(PAGE, PAGE),
            writable: true,
        });
        Self { context, pages }
    }

    /// Its number, which is not 0: the kernel's own is.
    pub const fn context(&self) -> u32 {
        self.context
    }

    /// The page that an address lies in.
    fn page(&self, address: usize) -> Option<&Page> {
        self.pages
            .iter()
            .find(|page| page.address == address & !(PAGE - 1))
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It said so, with a status.
    Exit(u32),
    /// It did what it may not.
    Fault {
        /// Which exception.
        vector: u32,
        /// The address that it accessed.
        address: u32,
        /// Whether it wanted to write.
        store: bool,
    },
}

/// A process.
#[derive(Debug)]
pub struct Process {
    space: Space,
    entry: Program,
    arguments: [u32; 3],
    calls: Cell<u32>,
    faults: Cell<u32>,
    end: Cell<Option<End>>,
}

impl Process {
    /// Makes a process for a program.
    pub fn new(context: u32, entry: Program, arguments: [u32; 3]) -> &'static Self {
        alloc::boxed::Box::leak(alloc::boxed::Box::new(Self {
            space: Space::new(context),
            entry,
            arguments,
            calls: Cell::new(0),
            faults: Cell::new(0),
            end: Cell::new(None),
        }))
    }

    /// Its address space.
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// System calls so far.
    pub fn calls(&self) -> u32 {
        self.calls.get()
    }

    /// Pages that were mapped when it first touched them.
    pub fn faults(&self) -> u32 {
        self.faults.get()
    }

    /// Starts it in a thread of its own.
    pub fn start(&'static self) -> Handle {
        thread::start(enter, 0, Some(self))
    }

    /// Waits for its end, and takes its pages out of the MMU.
    ///
    /// # Panics
    ///
    /// When the thread has ended without the process.
    pub fn join(&self, handle: Handle) -> End {
        thread::join(handle);
        for page in &self.space.pages {
            mmu::remove(self.space.context, page.address);
        }
        self.end.get().expect("the process has ended")
    }

    /// Runs it to its end.
    pub fn run(&'static self) -> End {
        let handle = self.start();
        self.join(handle)
    }
}

/// The thread of a process goes to user mode and comes back by exceptions only.
extern "C" fn enter(_: u32) {
    let process = running();
    let frame = Frame::of_user(process.entry as usize, STACK_TOP - 64, process.arguments);
    frame.resume()
}

fn running() -> &'static Process {
    thread::process().expect("a process runs")
}

/// A system call of the running process.
pub fn system_call(frame: &mut Frame) {
    let process = running();
    process.calls.update(|count| count + 1);
    match frame.gpr[0] {
        call::EXIT => end(End::Exit(frame.gpr[3])),
        call::MIX => frame.gpr[3] = mix(frame.gpr[3], frame.gpr[4]),
        _ => frame.gpr[3] = u32::MAX,
    }
}

/// Maps the page that the running process has touched, or ends the process that has no such page. Answers whether it
/// was a process that touched it.
pub fn page_fault(frame: &Frame) -> bool {
    if !frame.is_user() {
        return false;
    }
    let process = running();
    let fetch = matches!(frame.vector, 0x400 | 0x1200);
    let address = if fetch { frame.nip } else { frame.dar };
    let store = !fetch && mmu::was_store(frame.dsisr);
    match process.space.page(address as usize) {
        Some(page) if (page.writable || !store) && mmu::was_missing(frame) => {
            process.faults.update(|count| count + 1);
            mmu::insert(process.space.context, page);
        }
        _ => end(End::Fault {
            vector: frame.vector,
            address,
            store,
        }),
    }
    true
}

/// The running process did something that is not allowed.
pub fn fault(frame: &Frame) {
    end(End::Fault {
        vector: frame.vector,
        address: frame.nip,
        store: false,
    });
}

fn end(end: End) -> ! {
    running().end.set(Some(end));
    thread::finish()
}
