//! The subcommands, one file each: its arguments, and what it does with them.

pub mod boot;
pub mod compare;
pub mod completions;
pub mod diff;
pub mod explain;
pub mod inspect;
pub mod man;
pub mod race;
pub mod report;
pub mod revert;
pub mod rewrite;
pub mod run;
pub mod verify;
