//! From an image to a plan.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use cpu::decode;
use magicpage::hypercall::PageFeatures;
use magicpage::registers::{Group, SEGMENT_FEATURE};

use crate::analysis::{Analysis, Facts};
use crate::arena::Arenas;
use crate::classify::Operation;
use crate::code::CodeMap;
use crate::image::Image;
use crate::plan::{Left, Outcome, Plan, Reason, Rewrite, SCHEMA_VERSION, Site, Target};
use crate::scan::{Candidate, scan};
use crate::stub;
use crate::template::{self, Allowed, Choice, Code, Context};

/// What a plan may do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Page features that the host offers.
    pub features: PageFeatures,
    /// Kinds of templates that may be used.
    pub templates: Allowed,
    /// Addresses that must stay as they are.
    pub exclude: Vec<Range<u64>>,
    /// Whether the caller vouches that r2 differs from r1 wherever code runs, in assembly too.
    pub assume_r2: bool,
    /// The address at which the image is entered, if a stub that maps the page is to be entered instead.
    pub stub_for: Option<u64>,
}

impl Default for Options {
    /// Everything that the interface knows.
    fn default() -> Self {
        Self {
            features: PageFeatures::LINUX,
            templates: Allowed::ALL,
            exclude: Vec::new(),
            assume_r2: false,
            stub_for: None,
        }
    }
}

/// Plans the rewrite of an image.
pub fn plan(image: &Image, target: Target, options: &Options) -> Plan {
    let candidates = scan(image);
    let mut map = CodeMap::new(image);
    let mut verdicts: Vec<Option<Reason>> = candidates
        .iter()
        .map(|candidate| obstacle(&mut map, candidate, options))
        .collect();
    tell_unreferenced(&map, &candidates, &mut verdicts);
    let vetoed = vetoed_groups(&map, &candidates, &verdicts);
    for (candidate, verdict) in candidates.iter().zip(&mut verdicts) {
        let group = candidate.operation.spr().and_then(|spr| spr.group);
        if verdict.is_none() && group.is_some_and(|group| vetoed.contains(&(group as u8))) {
            *verdict = Some(Reason::SprgGroup);
        }
    }
    let choices = choices(&mut map, &candidates, &verdicts, options);
    place(&map, target, &candidates, choices, options)
}

/// Why a candidate cannot be rewritten whatever the template, if so.
fn obstacle(map: &mut CodeMap, candidate: &Candidate, options: &Options) -> Option<Reason> {
    let (image, address) = (map.image(), candidate.address);
    if image
        .reserved
        .iter()
        .chain(&options.exclude)
        .any(|range| range.contains(&address))
    {
        return Some(Reason::Reserved);
    }
    if !map.is_code(address) {
        return Some(Reason::Data);
    }
    if image.relocation(address).is_some() {
        return Some(Reason::Relocated);
    }
    if !options.features.contains(feature(candidate.operation)) {
        return Some(Reason::FeatureAbsent);
    }
    None
}

/// The feature that a host must offer for an operation to be served by the page.
pub fn feature(operation: Operation) -> PageFeatures {
    match operation {
        Operation::WriteSegment { .. } | Operation::WriteSegmentIndirect { .. } => SEGMENT_FEATURE,
        operation => operation.spr().map_or(PageFeatures::empty(), |spr| spr.feature),
    }
}

/// Tells code that nothing refers to from what may be data.
fn tell_unreferenced(map: &CodeMap, candidates: &[Candidate], verdicts: &mut [Option<Reason>]) {
    let unreached = candidates
        .iter()
        .zip(&*verdicts)
        .filter(|(_, verdict)| **verdict == Some(Reason::Data));
    let orphans = map.orphans(unreached.map(|(candidate, _)| candidate.address));
    for (candidate, verdict) in candidates.iter().zip(verdicts) {
        let unit = map.unit(candidate.address);
        if *verdict == Some(Reason::Data) && unit.is_some_and(|unit| orphans.contains(&unit)) {
            *verdict = Some(Reason::Unreferenced);
        }
    }
}

/// Groups of which some member cannot be rewritten. A word that nothing is known to lead to counts too, for who
/// knows who leads to it, unless it lies in a function (what a function's own code does not reach is data) or in
/// code that nothing in the image refers to.
fn vetoed_groups(map: &CodeMap, candidates: &[Candidate], verdicts: &[Option<Reason>]) -> BTreeSet<u8> {
    let mut vetoed = BTreeSet::new();
    for (candidate, verdict) in candidates.iter().zip(verdicts) {
        let Some(group) = candidate.operation.spr().and_then(|spr| spr.group) else {
            continue;
        };
        let harmless = match verdict {
            None | Some(Reason::Unreferenced) => true,
            Some(Reason::Data) => map.unit(candidate.address).is_some_and(|unit| unit.sized),
            Some(_) => false,
        };
        if !harmless {
            vetoed.insert(group as u8);
        }
    }
    vetoed
}

