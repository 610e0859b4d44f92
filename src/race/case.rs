//! What is raced: one instruction, what it became, and the state it is met in.

use cpu::Regs;
use kvm_ppc::interrupt::{self, Interrupt};
use magicpage::{Endian, Family, msr};
use rewriter::analysis::{Ee, Facts, MsrCopy};
use rewriter::classify::{Operation, classify};
use rewriter::plan::TemplateKind;
use rewriter::template::{Allowed, Choice, Code, Context, choose};

use super::linux;

/// Whose trampoline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Linux's shape.
    Linux,
    /// The rewriter's.
    Ours,
}

/// A family and byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The family.
    pub family: Family,
    /// The byte order.
    pub endian: Endian,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        family: Family::Book3s32,
        endian: Endian::Big,
    },
    Target {
        family: Family::E500,
        endian: Endian::Big,
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Big,
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Little,
    },
];

impl Target {
    /// The source registers that are tried, for an instruction that has one. What differs in little-endian code is
    /// displacements, which no register changes.
    fn operands(self, has_source: bool) -> &'static [u8] {
        if has_source && self.endian == Endian::Big {
            &OPERANDS
        } else {
            &OPERANDS[3..4]
        }
    }

    /// The name in reports.
    pub fn name(self) -> String {
        match self.endian {
            Endian::Big => self.family.name().to_owned(),
            Endian::Little => format!("{}-le", self.family.name()),
        }
    }
}

/// An instruction and its replacement.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Family and byte order.
    pub target: Target,
    /// Whose replacement.
    pub origin: Origin,
    /// Name of the template in reports.
    pub template: String,
    /// The instruction.
    pub original: u32,
    /// What it does.
    pub operation: Operation,
    /// What it became.
    pub code: Code,
    /// What the replacement may destroy.
    pub dead: Regs,
    /// What the replacement relies on.
    facts: Facts,
}

/// The guest's state when it comes to the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// EE and RI before.
    pub before: u64,
    /// EE and RI that the operand asks for.
    pub asked: u64,
    /// Another MSR bit that the operand changes, so that the host is needed.
    pub other: u64,
}

/// A subject, a setting and an interrupt: what one row of boundaries is tried for.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// The setting.
    pub setting: Setting,
    /// What is raised.
    pub kind: Interrupt,
}

/// Source registers: zero as a number, the stack pointer, the reserved one, an ordinary one, and those that Linux's
/// trampolines work with.
const OPERANDS: [u8; 6] = [0, 1, 2, 3, 30, 31];

/// What is dead at the site.
const DEAD: [Regs; 7] = [
    Regs::ALL,
    Regs::gpr(11).union(Regs::cr(0)),
    Regs::gpr(11).union(Regs::cr(7)),
    Regs::gpr(11).union(Regs::gpr(12)),
    Regs::gpr(11).union(Regs::CTR),
    Regs::cr(0).union(Regs::CTR),
    Regs::NONE,
];

/// What is known of the source register.
const KNOWN: [(MsrCopy, Ee); 5] = [
    (MsrCopy::No, Ee::Unknown),
    (MsrCopy::No, Ee::Off),
    (MsrCopy::ButEeRi, Ee::Off),
    (MsrCopy::ButEe, Ee::On),
    (MsrCopy::ButEe, Ee::Unknown),
];

/// A register that a site may hold a copy of the MSR in.
const COPY: u8 = 9;

