//! The race laboratory's findings: where the race is, and where it is not.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kvm_ppc::deferral::{POLICIES, Policy, from_name};
use kvm_ppc::interrupt::Interrupt;
use magicpage::msr;
use ppcpv::race::case::{self, Case, Origin, Setting, Subject};
use ppcpv::race::replay::{Token, replay};
use ppcpv::race::report::Row;
use ppcpv::race::sweep::Bench;
use ppcpv::race::tickless::tickless;
use ppcpv::race::{Options, sweep};

const SEED: u64 = 1;

fn policy(name: &str) -> &'static dyn Policy {
    from_name(name).expect("the policy exists")
}

/// The rows of the sweep under every policy, which is made once.
fn rows(name: &str) -> Vec<&'static Row> {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let options = Options {
            policies: POLICIES.to_vec(),
            seed: SEED,
            pairs: false,
        };
        sweep(&options, &case::subjects(), |_| {})
    });
    ROWS.iter()
        .filter(|row| row.policy == policy(name).name())
        .collect()
}

/// The boundaries, by number of instructions from the site, at which an interrupt is missed under a policy.
fn losing(name: &str, template: &str, kind: Interrupt, setting: Setting) -> BTreeMap<String, Vec<u32>> {
    let mut losing = BTreeMap::new();
    let is_meant = |subject: &&Subject| subject.origin == Origin::Linux && subject.template == template;
    for subject in case::subjects().iter().filter(is_meant) {
        let mut bench = Bench::new(subject.target, subject.origin, policy(name));
        let expected = bench
            .expected(subject, setting, SEED)
            .expect("the shape does what the instruction does");
        let case = Case {
            subject,
            setting,
            kind,
        };
        let mut missed = Vec::new();
        bench.each_boundary(&case, &expected, |injection| {
            if injection.verdict.missed {
                missed.push(injection.step);
            }
        });
        losing.insert(
            format!("{} {:#x}", subject.target.name(), subject.original),
            missed,
        );
    }
    assert!(!losing.is_empty(), "Linux has a shape called {template}");
    losing
}

const EE_ON: Setting = Setting {
    before: 0,
    asked: msr::EE,
    other: 0,
};
const EE_STAYS_ON: Setting = Setting {
    before: msr::EE,
    asked: msr::EE,
    other: 0,
};

/// The detector finds the race where it is: behind the load of `int_pending` up to the store that ends the section.
#[test]
fn legacy_loses_seven_boundaries_of_every_shape_that_enables() {
    for template in ["mtmsr", "mtmsrd", "mtmsrd-1", "wrtee", "wrteei-1"] {
        for kind in [Interrupt::External, Interrupt::Decrementer] {
            for (subject, steps) in losing("legacy", template, kind, EE_ON) {
                assert_eq!(steps.len(), 7, "{template}, {subject}: {steps:?}");
                assert!(
                    steps.windows(2).all(|pair| pair[0] + 1 == pair[1]),
                    "{subject}: one window"
                );
            }
        }
    }
}

#[test]
fn legacy_loses_nothing_where_interrupts_go_off() {
    for before in [0, msr::EE] {
        let setting = Setting {
            before,
            asked: 0,
            other: 0,
        };
        for (subject, steps) in losing("legacy", "wrteei-0", Interrupt::External, setting) {
            assert!(steps.is_empty(), "{subject}: {steps:?}");
        }
    }
}

/// From behind the store that opens the section to in front of the one that closes it: 14 of 17 instructions.
#[test]
fn legacy_loses_the_whole_section_of_mtsrin() {
    for (subject, steps) in losing("legacy", "mtsrin", Interrupt::External, EE_STAYS_ON) {
        assert_eq!(steps, (2..16).collect::<Vec<u32>>(), "{subject}");
    }
}

#[test]
fn legacy_rows_say_the_same() {
    let rows = rows("legacy");
    let linux: BTreeMap<&str, usize> = rows
        .iter()
        .filter(|row| row.shape == Origin::Linux)
        .map(|row| (row.template.as_str(), row.missed))
        .collect();
    let expected = [
        ("mtmsr", 7),
        ("mtmsrd", 7),
        ("mtmsrd-1", 7),
        ("mtsrin", 14),
        ("wrtee", 7),
        ("wrteei-0", 0),
        ("wrteei-1", 7),
    ];
    assert_eq!(linux, BTreeMap::from(expected));
    // Machine checks and resets use the scratch space of what they interrupt.
    assert!(
        rows.iter()
            .filter(|row| row.shape == Origin::Linux)
            .all(|row| row.clobbered > 0)
    );
}

