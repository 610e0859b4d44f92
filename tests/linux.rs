//! An unmodified Linux as the guest: it boots in every way there is, keeps its promises while interrupts are raised, and
//! its own patching agrees with ours.

mod cli_support;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cli_support::{Desk, Run, command};
use kvm_ppc::deferral;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{Host, Options, boot};
use ppcpv::run::image::Image;
use ppcpv::run::{Guest, Machine, Runner, snapshot};
use rewriter::build;
use rewriter::elf::{ElfImage, ReadOptions};
use rewriter::plan::Plan;
use serde_json::Value;

/// The console is the USB Gecko; a panic ends the run; the address is the control device's.
const APPEND: &str = "console=hvc0 panic=-1 control=0x0d002000";
const EXPECT: [&str; 4] = ["--expect", "INIT OK", "--limit", "4000000000"];

fn cached(name: &str) -> PathBuf {
    let path = qemu::cache::directory().expect("a cache directory").join(name);
    assert!(
        path.is_file(),
        "{}: make it with `cargo xtask kernels`",
        path.display()
    );
    path
}

fn kernel(variant: &str) -> PathBuf {
    cached(&format!("gamecube/vmlinux{variant}"))
}

fn initrd() -> String {
    cached("initramfs.cpio").display().to_string()
}

/// `ppcpv run` with a kernel to the end of its init.
fn linux(desk: &Desk, image: &Path, load: u32, more: &[&str]) -> Run {
    let (image, initrd) = (image.display().to_string(), initrd());
    let append = format!("{APPEND} load={load}");
    let start = ["run", &image, "--initrd", &initrd, "--append", &append];
    desk.run(&[&start[..], &EXPECT, more].concat())
}

fn linux_json(image: &Path, load: u32, more: &[&str]) -> Value {
    let desk = Desk::empty();
    linux(&desk, image, load, &[&["--format", "json"][..], more].concat()).json(0)
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

/// A figure of init's last line.
fn figure(console: &str, name: &str) -> u64 {
    let line = console.lines().find(|line| line.starts_with("INIT OK"));
    let mut words = line.unwrap_or_else(|| panic!("{console}")).split(' ');
    let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("no {name}"))
}

/// `ppcpv compare` for the kernels in the cache.
static COMPARED: LazyLock<Value> =
    LazyLock::new(|| Desk::empty().run(&["compare", "--format", "json"]).json(0));

fn run_of(name: &str) -> &'static Value {
    let runs = COMPARED["runs"].as_array().unwrap();
    runs.iter()
        .find(|run| run["name"] == name)
        .unwrap_or_else(|| panic!("no run {name}"))
}

#[test]
fn it_boots_in_every_way() {
    for name in [
        "native",
        "trapping",
        "stock",
        "kvm-64k",
        "kvm-512k",
        "rewritten",
        "at-load",
    ] {
        assert_eq!(run_of(name)["good"], true, "{name}");
    }
    assert_eq!(run_of("native")["exits"], 0);
}

/// Not told of its host, it sleeps by HID0 and MSR\[POW\], in a loop that only an interrupt's handler leaves: by the
/// address in LR.
#[test]
fn rewritten_it_sleeps_and_wakes_with_no_hypercall() {
    let more = ["--rewrite", "--no-hypervisor", "--inject", "random:5:100"];
    let result = linux_json(&kernel(""), 1, &more);
    assert_eq!(
        (&result["injected"]["late"], &result["injected"]["missed"]),
        (&0.into(), &0.into())
    );
}

/// Stock Linux maps the page, fails its own test and patches nothing, without a word. With the test repaired it runs out
/// of space; with more space it works.
#[test]
fn its_own_patching_is_dead_until_repaired() {
    let said = |name: &str| run_of(name)["said"].as_str();
    let patched = |name: &str| count(&run_of(name)["sites_patched"]);
    assert_eq!((said("stock"), patched("stock")), (None, 0));
    assert_eq!(said("kvm-64k"), Some("Live patching for a fast VM failed"));
    assert_eq!(said("kvm-512k"), Some("Live patching for a fast VM worked"));
    assert!(0 < patched("kvm-64k") && patched("kvm-64k") < patched("kvm-512k"));
}

