//! What an operation may become.
//!
//! - [`direct`]: one load, store or nop in place, whatever surrounds the site;
//! - [`shape`]: the bodies of trampolines and the idioms, as rows of readable source;
//! - [`resources`]: what a trampoline may use at a site: what is dead there, or what it saves first;
//! - [`compose`]: a body with saves, restores and section marks around it, assembled.
//!
//! [`choose`] takes the cheapest template whose conditions are proved. A trampoline that uses only what is dead needs
//! no critical section: it may be interrupted between any two instructions, and stores EE to the page before it
//! looks for pending interrupts, so that one that comes later is delivered by the host at once and one that came
//! earlier is seen. A trampoline that saves to the page's scratch space opens a critical section first; in it, every
//! store to the page but the one that ends the section stands before int_pending is read.
//!
//! Where LR is dead as well, the site calls its trampoline instead of branching to it. The way back is then the
//! same for every site, so that all sites that need the same code share one trampoline.

mod compose;
pub mod direct;
pub mod resources;
pub mod shape;

use alloc::string::String;
use alloc::vec::Vec;
use cpu::Regs;
use magicpage::{Endian, Family};

use crate::analysis::Facts;
use crate::classify::Operation;
use crate::plan::{Known, Reason, TemplateKind};
pub use compose::{BACK, RETURN};
use resources::{Marker, Resources};
use shape::{Form, Shape};

/// A site, with what is proved about it.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Family the code is for.
    pub family: Family,
    /// Byte order of the code.
    pub endian: Endian,
    /// What the site does.
    pub operation: Operation,
    /// The site's word.
    pub word: u32,
    /// What is known of the registers.
    pub facts: Facts,
    /// What is certainly not read behind the site before it is overwritten.
    pub dead: Regs,
    /// Whether r2 is known to differ from r1 at the site.
    pub r2_is_never_r1: bool,
    /// Whether code at the site must stay at the site.
    pub in_place_only: Option<Reason>,
}

/// The kinds of templates that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed([bool; TemplateKind::ALL.len()]);

impl Allowed {
    /// Every kind.
    pub const ALL: Self = Self([true; TemplateKind::ALL.len()]);

    /// Just these kinds.
    pub fn only(kinds: &[TemplateKind]) -> Self {
        Self(TemplateKind::ALL.map(|kind| kinds.contains(&kind)))
    }

    /// Whether a kind may be used.
    pub fn has(self, kind: TemplateKind) -> bool {
        self.0[kind as usize]
    }
}

/// The code that an operation becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Kind of the template.
    pub kind: TemplateKind,
    /// Name of the shape.
    pub shape: &'static str,
    /// The code.
    pub code: Code,
    /// What is used because it is dead.
    pub dead: Vec<String>,
    /// What the shape relies on.
    pub known: Option<Known>,
}

/// Where the code of a choice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// One word at the site.
    InPlace(u32),
    /// Words elsewhere that the site branches to; the word [`BACK`] stands for a branch to the word behind the site.
    Trampoline(Vec<u32>),
    /// Words elsewhere that the site calls, because LR is dead: sites that need the same words share them.
    Subroutine(Vec<u32>),
}

/// The cheapest template whose conditions are proved.
///
/// # Errors
///
/// The reason why none will do.
pub fn choose(context: &Context, allowed: Allowed) -> Result<Choice, Reason> {
    if let Some(word) = direct::word(context) {
        let choice = Choice {
            kind: TemplateKind::Direct,
            shape: direct::name(context.operation),
            code: Code::InPlace(word),
            dead: Vec::new(),
            known: None,
        };
        return allowed
            .has(TemplateKind::Direct)
            .then_some(choice)
            .ok_or(Reason::NotAllowed);
    }
    let mut reason = Reason::NotAllowed;
    for shape in shape::SHAPES.iter().filter(|shape| shape.suits(context)) {
        match try_shape(shape, context, allowed) {
            Ok(choice) => return Ok(choice),
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

fn try_shape(shape: &'static Shape, context: &Context, allowed: Allowed) -> Result<Choice, Reason> {
    if shape.form == Form::InPlace {
        let kind = TemplateKind::Idiom;
        let code = Code::InPlace(compose::in_place(shape, context));
        let choice = Choice {
            kind,
            shape: shape.name,
            code,
            dead: Vec::new(),
            known: shape.relies_on(context),
        };
        return allowed.has(kind).then_some(choice).ok_or(Reason::NotAllowed);
    }
    if let Some(reason) = context.in_place_only {
        return Err(reason);
    }
    if let Some(resources) =
        Resources::free(shape, context).filter(|_| allowed.has(TemplateKind::FreeRegister))
    {
        return Ok(trampoline(shape, context, &resources, TemplateKind::FreeRegister));
    }
    if !allowed.has(TemplateKind::CriticalSection) {
        return Err(Reason::NotAllowed);
    }
    let resources = Resources::saved(shape, context);
    if resources.marker == Marker::None {
        return Err(Reason::NoEndMarker);
    }
    Ok(trampoline(
        shape,
        context,
        &resources,
        TemplateKind::CriticalSection,
    ))
}

fn trampoline(shape: &'static Shape, context: &Context, resources: &Resources, kind: TemplateKind) -> Choice {
    let words = compose::trampoline(shape, context, resources);
    let code = if resources.linked {
        Code::Subroutine(words)
    } else {
        Code::Trampoline(words)
    };
    let known = shape.relies_on(context);
    Choice {
        kind,
        shape: shape.name,
        code,
        dead: resources.dead_names(),
        known,
    }
}
