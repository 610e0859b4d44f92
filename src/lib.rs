//! What the tool `ppcpv` does besides rewriting images: the [race laboratory](race), and [guests that
//! run](run).
#![forbid(unsafe_code)]

pub mod race;
pub mod run;
