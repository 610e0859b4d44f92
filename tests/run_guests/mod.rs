//! Small guests in assembler, made when a test needs them.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the sources are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run_guests")
}

/// Assembles and links `NAME.s` to `NAME` in a directory, at address 0.
pub fn make(directory: &Path, name: &str) {
    make_with(directory, name, name, &["-mbroadway"]);
}

/// The same with another name for the result and options for the assembler.
pub fn make_with(directory: &Path, name: &str, output: &str, options: &[&str]) {
    let object = format!("{output}.o");
    let source = sources().join(format!("{name}.s"));
    run(Command::new("powerpc-linux-gnu-as")
        .current_dir(directory)
        .args(options)
        .args(["-I".as_ref(), sources().as_os_str()])
        .args(["-o".as_ref(), object.as_ref(), source.as_os_str()]));
    link(directory, "0", output);
}

/// Links `NAME.o` to `NAME`, at an address in hexadecimal.
pub fn link(directory: &Path, address: &str, name: &str) {
    let object = format!("{name}.o");
    run(Command::new("powerpc-linux-gnu-ld")
        .current_dir(directory)
        .args(["-Ttext", address, "-e", "_start", "-o", name, &object]));
}

/// Runs a tool that the tests cannot do without.
pub fn run(command: &mut Command) {
    let program = command.get_program().to_owned();
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program:?} is needed (Debian: binutils-powerpc-linux-gnu, gdb-multiarch): {error}")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
