//! What the tool `ppcpv` does besides rewriting images: the [race laboratory](race), [guests that run](run), and one
//! kernel [run in several ways](compare).
#![forbid(unsafe_code)]

pub mod compare;
mod page;
pub mod race;
pub mod run;
