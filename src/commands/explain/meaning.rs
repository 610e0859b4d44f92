//! What a word means on one family.

use std::io::{self, Write};

use cpu::{Flow, Ins, Privilege, Regs, decode};
use magicpage::{Endian, Family, layout};
use rewriter::analysis::Facts;
use rewriter::build::feature;
use rewriter::classify::{Operation, classify};
use rewriter::plan::TemplateKind;
use rewriter::template::{Allowed, BACK, Choice, Code, Context, RETURN, choose};
use serde::Serialize;

use crate::linux;
use crate::ui::{FAINT, HEADING, NEW};

/// What a word means on one family.
#[derive(Serialize)]
pub struct Meaning {
    family: &'static str,
    text: String,
    mnemonic: &'static str,
    privileged: bool,
    reads: Vec<String>,
    writes: Vec<String>,
    defines: Vec<String>,
    flow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Served>,
}

/// How the page serves an operation.
#[derive(Serialize)]
struct Served {
    field: String,
    feature: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    linux_instructions: Option<usize>,
    templates: Vec<Template>,
}

/// What a site would become.
#[derive(Serialize)]
struct Template {
    when: &'static str,
    template: TemplateKind,
    shape: &'static str,
    uses_dead: Vec<String>,
    code: Vec<String>,
}

impl Meaning {
    /// What the word means, if it is an instruction of the family.
    pub fn of(word: u32, family: Family, endian: Endian) -> Option<Self> {
        let ins = decode(word, family);
        if !ins.is_known() {
            return None;
        }
        let effects = ins.effects();
        Some(Self {
            family: family.name(),
            text: ins.text(None).to_string(),
            mnemonic: ins.mnemonic(),
            privileged: ins.privilege() == Privilege::Supervisor,
            reads: names(effects.reads),
            writes: names(effects.writes),
            defines: names(effects.defines),
            flow: flow(ins),
            page: classify(word, family).map(|operation| served(word, operation, family, endian)),
        })
    }

    /// Whether two families agree in everything but how the page serves it.
    fn is_like(&self, other: &Self) -> bool {
        let shown = |meaning: &Self| {
            (
                meaning.text.clone(),
                meaning.privileged,
                meaning.page.is_some(),
                meaning.lines(),
            )
        };
        shown(self) == shown(other)
    }

    fn lines(&self) -> [(&'static str, String); 4] {
        [
            ("reads", list(&self.reads)),
            ("writes", list(&self.writes)),
            ("defines", list(&self.defines)),
            ("then", self.flow.clone()),
        ]
    }
}

/// The names of resources, one by one.
fn names(regs: Regs) -> Vec<String> {
    let text = format!("{regs:?}");
    let names = text.trim_matches(['{', '}']).split(", ");
    names
        .filter(|name| !name.is_empty())
        .map(str::to_string)
        .collect()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".into()
    } else {
        names.join(" ")
    }
}

fn flow(ins: Ins) -> String {
    let or_on = |conditional| if conditional { ", or on" } else { "" };
    match ins.flow(0) {
        Flow::Next => "on to the next word".into(),
        Flow::Branch {
            link, conditional, ..
        } => {
            let what = if link { "calls" } else { "to" };
            let text = ins.text(None).to_string();
            let target = text.rsplit([' ', ',']).next().unwrap_or_default();
            format!("{what} {target}{}", or_on(conditional))
        }
        Flow::Indirect {
            via,
            conditional,
            link,
        } => {
            let what = if link { "calls" } else { "to" };
            format!(
                "{what} the address in {}{}",
                format!("{via:?}").to_lowercase(),
                or_on(conditional)
            )
        }
        Flow::SystemCall => "to the system call's handler, then on".into(),
        Flow::Return => "back from an interrupt".into(),
        Flow::Trap { unconditional: true } => "to the program check's handler".into(),
        Flow::Trap { unconditional: false } => "to the program check's handler, or on".into(),
        Flow::Unknown => "unknown".into(),
    }
}

