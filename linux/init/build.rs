//! Tells the linker to make a static program.

fn main() {
    println!("cargo::rustc-link-arg=-static");
    println!("cargo::rustc-link-arg=-z");
    println!("cargo::rustc-link-arg=max-page-size=0x10000");
    println!("cargo::rerun-if-changed=build.rs");
}
