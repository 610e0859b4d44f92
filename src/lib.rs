//! What the tool `ppcpv` does besides rewriting images: the [race laboratory](race), [guests that run](run), one
//! kernel [run in several ways](compare), and [pages](report) to look at.
#![forbid(unsafe_code)]

pub mod compare;
mod page;
pub mod race;
pub mod report;
pub mod run;
