//! A shape's body with saves, restores and section marks around it, assembled.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use magicpage::layout::{self, Field, Place};
use magicpage::{WordSize, critical};

use super::Context;
use super::resources::{Keep, Marker, Resources};
use super::shape::Shape;
use crate::asm::assemble;
use crate::classify::Operation;

/// Stands for a branch to the word behind the site, in a trampoline that has no address yet. The word is an
/// illegal instruction (Power ISA Book I section 1.3.3).
pub const BACK: u32 = 0;

/// `blr`: the way back of a trampoline that its site calls.
pub const RETURN: u32 = 0x4e80_0020;

/// The one word of a shape that stands at its site.
pub fn in_place(shape: &Shape, context: &Context) -> u32 {
    let nothing = Resources {
        work: 0,
        work_kept: Keep::Dead,
        flags: None,
        flags_kept: Keep::Dead,
        marker: Marker::None,
        linked: false,
    };
    let source = Composer {
        context,
        resources: &nothing,
    }
    .expand(shape.source);
    assembled(shape, &source)[0]
}

/// The words of a trampoline.
pub fn trampoline(shape: &Shape, context: &Context, resources: &Resources) -> Vec<u32> {
    let composer = Composer { context, resources };
    let mut source = String::new();
    composer.enter(&mut source);
    let mut lines = shape
        .source
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .peekable();
    while let Some(line) = lines.next() {
        match line {
            "leave" => composer.leave(&mut source, false),
            // With nothing to restore the two ways out share the branch back, and a conditional return is one.
            "original" if composer.restores_nothing() && lines.peek() == Some(&"done:") => {
                composer.line(&mut source, ".long {original}");
            }
            "beq     {f}, done" if composer.restores_nothing() && resources.linked => {
                composer.line(&mut source, "beqlr {f}");
            }
            "original" => composer.leave(&mut source, true),
            line => composer.body_line(&mut source, line),
        }
    }
    assembled(shape, &source)
}

/// Rows are constants: a source that does not assemble is a mistake in a row, which the tests of all shapes find.
fn assembled(shape: &Shape, source: &str) -> Vec<u32> {
    assemble(source).unwrap_or_else(|error| panic!("shape {}: {error}", shape.name))
}

struct Composer<'c> {
    context: &'c Context,
    resources: &'c Resources,
}

