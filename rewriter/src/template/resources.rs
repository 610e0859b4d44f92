//! What a trampoline may use at a site.
//!
//! Best is what is dead there. What is not dead is borrowed: kept meanwhile in something that is dead (another
//! register, CTR or LR), or in the page's scratch space, which takes a critical section.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use cpu::Regs;

use super::Context;
use super::shape::{Form, Shape};
use crate::classify::Operation;

/// Where a borrowed resource is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nowhere: it is dead.
    Dead,
    /// In a dead general register.
    Register(u8),
    /// In CTR, which is dead.
    Ctr,
    /// In LR, which is dead.
    Lr,
    /// In the page.
    Page,
}

/// A register whose store ends the section, because it differs from r1 then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// There is no section, or no such register.
    None,
    /// r2, which the calling convention keeps apart from the stack pointer.
    R2,
    /// The work register, which is dead: r1 + 1 is put into it.
    Work,
}

/// What a trampoline uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Register to work with.
    pub work: u8,
    /// Where its value is kept.
    pub work_kept: Keep,
    /// Condition register field, if one is needed.
    pub flags: Option<u8>,
    /// Where its value is kept.
    pub flags_kept: Keep,
    /// What ends the critical section.
    pub marker: Marker,
    /// Whether LR is dead and free: the site can then call its trampoline, and sites that need the same code share it.
    pub linked: bool,
}

/// Registers that no trampoline changes, dead or not: the stack pointer, which interrupts use and the critical
/// section is told by, and the two registers that calling conventions reserve.
const UNTOUCHED: Regs = Regs::gpr(1).union(Regs::gpr(2)).union(Regs::gpr(13));

/// Registers to work with, in the order in which they are asked for: volatile ones first.
const WORK_ORDER: [u8; 29] = [
    0, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15,
    14,
];

/// Fields of the condition register, in the order in which they are asked for: a record form sets field 0.
const FLAGS_ORDER: [u8; 8] = [0, 7, 6, 5, 1, 4, 3, 2];

impl Resources {
    /// What the shape needs, without touching the page: all of it dead, or kept in something dead.
    pub fn free(shape: &Shape, context: &Context) -> Option<Self> {
        let resources = Self::cheapest(shape, context);
        let in_page = [resources.work_kept, resources.flags_kept].contains(&Keep::Page);
        (!in_page).then_some(resources)
    }

    /// What the shape needs, as much of it dead as can be, the rest saved in the page.
    pub fn saved(shape: &Shape, context: &Context) -> Self {
        let mut resources = Self::cheapest(shape, context);
        resources.marker = match resources.work_kept {
            _ if context.r2_is_never_r1 => Marker::R2,
            Keep::Dead => Marker::Work,
            _ => Marker::None,
        };
        resources
    }

    fn cheapest(shape: &Shape, context: &Context) -> Self {
        let mut spare = Spare { dead: context.dead };
        let usable = |register: &u8| !operands(context).contains(Regs::gpr(*register));
        let base = |register: &u8| *register != 0 || shape.form != Form::BaseAndFlags;
        let mut order = WORK_ORDER.into_iter().filter(usable).filter(base);
        let dead = order
            .clone()
            .find(|register| context.dead.contains(Regs::gpr(*register)));
        let work = dead.or_else(|| order.next()).unwrap_or(WORK_ORDER[1]);
        spare.dead = spare.dead - Regs::gpr(work) - operands(context) - UNTOUCHED;
        let work_kept = if dead.is_some() {
            Keep::Dead
        } else {
            spare.special()
        };
        let (flags, flags_kept) = match shape.form {
            Form::InPlace | Form::Work => (None, Keep::Dead),
            Form::WorkAndFlags | Form::BaseAndFlags => spare.flags(context.dead),
        };
        let linked = spare.dead.contains(Regs::LR);
        Self {
            work,
            work_kept,
            flags,
            flags_kept,
            marker: Marker::None,
            linked,
        }
    }

    /// Names of what is used because it is dead.
    pub fn dead_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut add = |keep: Keep, name: String| match keep {
            Keep::Dead => names.push(name),
            Keep::Register(register) => names.push(format!("r{register}")),
            Keep::Ctr => names.push("ctr".to_string()),
            Keep::Lr => names.push("lr".to_string()),
            Keep::Page => {}
        };
        add(self.work_kept, format!("r{}", self.work));
        if let Some(field) = self.flags {
            add(self.flags_kept, format!("cr{field}"));
        }
        if self.linked {
            names.push("lr".to_string());
        }
        names
    }
}

/// The registers that the site's instruction names: it may have to be executed after all.
fn operands(context: &Context) -> Regs {
    let mut operands: Regs = context.operation.source().map(Regs::gpr).into_iter().collect();
    if let Operation::WriteSegmentIndirect { rb, .. } = context.operation {
        operands |= Regs::gpr(rb);
    }
    if let Some((copy, _)) = context.facts.copy {
        operands |= Regs::gpr(copy);
    }
    operands | UNTOUCHED
}

/// Dead resources that are still unused.
struct Spare {
    dead: Regs,
}

impl Spare {
    /// A place for a borrowed general register: CTR or LR.
    fn special(&mut self) -> Keep {
        for (regs, keep) in [(Regs::CTR, Keep::Ctr), (Regs::LR, Keep::Lr)] {
            if self.dead.contains(regs) {
                self.dead = self.dead - regs;
                return keep;
            }
        }
        Keep::Page
    }

    /// A field of the condition register, and a place for it if it is borrowed.
    fn flags(&mut self, dead: Regs) -> (Option<u8>, Keep) {
        if let Some(field) = FLAGS_ORDER
            .into_iter()
            .find(|field| dead.contains(Regs::cr(*field)))
        {
            return (Some(field), Keep::Dead);
        }
        let register = WORK_ORDER
            .into_iter()
            .find(|register| self.dead.contains(Regs::gpr(*register)));
        (Some(0), register.map_or_else(|| self.special(), Keep::Register))
    }
}
