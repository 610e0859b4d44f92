//! Names that the tool and the interface use: what each means, from the tables that define them.

use std::io::{self, Write};

use kvm_ppc::deferral::POLICIES;
use kvm_ppc::statistics::Reason as ExitReason;
use magicpage::hypercall::Status;
use rewriter::plan::{Reason, TemplateKind};
use serde::Serialize;

use crate::error::kinds;
use crate::ui::HEADING;

/// A name, and what it means.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    name: String,
    kind: &'static str,
    meaning: String,
}

impl Name {
    fn new(name: &str, kind: &'static str, meaning: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            meaning: meaning.into(),
        }
    }

    /// Everything that has this name.
    pub fn find(text: &str) -> Vec<Self> {
        all().filter(|one| one.name.eq_ignore_ascii_case(text)).collect()
    }

    /// The name that is most like a text that has a letter or two wrong.
    pub fn near(text: &str) -> Option<String> {
        let text = text.to_ascii_lowercase();
        let likeness = |name: &Self| strsim::jaro_winkler(&text, &name.name.to_ascii_lowercase());
        let names = all().map(|name| (likeness(&name), name.name));
        let (likeness, name) = names.max_by(|one, other| one.0.total_cmp(&other.0))?;
        (likeness > 0.9).then_some(name)
    }

    /// Prints it.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { name, kind, meaning } = self;
        writeln!(out, "{HEADING}{name}{HEADING:#}  {kind}\n  {meaning}")
    }
}

/// What each template costs.
const fn template(kind: TemplateKind) -> &'static str {
    match kind {
        TemplateKind::Direct => "One load, store or nop in place of the instruction.",
        TemplateKind::Idiom => "One instruction in place, right because of the instructions before it.",
        TemplateKind::FreeRegister => {
            "Code elsewhere that uses only registers proved dead at the site: no critical section, so no interrupt can be \
             missed on any host."
        }
        TemplateKind::CriticalSection => {
            "Code elsewhere that saves what it uses in the page first. While it runs the host holds interrupts back; how it \
             learns of the end is its policy."
        }
    }
}

fn all() -> impl Iterator<Item = Name> {
    let reasons = Reason::ALL
        .iter()
        .map(|one| Name::new(one.name(), "why a site is left alone", one.sentence()));
    let exits = ExitReason::ALL
        .iter()
        .map(|one| Name::new(one.name(), "why a guest exits", one.meaning()));
    let templates = TemplateKind::ALL
        .into_iter()
        .map(|one| Name::new(one.name(), "what a site becomes", template(one)));
    let policies = POLICIES.iter().map(|one| {
        Name::new(
            one.name(),
            "what the host does about an interrupt in a critical section",
            one.summary(),
        )
    });
    let statuses = Status::ALL.iter().map(|one| {
        let meaning = format!("A hypercall returns {} in r3: {}.", *one as u32, one.meaning());
        Name::new(one.name(), "status of a hypercall", meaning)
    });
    let errors = kinds::all().map(|one| {
        let todo = kinds::hint(one.name).map(|hint| format!("\n  To do: {hint}."));
        Name::new(
            one.name,
            one.what,
            format!("{}{}", one.meaning, todo.unwrap_or_default()),
        )
    });
    reasons
        .chain(exits)
        .chain(templates)
        .chain(policies)
        .chain(statuses)
        .chain(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_either_case() {
        assert_eq!(Name::find("EV_EAGAIN"), Name::find("ev_eagain"));
        assert!(Name::find("EV_EAGAIN")[0].meaning.contains("returns 4"));
        assert!(
            Name::find("no-end-marker")[0]
                .meaning
                .contains("critical section")
        );
        assert!(Name::find("mtmsr").is_empty());
    }

    #[test]
    fn a_wrong_letter_is_understood() {
        assert_eq!(Name::near("no-symbl").as_deref(), Some("no-symbol"));
        assert_eq!(Name::near("ev_eagin").as_deref(), Some("EV_EAGAIN"));
        assert_eq!(Name::near("mtmsrr r3"), None);
    }

    #[test]
    fn every_name_has_a_meaning() {
        for one in all() {
            assert!(one.meaning.len() > 10 && !one.name.is_empty(), "{one:?}");
        }
    }
}