impl Composer<'_> {
    /// Whether both ways out need nothing but the way back.
    fn restores_nothing(&self) -> bool {
        self.resources.marker == Marker::None
            && self.resources.work_kept == Keep::Dead
            && (self.resources.flags.is_none() || self.resources.flags_kept == Keep::Dead)
    }

    fn enter(&self, source: &mut String) {
        if self.resources.marker != Marker::None {
            self.line(source, "{st} r1, {critical}");
        }
        let save_work = match self.resources.work_kept {
            Keep::Dead | Keep::Register(_) => "",
            Keep::Ctr => "mtctr {w}",
            Keep::Lr => "mtlr {w}",
            Keep::Page => "{st} {w}, {scratch1}",
        };
        self.line(source, save_work);
        if self.resources.flags.is_some() {
            let save_flags = match self.resources.flags_kept {
                Keep::Dead => "",
                Keep::Register(_) => "mfcr {k}",
                Keep::Ctr => "mfcr {w}\nmtctr {w}",
                Keep::Lr => "mfcr {w}\nmtlr {w}",
                Keep::Page => "mfcr {w}\nstw {w}, {scratch2}",
            };
            self.line(source, save_flags);
        }
    }

    /// Puts back what was borrowed, ends the section, and goes on behind the site.
    fn leave(&self, source: &mut String, original: bool) {
        if self.resources.flags.is_some() {
            let restore_flags = match self.resources.flags_kept {
                Keep::Dead => "",
                Keep::Register(_) => "mtcrf {fxm}, {k}",
                Keep::Ctr => "mfctr {w}\nmtcrf {fxm}, {w}",
                Keep::Lr => "mflr {w}\nmtcrf {fxm}, {w}",
                Keep::Page => "lwz {w}, {scratch2}\nmtcrf {fxm}, {w}",
            };
            self.line(source, restore_flags);
        }
        let restore_work = match self.resources.work_kept {
            Keep::Dead | Keep::Register(_) => "",
            Keep::Ctr => "mfctr {w}",
            Keep::Lr => "mflr {w}",
            Keep::Page => "{l} {w}, {scratch1}",
        };
        self.line(source, restore_work);
        let end = match self.resources.marker {
            Marker::None => "",
            Marker::R2 => "{st} r2, {critical}",
            Marker::Work => "addi {w}, r1, 1\n{st} {w}, {critical}",
        };
        self.line(source, end);
        if original {
            self.line(source, ".long {original}");
        }
        self.line(source, ".long {back}");
    }

    /// A line of a body. A record form can only set field 0: for another field it becomes the plain form and a
    /// comparison.
    fn body_line(&self, source: &mut String, line: &str) {
        let code = line.split('#').next().unwrap_or_default();
        match code.split_once(". ") {
            Some((mnemonic, operands)) if self.resources.flags.is_some_and(|field| field != 0) => {
                self.line(source, &alloc::format!("{mnemonic} {operands}"));
                let compare = match self.context.family.word_size() {
                    WordSize::Word32 => "cmpwi {f}, {w}, 0",
                    WordSize::Word64 => "cmpdi {f}, {w}, 0",
                };
                self.line(source, compare);
            }
            _ => self.line(source, code),
        }
    }

    fn line(&self, source: &mut String, text: &str) {
        source.push_str(&self.expand(text));
        source.push('\n');
    }

    /// Replaces the names in braces.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            expanded.push_str(before);
            expanded.push_str(&self.value(name));
            rest = after;
        }
        expanded.push_str(rest);
        expanded
    }

    fn value(&self, name: &str) -> String {
        let (context, resources) = (self.context, self.resources);
        let wide = context.family.word_size() == WordSize::Word64;
        let register =
            |number: Option<u8>| number.map_or_else(|| "none".to_string(), |n| alloc::format!("r{n}"));
        let word = |word: u32| alloc::format!("{word:#x}");
        match name {
            "l" => if wide { "ld" } else { "lwz" }.to_string(),
            "st" => if wide { "std" } else { "stw" }.to_string(),
            "s" => register(context.operation.source()),
            "b" => register(second_source(context.operation)),
            "c" => register(context.facts.copy.map(|(register, _)| register)),
            "w" => register(Some(resources.work)),
            "k" => register(match resources.flags_kept {
                Keep::Register(number) => Some(number),
                _ => None,
            }),
            "f" => alloc::format!("cr{}", resources.flags.unwrap_or(0)),
            "fxm" => word(0x80 >> resources.flags.unwrap_or(0)),
            "original" => word(context.word),
            "back" => word(if resources.linked { RETURN } else { BACK }),
            "msr" => self.place(layout::MSR, "r0"),
            "int" => self.place(layout::INT_PENDING, "r0"),
            "critical" => self.place(critical::FIELD, "r0"),
            "scratch1" => self.place(layout::SCRATCH1, "r0"),
            "scratch2" => self.place(layout::SCRATCH2, "r0"),
            "sr" => match context.operation {
                Operation::WriteSegment { segment, .. } => operand(layout::SR.element(segment), "r0"),
                _ => operand(layout::SR.element(0), &alloc::format!("r{}", resources.work)),
            },
            _ => String::new(),
        }
    }

    fn place(&self, field: Field, base: &str) -> String {
        operand(
            field.offset_in(self.context.endian, self.context.family.word_size()),
            base,
        )
    }
}

fn second_source(operation: Operation) -> Option<u8> {
    match operation {
        Operation::WriteSegmentIndirect { rb, .. } => Some(rb),
        _ => None,
    }
}

/// A storage operand.
fn operand(place: Place, base: &str) -> String {
    let mut text = String::new();
    let _ = write!(text, "{}({base})", place.displacement());
    text
}