/// The instructions of ours: word, and where the source register goes.
const fn instructions(family: Family) -> &'static [(u32, Option<u32>)] {
    match family {
        // mfmsr, mtmsr, mtsr, mtsrin with rB = r4, mfsprg0, mtsprg0, tlbsync.
        Family::Book3s32 => &[
            (0x7c00_00a6, Some(21)),
            (0x7c00_0124, Some(21)),
            (0x7c05_01a4, Some(21)),
            (0x7c00_21e4, Some(21)),
            (0x7c10_42a6, Some(21)),
            (0x7c10_43a6, Some(21)),
            (0x7c00_046c, None),
        ],
        // mfmsr, mtmsrd 0, mtmsrd 1, mfsprg0, mtsprg0.
        Family::Book3s64 => &[
            (0x7c00_00a6, Some(21)),
            (0x7c00_0164, Some(21)),
            (0x7c01_0164, Some(21)),
            (0x7c10_42a6, Some(21)),
            (0x7c10_43a6, Some(21)),
        ],
        // mfmsr, mtmsr, wrtee, wrteei 0, wrteei 1, mfsprg0, mtsprg0.
        Family::E500 => &[
            (0x7c00_00a6, Some(21)),
            (0x7c00_0124, Some(21)),
            (0x7c00_0106, Some(21)),
            (0x7c00_0146, None),
            (0x7c00_8146, None),
            (0x7c10_42a6, Some(21)),
            (0x7c10_43a6, Some(21)),
        ],
    }
}

/// Every subject: each of Linux's shapes for each operand, and each different code that the rewriter makes.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for target in TARGETS {
        subjects.extend(linux_subjects(*target));
        subjects.extend(our_subjects(*target));
    }
    subjects
}

fn linux_subjects(target: Target) -> Vec<Subject> {
    let Target { family, endian } = target;
    let mut subjects = Vec::new();
    for shape in linux::SHAPES
        .iter()
        .filter(|shape| shape.families.contains(&family))
    {
        let operands = target.operands(shape.source.is_some());
        for operand in operands {
            // Linux stores a saved register's new value there: a fault of its own, not a race.
            if shape.name == "mtsrin" && *operand >= 30 {
                continue;
            }
            let original = shape.word | shape.source.map_or(0, |shift| u32::from(*operand) << shift);
            subjects.push(Subject {
                target,
                origin: Origin::Linux,
                template: shape.name.to_owned(),
                original,
                operation: classify(original, family).expect("the shapes' words are classified"),
                code: Code::Trampoline(linux::words(shape, *operand, original, family, endian)),
                dead: Regs::NONE,
                facts: Facts::default(),
            });
        }
    }
    subjects
}

fn our_subjects(target: Target) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for (word, place) in instructions(target.family) {
        let operands = target.operands(place.is_some());
        for operand in operands {
            let original = word | place.map_or(0, |shift| u32::from(*operand) << shift);
            for context in contexts(target, original) {
                if let Some(subject) = ours(target, &context)
                    && !subjects.iter().any(|known| known.is_same_code(&subject))
                {
                    subjects.push(subject);
                }
            }
        }
    }
    subjects
}

/// What may be known at a site of the instruction.
fn contexts(target: Target, original: u32) -> Vec<Context> {
    let Target { family, endian } = target;
    let operation = classify(original, family).expect("the table's words are classified");
    let mut facts = vec![Facts::default()];
    if operation.writes_msr() && operation.source().is_some() {
        facts = KNOWN
            .iter()
            .map(|(source, ee)| Facts {
                source: *source,
                ee: *ee,
                copy: None,
            })
            .collect();
    } else if operation.writes_msr() {
        facts.extend([Ee::Unknown, Ee::Off, Ee::On].map(|ee| Facts {
            copy: Some((COPY, ee)),
            ..Facts::default()
        }));
    }
    let context = |facts: Facts, dead| Context {
        family,
        endian,
        operation,
        word: original,
        facts,
        dead,
        r2_is_never_r1: true,
        in_place_only: None,
    };
    facts
        .iter()
        .flat_map(|facts| DEAD.map(|dead| context(*facts, dead)))
        .collect()
}

fn ours(target: Target, context: &Context) -> Option<Subject> {
    let Choice {
        kind, shape, code, ..
    } = choose(context, Allowed::ALL).ok()?;
    let template = match kind {
        TemplateKind::Direct => kind.name().to_owned(),
        _ => format!("{shape} {}", kind.name()),
    };
    Some(Subject {
        target,
        origin: Origin::Ours,
        template,
        original: context.word,
        operation: context.operation,
        code,
        dead: context.dead,
        facts: context.facts,
    })
}