/// The template of each candidate.
fn choices(
    map: &mut CodeMap,
    candidates: &[Candidate],
    verdicts: &[Option<Reason>],
    options: &Options,
) -> Vec<Result<Choice, Reason>> {
    let needs_analysis = |candidate: &Candidate| {
        candidate.operation.writes_msr()
            || matches!(
                candidate.operation,
                Operation::WriteSegment { .. } | Operation::WriteSegmentIndirect { .. }
            )
    };
    let open = candidates
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| verdict.is_none());
    let analysed: Vec<u64> = open
        .filter(|(candidate, _)| needs_analysis(candidate))
        .map(|(candidate, _)| candidate.address)
        .collect();
    let image = map.image();
    let sized: Vec<bool> = candidates
        .iter()
        .map(|candidate| map.unit(candidate.address).is_some_and(|unit| unit.sized))
        .collect();
    let copied: Vec<bool> = candidates
        .iter()
        .map(|candidate| map.copied_by(candidate.address).is_some())
        .collect();
    let mut analysis = Analysis::new(map, &analysed);
    let mut choices = Vec::with_capacity(candidates.len());
    for (((candidate, verdict), sized), copied) in candidates.iter().zip(verdicts).zip(sized).zip(copied) {
        choices.push(match verdict {
            Some(reason) => Err(*reason),
            None => {
                let mut context = context(image, candidate, sized, copied);
                context.r2_is_never_r1 |= options.assume_r2;
                if needs_analysis(candidate) {
                    context.facts = analysis.facts(candidate.address, candidate.operation);
                    context.dead = analysis.dead_after(candidate.address);
                }
                template::choose(&context, options.templates)
            }
        });
    }
    choices
}

/// What is known of a site without analysis.
fn context(image: &Image, candidate: &Candidate, sized: bool, copied: bool) -> Context {
    let address = candidate.address;
    let pinned = image.pinned.iter().any(|range| range.contains(&address))
        || image
            .edges
            .binary_search_by_key(&address, |edge| edge.from)
            .is_ok();
    Context {
        family: image.family,
        endian: image.endian,
        operation: candidate.operation,
        word: candidate.word,
        facts: Facts::default(),
        dead: cpu::Regs::NONE,
        r2_is_never_r1: image.abi.r2_is_never_r1 && sized,
        in_place_only: if copied {
            Some(Reason::Copied)
        } else {
            pinned.then_some(Reason::Pinned)
        },
    }
}

/// Places the trampolines and writes everything down.
fn place(
    map: &CodeMap,
    target: Target,
    candidates: &[Candidate],
    choices: Vec<Result<Choice, Reason>>,
    options: &Options,
) -> Plan {
    let image = map.image();
    let mut arenas = Arenas::new(&image.areas);
    let mut features = PageFeatures::empty();
    let mut sites = Vec::with_capacity(candidates.len());
    for (candidate, choice) in candidates.iter().zip(choices) {
        let outcome = match choice.and_then(|choice| rewrite(map, candidate, choice, &mut arenas)) {
            Ok(rewrite) => {
                features |= feature(candidate.operation);
                Outcome::Rewritten(rewrite)
            }
            Err(reason) => Outcome::Left(Left {
                reason,
                detail: detail(map, candidate, reason),
            }),
        };
        sites.push(Site {
            address: candidate.address,
            symbol: symbol(image, candidate.address),
            instruction: decode(candidate.word, image.family).text(None).to_string(),
            old: candidate.word,
            outcome,
        });
    }
    // The stub is placed like a trampoline whose site is the word before the entry.
    let stub = options.stub_for.and_then(|entry| {
        let words = stub::words(image.family, features);
        arenas.place(entry.wrapping_sub(4), &words).map(|(_, stub)| stub)
    });
    Plan {
        schema_version: SCHEMA_VERSION,
        target,
        family: image.family,
        endian: image.endian,
        features,
        arenas: arenas.used(),
        stub,
        sites,
    }
}

fn rewrite(
    map: &CodeMap,
    candidate: &Candidate,
    choice: Choice,
    arenas: &mut Arenas,
) -> Result<Rewrite, Reason> {
    let (new, trampoline) = match choice.code {
        Code::InPlace(word) => (word, None),
        Code::Trampoline(words) => {
            let (branch, trampoline) = arenas.place(candidate.address, &words).ok_or(Reason::NoRoom)?;
            (branch, Some(trampoline))
        }
        Code::Subroutine(words) => {
            let placed = arenas
                .place_shared(candidate.address, &words)
                .ok_or(Reason::NoRoom)?;
            (placed.0, Some(placed.1))
        }
    };
    Ok(Rewrite {
        new,
        template: choice.kind,
        shape: choice.shape.to_string(),
        dead: choice.dead,
        known: choice.known,
        trampoline,
        group: candidate.operation.spr().and_then(|spr| spr.group),
        self_patched: map
            .replaced_by(candidate.address)
            .map(|patched| patched.table.to_string()),
    })
}

fn detail(map: &CodeMap, candidate: &Candidate, reason: Reason) -> Option<String> {
    match reason {
        Reason::FeatureAbsent => Some(format!("needs {}", feature(candidate.operation))),
        Reason::Copied => {
            let from = map.copied_by(candidate.address)?;
            Some(format!("{} may copy it over {:#x}", from.table, from.range.start))
        }
        Reason::SprgGroup => candidate
            .operation
            .spr()
            .and_then(|spr| spr.group)
            .map(|group| match group {
                Group::Sprg3To7 => "a site of SPRG3 to SPRG7 is left alone for another reason".to_string(),
            }),
        _ => None,
    }
}

/// The name of an address: the nearest symbol, and the distance from it in bytes, as in `name+0x1c`.
pub fn symbol(image: &Image, address: u64) -> Option<String> {
    let symbol = image.symbol(address)?;
    Some(match address - symbol.address {
        0 => symbol.name.to_string(),
        distance => format!("{}+{distance:#x}", symbol.name),
    })
}
