//! Runs rewritten code beside the operation's definition.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use cpu::exec::Stop;
use cpu::exec::execute;
use cpu::state::State;
use cpu::{Flow, Ins, Regs, decode};
use magicpage::layout;
use magicpage::msr::EE;

use super::Effort;
use super::model::World;
use super::states::{CORNERS, Random, Setting};
use crate::classify::{Operation, classify};
use crate::plan::{Known, Plan, Rewrite, Site, TemplateKind};

/// Instructions that one pass through a trampoline may take.
const LIMIT: usize = 64;

/// States of a site whose code, but for its place, was executed in all states at another site before.
const REPEATED: u32 = 4;

/// States in which every instruction boundary is interrupted.
const INTERRUPTED: u32 = CORNERS / 2;

/// How many instructions a shape takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Shape {
    /// Kind of template.
    pub template: TemplateKind,
    /// Name of the shape; with `, borrowing` where a register or field is not dead and is kept in something that is.
    pub shape: String,
    /// Sites that have it.
    pub sites: usize,
    /// Instructions executed at most when nothing waits and the host is not needed, entry branch included.
    pub executed: usize,
    /// Instructions executed at most.
    pub executed_max: usize,
    /// Words of trampoline at most.
    pub words: usize,
}

/// What was executed so far.
#[derive(Default)]
pub struct Executed {
    executions: u64,
    shapes: BTreeMap<(TemplateKind, String), Shape>,
    /// Code that was executed in all states.
    seen: BTreeSet<Placeless>,
}

/// A site's code but for its place: old word, new words without the branches there and back, what is dead, what is
/// known.
type Placeless = (u32, Vec<u32>, Vec<String>, Option<Known>);

/// The code of one site, decoded.
struct Code<'p> {
    site: &'p Site,
    operation: Operation,
    /// The new word, then the trampoline.
    words: Vec<(u64, Ins)>,
    kind: TemplateKind,
    dead: Regs,
}

/// What a run did.
struct Run {
    executed: usize,
    trapped: bool,
}

impl Executed {
    /// How many times code was executed.
    pub fn executions(&self) -> u64 {
        self.executions
    }

    /// Instructions executed, by shape.
    pub fn into_shapes(self) -> Vec<Shape> {
        self.shapes.into_values().collect()
    }

    /// Executes one site in all its states; what is wrong, if anything is.
    pub fn site(&mut self, plan: &Plan, site: &Site, rewrite: &Rewrite, effort: Effort) -> Option<String> {
        let code = match Code::new(plan, site, rewrite) {
            Ok(code) => code,
            Err(problem) => return Some(problem),
        };
        let setting = Setting {
            operation: code.operation,
            known: rewrite.known.as_ref(),
            family: plan.family,
            endian: plan.endian,
            relies_on_r2: code.ends_section_with_r2(plan),
        };
        let words = rewrite
            .trampoline
            .as_ref()
            .map_or(0, |trampoline| trampoline.words.len());
        let key = (rewrite.template, code.described(rewrite));
        let shape = self.shapes.entry(key.clone()).or_insert_with(|| Shape {
            template: key.0,
            shape: key.1,
            sites: 0,
            executed: 0,
            executed_max: 0,
            words: 0,
        });
        shape.sites += 1;
        shape.words = shape.words.max(words);
        let mut random = Random::new(effort.seed ^ site.address);
        let new = self
            .seen
            .insert((site.old, code.placeless(), rewrite.dead.clone(), rewrite.known));
        let repeated = u32::try_from(site.address / 4 % u64::from(CORNERS)).unwrap_or(0);
        let indices = if new {
            0..CORNERS + effort.random_states
        } else {
            repeated..repeated + REPEATED
        };
        for index in indices {
            let (state, world) = setting.state(index, &mut random);
            let run = match code.check(&state, &world) {
                Ok(run) => run,
                Err(problem) => return Some(problem),
            };
            self.executions += 1;
            shape.executed_max = shape.executed_max.max(run.executed);
            if !run.trapped && !world.waiting {
                shape.executed = shape.executed.max(run.executed);
            }
            if new && index < INTERRUPTED {
                for boundary in 1..run.executed {
                    if let Err(problem) = code.check_interrupted(&state, &world, boundary) {
                        return Some(problem);
                    }
                    self.executions += 1;
                }
            }
        }
        None
    }
}

