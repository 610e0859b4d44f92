//! The bodies of trampolines, and the idioms.
//!
//! A row says for which operation it is, what must be known at the site, what it needs, and its source. The chooser
//! takes the first row that suits, so that the rows of an operation stand in order of cost. In a source:
//!
//! - `{s}`, `{b}`, `{c}` are the operation's source register, its rB, and the register known to hold the MSR;
//!   `{w}` is a register to work with, `{f}` a field of the condition register;
//! - `{l}` and `{st}` load and store a word of the guest's size, `{msr}`, `{int}` and `{sr}` are places in the page;
//! - a record form (`rlwinm.`) sets `{f}`, whichever field that is;
//! - `leave` goes back behind the site, `original` executes the site's instruction and then leaves.
//!
//! `original` traps: the host then does the whole operation. Doing a part of it before is harmless, since the part
//! is what the operation does anyway.

use magicpage::WordSize;

use super::Context;
use crate::analysis::{Ee, Facts, MsrCopy};
use crate::classify::Operation;
use crate::plan::Known;

/// How a shape stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One instruction at the site.
    InPlace,
    /// A trampoline that needs a work register.
    Work,
    /// A trampoline that needs a work register and a condition register field.
    WorkAndFlags,
    /// The same, and the work register serves as a base: it must not be r0.
    BaseAndFlags,
}

/// A body.
#[derive(Debug)]
pub struct Shape {
    /// Name in plans.
    pub name: &'static str,
    /// Whether the shape is for this operation, knowing this.
    applies: fn(Operation, &Facts) -> bool,
    /// Word size it is for, if for one only.
    size: Option<WordSize>,
    /// What it needs.
    pub form: Form,
    /// Source.
    pub source: &'static str,
}

impl Shape {
    /// Whether the shape is right at a site.
    pub fn suits(&self, context: &Context) -> bool {
        let size = context.family.word_size();
        self.size.is_none_or(|only| only == size) && (self.applies)(context.operation, &context.facts)
    }

    /// What the shape relies on at a site that it suits, if it would not suit with nothing known.
    pub fn relies_on(&self, context: &Context) -> Option<Known> {
        let facts = &context.facts;
        if (self.applies)(context.operation, &Facts::default()) {
            return None;
        }
        match (facts.copy, context.operation.source()) {
            (Some((register, ee)), _) => Some(Known {
                register,
                differs_in: MsrCopy::ButEe,
                ee,
            }),
            (None, Some(register)) => Some(Known {
                register,
                differs_in: facts.source,
                ee: facts.ee,
            }),
            (None, None) => None,
        }
    }
}

const fn is_mtmsr(operation: Operation) -> bool {
    matches!(operation, Operation::WriteMsr { .. })
}

const fn is_mtmsrd_1(operation: Operation) -> bool {
    matches!(operation, Operation::WriteEeRi { .. })
}

const fn is_wrtee(operation: Operation) -> bool {
    matches!(operation, Operation::WriteEe { .. })
}

const fn is_wrteei(operation: Operation, to: bool) -> bool {
    matches!(operation, Operation::WriteEeImmediate { ee } if ee == to)
}

/// Whether the source register is the MSR but for bits that the operation writes and the guest owns: storing it to
/// the page then does what the operation does.
fn is_copy(operation: Operation, facts: &Facts) -> bool {
    match facts.source {
        MsrCopy::No => false,
        MsrCopy::ButEe => is_mtmsr(operation) || is_mtmsrd_1(operation) || is_wrtee(operation),
        MsrCopy::ButEeRi => is_mtmsr(operation) || is_mtmsrd_1(operation),
    }
}

/// Whether EE does not go from 0 to 1, so that no interrupt can become due.
const fn stays_or_goes_off(ee: Ee) -> bool {
    matches!(ee, Ee::Off | Ee::Unchanged)
}

fn holds_copy(facts: &Facts, with: Option<Ee>) -> bool {
    facts
        .copy
        .is_some_and(|(_, ee)| with.is_none_or(|with| with == ee))
}

