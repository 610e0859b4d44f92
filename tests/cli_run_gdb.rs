//! `ppcpv run --gdb`: a real debugger on the other side.

mod cli_support;
mod run_guests;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use cli_support::{Desk, command};
use run_guests::make;

/// A guest that waits for a debugger, and where.
struct Waiting {
    guest: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
}

fn wait(desk: &Desk, guest: &str, more: &[&str]) -> Waiting {
    let arguments = [&["run", guest, "--family", "book3s-32", "--gdb", "0"][..], more].concat();
    let mut command = command(desk.path(), &arguments);
    let mut guest = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(guest.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("waiting for a debugger: target remote ")
        .expect(&line)
        .to_owned();
    Waiting {
        guest,
        stderr,
        address,
    }
}

fn gdb(desk: &Desk, waiting: &Waiting, guest: &str, commands: &[&str]) -> Child {
    let mut gdb = Command::new("gdb-multiarch");
    gdb.current_dir(desk.path()).args(["-batch", "-nx", guest]);
    gdb.args([
        "-ex",
        "set pagination off",
        "-ex",
        &format!("target remote {}", waiting.address),
    ]);
    for command in commands {
        gdb.args(["-ex", command]);
    }
    let spawned = gdb
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    spawned.unwrap_or_else(|error| panic!("gdb-multiarch is needed (Debian: gdb-multiarch): {error}"))
}

/// What the debugger printed.
fn output(gdb: Child) -> String {
    let output = gdb.wait_with_output().unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Console, summary and exit status of the guest.
fn finish(mut waiting: Waiting) -> (String, String, i32) {
    let (mut console, mut summary) = (String::new(), String::new());
    waiting
        .guest
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut console)
        .unwrap();
    waiting.stderr.read_to_string(&mut summary).unwrap();
    (console, summary, waiting.guest.wait().unwrap().code().unwrap())
}

#[test]
fn break_step_registers_and_memory() {
    let desk = Desk::empty();
    make(desk.path(), "tick");
    let waiting = wait(&desk, "tick", &[]);
    let commands = [
        "info registers pc r1 msr",
        "break *0x900",
        "continue",
        "info registers pc msr r30",
        "x/i $pc",
        "stepi",
        "stepi",
        "info registers pc",
        "print/x $r3",
        "x/2xw 0x3000",
        "set {int}0x4000=0x12345678",
        "x/1xw 0x4000",
        "set $r30=1",
        "continue",
        "info registers r30",
        "delete",
        "print $f1",
        "continue",
    ];
    let text = output(gdb(&desk, &waiting, "tick", &commands));
    let parts = [
        "0x3000 <_start>",
        "Breakpoint 1 at 0x900",
        "Breakpoint 1, 0x00000900 in handler ()",
        "0x900 <handler>",
        "msr            0x0",
        "r30            0x0",
        "=> 0x900 <handler>:\tli      r3,116",
        "0x908 <handler+8>",
        "$1 = 0x74",
        "0x3000 <_start>:\t0x3bc00000\t0x386001f4",
        "0x4000:\t0x12345678",
        "r30            0x2",
        "$2 = 0",
        "[Inferior 1 (process 1) exited normally]",
    ];
    let mut rest = text.as_str();
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part:?} is missing, or in another place:\n{text}"));
        rest = &rest[at + part.len()..];
    }
    let (console, summary, status) = finish(waiting);
    assert_eq!(
        (console.as_str(), status),
        ("tt\n", 0),
        "one tick fewer, since r30 was set: {summary}"
    );
}

/// A debugger that only looks changes nothing: instructions, time base and exits are those of a run without one.
#[test]
fn the_guest_does_not_notice() {
    let desk = Desk::empty();
    make(desk.path(), "tick");
    let alone = desk
        .run(&["run", "tick", "--family", "book3s-32", "--format", "json"])
        .json(0);
    let waiting = wait(&desk, "tick", &["--format", "json"]);
    let commands = [
        "break *0x3020",
        "break *0x908",
        "continue",
        "x/4xw 0",
        "stepi",
        "stepi",
        "delete",
        "continue",
    ];
    let text = output(gdb(&desk, &waiting, "tick", &commands));
    assert!(text.contains("exited normally"), "{text}");
    let watched: serde_json::Value = serde_json::from_str(&finish(waiting).0).unwrap();
    for field in [
        "instructions",
        "timebase",
        "exits",
        "by_reason",
        "taken",
        "console",
    ] {
        assert_eq!(alone[field], watched[field], "{field}");
    }
}

#[test]
fn a_running_guest_is_interrupted_and_left() {
    let desk = Desk::empty();
    make(desk.path(), "spin");
    let waiting = wait(&desk, "spin", &["--limit", "300000000"]);
    let commands = ["shell touch connected", "continue", "print $pc < 8", "detach"];
    let debugger = gdb(&desk, &waiting, "spin", &commands);
    // However slow the machine is: what is interrupted must have connected.
    while !desk.path().join("connected").exists() {
        sleep(Duration::from_millis(50));
    }
    sleep(Duration::from_millis(1500));
    let process = debugger.id().to_string();
    run_guests::run(Command::new("kill").args(["-INT", &process]));
    let text = output(debugger);
    assert!(text.contains("SIGINT"), "{text}");
    let (_, summary, status) = finish(waiting);
    assert!(
        status == 1 && summary.contains("guest stopped at --limit"),
        "{summary}\n{text}"
    );
}

#[test]
fn a_debugger_can_end_the_guest() {
    let desk = Desk::empty();
    make(desk.path(), "spin");
    let waiting = wait(&desk, "spin", &[]);
    output(gdb(&desk, &waiting, "spin", &["stepi", "kill"]));
    let (_, summary, status) = finish(waiting);
    assert!(
        status == 0 && summary.contains("guest ended by the debugger"),
        "{summary}"
    );
}
