//! Real kernels, none of them prepared for this: `cargo xtask kernels` makes them in a cache outside the tree.
//!
//! What must hold on them: every word that Linux's own patcher would change is rewritten or explained; most are
//! rewritten, most MSR writes without a critical section, within a small arena; everything verifies; reverting gives
//! back the file byte for byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use magicpage::Family;
use rewriter::build::{self, Options};
use rewriter::elf::{ElfImage, ReadOptions, WriteOptions, revert, write};
use rewriter::image::Image;
use rewriter::plan::{Outcome, Plan, Reason, Totals};
use rewriter::verify::{Effort, verify};

fn cache() -> PathBuf {
    qemu::cache::directory().expect("HOME, XDG_CACHE_HOME or PPCPV_CACHE is set")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; make it with `cargo xtask kernels`", path.display()))
}

fn kernel(name: &str) -> Vec<u8> {
    read(&cache().join(name).join("vmlinux"))
}

/// The words that `kvm_check_ins` of Linux 6.1 (`arch/powerpc/kernel/kvm.c`) would change, written down from its
/// cases and not from our tables.
fn linux_matches(word: u32, family: Family) -> bool {
    let e500 = family == Family::E500;
    let no_rt = word & !0x03e0_0000;
    let spr = |number: u32, base: u32| base | (number & 31) << 16 | (number >> 5) << 11;
    let mut loads = vec![272, 273, 274, 275, 26, 27, 18, 276, 277, 278, 279];
    let mut stores = loads.clone();
    loads.push(if e500 { 286 } else { 1023 });
    let dar = if e500 { 61 } else { 19 };
    loads.push(dar);
    stores.push(dar);
    if e500 {
        let shared = [624, 625, 626, 627, 628, 630, 944, 62];
        loads.extend(shared);
        loads.extend(260..=263);
        stores.extend(shared);
    }
    let wide = family == Family::Book3s64;
    loads.iter().any(|number| no_rt == spr(*number, 0x7c00_02a6))
        || stores.iter().any(|number| no_rt == spr(*number, 0x7c00_03a6))
        || matches!(no_rt, 0x7c00_00a6 | 0x7c00_046c | 0x7c00_0124)
        || (wide && matches!(no_rt, 0x7c00_0164 | 0x7c01_0164))
        || (e500 && (no_rt == 0x7c00_0106 || matches!(word, 0x7c00_0146 | 0x7c00_8146)))
        || (family == Family::Book3s32 && no_rt & !0xf800 == 0x7c00_01e4)
}

/// DSISR is no register of Book E, whatever Linux's table says: `mfspr rT,18` traps there as an illegal instruction
/// (EREF 2.0 table 2-1 has no SPR 18).
fn is_dsisr_on_book_e(word: u32, family: Family) -> bool {
    family == Family::E500 && word & 0x001f_f800 == 18 << 16
}

/// Addresses from `_stext` to `_etext` whose word Linux's patcher would change, its own templates excepted.
fn linux_sites(image: &Image) -> BTreeSet<u64> {
    let at = |name: &str| {
        image
            .symbols
            .iter()
            .find(|symbol| symbol.name == name)
            .map(|symbol| symbol.address)
    };
    let start = at("_stext").expect("_stext");
    let end = at("_etext").or_else(|| at("__init_begin")).unwrap_or(u64::MAX);
    let words = image
        .regions
        .iter()
        .flat_map(|region| (region.address..region.end()).step_by(4));
    let words = words.filter(|address| (start..end).contains(address));
    let words = words.filter(|address| !image.reserved.iter().any(|range| range.contains(address)));
    let matches = |address: &u64| {
        let word = image.word(*address).unwrap();
        linux_matches(word, image.family) && !is_dsisr_on_book_e(word, image.family)
    };
    words.filter(matches).collect()
}

/// Plans, verifies, writes, reads back and reverts; the plan.
fn round_trip(bytes: &[u8], options: &ReadOptions) -> (Plan, BTreeSet<u64>) {
    let elf = ElfImage::parse(bytes, options).unwrap();
    let plan = build::plan(elf.image(), elf.target(), &Options::default());
    let report = verify(elf.image(), &plan, Effort::default(), |_| {});
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let written = write(&elf, &plan, &WriteOptions::default()).unwrap();
    assert_ne!(written, bytes);
    let json = plan.to_json();
    assert_eq!(Plan::from_json(&json).unwrap(), plan, "the plan survives JSON");
    let back = revert(written).unwrap();
    assert!(back == bytes, "reverting does not give back the original");
    let sites = if elf.is_object() {
        BTreeSet::new()
    } else {
        linux_sites(elf.image())
    };
    (plan, sites)
}

fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

fn report(name: &str, totals: &Totals, linux: (usize, usize)) {
    let writes = totals.msr_writes;
    println!(
        "{name}: {} of {} rewritten ({:.2} %); of Linux's {} of {} ({:.2} %); MSR writes without critical section {} of {} \
         ({:.2} %); arena {} bytes; left {:?}",
        totals.rewritten,
        totals.candidates,
        share(totals.rewritten, totals.candidates),
        linux.0,
        linux.1,
        share(linux.0, linux.1),
        writes.no_critical_section,
        writes.candidates,
        share(writes.no_critical_section, writes.candidates),
        totals.arena_bytes,
        totals.left,
    );
}

/// Checks a kernel; `rewritten` is the least share in percent of the sites that can run, `arena` the greatest size in
/// bytes. A site that nothing refers to cannot run: a kernel has as many of those as its configuration leaves behind.
fn check(name: &str, rewritten: f64, no_section: f64, arena: u64) {
    let (plan, linux) = round_trip(&kernel(name), &ReadOptions::default());
    let totals = plan.totals();
    let dead: BTreeSet<u64> = plan
        .sites
        .iter()
        .filter(|site| matches!(&site.outcome, Outcome::Left(left) if left.reason == Reason::Unreferenced))
        .map(|site| site.address)
        .collect();
    let planned: BTreeSet<u64> = plan.sites.iter().map(|site| site.address).collect();
    let silent: Vec<_> = linux.difference(&planned).collect();
    assert!(silent.is_empty(), "neither rewritten nor explained: {silent:x?}");
    let done = plan
        .sites
        .iter()
        .filter(|site| site.rewrite().is_some() && linux.contains(&site.address))
        .count();
    report(name, &totals, (done, linux.len()));
    assert!(
        linux.len() > 1000,
        "{name} has only {} sites: not a kernel worth testing",
        linux.len()
    );
    assert!(
        share(totals.rewritten, totals.candidates - dead.len()) >= rewritten,
        "{totals:#?}"
    );
    let can_run = linux.difference(&dead).count();
    assert!(share(done, can_run) >= rewritten, "{done} of {can_run}");
    let writes = totals.msr_writes;
    assert!(
        share(writes.no_critical_section, writes.candidates) >= no_section,
        "{totals:#?}"
    );
    assert!(totals.arena_bytes <= arena, "{totals:#?}");
}

#[test]
fn gamecube() {
    check("gamecube", 99.0, 90.0, 64 << 10);
}

#[test]
fn e500v2() {
    check("e500v2", 99.0, 90.0, 64 << 10);
}

#[test]
fn ppc64el() {
    check("ppc64el", 90.0, 50.0, 64 << 10);
}

/// The area that stock Linux reserves for its own trampolines and never uses holds all of ours.
#[test]
fn everything_fits_kvm_tmp() {
    let bytes = kernel("gamecube");
    let options = ReadOptions {
        use_area: Some("kvm_tmp".into()),
        ..ReadOptions::default()
    };
    let (plan, _) = round_trip(&bytes, &options);
    let arenas: Vec<u64> = plan.arenas.iter().map(|arena| arena.address).collect();
    assert_eq!(arenas.len(), 1, "{arenas:x?}");
    assert!(!plan.totals().left.contains_key(Reason::NoRoom.name()));
}

/// Modules are relocatable objects, which Linux never patches.
#[test]
fn modules() {
    let mut rewritten = 0;
    for name in ["gamecube", "e500v2", "ppc64el"] {
        let directory = cache().join(name).join("modules");
        let entries = fs::read_dir(&directory).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; make it with `cargo xtask kernels`",
                directory.display()
            )
        });
        for entry in entries {
            let path = entry.unwrap().path();
            let family = if name == "e500v2" {
                Family::E500
            } else if name == "gamecube" {
                Family::Book3s32
            } else {
                Family::Book3s64
            };
            let bytes = read(&path);
            let elf = ElfImage::parse(
                &bytes,
                &ReadOptions {
                    family: Some(family),
                    ..ReadOptions::default()
                },
            )
            .unwrap();
            let plan = build::plan(elf.image(), elf.target(), &Options::default());
            let report = verify(elf.image(), &plan, Effort::default(), |_| {});
            assert!(
                report.findings.is_empty(),
                "{}: {:?}",
                path.display(),
                report.findings
            );
            rewritten += plan.totals().rewritten;
            let written = write(&elf, &plan, &WriteOptions::default()).unwrap();
            assert!(revert(written).unwrap() == bytes, "{}", path.display());
        }
    }
    assert!(rewritten > 300, "{rewritten} sites in modules");
}
