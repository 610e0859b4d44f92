//! The text before rewriting, after it, and after running: nothing changes but the words that were planned.

use alloc::vec::Vec;
use core::ops::Range;

use super::Setting;
use crate::console::report;
use crate::privileged::time;
use crate::{control, hypercall, irq, pv, text};

/// Where a word may have changed.
const PARTS: [(&str, fn() -> Range<usize>); 4] = [
    ("vectors", text::vectors),
    ("kernel", text::kernel),
    ("text", rest),
    ("trampolines", text::trampolines),
];

/// The text that has no privileged instruction.
fn rest() -> Range<usize> {
    text::kernel().end..text::text().end
}

/// Sums the text, runs for a while, sums again, and compares every planned word.
pub fn run(setting: &Setting) -> bool {
    let rewritten = sums();
    let restored = restored_sum(setting);
    let outside = pv::ours::outside();
    control::begin();
    for _ in 0..setting.count {
        irq::enable();
        irq::disable();
    }
    let started = time();
    let after = sums();
    let ticks = time().wrapping_sub(started);
    let mut good = rewritten == after;
    for ((name, range), sum) in PARTS.iter().zip(after) {
        let range = range();
        let changes = setting.pv.changes.iter();
        let within = changes
            .filter(|change| range.contains(&pv::address(change.address)))
            .count();
        report!(format_args!("sum_{name}"), format_args!("{sum:#010x}"));
        report!(format_args!("changed_{name}"), within);
    }
    let mut changes = setting.pv.changes.iter();
    let planned = changes.all(|change| text::read(pv::address(change.address)) == change.new);
    report!("as_planned", planned);
    report!("sum_before", format_args!("{:#010x}", setting.pv.before));
    report!("sum_without_changes", format_args!("{restored:#010x}"));
    report!("only_planned", restored == setting.pv.before);
    report!("sum_ticks", ticks);
    report!("privileged_elsewhere", outside);
    good &= outside == 0 && planned && restored == setting.pv.before;
    good
}

fn sums() -> [u32; PARTS.len()] {
    PARTS.map(|(_, range)| text::checksum(range()))
}

/// The sum that the text would have if every planned word, and those of the hypercall, were as they were.
fn restored_sum(setting: &Setting) -> u32 {
    const NOP: u32 = 0x6000_0000;
    let mut changes: Vec<(usize, u32)> = setting
        .pv
        .changes
        .iter()
        .map(|change| (pv::address(change.address), change.old))
        .collect();
    changes.sort_unstable();
    let mut changes = changes.into_iter().peekable();
    text::words().fold(text::SUM, |sum, address| {
        let word = match changes.next_if(|(changed, _)| *changed == address) {
            Some((_, old)) => old,
            None if hypercall::words().contains(&address) => NOP,
            None => text::read(address),
        };
        text::add(sum, word)
    })
}
