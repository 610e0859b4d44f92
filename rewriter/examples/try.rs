use rewriter::{build, elf::*, plan::*};
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let t = Instant::now();
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    println!("parse {:?}", t.elapsed());
    let image = elf.image();
    println!(
        "{} {:?} regions {} symbols {} roots {} areas {} patched {} edges {}",
        image.family,
        image.endian,
        image.regions.len(),
        image.symbols.len(),
        image.roots.len(),
        image.areas.len(),
        image.patched.len(),
        image.edges.len()
    );
    for a in image.areas.iter().take(6) {
        println!("{:?} {:#x?}", a.kind, a.range);
    }
    let t = Instant::now();
    let c = rewriter::scan::scan(image);
    println!("scan {:?} {}", t.elapsed(), c.len());
    let t = Instant::now();
    let _m = rewriter::code::CodeMap::new(image);
    println!("map {:?}", t.elapsed());
    let t = Instant::now();
    let plan = build::plan(image, Target::default(), &build::Options::default());
    println!("plan {:?}", t.elapsed());
    println!("{:#?}", plan.totals());
    let t = Instant::now();
    let report = rewriter::verify::verify(image, &plan, Default::default(), |_| {});
    println!(
        "verify {:?} {} executions, {} findings",
        t.elapsed(),
        report.executions,
        report.findings.len()
    );
    for f in report.findings.iter().take(20) {
        println!("FINDING {f}");
    }
    for s in &report.shapes {
        println!(
            "{:?} {:28} sites {:5} executed {:3} max {:3} words {:3}",
            s.template, s.shape, s.sites, s.executed, s.executed_max, s.words
        );
    }
    let mut n = 0;
    for s in &plan.sites {
        if let Some(r) = s.rewrite() {
            if r.template == TemplateKind::CriticalSection {
                println!(
                    "CRIT {:#x} {:?} {} {} {:?}",
                    s.address, s.symbol, s.instruction, r.shape, r.dead
                );
            }
        }
    }
    for s in &plan.sites {
        if let Outcome::Left(l) = &s.outcome {
            n += 1;
            if l.reason != Reason::SprgGroup && n < 6000 {
                println!("{:#x} {:?} {} {:?}", s.address, s.symbol, s.instruction, l.reason);
            }
        }
    }
}