fn served(word: u32, operation: Operation, family: Family, endian: Endian) -> Served {
    let context = |dead| Context {
        family,
        endian,
        operation,
        word,
        facts: Facts::default(),
        dead,
        r2_is_never_r1: true,
        in_place_only: None,
    };
    let cases = [
        ("all registers are dead", Regs::ALL),
        ("none is dead", Regs::NONE),
    ];
    let mut templates: Vec<Template> = Vec::new();
    for (when, dead) in cases {
        let Ok(choice) = choose(&context(dead), Allowed::ALL) else {
            continue;
        };
        let template = template(when, choice, family);
        match templates.last_mut() {
            Some(last) if last.code == template.code => last.when = "always",
            _ => templates.push(template),
        }
    }
    Served {
        field: field(operation),
        feature: feature(operation).to_string(),
        linux_instructions: linux::instructions(operation),
        templates,
    }
}

fn template(when: &'static str, choice: Choice, family: Family) -> Template {
    let text = |word: u32| match word {
        BACK => "b       behind the site".into(),
        RETURN => "blr".into(),
        word => decode(word, family).text(None).to_string(),
    };
    let code = match choice.code {
        Code::InPlace(word) => Vec::from([text(word)]),
        Code::Trampoline(words) | Code::Subroutine(words) => words.into_iter().map(text).collect(),
    };
    Template {
        when,
        template: choice.kind,
        shape: choice.shape,
        uses_dead: choice.dead,
        code,
    }
}

/// The field of the page that serves an operation.
fn field(operation: Operation) -> String {
    match operation {
        Operation::ReadSpr { spr, .. } | Operation::WriteSpr { spr, .. } => named(spr.field),
        Operation::WriteSegment { segment, .. } => {
            format!("sr[{segment}] at {:#05x}", layout::SR.element(segment).offset)
        }
        Operation::WriteSegmentIndirect { .. } => named(layout::SR),
        Operation::TlbSync => "none is needed".into(),
        _ => named(layout::MSR),
    }
}

fn named(field: layout::Field) -> String {
    format!("{} at {:#05x}", field.name, field.offset)
}

/// Prints what a word means, families that agree together.
///
/// # Errors
///
/// When the output cannot be written.
pub fn print(out: &mut impl Write, word: &str, meanings: &[Meaning]) -> io::Result<()> {
    let mut rest: Vec<&Meaning> = meanings.iter().collect();
    while let Some(first) = rest.first().copied() {
        let (alike, others): (Vec<&Meaning>, Vec<&Meaning>) =
            rest.into_iter().partition(|other| first.is_like(other));
        rest = others;
        let families: Vec<&str> = alike.iter().map(|meaning| meaning.family).collect();
        let who = if first.privileged { "supervisor" } else { "user" };
        writeln!(out, "{HEADING}{word}  {}{HEADING:#}", first.text)?;
        writeln!(out, "  {who} instruction of {}", families.join(", "))?;
        for (label, text) in first.lines() {
            writeln!(out, "  {label:<8} {text}")?;
        }
        if first.page.is_none() {
            writeln!(out, "  the page does not serve it")?;
        }
        for (family, page) in alike
            .iter()
            .filter_map(|meaning| Some((meaning.family, meaning.page.as_ref()?)))
        {
            print_served(out, family, page)?;
        }
    }
    Ok(())
}

fn print_served(out: &mut impl Write, family: &str, page: &Served) -> io::Result<()> {
    let feature = match page.feature.as_str() {
        "none" => String::new(),
        feature => format!(", feature {feature}"),
    };
    let linux = page
        .linux_instructions
        .map_or_else(String::new, |count| format!("; Linux executes {count}"));
    writeln!(out, "  {family}: page field {}{feature}{linux}", page.field)?;
    for Template {
        when,
        template,
        shape,
        code,
        ..
    } in &page.templates
    {
        writeln!(
            out,
            "    {when}: {HEADING}{}{HEADING:#} {FAINT}{shape}{FAINT:#}",
            template.name()
        )?;
        for line in code {
            writeln!(out, "      {NEW}{line}{NEW:#}")?;
        }
    }
    Ok(())
}