#[test]
fn rewritten_it_exits_less_than_patched_by_itself() {
    let msr = |name: &str| count(&run_of(name)["msr_writes_trapped"]);
    assert!(msr("rewritten") <= msr("kvm-512k"));
    assert!(3 * msr("rewritten") <= msr("kvm-64k"));
    let per_write = |name: &str| run_of(name)["instructions_per_msr_write"].as_f64().unwrap();
    assert!(per_write("rewritten") <= 8.0, "{}", per_write("rewritten"));
    assert!(per_write("kvm-512k") > 23.0, "{}", per_write("kvm-512k"));
    for name in ["exits", "instructions", "sites_patched"] {
        assert_eq!(run_of("rewritten")[name], run_of("at-load")[name], "{name}");
    }
    // Nobody's traps are lost: what the page serves and what traps make up what the kernel wants.
    let executed = |name: &str| count(&run_of(name)["privileged_executed"]);
    let (all, ours) = (executed("trapping"), executed("rewritten"));
    assert!(ours.abs_diff(all) * 100 < all, "{ours} and {all}");
}

#[test]
fn both_patchers_agree_site_by_site() {
    let sites = COMPARED["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 2);
    for one in sites {
        let of = |verdict: &str| count(&one["by_verdict"][verdict]);
        assert!(of("same-word") > 2000, "{one}");
        assert_eq!(of("unexplained"), 0, "{one}");
        assert_eq!(one["unexplained_changes"], Value::Array(Vec::new()));
        let is_full = one["run"] == "kvm-512k";
        assert_eq!(of("no-room-in-linux") == 0, is_full, "{one}");
        assert!(of("wrong-in-linux") > 0 && of("both-trampolines") > 500, "{one}");
    }
}

/// How often init goes through its checks: more in long runs.
fn load() -> u32 {
    std::env::var("LINUX_LOAD").map_or(1, |load| load.parse().expect("LINUX_LOAD is a number"))
}

/// Spurious external interrupts and early decrementers through boot and load: Linux counts as many as the host has had
/// it take, and none is missed or late.
#[test]
fn it_counts_every_interrupt() {
    const KINDS: [&str; 4] = [
        "--inject",
        "random:1:500",
        "--inject-kind",
        "external,decrementer",
    ];
    let ways: [(&str, &[&str]); 4] = [
        ("", &["--rewrite"]),
        ("", &["--no-hypervisor"]),
        ("", &["--native"]),
        (".kvm-512k", &[]),
    ];
    let mut raised = 0;
    for (variant, more) in ways {
        let result = linux_json(&kernel(variant), load(), &[&KINDS[..], more].concat());
        let (injected, taken) = (&result["injected"], &result["measured"]["taken"]);
        for kind in ["missed", "late", "waiting"] {
            assert_eq!(count(&injected[kind]), 0, "{more:?} {injected}");
        }
        raised += count(&injected["raised"]);
        assert_eq!(
            count(&injected["raised"]),
            count(&injected["taken"]) + count(&injected["merged"])
        );
        let console = result["console"].as_str().unwrap();
        assert_eq!(figure(console, "spurious"), count(&taken["external"]), "{more:?}");
        // One of its own may come while it reads.
        let decrementers = figure(console, "decrementers") - count(&taken["decrementer"]);
        assert!(decrementers <= 2, "{more:?}: {decrementers} more");
    }
    println!("{raised} interrupts raised");
    assert!(raised > 90_000 * u64::from(load()), "only {raised}");
}

/// Under the policy of mainline's host, interrupts wait for an unrelated exit; the same ones do not under the default.
#[test]
fn patched_by_itself_it_loses_interrupts_under_the_legacy_policy() {
    let late = |policy: &str| {
        let inject = ["--inject", "random:1:500", "--policy", policy, "--format", "json"];
        let run = linux(&Desk::empty(), &kernel(".kvm-512k"), 1, &inject);
        let result: Value = serde_json::from_str(&run.stdout).unwrap();
        let (late, missed) = (
            count(&result["injected"]["late"]),
            count(&result["injected"]["missed"]),
        );
        (run.status, late + missed)
    };
    let (status, lost) = late("legacy");
    assert!(status == 1 && lost > 10, "{lost}");
    assert_eq!(late("store-trap"), (0, 0));
}

#[test]
fn it_reads_its_console() {
    let desk = Desk::empty();
    let (image, initrd) = (kernel("").display().to_string(), initrd());
    let append = format!("{APPEND} shell=1");
    let start = [
        "run",
        &image,
        "--initrd",
        &initrd,
        "--append",
        &append,
        "--type",
        "hello\n\n",
    ];
    let run = desk.run(&[&start[..], &EXPECT].concat());
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("init: you typed \"hello\""), "{}", run.stdout);
}

