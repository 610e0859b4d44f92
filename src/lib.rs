//! What the tool `ppcpv` does besides rewriting images: the [race laboratory](race).
#![forbid(unsafe_code)]

pub mod race;
