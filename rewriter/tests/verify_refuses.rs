//! The verifier finds what is wrong: each word of each trampoline taken out, each claim of a plan made false.

use magicpage::{Endian, Family};
use rewriter::asm::{NOP, branch};
use rewriter::build::{self, Options};
use rewriter::image::{Abi, Area, AreaKind, Image, Region, Symbol, SymbolKind};
use rewriter::plan::{Outcome, Plan, Rewrite, Target, TemplateKind};
use rewriter::template::Allowed;
use rewriter::verify::{Effort, verify};

const START: u64 = 0x1000;
const ARENA: u64 = 0x8000;

/// A leaf with one site of each kind. Everything stays live: it ends in an unknown jump.
fn words(family: Family, live: bool) -> Vec<u32> {
    let end = if live { 0x4e80_0420 } else { 0x4e80_0020 };
    match family {
        Family::Book3s32 => vec![0x7d20_0124, 0x7fe4_01a4, 0x7fc0_f9e4, end],
        Family::Book3s64 => vec![0x7d21_0164, 0x7d20_0164, end],
        Family::E500 => vec![0x7d20_0106, 0x7c00_0146, 0x7c00_8146, end],
    }
}

fn with_image<R>(family: Family, words: &[u32], work: impl FnOnce(&Image) -> R) -> R {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let symbol = Symbol {
        address: START,
        size: bytes.len() as u64,
        kind: SymbolKind::Function,
        name: "f",
    };
    let image = Image {
        regions: vec![Region {
            section: ".text",
            address: START,
            bytes: &bytes,
        }],
        symbols: vec![symbol],
        abi: Abi {
            r2_is_never_r1: true,
            toc: None,
        },
        areas: vec![Area {
            kind: AreaKind::New,
            range: ARENA..ARENA + 0x1000,
            serves: None,
        }],
        ..Image::new(family, Endian::Big)
    };
    work(&image)
}

fn findings(image: &Image, plan: &Plan) -> usize {
    verify(image, plan, Effort::default(), |_| {}).findings.len()
}

fn rewrites(plan: &mut Plan) -> impl Iterator<Item = &mut Rewrite> {
    plan.sites.iter_mut().filter_map(|site| match &mut site.outcome {
        Outcome::Rewritten(rewrite) => Some(rewrite),
        Outcome::Left(_) => None,
    })
}

/// The test of EE behind the test of int_pending, two words before the original instruction, only saves a way to the
/// host while an interrupt waits and EE is 0: right without it.
fn is_test_of_ee(words: &[u32], index: usize) -> bool {
    let tests = |at: usize| {
        words
            .get(at)
            .is_some_and(|word| word & 0xfc00_fffe == 0x5400_0420)
    };
    tests(index) || (1..=2).filter_map(|back| index.checked_sub(back)).any(tests)
}

fn each_family(work: impl Fn(&Image, &Plan)) {
    for family in Family::ALL {
        for live in [false, true] {
            let sections = Allowed::only(&[TemplateKind::Direct, TemplateKind::CriticalSection]);
            // With everything dead a section has nothing to protect.
            for templates in [Some(Allowed::ALL), live.then_some(sections)]
                .into_iter()
                .flatten()
            {
                with_image(family, &words(family, live), |image| {
                    let options = Options {
                        templates,
                        ..Options::default()
                    };
                    let plan = build::plan(image, Target::default(), &options);
                    assert!(plan.sites.iter().any(|site| site.rewrite().is_some()), "{family}");
                    assert_eq!(findings(image, &plan), 0, "{family}");
                    work(image, &plan);
                });
            }
        }
    }
}

#[test]
fn a_word_that_is_taken_out() {
    each_family(|image, plan| {
        for site in 0..plan.sites.len() {
            let Some(trampoline) = plan.sites[site]
                .rewrite()
                .and_then(|rewrite| rewrite.trampoline.as_ref())
            else {
                continue;
            };
            for (index, word) in trampoline.words.iter().enumerate() {
                if is_test_of_ee(&trampoline.words, index) {
                    continue;
                }
                let mut broken = plan.clone();
                let Outcome::Rewritten(rewrite) = &mut broken.sites[site].outcome else {
                    unreachable!()
                };
                rewrite.trampoline.as_mut().unwrap().words[index] = NOP;
                let what = cpu::decode(*word, plan.family).text(None).to_string();
                let shape = &plan.sites[site].rewrite().unwrap().shape;
                assert!(
                    findings(image, &broken) > 0,
                    "{} without `{what}` ({shape}, word {index})",
                    plan.family
                );
            }
        }
    });
}

#[test]
fn a_register_that_is_used_and_not_dead() {
    each_family(|image, plan| {
        for index in 0..plan.sites.len() {
            let Some(rewrite) = plan.sites[index].rewrite() else {
                continue;
            };
            for name in &rewrite.dead {
                let mut broken = plan.clone();
                let Outcome::Rewritten(rewrite) = &mut broken.sites[index].outcome else {
                    unreachable!()
                };
                rewrite.dead.retain(|dead| dead != name);
                let shape = rewrite.shape.clone();
                assert!(findings(image, &broken) > 0, "{name} in {shape}");
            }
        }
    });
}

#[test]
fn what_does_not_fit_together() {
    each_family(|image, plan| {
        let breaks: [fn(&mut Plan); 7] = [
            |plan| plan.sites[0].old ^= 1 << 21,
            |plan| rewrites(plan).for_each(|rewrite| rewrite.new = 0x6000_0001),
            |plan| rewrites(plan).for_each(|rewrite| rewrite.new = branch(START, ARENA + 0x800).unwrap()),
            |plan| rewrites(plan).for_each(|rewrite| rewrite.trampoline = None),
            |plan| plan.arenas.clear(),
            |plan| rewrites(plan).for_each(|rewrite| rewrite.trampoline.as_mut().unwrap().address = START),
            |plan| rewrites(plan).for_each(|rewrite| rewrite.dead.push("r99".into())),
        ];
        for (number, change) in breaks.iter().enumerate() {
            let mut broken = plan.clone();
            broken
                .sites
                .retain(|site| site.rewrite().is_some_and(|rewrite| rewrite.trampoline.is_some()));
            if broken.sites.is_empty() {
                continue;
            }
            change(&mut broken);
            assert!(findings(image, &broken) > 0, "{}: break {number}", plan.family);
        }
    });
}