impl Subject {
    fn is_same_code(&self, other: &Self) -> bool {
        self.original == other.original && self.code == other.code && self.template == other.template
    }

    /// The register that holds a copy of the MSR at the site, and its EE.
    pub fn copy(&self) -> Option<(u8, Ee)> {
        self.facts.copy
    }

    /// Whether nothing is known of the bits of the source register that the instruction does not look at.
    pub fn is_partial(&self) -> bool {
        self.facts.source == MsrCopy::No
    }

    /// The settings that agree with what the replacement relies on.
    pub fn settings(&self) -> Vec<Setting> {
        const OWNED: [u64; 4] = [0, msr::EE, msr::RI, msr::EE | msr::RI];
        let ri = if self.target.family == Family::E500 {
            0
        } else {
            msr::RI
        };
        let mut settings = Vec::new();
        for before in OWNED.into_iter().filter(|bits| bits & !(msr::EE | ri) == 0) {
            for asked in OWNED.into_iter().filter(|bits| bits & !(msr::EE | ri) == 0) {
                for other in [0, msr::FP] {
                    let setting = Setting { before, asked, other };
                    if self.allows(setting) {
                        settings.push(setting);
                    }
                }
            }
        }
        settings
    }

    /// Whether a setting makes a difference to the instruction and agrees with what is relied on.
    fn allows(&self, Setting { before, asked, other }: Setting) -> bool {
        let same_ri = (before ^ asked) & msr::RI == 0;
        let matters = match self.operation {
            Operation::WriteMsr { .. } => other == 0 || self.target.family != Family::E500,
            Operation::WriteEeRi { .. } => other == 0,
            Operation::WriteEe { .. } => other == 0 && same_ri,
            Operation::WriteEeImmediate { ee } => other == 0 && same_ri && (asked & msr::EE != 0) == ee,
            _ => other == 0 && asked == before,
        };
        let ee_agrees = |ee: Ee| match ee {
            Ee::Unknown => true,
            Ee::Off => asked & msr::EE == 0,
            Ee::On => asked & msr::EE != 0,
            Ee::Unchanged => (asked ^ before) & msr::EE == 0,
        };
        let copy_agrees = match self.facts.source {
            MsrCopy::No => true,
            MsrCopy::ButEeRi => other == 0,
            MsrCopy::ButEe => other == 0 && same_ri,
        };
        matters && copy_agrees && ee_agrees(self.facts.ee)
    }

    /// What can be raised: the interrupts that the family has.
    pub fn kinds(&self) -> impl Iterator<Item = Interrupt> + use<> {
        let family = self.target.family;
        Interrupt::WAITING
            .into_iter()
            .filter(move |kind| interrupt::row(family, *kind).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magicpage::layout;

    /// Instructions from the store that lets an interrupt in to the instruction that traps for it, both included, where
    /// no section holds it back.
    fn look(subject: &Subject) -> Option<u64> {
        let Target { family, endian } = subject.target;
        let words = match &subject.code {
            Code::Trampoline(words) | Code::Subroutine(words) => words,
            Code::InPlace(_) => return None,
        };
        let place = layout::MSR.offset_in(endian, family.word_size()).displacement();
        let opcode = if family == Family::Book3s64 { 62 } else { 36 };
        let stores = |word: &u32| word >> 26 == opcode && word & 0xffff == u32::from(place.cast_unsigned());
        let store = words.iter().rposition(stores)?;
        let trap = words.iter().position(|word| *word == subject.original)?;
        // The interrupt is seen to be taken with the first instruction of its handler.
        u64::try_from((trap + 1).checked_sub(store)?).ok()
    }

    #[test]
    fn in_time_is_as_long_as_the_longest_trampoline_takes_to_look() {
        let subjects = subjects();
        let ours = subjects.iter().filter(|subject| {
            subject.origin == Origin::Ours && !subject.template.contains("critical-section")
        });
        assert_eq!(ours.filter_map(look).max(), Some(vm::watch::LOOK));
    }
}