#[test]
fn what_the_console_must_show_decides() {
    let run = linux(&Desk::empty(), &kernel(""), 0, &["--expect", "no such thing"]);
    assert_eq!(run.status, 2, "given twice: {}", run.stderr);
    let (image, desk) = (kernel("").display().to_string(), Desk::empty());
    let run = desk.run(&[
        "run",
        &image,
        "--append",
        "panic=-1 console=hvc0",
        "--expect",
        "INIT OK",
    ]);
    assert_eq!(run.status, 1, "no init: {}", run.stderr);
    assert!(
        run.stderr.contains("the console has not shown \"INIT OK\""),
        "{}",
        run.stderr
    );
}

/// Where a guest is to be saved.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// In a critical section.
    Section,
    /// In a trampoline that has none.
    FreeRegister,
}

struct Rewritten {
    image: Image,
    plan: Plan,
}

impl Rewritten {
    fn new() -> Self {
        let bytes = std::fs::read(kernel("")).unwrap();
        let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
        let options = build::Options {
            stub_for: elf.entry(),
            ..build::Options::default()
        };
        let plan = build::plan(elf.image(), elf.target(), &options);
        let mut image = Image::parse(&bytes).unwrap().0;
        image.rewrite(&plan).unwrap();
        Self { image, plan }
    }

    fn boot(&self) -> Guest {
        let initrd = std::fs::read(initrd()).unwrap();
        let options = Options {
            model: Model::of_family(Family::Book3s32),
            endian: Endian::Big,
            board: board::Model::GameCube,
            memory: board::flipper::RAM_BYTES,
            policy: deferral::DEFAULT,
            append: APPEND,
            initrd: Some(&initrd),
            host: Host::Named,
            reserved: &[],
            detailed: false,
        };
        boot(&self.image, &options).unwrap()
    }

    fn is_in_trampoline(&self, address: u64) -> bool {
        let trampolines = self.plan.trampolines();
        let before = trampolines.range(..=address).next_back();
        before.is_some_and(|(start, (code, _))| {
            address > *start && address < start + 4 * code.words.len() as u64
        })
    }

    fn is_at(&self, place: Place, guest: &Guest) -> bool {
        let section = guest.vcpu.in_section(&guest.machine);
        match place {
            Place::Section => section,
            Place::FreeRegister => !section && self.is_in_trampoline(guest.vcpu.state.pc),
        }
    }
}

/// Nobody looks.
struct Nobody;

impl vm::Outside<Machine> for Nobody {
    type Error = Infallible;

    fn console(&mut self, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A running kernel, saved in the middle of a trampoline, goes on in another process to the end of its init.
#[test]
fn a_snapshot_in_a_trampoline_goes_on_elsewhere() {
    let rewritten = Rewritten::new();
    for (place, from) in [(Place::Section, 20_000_000), (Place::FreeRegister, 12_345_678)] {
        let mut runner = Runner::new(rewritten.boot());
        while runner.guest.instructions() < from {
            let most = from - runner.guest.instructions();
            assert_eq!(runner.step(&mut Nobody, most).unwrap(), None);
        }
        while !rewritten.is_at(place, &runner.guest) {
            assert_eq!(
                runner.step(&mut Nobody, 1).unwrap(),
                None,
                "{place:?} was never met"
            );
        }
        let desk = Desk::empty();
        desk.write("saved", &snapshot::write(&runner.guest).unwrap());
        let resume = ["run", "--resume", "saved"];
        let run = Run::of(command(desk.path(), &[&resume[..], &EXPECT].concat()));
        assert_eq!(run.status, 0, "{place:?}: {}", run.stderr);
        assert!(run.stdout.contains("INIT OK"), "{place:?}");
    }
}

/// The same kernels under the same host on a processor that somebody else wrote.
#[test]
fn it_boots_on_bare_metal() {
    let desk = Desk::empty();
    let stock = kernel("").display().to_string();
    let run = desk.run(&["rewrite", &stock, "--entry-stub", "-o", "rewritten.pv"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let (patching, initrd) = (kernel(".kvm-512k").display().to_string(), initrd());
    let cases: [(&str, &[&str], &str); 3] = [
        (&stock, &["--no-hypervisor"], "Run /init"),
        (&patching, &[], "KVM: Live patching for a fast VM worked"),
        ("rewritten.pv", &[], "Run /init"),
    ];
    for (image, more, shows) in cases {
        let start = ["boot", "--kernel", image, "--initrd", &initrd, "--append", APPEND];
        let end = ["--expect", "INIT OK", "--timeout", "300"];
        let run = desk.run(&[&start[..], &end, more].concat());
        assert_eq!(run.status, 0, "{image} {more:?}: {} {}", run.stdout, run.stderr);
        assert!(run.stdout.contains(shows), "{image}: {}", run.stdout);
    }
}
