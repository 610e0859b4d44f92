//! What can be read off a plan.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use cpu::{Flow, Via, decode};
use magicpage::{critical, layout};

use super::Finding;
use crate::asm::{branch, call};
use crate::build::feature;
use crate::classify::classify;
use crate::image::Image;
use crate::plan::{Outcome, Plan, Reason, Rewrite, Site, Trampoline};

/// Everything that is wrong with the form of a plan.
pub fn check(image: &Image, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |address, problem: Result<(), String>| {
        findings.extend(problem.err().map(|problem| Finding { address, problem }));
    };
    for site in &plan.sites {
        say(site.address, old_word(image, site));
        if let Some(rewrite) = site.rewrite() {
            say(site.address, new_word(image, plan, site, rewrite));
        }
    }
    for (address, problem) in overlaps(image, plan).into_iter().chain(groups(image, plan)) {
        say(address, Err(problem));
    }
    findings
}

fn old_word(image: &Image, site: &Site) -> Result<(), String> {
    match image.word(site.address) {
        Some(word) if word == site.old => Ok(()),
        Some(word) => Err(format!(
            "the image has {word:#010x}, the plan says {:#010x}",
            site.old
        )),
        None => Err("the image has no code there".into()),
    }
}

fn new_word(image: &Image, plan: &Plan, site: &Site, rewrite: &Rewrite) -> Result<(), String> {
    let operation =
        classify(site.old, plan.family).ok_or("the old word is no operation that the page serves")?;
    if !plan.features.contains(feature(operation)) {
        return Err("the plan does not name the page feature that the site needs".into());
    }
    let Some(trampoline) = &rewrite.trampoline else {
        return match decode(rewrite.new, plan.family).flow(site.address) {
            Flow::Next => Ok(()),
            _ => Err("the new word leaves the site, and there is no trampoline".into()),
        };
    };
    let called = call(site.address, trampoline.address) == Some(rewrite.new);
    if !called && branch(site.address, trampoline.address) != Some(rewrite.new) {
        return Err(format!(
            "the new word is no branch to the trampoline at {:#x}",
            trampoline.address
        ));
    }
    ways_out(plan, site, trampoline, called)?;
    order_of_stores(plan, trampoline)?;
    let inside = plan.arenas.iter().any(|arena| {
        trampoline.address >= arena.address && end(trampoline) <= arena.address.saturating_add(arena.size)
    });
    let in_area = image
        .areas
        .iter()
        .any(|area| area.range.start <= trampoline.address && end(trampoline) <= area.range.end);
    if inside && in_area {
        Ok(())
    } else {
        Err("the trampoline is not within an arena of the image".into())
    }
}

fn end(trampoline: &Trampoline) -> u64 {
    trampoline
        .address
        .saturating_add(4 * trampoline.words.len() as u64)
}

/// Every way out of a trampoline leads behind its site, by a return where the site calls it, and its last word does
/// not fall out of it.
fn ways_out(plan: &Plan, site: &Site, trampoline: &Trampoline, called: bool) -> Result<(), String> {
    let mut falls_out = true;
    for (index, word) in trampoline.words.iter().enumerate() {
        let address = trampoline.address.wrapping_add(4 * index as u64);
        match decode(*word, plan.family).flow(address) {
            Flow::Next => falls_out = true,
            Flow::Branch {
                target,
                conditional,
                link: false,
            } => {
                let within = (trampoline.address..end(trampoline)).contains(&target);
                if !within && (called || target != site.address.wrapping_add(4)) {
                    return Err(format!("the branch at {address:#x} goes to {target:#x}"));
                }
                falls_out = conditional;
            }
            Flow::Indirect {
                via: Via::Lr,
                conditional,
                link: false,
            } if called => falls_out = conditional,
            _ => {
                return Err(format!(
                    "the word {word:#010x} at {address:#x} does not belong into a trampoline"
                ));
            }
        }
    }
    if falls_out {
        Err("the trampoline runs out behind its last word".into())
    } else {
        Ok(())
    }
}

