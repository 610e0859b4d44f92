//! `ppcpv run`: guests start, print, end; what happened is said.

mod cli_support;
mod run_guests;

use cli_support::{Desk, Run, command};
use run_guests::{link, make, make_with};
use serde_json::Value;

const FAMILY: [&str; 2] = ["--family", "book3s-32"];

/// A directory with these guests.
fn desk(guests: &[&str]) -> Desk {
    let desk = Desk::empty();
    guests.iter().for_each(|guest| make(desk.path(), guest));
    desk
}

fn run(desk: &Desk, guest: &str, more: &[&str]) -> Run {
    desk.run(&[&["run", guest][..], &FAMILY, more].concat())
}

fn json(desk: &Desk, guest: &str, status: i32, more: &[&str]) -> Value {
    run(desk, guest, &[&["--format", "json"][..], more].concat()).json(status)
}

/// A guest, options, its console, the exit status, a part of the summary.
struct Case(
    &'static str,
    &'static [&'static str],
    &'static str,
    i32,
    &'static str,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case("hello", &[], "Hello, plain board\n", 0, "guest exited with status 0 at 0x38 <_start+0x38>"),
    Case("hello", &["--board", "plain"], "Hello, plain board\n", 0, "status 0"),
    Case("gecko", &[], "Hello, Gecko\n", 0, "guest switched the power off at"),
    Case("status", &[], "", 1, "guest exited with status 7 at"),
    Case("hypercall", &[], "Y\n", 0, "status 0"),
    Case("syscall", &[], "S\n", 0, "status 0"),
    Case("tick", &[], "ttt\n", 0, "3 interrupts taken, policy store-trap"),
    Case("tick", &["--policy", "emulate-forward"], "ttt\n", 0, "3 interrupts taken, policy emulate-forward"),
    Case("count", &[], "00000000\n", 0, "status 0"),
    Case("halt", &[], "", 0, "guest halted at 0x8 <_start+0x8>: it branches to itself with interrupts off"),
    Case("spin", &["--limit", "1000"], "", 1, "guest stopped at --limit at 0x0 <_start>: it had not ended\n  1000 instructions"),
    Case("fault", &[], "", 1, "guest is stuck at 0x700: it makes exit after exit and executes nothing"),
    Case("nowhere", &[], "", 1, "guest stopped for good at"),
    Case("echo", &["--type", "hi there\nand more"], "hi there\n", 0, "status 0"),
    Case("echo", &["--input", "typed"], "from a file\n", 0, "status 0"),
];