impl<'p> Code<'p> {
    fn new(plan: &Plan, site: &'p Site, rewrite: &Rewrite) -> Result<Self, String> {
        let operation =
            classify(site.old, plan.family).ok_or("the old word is no operation that the page serves")?;
        let mut words = Vec::from([(site.address, decode(rewrite.new, plan.family))]);
        if let Some(trampoline) = &rewrite.trampoline {
            let placed = trampoline.words.iter().enumerate();
            words.extend(placed.map(|(index, word)| {
                (
                    trampoline.address.wrapping_add(4 * index as u64),
                    decode(*word, plan.family),
                )
            }));
        }
        let dead = rewrite
            .dead
            .iter()
            .map(|name| resource(name).ok_or_else(|| format!("no register `{name}`")));
        let dead = dead.collect::<Result<Vec<Regs>, String>>()?.into_iter().collect();
        Ok(Self {
            site,
            operation,
            words,
            kind: rewrite.template,
            dead,
        })
    }

    /// The shape's name, and whether it borrows: uses something dead just to keep something that is not.
    fn described(&self, rewrite: &Rewrite) -> String {
        let keeps = |word: u32| {
            let moves = word & 0xfc1f_ffff;
            [MFCR, MTCTR, MTLR].contains(&moves)
        };
        let borrows =
            self.kind == TemplateKind::FreeRegister && self.words.iter().any(|(_, ins)| keeps(ins.word));
        if borrows {
            format!("{}, borrowing", rewrite.shape)
        } else {
            rewrite.shape.clone()
        }
    }

    /// The words, without those that depend on where they stand.
    fn placeless(&self) -> Vec<u32> {
        let goes_out = |address: u64, ins: Ins| match ins.flow(address) {
            Flow::Branch { target, .. } => {
                self.words.len() > 1 && self.fetch(target).is_none() || address == self.site.address
            }
            _ => false,
        };
        self.words
            .iter()
            .filter(|(address, ins)| !goes_out(*address, *ins))
            .map(|(_, ins)| ins.word)
            .collect()
    }

    /// Whether a store of r2 to `critical` is among the words.
    fn ends_section_with_r2(&self, plan: &Plan) -> bool {
        let place = magicpage::critical::FIELD.offset_in(plan.endian, plan.family.word_size());
        let displacement = u32::from(place.displacement().cast_unsigned());
        self.words.iter().any(|(_, ins)| {
            matches!(ins.word >> 26, 36 | 62) && ins.word & 0x03ff_ffff == 2 << 21 | displacement
        })
    }

    /// Runs the code from a state, undisturbed, and compares.
    fn check(&self, state: &State, world: &World) -> Result<Run, String> {
        let (mut after, mut page) = (state.clone(), world.clone());
        let run = self.run(&mut after, &mut page, None)?;
        let (mut expected, mut reference) = (state.clone(), world.clone());
        reference.trap(self.operation, &mut expected);
        if page.waiting != reference.waiting {
            return Err(self.problem("an interrupt that is due is not delivered", state, world));
        }
        self.compare(state, world, (&after, &page), (&expected, &reference))?;
        if run.trapped && !world.waiting && reference.changes_seen + reference.segments_seen == 0 {
            return Err(self.problem("the host is asked for what it need not see", state, world));
        }
        Ok(run)
    }

    /// Runs the code from a state, interrupted before the instruction with this number.
    fn check_interrupted(&self, state: &State, world: &World, boundary: usize) -> Result<(), String> {
        let (mut after, mut page) = (state.clone(), world.clone());
        self.run(&mut after, &mut page, Some(boundary))?;
        let (mut expected, mut reference) = (state.clone(), world.clone());
        reference.execute(self.operation, &mut expected);
        let missed = page.waiting && page.msr() & EE != 0;
        if missed && self.kind != TemplateKind::CriticalSection {
            let what = format!("an interrupt before instruction {boundary} is missed");
            return Err(self.problem(&what, state, world));
        }
        self.compare(state, world, (&after, &page), (&expected, &reference))
            .map_err(|problem| format!("interrupted before instruction {boundary}: {problem}"))
    }