/// Every store to the page stands before int_pending is read, except the one that ends the section.
fn order_of_stores(plan: &Plan, trampoline: &Trampoline) -> Result<(), String> {
    let size = plan.family.word_size();
    let displacement =
        |field: layout::Field| field.offset_in(plan.endian, size).displacement().cast_unsigned();
    let (pending, section) = (displacement(layout::INT_PENDING), displacement(critical::FIELD));
    let mut read = false;
    for word in &trampoline.words {
        let is_store = matches!(word >> 26, 36 | 62);
        if read && is_store && word & 0xffff != u32::from(section) {
            return Err(format!(
                "the store {word:#010x} stands behind the load of int_pending"
            ));
        }
        read |= word >> 26 == 32 && word & 0xffff == u32::from(pending);
    }
    Ok(())
}

/// Words that two parts of the plan claim, and trampolines on top of code.
fn overlaps(image: &Image, plan: &Plan) -> Vec<(u64, String)> {
    let mut problems = Vec::new();
    let rewritten = plan.sites.iter().filter(|site| site.rewrite().is_some());
    let mut claims: BTreeMap<u64, u64> = rewritten
        .map(|site| (site.address, site.address.saturating_add(4)))
        .collect();
    let plan_trampolines = plan.trampolines();
    let stub = plan.stub.iter().map(|stub| (stub.address, (stub, 0)));
    for (address, (trampoline, _)) in plan_trampolines.clone().into_iter().chain(stub) {
        if claims.insert(address, end(trampoline)).is_some() {
            problems.push((address, "a trampoline stands at a site".into()));
        }
    }
    for site in &plan.sites {
        let Some(trampoline) = site.rewrite().and_then(|rewrite| rewrite.trampoline.as_ref()) else {
            continue;
        };
        if claims.get(&trampoline.address) != Some(&end(trampoline)) {
            problems.push((
                trampoline.address,
                "two trampolines of different length have this address".into(),
            ));
        }
    }
    let mut last = 0;
    for (start, end) in &claims {
        if *start < last {
            problems.push((*start, "overlaps what stands before it".into()));
        }
        last = last.max(*end);
    }
    for (trampoline, _) in plan.trampolines().into_values() {
        let covered = (trampoline.address..end(trampoline)).step_by(4);
        if let Some(taken) = covered
            .into_iter()
            .find(|address| image.word(*address).is_some_and(|word| word != 0))
        {
            problems.push((
                taken,
                "a trampoline covers a word of the image that is not zero".into(),
            ));
        }
    }
    problems
}

/// Registers of a group are rewritten all or none, words aside that are no code or cannot run.
fn groups(image: &Image, plan: &Plan) -> Vec<(u64, String)> {
    let mut members: BTreeMap<u8, (Option<u64>, Option<u64>)> = BTreeMap::new();
    for site in &plan.sites {
        let spr = classify(site.old, plan.family).and_then(crate::classify::Operation::spr);
        let Some(group) = spr.and_then(|spr| spr.group) else {
            continue;
        };
        let entry = members.entry(group as u8).or_default();
        match site.rewrite() {
            Some(_) => entry.0 = Some(site.address),
            None if has_reason(site, Reason::Unreferenced) => {}
            None if is_in_function(image, site.address) && has_reason(site, Reason::Data) => {}
            None => entry.1 = Some(site.address),
        }
    }
    let mixed = members
        .values()
        .filter_map(|(rewritten, left)| rewritten.zip(*left));
    mixed
        .map(|(rewritten, left)| {
            (
                left,
                format!("left alone, but {rewritten:#x} of the same group is rewritten"),
            )
        })
        .collect()
}

fn has_reason(site: &Site, reason: Reason) -> bool {
    matches!(&site.outcome, Outcome::Left(left) if left.reason == reason)
}

fn is_in_function(image: &Image, address: u64) -> bool {
    image.symbol(address).is_some_and(|symbol| {
        symbol.kind == crate::image::SymbolKind::Function && address < symbol.address + symbol.size
    })
}