/// The EE test of the slow path: an interrupt waits, and EE is now 1.
macro_rules! pending {
    (always) => {
        "
            lwz     {w}, {int}
            cmpwi   {f}, {w}, 0
            beq     {f}, done
            original
        done:
            leave"
    };
    (if $register:literal) => {
        concat!(
            "
            lwz     {w}, {int}
            cmpwi   {f}, {w}, 0
            beq     {f}, done
            rlwinm. {w}, ",
            $register,
            ", 0, 16, 16
            beq     {f}, done
        slow:
            original
        done:
            leave"
        )
    };
}

/// The shapes, those of one operation in order of cost.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "store-msr",
        applies: |operation, facts| is_copy(operation, facts) && stays_or_goes_off(facts.ee),
        size: None,
        form: Form::InPlace,
        source: "{st} {s}, {msr}",
    },
    Shape {
        name: "store-msr-ee-on",
        applies: |operation, facts| is_copy(operation, facts) && facts.ee == Ee::On,
        size: None,
        form: Form::WorkAndFlags,
        source: concat!("{st} {s}, {msr}", pending!(always)),
    },
    Shape {
        name: "store-msr-checked",
        applies: is_copy,
        size: None,
        form: Form::WorkAndFlags,
        source: concat!("{st} {s}, {msr}", pending!(if "{s}")),
    },
    Shape {
        name: "mtmsr-ee-off",
        applies: |operation, facts| is_mtmsr(operation) && facts.ee == Ee::Off,
        size: Some(WordSize::Word32),
        form: Form::WorkAndFlags,
        source: "
            lwz     {w}, {msr}
            xor     {w}, {w}, {s}
            rlwinm  {w}, {w}, 0, 17, 15     # all but EE
            rlwinm. {w}, {w}, 0, 31, 29     # all but RI
            bne     {f}, slow
            stw     {s}, {msr}
            leave
        slow:
            original",
    },
    Shape {
        name: "mtmsr",
        applies: |operation, _| is_mtmsr(operation),
        size: Some(WordSize::Word32),
        form: Form::WorkAndFlags,
        source: concat!(
            "
            lwz     {w}, {msr}
            xor     {w}, {w}, {s}
            rlwinm  {w}, {w}, 0, 17, 15     # all but EE
            rlwinm. {w}, {w}, 0, 31, 29     # all but RI
            bne     {f}, slow
            stw     {s}, {msr}",
            pending!(if "{s}")
        ),
    },
    Shape {
        name: "mtmsrd-0",
        applies: |operation, _| is_mtmsr(operation),
        size: Some(WordSize::Word64),
        form: Form::WorkAndFlags,
        source: concat!(
            "
            ld      {w}, {msr}
            xor     {w}, {w}, {s}
            rldicl  {w}, {w}, 48, 1         # EE rotated to the top and cleared
            rldicl. {w}, {w}, 14, 1         # RI rotated to the top and cleared
            bne     {f}, slow
            std     {s}, {msr}",
            pending!(if "{s}")
        ),
    },
    Shape {
        name: "mtmsrd-1-ee-off",
        applies: |operation, facts| is_mtmsrd_1(operation) && stays_or_goes_off(facts.ee),
        size: None,
        form: Form::Work,
        source: "
            ld      {w}, {msr}
            rlwimi  {w}, {s}, 0, 16, 16     # EE
            rlwimi  {w}, {s}, 0, 30, 30     # RI
            std     {w}, {msr}
            leave",
    },
    Shape {
        name: "mtmsrd-1-ee-on",
        applies: |operation, facts| is_mtmsrd_1(operation) && facts.ee == Ee::On,
        size: None,
        form: Form::WorkAndFlags,
        source: concat!(
            "
            ld      {w}, {msr}
            rlwimi  {w}, {s}, 0, 16, 16
            rlwimi  {w}, {s}, 0, 30, 30
            std     {w}, {msr}",
            pending!(always)
        ),
    },
    Shape {
        name: "mtmsrd-1",
        applies: |operation, _| is_mtmsrd_1(operation),
        size: None,
        form: Form::WorkAndFlags,
        source: concat!(
            "
            ld      {w}, {msr}
            rlwimi  {w}, {s}, 0, 16, 16
            rlwimi  {w}, {s}, 0, 30, 30
            std     {w}, {msr}",
            pending!(if "{s}")
        ),
    },
    Shape {
        name: "wrtee-off",
        applies: |operation, facts| is_wrtee(operation) && stays_or_goes_off(facts.ee),
        size: None,
        form: Form::Work,
        source: "
            lwz     {w}, {msr}
            rlwimi  {w}, {s}, 0, 16, 16
            stw     {w}, {msr}
            leave",
    },
    Shape {
        name: "wrtee-on",
        applies: |operation, facts| is_wrtee(operation) && facts.ee == Ee::On,
        size: None,
        form: Form::WorkAndFlags,
        source: concat!(
            "
            lwz     {w}, {msr}
            ori     {w}, {w}, 0x8000
            stw     {w}, {msr}",
            pending!(always)
        ),
    },
    Shape {
        name: "wrtee",
        applies: |operation, _| is_wrtee(operation),
        size: None,
        form: Form::WorkAndFlags,
        source: concat!(
            "
            lwz     {w}, {msr}
            rlwimi  {w}, {s}, 0, 16, 16
            stw     {w}, {msr}",
            pending!(if "{s}")
        ),
    },
    Shape {
        name: "wrteei-0-store-copy",
        applies: |operation, facts| is_wrteei(operation, false) && holds_copy(facts, Some(Ee::Off)),
        size: None,
        form: Form::InPlace,
        source: "stw {c}, {msr}",
    },
    Shape {
        name: "wrteei-0-from-copy",
        applies: |operation, facts| is_wrteei(operation, false) && holds_copy(facts, None),
        size: None,
        form: Form::Work,
        source: "
            rlwinm  {w}, {c}, 0, 17, 15
            stw     {w}, {msr}
            leave",
    },
    Shape {
        name: "wrteei-0",
        applies: |operation, _| is_wrteei(operation, false),
        size: None,
        form: Form::Work,
        source: "
            lwz     {w}, {msr}
            rlwinm  {w}, {w}, 0, 17, 15
            stw     {w}, {msr}
            leave",
    },
    Shape {
        name: "wrteei-1-store-copy",
        applies: |operation, facts| is_wrteei(operation, true) && holds_copy(facts, Some(Ee::On)),
        size: None,
        form: Form::WorkAndFlags,
        source: concat!("stw {c}, {msr}", pending!(always)),
    },
    Shape {
        name: "wrteei-1-from-copy",
        applies: |operation, facts| is_wrteei(operation, true) && holds_copy(facts, None),
        size: None,
        form: Form::WorkAndFlags,
        source: concat!("ori {w}, {c}, 0x8000\nstw {w}, {msr}", pending!(always)),
    },
    Shape {
        name: "wrteei-1",
        applies: |operation, _| is_wrteei(operation, true),
        size: None,
        form: Form::WorkAndFlags,
        source: concat!(
            "
            lwz     {w}, {msr}
            ori     {w}, {w}, 0x8000
            stw     {w}, {msr}",
            pending!(always)
        ),
    },
    Shape {
        name: "mtsr",
        applies: |operation, _| matches!(operation, Operation::WriteSegment { .. }),
        size: None,
        form: Form::WorkAndFlags,
        source: "
            lwz     {w}, {msr}
            rlwinm. {w}, {w}, 0, 26, 27     # IR and DR
            bne     {f}, slow
            stw     {s}, {sr}
            leave
        slow:
            original",
    },
    Shape {
        name: "mtsrin",
        applies: |operation, _| matches!(operation, Operation::WriteSegmentIndirect { .. }),
        size: None,
        form: Form::BaseAndFlags,
        source: "
            lwz     {w}, {msr}
            rlwinm. {w}, {w}, 0, 26, 27     # IR and DR
            bne     {f}, slow
            rlwinm  {w}, {b}, 6, 26, 29     # rB's top four bits, times four
            stw     {s}, {sr}
            leave
        slow:
            original",
    },
];
