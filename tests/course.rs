//! The laboratory's courses say the same as the laboratory.

use std::collections::BTreeMap;

use kvm_ppc::deferral::POLICIES;
use magicpage::{Endian, Family};
use ppcpv::race::case::{self, Origin, Target};
use ppcpv::race::course::prepare;
use ppcpv::race::report::Row;
use ppcpv::race::{Options, sweep};

/// What a row says, but for what a course does not know.
fn said(rows: Vec<Row>) -> BTreeMap<String, impl PartialEq + std::fmt::Debug> {
    let said = rows.into_iter().map(|row| {
        let cells = row.cells.iter();
        let cells: Vec<_> = cells
            .map(|cell| (cell.address, cell.missed, cell.duplicated, cell.clobbered))
            .collect();
        (
            row.template,
            (cells, row.late_max > 0, row.deferred, row.extra_exits_max),
        )
    });
    said.collect()
}

#[test]
fn a_course_finds_what_the_laboratory_finds() {
    let subjects = case::subjects();
    for family in [Family::Book3s32, Family::E500] {
        let target = Target {
            family,
            endian: Endian::Big,
        };
        for origin in [Origin::Linux, Origin::Ours] {
            let of_course: Vec<_> = subjects
                .iter()
                .filter(|subject| subject.target == target && subject.origin == origin)
                .cloned()
                .collect();
            for policy in POLICIES {
                let options = Options {
                    policies: vec![*policy],
                    seed: 1,
                    pairs: false,
                };
                let expected = sweep(&options, &of_course, |_| {});
                let course = prepare(*policy, target, origin, &subjects, 1);
                let here = course.here();
                println!(
                    "{} {family} {origin:?}: {} injections, {} bytes",
                    policy.name(),
                    here.injections,
                    course.handover(1).unwrap().len()
                );
                assert_eq!(
                    said(course.rows(&here)),
                    said(expected),
                    "{} {family} {origin:?}",
                    policy.name()
                );
                assert_eq!(course.differences(&here, &here), []);
            }
        }
    }
}
