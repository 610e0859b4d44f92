//! The same kernel run in several ways, and what each costs.
//!
//! ```text
//! image -> boot -> run, timed                -> memory -> changes (what Linux's patcher made of its text)
//!       -> boot -> run, every instruction counted by what stands there    -> Column
//! ```
//!
//! - [`change`]: the words of a text that were changed, and the trampolines that they lead to: from a plan, or from
//!   what memory holds after Linux has patched itself;
//! - [`count`]: executions of changed words and instructions in trampolines;
//! - [`mod@measure`]: one run, measured;
//! - [`sites`]: Linux's patching and ours, site by site;
//! - [`rows`]: what is said of the runs; [`html`]: the same as a page.
//!
//! A run is the same every time, so that it can be timed once with nobody looking, and counted once more.

pub mod change;
pub mod count;
pub mod html;
pub mod measure;
pub mod rows;
pub mod sites;

pub use measure::{Column, Course, Patcher, measure};
