//! A guest that is handed over goes on elsewhere as it would have here.

mod cli_support;
mod run_guests;

use std::fs;

use board::Board;
use cli_support::Desk;
use kvm_ppc::deferral::{DEFAULT, POLICIES, Policy};
use kvm_ppc::hardware::Hardware;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{Host, Options, boot};
use ppcpv::run::image::Image;
use ppcpv::run::{Devices, Guest, Machine};
use run_guests::make;
use vm::handover::{HandoverError, How, Job, Time};
use vm::in_process::handover;
use vm::record::{Record, Recorder};
use vm::runner::Plan;

fn guest(policy: &'static dyn Policy) -> Guest {
    let desk = Desk::empty();
    make(desk.path(), "count");
    let bytes = fs::read(desk.path().join("count")).unwrap();
    let options = Options {
        model: Model::of_family(Family::Book3s32),
        endian: Endian::Big,
        board: board::Model::Plain,
        memory: 1 << 20,
        policy,
        append: "",
        initrd: None,
        host: Host::Named,
        reserved: &[],
        detailed: false,
    };
    boot(&Image::parse(&bytes).unwrap().0, &options).unwrap()
}

fn how() -> How {
    How {
        time: Time::Counted,
        plan: Some(Plan {
            interrupts: vec![Interrupt::External],
            rule: "random:1:20000".parse().unwrap(),
            from_begin: false,
        }),
        limit: Some(10_000_000),
        stale_translations: false,
    }
}

/// What a platform like the machine here makes of a handover.
fn taken_over(bytes: &[u8]) -> (Guest, How) {
    let (job, pages) = Job::read(bytes).unwrap();
    let board: Board = job.start.board.clone();
    let memory = usize::try_from(board.ram_bytes()).unwrap();
    let config = machine::Config {
        ratio: job.start.ratio,
        ..machine::Config::new(Family::Book3s32, memory)
    };
    let mut machine = Machine::with_devices(config, Devices::new(board)).unwrap();
    for (number, page) in job.pages.iter().zip(pages) {
        machine.write(u64::from(*number) << 12, page).unwrap();
    }
    (job.start.onto(machine).unwrap(), job.how)
}

fn records(guest: Guest, how: &How) -> Vec<Record> {
    let mut records = Vec::new();
    Recorder::new(|record| records.push(record)).run(&mut how.runner(guest));
    records
}

#[test]
fn a_guest_handed_over_does_the_same() {
    for policy in POLICIES {
        let guest = guest(*policy);
        let bytes = handover(&guest, how()).unwrap();
        let expected = records(guest, &how());
        assert!(matches!(expected.last(), Some(Record::Ended(_))));
        let taken = expected
            .iter()
            .filter(|record| matches!(record, Record::Taken { .. }));
        assert!(taken.count() > 20);
        let (there, how) = taken_over(&bytes);
        assert_eq!(records(there, &how), expected, "{}", policy.name());
    }
}

#[test]
fn records_are_lines_of_json() {
    for record in records(guest(DEFAULT), &how()) {
        let line = serde_json::to_string(&record).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }
}

#[test]
fn what_is_no_handover_is_refused() {
    let bytes = handover(&guest(DEFAULT), how()).unwrap();
    let error = |bytes: &[u8]| Job::read(bytes).unwrap_err();
    assert_eq!(error(b""), HandoverError::Missing);
    assert_eq!(error(&bytes[1..]), HandoverError::Missing);
    let mut other = bytes.clone();
    other[11] = 9;
    assert_eq!(error(&other), HandoverError::Version(9));
    for length in [8, 15, 16, 100, bytes.len() - 1] {
        assert_eq!(error(&bytes[..length]), HandoverError::Damaged, "{length}");
    }
}
