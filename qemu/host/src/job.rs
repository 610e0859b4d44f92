//! The handover: a guest that somebody has prepared, and what is to be done with it.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::num::NonZeroU32;

use kvm_ppc::hardware::Hardware;
use vm::handover::{HandoverError, Job, Time};
use vm::record::Record;
use vm::serve::serve;

use crate::arch::{self, FAMILY, LAYOUT, Options};
use crate::clock::Pace;
use crate::hardware::Machine;
use crate::line;
use crate::output::Console;
use crate::real::Memory;

/// A tick of the processor's time base stands for an instruction.
const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Does the job of the handover, if there is one. Answers whether it could be done.
///
/// # Errors
///
/// Why it cannot be run.
pub fn run() -> Result<Option<bool>, String> {
    // SAFETY: QEMU has filled this range before the host began, and nobody writes to it.
    let bytes = unsafe {
        let start: *const u8 = core::ptr::with_exposed_provenance(LAYOUT.handover.start);
        core::slice::from_raw_parts(start, LAYOUT.handover.len())
    };
    let (job, pages) = match Job::read(bytes) {
        Ok(read) => read,
        Err(HandoverError::Missing) => return Ok(None),
        Err(error) => return Err(format!("{error}")),
    };
    let mut machine = machine(&job)?;
    for (number, page) in job.pages.iter().zip(pages) {
        machine
            .write(u64::from(*number) << 12, page)
            .map_err(|_| format!("page {number:#x} of the handover is outside guest memory"))?;
    }
    Ok(Some(serve(&job, machine, |record| print(&record))))
}

/// The machine that the job's guest runs on.
fn machine(job: &Job) -> Result<Machine, String> {
    let board = job.start.board.clone();
    let bytes = u32::try_from(board.ram_bytes()).unwrap_or(u32::MAX);
    if bytes as usize > LAYOUT.guest.len() {
        return Err(format!(
            "guest memory of {bytes:#x} bytes: there is room for {:#x}",
            LAYOUT.guest.len()
        ));
    }
    let counted = Pace::Counted(job.start.ratio);
    let (pace, begins) = match job.how.time {
        Time::Real => (Pace::Real(ONE), None),
        Time::Counted => (counted, None),
        Time::CountedFromBegin => (Pace::Real(ONE), Some(counted)),
    };
    let options = Options {
        skip_tlbie: job.how.stale_translations,
        // Guests keep code and data in one segment.
        lenient_fetch: true,
    };
    // SAFETY: the layout's range for guest memory is memory, and this is the one machine.
    let memory = unsafe { Memory::new(address(LAYOUT.guest.start), bytes) };
    let machine = Machine::new(FAMILY, options, memory, board, pace);
    Ok(match begins {
        Some(pace) => machine.counted_from_begin(pace),
        None => machine,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "addresses have 32 bits")]
const fn address(address: usize) -> u32 {
    address as u32
}

fn print(record: &Record) {
    match serde_json::to_string(record) {
        Ok(text) => line!("{text}"),
        Err(error) => failed(format_args!("{error}")),
    }
}

/// Says why the host cannot go on, in a [`Record::Failed`], and leaves. Needs no heap.
pub fn failed(why: fmt::Arguments<'_>) -> ! {
    use core::fmt::Write as _;
    // The serial line takes everything.
    let _ = write!(Console, "{{\"failed\":\"");
    let _ = write!(Escaped, "{why}");
    let _ = writeln!(Console, "\"}}");
    arch::leave(false)
}

/// The inside of a JSON string.
struct Escaped;

impl fmt::Write for Escaped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => {
                    arch::console::put(b'\\');
                    arch::console::put(byte);
                }
                b'\n' => "\\n".bytes().for_each(arch::console::put),
                0x20..0x7f => arch::console::put(byte),
                _ => arch::console::put(b'?'),
            }
        }
        Ok(())
    }
}
