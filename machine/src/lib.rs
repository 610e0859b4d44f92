//! A PowerPC in this process.
//!
//! [`Machine`] is the [`Hardware`](kvm_ppc::hardware::Hardware) for hosts that have none: it runs a guest in problem
//! state, over memory and mappings of its own, until the guest needs the host. It interprets, so that it can be exact:
//!
//! - **It stops anywhere.** [`stop_at`](Machine::stop_at) a number of instructions, at a deadline of the time base, or
//!   after a single step; always between two instructions, always the same two.
//! - **It counts.** The time base is the number of completed [`instructions`](Machine::instructions) divided by a
//!   constant; the guest reads it exactly at any instruction. No clock of the outside is looked at: the same machine
//!   with the same calls does the same.
//! - **It can be copied**, in the middle of whatever the guest does. [`fork_from`](Machine::fork_from) makes a machine
//!   equal to another at the cost of what changed since the last time: a copy that is used to try one interleaving
//!   after the other is made again in a fraction of a microsecond. [`save`](Machine::save) keeps it for another
//!   process.
//! - **It can be watched**: [`observe`](Machine::observe) shows every instruction, and costs nothing while nobody does.
//!
//! What an instruction does is the `cpu` crate's to say. Here is what it does it to, from the guest's side inwards:
//!
//! | module | what |
//! |---|---|
//! | `run` | the loop, and what becomes of instructions that do not complete |
//! | `code` | decoded instructions by frame, which double as the instruction cache |
//! | `align` | accesses that the hardware wants aligned |
//! | `bus` | loads and stores: the short way and the long way |
//! | `tlb`, `table` | what effective addresses reach |
//! | `ram` | memory, the shared pages, and what changed |
//! | `reserve` | reservations across exits |
//! | `clock` | instructions and time |
//! | `devices` | what else answers at physical addresses |
//! | `hardware` | the host's side |
//! | `fork`, `log`, `snapshot` | copies |
//!
//! Differences from a processor:
//!
//! - Vector instructions, AltiVec and SPE, are [`Exit::Vector`](kvm_ppc::hardware::Exit::Vector). What `cpu` does not
//!   execute otherwise is illegal.
//! - Caches hold no data: `dcbz` and its kin work everywhere. The instruction cache is coherent, or as
//!   [stale](Icache::Stale) as the architecture allows, to find those who forget to flush.
//! - An instruction that stores several words and faults on a later one has stored the earlier ones.
//! - Emulated instructions take no time: the host executes them between two instructions of the guest.
//!
//! ```
//! use cpu::State;
//! use kvm_ppc::hardware::{Entry, Exit, Frame, Hardware, Place, Rights, Space};
//! use machine::{Config, Machine};
//! use magicpage::{Endian, Family};
//!
//! let mut machine = Machine::new(Config::new(Family::Book3s32, 64 << 10))?;
//! let space = Space(1);
//! machine.map(Place { page: 0xc0000, space }, Frame::Memory(2), Rights::all());
//! machine.write(0x2000, &0x3860_0007_u32.to_be_bytes()).expect("memory"); // li r3, 7
//! machine.write(0x2004, &0x4400_0002_u32.to_be_bytes()).expect("memory"); // sc
//!
//! let mut state = State::new(Family::Book3s32);
//! state.pc = 0xc000_0000;
//! let spaces = [space; 16];
//! let entry = Entry { fetch: spaces, data: spaces, endian: Endian::Big, step: false, deadline: None };
//! assert_eq!(machine.enter(&mut state, &entry), Exit::SystemCall);
//! assert_eq!((state.gpr[3], machine.instructions()), (7, 2));
//! # Ok::<(), machine::BadSize>(())
//! ```
#![forbid(unsafe_code)]

mod align;
mod bus;
mod clock;
mod code;
mod devices;
mod fork;
mod hardware;
mod log;
mod machine;
mod ram;
mod reserve;
mod run;
mod snapshot;
mod table;
mod tlb;

pub use code::Icache;
pub use devices::{Devices, NoDevices};
pub use machine::{BadSize, Config, Machine, Observe};
pub use snapshot::{RestoreError, Saved, SavedReservation, VERSION};
