//! A guest that was saved goes on elsewhere as if nothing had happened: from every instruction, in critical sections
//! too, with interrupts deferred.

mod cli_support;
mod run_guests;

use std::convert::Infallible;

use cli_support::Desk;
use kvm_ppc::deferral::{Hold, POLICIES, Policy};
use kvm_ppc::hardware::Hardware;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{Host, Options, boot};
use ppcpv::run::image::Image;
use ppcpv::run::inject::Injector;
use ppcpv::run::snapshot::{self, SnapshotError};
use ppcpv::run::{End, Guest, Machine, Runner};
use run_guests::{make, make_with};
use vm::Outside;
use vm::runner::Plan;

/// Keeps what the guest prints.
#[derive(Default)]
struct Paper(String);

impl Outside<Machine> for Paper {
    type Error = Infallible;

    fn console(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.push_str(std::str::from_utf8(bytes).unwrap());
        Ok(())
    }
}

/// The counting guest, of a few rounds, with critical sections.
fn image() -> Image {
    let desk = Desk::empty();
    make_with(
        desk.path(),
        "count",
        "count",
        &["-mbroadway", "--defsym", "ROUNDS=6"],
    );
    let options = [
        "--family",
        "book3s-32",
        "--entry-stub",
        "--templates",
        "direct,critical-section",
    ];
    desk.run(&[&["rewrite", "count", "--relayout"][..], &options].concat())
        .expect(0);
    Image::parse(&desk.read("count.pv")).unwrap().0
}

fn start(image: &Image, policy: &'static dyn Policy) -> Guest {
    let options = Options {
        model: Model::of_family(Family::Book3s32),
        endian: Endian::Big,
        board: board::Model::GameCube,
        memory: 1 << 20,
        policy,
        append: "",
        initrd: None,
        host: Host::Named,
        reserved: &[],
        detailed: true,
    };
    boot(image, &options).unwrap()
}

fn injected(guest: Guest) -> Runner {
    Runner::new(guest).injected(Some(Plan {
        interrupts: vec![Interrupt::External],
        rule: "every:13".parse().unwrap(),
        from_begin: false,
    }))
}

/// The same guest with no mappings. They are no part of a snapshot, and when the host is back for one it looks at what
/// waits.
fn unmapped(guest: &Guest) -> Guest {
    let (mut vcpu, mut machine) = (guest.vcpu.clone(), guest.machine.clone());
    vcpu.flush(&mut machine);
    let copy = Guest::new(vcpu, machine);
    if guest.is_entered() {
        copy.reentered()
    } else {
        copy
    }
}

/// Runs a guest to its end, and answers everything about it then.
fn finish(guest: Guest, injectors: &[Injector], printed: &Paper) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut runner = Runner::new(guest).injected_on(injectors.to_vec());
    let mut paper = Paper(printed.0.clone());
    let how = runner.run(&mut paper).unwrap();
    assert_eq!(how, End::Exit { code: 0 });
    let machine = &runner.guest.machine;
    (
        paper.0,
        runner.injections(),
        runner.guest.vcpu.save(),
        (machine.instructions(), machine.timebase()),
        rewriter::elf::digest(machine.memory()),
    )
}

fn check(policy: &'static dyn Policy) -> (usize, usize) {
    let mut first = injected(start(&image(), policy));
    let mut paper = Paper::default();
    let (mut places, mut held) = (0, 0);
    loop {
        let saved = snapshot::read(&snapshot::write(&first.guest).unwrap(), None).unwrap();
        let kept = unmapped(&first.guest);
        let injectors: Vec<Injector> = first.injectors().cloned().collect();
        held += usize::from(matches!(
            first.guest.vcpu.deferral.hold(),
            Some(Hold::Protect(_) | Hold::Step)
        ));
        assert_eq!(
            finish(saved, &injectors, &paper),
            finish(kept, &injectors, &paper),
            "{} from place {places}",
            policy.name()
        );
        places += 1;
        if first.step(&mut paper, 1).unwrap().is_some() {
            return (places, held);
        }
    }
}

/// The promise: a snapshot taken at any instruction resumes elsewhere with nothing lost.
#[test]
fn a_snapshot_taken_at_any_instruction_resumes_with_nothing_lost() {
    for policy in POLICIES {
        let (name, (places, held)) = (policy.name(), check(*policy));
        assert!(places > 300, "{name}: {places} places");
        let holds = matches!(policy.engage(), Hold::Protect(_) | Hold::Step);
        assert_eq!(
            held > 0,
            holds,
            "{name}: {held} of them with an interrupt deferred"
        );
    }
}

#[test]
fn a_guest_is_saved_and_resumed_by_the_command() {
    let desk = Desk::empty();
    make(desk.path(), "count");
    let inject = ["--inject", "random:3:30000", "--format", "json"];
    let start = ["run", "count", "--family", "book3s-32", "--rewrite"];
    let direct = desk.run(&[&start[..], &inject].concat()).json(0);
    let saving = ["--snapshot-at", "1500", "--snapshot", "middle"];
    let saved = desk.run(&[&start[..], &inject, &saving].concat()).json(0);
    let resumed = desk
        .run(&[&["run", "count", "--resume", "middle"][..], &inject].concat())
        .json(0);
    for field in ["console", "instructions", "timebase", "taken", "end", "symbol"] {
        assert_eq!(direct[field], saved[field], "{field}");
        assert_eq!(direct[field], resumed[field], "{field}");
    }
    let elsewhere = ["run", "--resume", "middle", "--policy", "single-step"];
    let elsewhere = desk.run(&[&elsewhere[..], &inject].concat()).json(0);
    assert_eq!(
        (&elsewhere["policy"], &elsewhere["console"]),
        (&"single-step".into(), &direct["console"])
    );
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let desk = Desk::empty();
    make(desk.path(), "hello");
    desk.run(&[
        "run",
        "hello",
        "--family",
        "book3s-32",
        "-q",
        "--snapshot-at",
        "9",
        "--snapshot",
        "good",
    ])
    .expect(0);
    let good = desk.read("good");
    assert!(snapshot::read(&good, None).is_ok());
    let read = |bytes: &[u8]| snapshot::read(bytes, None).unwrap_err();
    assert_eq!(read(b"\x7fELF"), SnapshotError::NotSnapshot);
    for length in (0..good.len()).step_by(good.len() / 50) {
        assert!(
            matches!(
                read(&good[..length]),
                SnapshotError::NotSnapshot | SnapshotError::Damaged(_)
            ),
            "{length}"
        );
    }
    let text = String::from_utf8_lossy(&good).into_owned();
    let other = text.replacen("{\"ppcpv_snapshot\":1,", "{\"ppcpv_snapshot\":2,", 1);
    assert_eq!(read(other.as_bytes()), SnapshotError::Version(2));
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(read(&changed), SnapshotError::Damaged(_)));
    desk.write("changed", &changed);
    let run = desk.run(&["run", "--resume", "changed"]);
    assert!(
        run.status == 2 && run.stderr.contains("the snapshot is damaged"),
        "{}",
        run.stderr
    );
}
