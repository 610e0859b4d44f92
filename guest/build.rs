//! Tells the code which processor family it is built for, and the linker where things go.

use std::env;

/// The targets of `targets/` and the names that the code knows their families by.
const FAMILIES: [(&str, &str); 2] = [
    ("powerpc-unknown-none", "book3s32"),
    ("powerpc-e500-none", "e500"),
];

fn main() {
    let target = env::var("TARGET").unwrap_or_default();
    for (triple, family) in FAMILIES {
        println!("cargo::rustc-check-cfg=cfg({family})");
        if target == triple {
            println!("cargo::rustc-cfg={family}");
        }
    }
    let directory = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    for file in ["link.x", "targets/sections.x", "build.rs"] {
        println!("cargo::rerun-if-changed={directory}/{file}");
    }
    println!("cargo::rustc-link-arg=-L{directory}/targets");
    println!("cargo::rustc-link-arg=-T{directory}/link.x");
    println!("cargo::rustc-link-arg=-static");
}
