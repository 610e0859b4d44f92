//! A moment between two instructions, and what has changed since the last one: in the page, and by the host.

use cpu::decode;
use kvm_ppc::deferral::Hold;
use kvm_ppc::hardware::{Hardware, Shared};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::statistics::Reason;
use kvm_ppc::vcpu::{Supervisor, Taken};
use magicpage::{layout, msr};
use serde::Serialize;

use super::world::World;

/// One instruction of a replay.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Address of the instruction.
    pub address: u64,
    /// Its text.
    pub instruction: String,
    /// The guest's MSR\[EE\] in front of it.
    pub ee: bool,
    /// Whether it stands in a critical section.
    pub critical: bool,
    /// The page's `int_pending`.
    pub pending: bool,
    /// What keeps the guest from leaving a section unseen.
    pub hold: Option<&'static str>,
    /// The fields of the page that have changed since the last step; in the first step all that are not zero.
    pub page: Vec<Field>,
    /// What happened in front of it, in order: exits, interrupts raised, the host's decisions.
    pub events: Vec<String>,
}

/// A field of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name; of a segment register, with its number.
    pub name: String,
    /// What is in it: the guest's word.
    pub value: u64,
}

/// Fields as a text.
pub fn changes(fields: &[Field]) -> String {
    let texts: Vec<String> = fields
        .iter()
        .map(|field| format!("{}={:x}", field.name, field.value))
        .collect();
    texts.join(" ")
}

/// Exits that say nothing about the guest: they depend on what the host has mapped before, and on where it was stopped.
const UNSEEN: [Reason; 2] = [Reason::Shadow, Reason::Host];

/// Knows the last moment.
#[derive(Default)]
pub struct Watch {
    page: Vec<Field>,
    exits: Vec<u64>,
    hold: Option<Hold>,
    taken: Option<Taken>,
}

impl Watch {
    /// The moment that a guest is in; `raised` are the interrupts that were raised in it.
    pub fn step(&mut self, world: &World, raised: &[Interrupt]) -> Step {
        let mut events = self.exits(world);
        events.extend(raised.iter().map(|kind| format!("{} raised", kind.name())));
        events.extend(self.hold(world));
        events.extend(self.taken(world));
        let supervisor = &world.vcpu.supervisor;
        let pc = world.vcpu.state.pc;
        Step {
            address: pc,
            instruction: instruction(world),
            ee: world.vcpu.msr(&world.machine) & msr::EE != 0,
            critical: world.vcpu.in_section(&world.machine),
            pending: supervisor.field(&world.machine, layout::INT_PENDING) != 0,
            hold: self.hold.map(Hold::name),
            page: self.page(world),
            events,
        }
    }

    fn exits(&mut self, world: &World) -> Vec<String> {
        let now: Vec<u64> = Reason::ALL
            .iter()
            .map(|reason| world.vcpu.statistics.of(*reason))
            .collect();
        let before = std::mem::replace(&mut self.exits, now);
        let changes = Reason::ALL.iter().zip(self.exits.iter().zip(&before));
        changes
            .filter(|(reason, (now, before))| now > before && !UNSEEN.contains(reason))
            .map(|(reason, _)| format!("exit: {}", reason.name()))
            .collect()
    }

    fn hold(&mut self, world: &World) -> Option<String> {
        let now = world.vcpu.deferral.hold();
        if std::mem::replace(&mut self.hold, now) == now {
            return None;
        }
        Some(Hold::decision(now).into())
    }

    fn taken(&mut self, world: &World) -> Option<String> {
        let now = world.vcpu.taken;
        if std::mem::replace(&mut self.taken, now) == now {
            return None;
        }
        now.map(|taken| format!("{} taken at {:#x}", taken.interrupt.name(), taken.address))
    }

    fn page(&mut self, world: &World) -> Vec<Field> {
        let before = std::mem::replace(&mut self.page, fields(world));
        let is_same = |(number, field): &(usize, &Field)| match before.get(*number) {
            Some(before) => before.value == field.value,
            None => field.value == 0,
        };
        let changed = self.page.iter().enumerate().filter(|field| !is_same(field));
        changed.map(|(_, field)| field.clone()).collect()
    }
}

fn instruction(world: &World) -> String {
    let Supervisor { endian, model, .. } = &world.vcpu.supervisor;
    let pc = world.vcpu.state.pc;
    let at = usize::try_from(pc).unwrap_or(usize::MAX);
    let bytes = world.machine.memory().get(at..).and_then(<[u8]>::first_chunk);
    let word = endian.read_u32(*bytes.unwrap_or(&[0; 4]));
    decode(word, model.family).text(Some(pc)).to_string()
}

/// Every field of the page; `critical` is that of the page in which the policy has it.
fn fields(world: &World) -> Vec<Field> {
    let World { vcpu, machine } = world;
    let layout = vcpu.supervisor.layout();
    let page = |field: layout::Field| {
        let is_second = field == layout::CRITICAL && vcpu.page().is_some_and(|page| page.second);
        machine.shared(if is_second {
            vcpu.deferral.policy.section()
        } else {
            Shared::Magic
        })
    };
    let mut fields = Vec::new();
    for field in layout::FIELDS {
        if *field == layout::SR {
            fields.extend((0..16).map(|index| Field {
                name: format!("sr[{index}]"),
                value: layout.segment(page(*field), index).into(),
            }));
        } else {
            fields.push(Field {
                name: field.name.into(),
                value: layout.read_part(page(*field), *field, layout::Part::Word),
            });
        }
    }
    fields
}