/// Templates with no section have no race, on any host.
#[test]
fn promise_1_and_2_templates_without_a_section_are_clean_under_legacy() {
    let without = |row: &Row| {
        ["direct", "idiom", "free-register"]
            .iter()
            .any(|kind| row.template.ends_with(kind))
    };
    let rows = rows("legacy");
    let ours: Vec<&&Row> = rows
        .iter()
        .filter(|row| row.shape == Origin::Ours)
        .filter(|row| without(row))
        .collect();
    assert!(ours.len() > 15, "{} templates", ours.len());
    for row in ours {
        assert!(row.is_clean(), "{row:?}");
    }
}

/// Nothing missed, duplicated, late or clobbered: every policy that promises so, every shape, every boundary, machine
/// checks and resets included.
#[test]
fn promise_1_and_2_nothing_is_missed_late_duplicated_or_clobbered() {
    for name in [
        "store-trap",
        "emulate-forward",
        "single-step",
        "split-critical",
        "notification-page",
    ] {
        let rows = rows(name);
        assert!(rows.iter().map(|row| row.injections).sum::<u64>() > 300_000);
        for row in rows {
            assert!(row.is_clean(), "{row:?}");
            assert_eq!(row.late_max, 0);
        }
    }
}

/// A second interrupt at every boundary behind the first, in handlers too.
#[test]
fn promise_1_and_2_hold_for_pairs_of_interrupts() {
    let subjects = case::subjects();
    let mut templates = BTreeMap::new();
    for subject in &subjects {
        templates
            .entry((subject.target.name(), subject.origin, subject.template.clone()))
            .or_insert(subject);
    }
    // One of each template; the long run takes all.
    let some: Vec<Subject> = templates.into_values().step_by(7).cloned().collect();
    let options = Options {
        policies: vec![policy("store-trap"), policy("emulate-forward")],
        seed: SEED,
        pairs: true,
    };
    for row in sweep(&options, &some, |_| {}) {
        assert!(row.is_clean(), "{row:?}");
    }
}

/// The hand-off trusts the guest to look, and `mtsr` and `mtsrin` never do.
#[test]
fn hand_off_fails_on_segment_registers_only() {
    for row in rows("store-trap-hand-off") {
        let never_looks = row.template.starts_with("mtsr") && !row.template.ends_with("free-register");
        assert_eq!(row.missed > 0, never_looks, "{row:?}");
        assert_eq!((row.clobbered, row.duplicated), (0, 0), "{row:?}");
    }
}

#[test]
fn a_tickless_guest_never_wakes_under_legacy_and_always_otherwise() {
    for policy in POLICIES {
        let guest = tickless(*policy, SEED);
        let asleep = if policy.name() == "legacy" { 7 } else { 0 };
        assert_eq!(guest.asleep, asleep, "{guest:?}");
    }
}

/// What a policy costs an interrupt that waits for the end of a section.
#[test]
fn emulate_forward_adds_no_exit_and_the_pages_of_their_own_add_one() {
    for (name, most) in [
        ("emulate-forward", 0),
        ("split-critical", 1),
        ("notification-page", 1),
        ("store-trap", 5),
    ] {
        for row in rows(name) {
            assert!(row.extra_exits_max <= most, "{row:?}");
        }
    }
}

/// A finding can be looked at again, and is found again.
#[test]
fn every_finding_replays() {
    for row in rows("legacy").iter().filter(|row| !row.is_clean()) {
        let token: Token = row
            .replay
            .as_deref()
            .expect("a finding has a token")
            .parse()
            .expect("it is a token");
        assert_eq!(Some(token.to_string()), row.replay);
        let replay = replay(&token).expect("it names an injection");
        assert!(replay.missed || replay.clobbered, "{token}: {replay:?}");
    }
}

#[test]
fn the_seed_changes_nothing_but_values() {
    let subjects = case::subjects();
    let options = Options {
        policies: vec![policy("store-trap")],
        seed: 2,
        pairs: false,
    };
    for row in sweep(&options, &subjects, |_| {}) {
        assert!(row.is_clean(), "{row:?}");
    }
}
