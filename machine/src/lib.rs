//! A PowerPC in this process.
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
