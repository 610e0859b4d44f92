//! Threads of the kernel, some of which run user programs, switched by the timer or by themselves.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use crate::kernel::{Single, kernel};
use crate::memory;
use crate::mmu;
use crate::privileged::{mfspr, mtspr, spr};
use crate::user::Process;
use crate::{irq, timer};

/// Bytes of a thread's stack in the kernel.
const STACK: usize = 16 << 10;
/// Threads at most, the one that booted included.
const MOST: usize = 6;
/// Bytes that a thread's state takes on its stack while another one runs.
pub const SAVED: usize = 112;

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum State {
    Free,
    Ready,
    Finished,
}

/// A thread. SPRG3 and, in the kernel, r2 have the address of the one that runs.
#[repr(C)]
pub struct Thread {
    /// The stack pointer while another one runs.
    pub stack: Cell<usize>,
    /// Where the stack of the kernel begins, downwards.
    pub stack_top: Cell<usize>,
    state: Cell<State>,
    process: Cell<Option<&'static Process>>,
}

struct Threads {
    all: [Thread; MOST],
    current: Cell<usize>,
    /// The running thread has had its time.
    expired: Cell<bool>,
    switches: Cell<u32>,
    asynchronous: Cell<u32>,
}

static THREADS: Single<Threads> = Single::new(Threads {
    all: [const {
        Thread {
            stack: Cell::new(0),
            stack_top: Cell::new(0),
            state: Cell::new(State::Free),
            process: Cell::new(None),
        }
    }; MOST],
    current: Cell::new(0),
    expired: Cell::new(false),
    switches: Cell::new(0),
    asynchronous: Cell::new(0),
});

unsafe extern "C" {
    /// Leaves one thread and goes on with another, which last came here too or has never run.
    fn thread_switch(from: *const (), to: *const ());
    fn thread_first();
}

/// A thread that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(usize);

kernel! {
    /// Makes the code that booted a thread, before there is anything else.
    pub fn adopt_boot() {
        let thread = &THREADS.all[0];
        thread.state.set(State::Ready);
        mtspr::<{ spr::SPRG3 }>(core::ptr::from_ref(thread) as u32);
    }

    /// The address that SPRG3 has.
    pub fn register() -> u32 {
        mfspr::<{ spr::SPRG3 }>()
    }
}

/// Starts a thread. It runs when it is its turn.
///
/// # Panics
///
/// When there are too many.
pub fn start(body: extern "C" fn(u32), argument: u32, process: Option<&'static Process>) -> Handle {
    let enabled = irq::save();
    let index = THREADS
        .all
        .iter()
        .position(|thread| thread.state.get() == State::Free)
        .expect("a thread is free");
    let thread = &THREADS.all[index];
    if thread.stack_top.get() == 0 {
        thread.stack_top.set(memory::take(STACK, 16) + STACK);
    }
    thread.process.set(process);
    let stack = thread.stack_top.get() - SAVED - 16;
    // What `thread_switch` loads: r14 and r15 are the first two of the saved registers, the link register lies above.
    // SAFETY: the thread does not run and its stack belongs to it.
    unsafe {
        let words = stack as *mut usize;
        words.write(0);
        words.add(2).write(0);
        words.add(4).write(body as usize);
        words.add(5).write(argument as usize);
        words.byte_add(SAVED).write(0);
        words
            .byte_add(SAVED + 4)
            .write(thread_first as *const () as usize);
    }
    thread.stack.set(stack);
    thread.state.set(State::Ready);
    irq::restore(enabled);
    Handle(index)
}

/// Where a thread begins.
pub extern "C" fn begin(body: extern "C" fn(u32), argument: u32) -> ! {
    irq::enable();
    body(argument);
    finish()
}

/// Ends the running thread.
pub fn finish() -> ! {
    irq::disable();
    current().state.set(State::Finished);
    schedule();
    unreachable!("a finished thread goes on")
}

/// Waits until a thread has finished.
pub fn join(handle: Handle) {
    let thread = &THREADS.all[handle.0];
    while thread.state.get() != State::Finished {
        give_way();
    }
    thread.state.set(State::Free);
}

/// Lets another thread run, if one is ready.
pub fn give_way() {
    let enabled = irq::save();
    schedule();
    irq::restore(enabled);
}

/// Gives the processor to another thread, if one is ready. Interrupts are off.
fn schedule() {
    THREADS.expired.set(false);
    let now = THREADS.current.get();
    let order = (now + 1..MOST).chain(0..=now);
    let mut ready = order.filter(|index| THREADS.all[*index].state.get() == State::Ready);
    let Some(next) = ready.next().filter(|next| *next != now) else {
        return;
    };
    THREADS.current.set(next);
    THREADS.switches.update(|count| count + 1);
    let (from, to) = (&THREADS.all[now], &THREADS.all[next]);
    if let Some(process) = to.process.get() {
        mmu::activate(process.space().context());
    }
    // SAFETY: interrupts are off, and `to` is ready: its stack holds what it left there.
    unsafe { thread_switch(core::ptr::from_ref(from).cast(), core::ptr::from_ref(to).cast()) };
}

fn current() -> &'static Thread {
    &THREADS.all[THREADS.current.get()]
}

/// The user program of the running thread.
pub fn process() -> Option<&'static Process> {
    current().process.get()
}

/// Switches threads every so many ticks.
pub fn slice(ticks: u32) {
    timer::every(ticks, Some(expire));
}

fn expire() {
    THREADS.expired.set(true);
}

/// Who wants the running thread to go on whatever the timer says.
static HELD: AtomicU32 = AtomicU32::new(0);

/// Does something that no other thread comes in the middle of, with interrupts as they are.
pub fn undisturbed<T>(body: impl FnOnce() -> T) -> T {
    HELD.store(HELD.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    compiler_fence(Ordering::SeqCst);
    let result = body();
    compiler_fence(Ordering::SeqCst);
    HELD.store(HELD.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    result
}

/// Switches if it is time to. Interrupts are off.
pub fn reschedule() {
    if THREADS.expired.get() && HELD.load(Ordering::Relaxed) == 0 {
        schedule();
    }
}

/// Counts an interrupt that nothing follows from.
pub fn count_asynchronous() {
    THREADS.asynchronous.update(|count| count + 1);
}

/// Switches so far.
pub fn switches() -> u32 {
    THREADS.switches.get()
}

/// Interrupts that nothing followed from.
pub fn asynchronous() -> u32 {
    THREADS.asynchronous.get()
}