#[test]
fn guests_print_and_end() {
    let names = CASES.iter().map(|Case(guest, ..)| *guest);
    let desk = desk(
        &names
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
    );
    desk.write("typed", b"from a file\n");
    for Case(guest, options, console, status, summary) in CASES {
        let run = run(&desk, guest, options);
        assert_eq!(
            (run.stdout.as_str(), run.status),
            (*console, *status),
            "{guest}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(summary), "{guest}: {}", run.stderr);
    }
}

#[test]
fn the_same_guest_on_every_family() {
    let desk = desk(&[]);
    make_with(desk.path(), "hello", "e500", &["-me500"]);
    let e500 = desk.run(&["run", "e500", "--family", "e500", "-q"]);
    assert_eq!(e500.expect(0), "Hello, plain board\n");
    run_guests::run(
        std::process::Command::new("powerpc-linux-gnu-as")
            .current_dir(desk.path())
            .args([
                "-mpower8",
                "-a64",
                "-I",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run_guests"),
            ])
            .args([
                "-o",
                "wide.o",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run_guests/hello.s"),
            ]),
    );
    run_guests::run(
        std::process::Command::new("powerpc-linux-gnu-ld")
            .current_dir(desk.path())
            .args([
                "-m", "elf64ppc", "-Ttext", "0x100", "-e", "_start", "-o", "wide", "wide.o",
            ]),
    );
    let wide = desk.run(&["run", "wide", "--format", "json"]).json(0);
    assert_eq!(
        (&wide["model"], &wide["console"]),
        (&"power8".into(), &"Hello, plain board\n".into())
    );
}

#[test]
fn sleep_until_an_injected_interrupt_or_for_ever() {
    let desk = desk(&[]);
    make_with(desk.path(), "sleep", "sleep", &["-me500"]);
    let alone = desk.run(&["run", "sleep", "--family", "e500"]);
    assert!(
        alone.status == 1 && alone.stderr.contains("sleeps for ever"),
        "{}",
        alone.stderr
    );
    let woken = desk.run(&["run", "sleep", "--family", "e500", "--inject", "at:1000000", "-q"]);
    assert_eq!(woken.expect(0), "w\n");
}

#[test]
fn a_flat_image() {
    let desk = desk(&["hello"]);
    run_guests::run(
        std::process::Command::new("powerpc-linux-gnu-objcopy")
            .current_dir(desk.path())
            .args(["-O", "binary", "hello", "hello.bin"]),
    );
    assert_eq!(
        run(&desk, "hello.bin", &["--address", "0x0", "-q"]).expect(0),
        "Hello, plain board\n"
    );
}

#[test]
fn exits_by_reason_and_address() {
    let desk = desk(&["count", "tick"]);
    let document = json(&desk, "count", 0, &["--stat", "-v"]);
    assert_eq!(document["schema_version"], 1);
    assert_eq!(
        (&document["image"], &document["console"]),
        (&"count".into(), &"00000000\n".into())
    );
    assert_eq!(document["end"], serde_json::json!({ "kind": "exit", "code": 0 }));
    let rows = document["by_reason"].as_array().unwrap();
    let count = |reason: &str| {
        rows.iter().find(|row| row["reason"] == reason).unwrap()["count"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(count("privileged"), 200 * 4 + 2, "four in a round, two behind");
    assert_eq!(
        count("device"),
        8 + 1 + 1,
        "eight digits, a line's end, the guest's end"
    );
    let sum: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(document["exits"], sum);
    let shares: f64 = rows.iter().map(|row| row["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let first = &document["by_address"][0];
    assert_eq!(
        (&first["count"], &first["instruction"]),
        (&200.into(), &"mfmsr   r5".into())
    );
    assert_eq!(
        (&first["address"], &first["symbol"]),
        (&"0x00003010".into(), &"_start+0x10".into())
    );

    let text = run(&desk, "tick", &["--stat", "-q"]).expect(0);
    assert!(text.starts_with("ttt\nEXITS "), "{text}");
    for line in ["privileged", "device", "all", "decrementer"] {
        assert!(text.lines().any(|row| row.starts_with(line)), "{line}: {text}");
    }
}

#[test]
fn a_trace_has_every_instruction_and_decision_once() {
    let desk = desk(&["tick"]);
    let document = json(&desk, "tick", 0, &["--trace=all"]);
    let trace = String::from_utf8(desk.read("all")).unwrap();
    let lines = |part: &str| trace.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines("-- taken: decrementer, at"), 3);
    assert_eq!(lines("-- exit: privileged"), 3 + 2 * 3, "two in each handler");
    assert_eq!(
        lines("<handler>"),
        3,
        "once, although its page was not mapped at first"
    );
    let executed = trace.lines().filter(|line| !line.contains(" -- ")).count();
    let instructions = usize::try_from(document["instructions"].as_u64().unwrap()).unwrap();
    assert_eq!(executed, instructions, "those that the host carries out too");
    assert!(
        trace.contains("         2 00003008 <_start+0x8>                         mtdec   r3\n"),
        "{trace}"
    );
    let stderr = run(&desk, "tick", &["--trace"]).stderr;
    assert!(
        stderr.contains("<_start+0x8>                         mtdec   r3"),
        "{stderr}"
    );
    let again = run(&desk, "tick", &["--trace=all"]);
    assert!(
        again.status == 2 && again.stderr.contains("`all` exists"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_run_is_the_same_every_time() {
    let desk = desk(&["count"]);
    let once = || {
        let mut document = json(&desk, "count", 0, &["--inject", "random:7:20000"]);
        let fields = document.as_object_mut().unwrap();
        fields.remove("seconds");
        fields.remove("instructions_per_second");
        document
    };
    assert_eq!(once(), once());
}

/// Something wrong: guest, options, kind of the error, a part of the message.
struct Wrong(&'static str, &'static [&'static str], &'static str, &'static str);

#[rustfmt::skip]
const WRONG: &[Wrong] = &[
    Wrong("missing", &[], "read", "cannot read `missing`"),
    Wrong("text", &[], "not-elf", "`text`: not an ELF file"),
    Wrong("hello.o", &[], "not-executable", "ELF type 1): a kernel can run, a module or an object cannot"),
    Wrong("high", &[], "segment", "does not fit the guest's 0x1800000 bytes of memory"),
    Wrong("hello", &["--memory", "1G"], "board", "reach the devices"),
    Wrong("hello", &["--memory", "17"], "memory", "guest memory of 17 bytes"),
    Wrong("hello", &["--memory", "16K", "--initrd", "large"], "no-room", "for the initial RAM disk do not fit behind the image"),
    Wrong("hello", &["--memory", "lots"], "usage", "invalid value 'lots'"),
    Wrong("hello", &["--model", "e500v2"], "usage", "a e500v2 is of family e500, and the image is for book3s-32"),
    Wrong("hello", &["--policy", "magic"], "usage", "invalid value 'magic'"),
    Wrong("hello", &["--inject", "often"], "usage", "give random:SEED:RATE"),
    Wrong("hello", &["--inject", "every:5", "--inject-kind", "critical"], "usage", "a 750cl has no critical interrupt"),
    Wrong("hello", &["--snapshot-at", "5"], "usage", "--snapshot <FILE>"),
    Wrong("hello", &["--snapshot-at", "5", "--snapshot", "text"], "exists", "`text` exists"),
    Wrong("hello", &["--snapshot-at", "5000", "--snapshot", "new"], "usage", "nothing was saved: the guest ended before instruction 5000"),
    Wrong("hello", &["--resume", "text"], "usage", "cannot be used with"),
    Wrong("hello", &["--gdb", "nowhere:x"], "debugger", "cannot listen on nowhere:x"),
    Wrong("hello", &["--initrd", "missing"], "read", "cannot read `missing`"),
];

#[test]
fn whatever_is_wrong_is_said() {
    let desk = desk(&["hello"]);
    desk.write("text", b"hello\n");
    desk.write("large", &[1; 0x8000]);
    make(desk.path(), "status");
    std::fs::copy(desk.path().join("status.o"), desk.path().join("high.o")).unwrap();
    link(desk.path(), "10000000", "high");
    for Wrong(guest, options, kind, message) in WRONG {
        let text = run(&desk, guest, options);
        assert_eq!(text.status, 2, "{guest} {options:?}: {}", text.stderr);
        assert!(
            text.stderr.contains(message),
            "{guest} {options:?}: {}",
            text.stderr
        );
        let json = run(&desk, guest, &[options, &["--format", "json"][..]].concat());
        let document: Value = serde_json::from_str(&json.stderr).unwrap();
        assert_eq!(
            document["error"]["kind"], *kind,
            "{guest} {options:?}: {}",
            json.stderr
        );
    }
    assert!(!desk.contents().contains_key("new"));
    let unknown = desk.run(&["run", "hello"]);
    assert!(
        unknown
            .stderr
            .contains("give --family book3s-32 or --family e500"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn help_has_examples() {
    let help = Run::of(command(Desk::empty().path(), &["run", "--help"])).expect(0);
    for part in [
        "Examples:",
        "--inject",
        "--snapshot-at",
        "--gdb",
        "The exit status is 0",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
