//! `ppcpv`: rewrites PowerPC kernels for the magic page of KVM's PR mode.
//!
//! The tool is the edge of the project: it reads and writes files, and prints. What happens to an image is
//! decided by the crate `rewriter`, which takes bytes and gives a plan. One file of [`commands`] is one subcommand;
//! [`cli`] is the one definition of the command line.
//!
//! Exit status: 0 done, 1 findings or a difference, 2 an error. A reader of the output who goes away early is no error.
#![forbid(unsafe_code)]

mod args;
mod cli;
mod commands;
mod demo;
mod document;
mod error;
mod guest;
mod input;
mod linux;
mod listing;
mod moved;
mod output;
mod place;
mod plans;
mod proofs;
mod tables;
mod terminal;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