    fn run(&self, state: &mut State, world: &mut World, interrupt: Option<usize>) -> Result<Run, String> {
        let end = self.site.address.wrapping_add(4);
        state.pc = self.site.address;
        let mut run = Run {
            executed: 0,
            trapped: false,
        };
        while run.executed == 0 || state.pc != end {
            if interrupt == Some(run.executed) {
                world.raise(state);
            }
            let Some(ins) = self.fetch(state.pc) else {
                return Err(format!("control goes to {:#x}", state.pc));
            };
            run.executed += 1;
            match execute(ins, state, world) {
                Ok(()) => {}
                Err(Stop::Privileged) if ins.word == self.site.old && !world.is_critical(state) => {
                    world.trap(self.operation, state);
                    state.pc = state.pc.wrapping_add(4);
                    run.trapped = true;
                }
                Err(stop) => {
                    return Err(format!(
                        "{stop:?} at {:#x}, `{}`",
                        state.pc,
                        ins.text(Some(state.pc))
                    ));
                }
            }
            if run.executed == LIMIT {
                return Err("the code does not come to an end".into());
            }
        }
        Ok(run)
    }

    fn fetch(&self, address: u64) -> Option<Ins> {
        self.words
            .iter()
            .find(|(at, _)| *at == address)
            .map(|(_, ins)| *ins)
    }

    /// Compares everything that is not proved dead.
    fn compare(
        &self,
        state: &State,
        world: &World,
        (after, page): (&State, &World),
        (expected, reference): (&State, &World),
    ) -> Result<(), String> {
        let live = |regs: Regs| !self.dead.contains(regs);
        let differs = |what: &str| Err(self.problem(&format!("{what} differs"), state, world));
        for number in 0..32 {
            let index = usize::from(number);
            if live(Regs::gpr(number)) && after.gpr[index] != expected.gpr[index] {
                return differs(&format!("r{number}"));
            }
        }
        for field in 0..8 {
            let shift = 28 - 4 * u32::from(field);
            if live(Regs::cr(field)) && (after.cr ^ expected.cr) >> shift & 15 != 0 {
                return differs(&format!("cr{field}"));
            }
        }
        if live(Regs::LR) && after.lr != expected.lr {
            return differs("lr");
        }
        if live(Regs::CTR) && after.ctr != expected.ctr {
            return differs("ctr");
        }
        if after.xer != expected.xer {
            return differs("xer");
        }
        if page.changes_seen != reference.changes_seen || page.segments_seen != reference.segments_seen {
            return differs("what reaches the host");
        }
        if page.is_critical(after) {
            return differs("the critical section");
        }
        let kept = layout::FIELDS.iter().filter(|field| !SCRATCH.contains(field));
        for field in kept {
            let range = usize::from(field.offset)..usize::from(field.offset) + usize::from(field.size);
            if page.page[range.clone()] != reference.page[range] {
                return differs(field.name);
            }
        }
        Ok(())
    }

    fn problem(&self, what: &str, state: &State, world: &World) -> String {
        let source = self
            .operation
            .source()
            .map(|register| state.gpr[usize::from(register)]);
        let source = source.map_or_else(String::new, |value| format!(", source {value:#x}"));
        format!(
            "{what} after `{}` (msr {:#x}{source}, interrupt waiting: {})",
            self.site.instruction,
            world.msr(),
            world.waiting
        )
    }
}

/// `mfcr`, `mtctr` and `mtlr`, without their register.
const MFCR: u32 = 0x7c00_0026;
const MTCTR: u32 = 0x7c09_03a6;
const MTLR: u32 = 0x7c08_03a6;

/// Fields that a trampoline and an interrupt handler may leave changed.
const SCRATCH: [layout::Field; 5] = [
    layout::SCRATCH1,
    layout::SCRATCH2,
    layout::SCRATCH3,
    layout::CRITICAL,
    layout::INT_PENDING,
];

/// The resource that a plan calls by this name.
fn resource(name: &str) -> Option<Regs> {
    match name {
        "ctr" => Some(Regs::CTR),
        "lr" => Some(Regs::LR),
        _ => {
            let field = name
                .strip_prefix("cr")
                .and_then(|digits| digits.parse().ok())
                .filter(|n| *n < 8);
            let register = name
                .strip_prefix('r')
                .and_then(|digits| digits.parse().ok())
                .filter(|n| *n < 32);
            field.map(Regs::cr).or(register.map(Regs::gpr))
        }
    }
}
