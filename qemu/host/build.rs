//! Chooses the linker script of the processor that the host is built for.

use std::env;
use std::path::Path;

fn main() {
    let family = ["book3s-32", "e500"].into_iter().find(|name| {
        let variable = name.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{variable}")).is_some()
    });
    let Some(family) = family else {
        panic!("give one of --features book3s-32 and --features e500");
    };
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let script = Path::new(&root)
        .join("src")
        .join(family.replace('-', ""))
        .join("link.x");
    println!("cargo::rerun-if-changed={}", script.display());
    println!("cargo::rustc-link-arg=-T{}", script.display());
    println!("cargo::rustc-link-arg=-static");
}
