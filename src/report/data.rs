//! What the page's program reads: sites, trampolines and functions, each told once.

use std::collections::BTreeMap;

use cpu::decode;
use magicpage::Family;
use rewriter::image::{Image, SymbolKind};
use rewriter::plan::{Outcome, Plan, Rewrite, Site, TemplateKind};
use serde::Serialize;

/// Everything.
#[derive(Debug, Serialize)]
pub struct Data {
    /// The sites, in the order of addresses.
    pub sites: Vec<SiteData>,
    /// The trampolines' instructions by the address of the first.
    pub trampolines: BTreeMap<String, Vec<Line>>,
    /// The functions, in the order of addresses.
    pub functions: Vec<Function>,
}

/// An instruction: address, word, text.
pub type Line = [String; 3];

/// A site.
#[derive(Debug, Serialize)]
pub struct SiteData {
    /// Address, eight digits or more.
    pub address: String,
    /// The function it is in, or what else it is near.
    pub function: String,
    /// Function and distance.
    pub symbol: String,
    /// The first word of the instruction.
    pub mnemonic: String,
    /// The instruction.
    pub instruction: String,
    /// The word as it is.
    pub old: String,
    /// Kind of template; empty where the site is left alone.
    pub template: &'static str,
    /// Name of the shape.
    pub shape: String,
    /// Why it is left alone; empty where it is not.
    pub reason: &'static str,
    /// The new word.
    pub new: String,
    /// What it says.
    pub becomes: String,
    /// Address of its trampoline, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trampoline: Option<String>,
    /// Why this is right at this site, or why nothing is done there.
    pub proof: Vec<String>,
}

/// A function, or what else has code.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What happened there.
    pub class: Class,
    /// Sites in it.
    pub sites: usize,
}

/// What happened in a function: the least that can be said of all its sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It has no site.
    Empty,
    /// All sites are rewritten, none with a critical section.
    Free,
    /// All sites are rewritten, some with a critical section.
    Section,
    /// Some sites are left alone.
    Left,
}

impl Class {
    /// Every class, with what it means.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Free, "free", "rewritten, with no critical section"),
        (
            Self::Section,
            "section",
            "rewritten, some with a critical section",
        ),
        (Self::Left, "left", "some left alone"),
        (Self::Empty, "empty", "nothing to rewrite"),
    ];

    /// The name in the page's style.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(class, ..)| *class == self)
            .map_or("", |(_, name, _)| name)
    }

    fn of(site: &Site) -> Self {
        match site.rewrite() {
            None => Self::Left,
            Some(rewrite) if rewrite.template == TemplateKind::CriticalSection => Self::Section,
            Some(_) => Self::Free,
        }
    }
}

impl Data {
    /// What there is to say of a plan for an image.
    pub fn new(image: &Image<'_>, plan: &Plan) -> Self {
        let family = plan.family;
        let trampolines = plan.trampolines();
        let lines = trampolines.values().map(|(code, _)| {
            let words = (code.address..).step_by(4).zip(&code.words);
            let lines = words.map(|(address, word)| line(address, *word, family));
            (hex(code.address), lines.collect())
        });
        Self {
            sites: plan
                .sites
                .iter()
                .map(|site| SiteData::new(site, family))
                .collect(),
            trampolines: lines.collect(),
            functions: functions(image, plan),
        }
    }
}

fn line(address: u64, word: u32, family: Family) -> Line {
    let text = decode(word, family).text(Some(address)).to_string();
    [hex(address), format!("{word:08x}"), text]
}

fn hex(address: u64) -> String {
    format!("{address:08x}")
}

impl SiteData {
    fn new(site: &Site, family: Family) -> Self {
        let symbol = site.symbol.clone().unwrap_or_default();
        let rewrite = site.rewrite();
        let text = |rewrite: &Rewrite| decode(rewrite.new, family).text(Some(site.address)).to_string();
        Self {
            address: hex(site.address),
            function: function(&symbol).into(),
            symbol,
            mnemonic: site.mnemonic().into(),
            instruction: site.instruction.clone(),
            old: format!("{:08x}", site.old),
            template: rewrite.map_or("", |rewrite| rewrite.template.name()),
            shape: rewrite.map_or(String::new(), |rewrite| rewrite.shape.clone()),
            reason: match &site.outcome {
                Outcome::Left(left) => left.reason.name(),
                Outcome::Rewritten(_) => "",
            },
            new: rewrite.map_or(String::new(), |rewrite| format!("{:08x}", rewrite.new)),
            becomes: rewrite.map_or(String::new(), text),
            trampoline: rewrite.and_then(|rewrite| Some(hex(rewrite.trampoline.as_ref()?.address))),
            proof: proof(&site.outcome),
        }
    }
}

/// The symbol without the distance.
fn function(symbol: &str) -> &str {
    symbol.split_once("+0x").map_or(symbol, |(name, _)| name)
}

/// What the plan's claims say, as sentences.
fn proof(outcome: &Outcome) -> Vec<String> {
    let rewrite = match outcome {
        Outcome::Left(left) => {
            let detail = left.detail.iter().cloned();
            return [left.reason.sentence().to_owned()]
                .into_iter()
                .chain(detail)
                .collect();
        }
        Outcome::Rewritten(rewrite) => rewrite,
    };
    let mut sentences = vec![
        match rewrite.template {
            TemplateKind::Direct => "One instruction does what this one did, whatever is around it.",
            TemplateKind::Idiom => "One instruction is enough, because of what is known just before the site.",
            TemplateKind::FreeRegister => {
                "Every path from the site overwrites what the trampoline uses before it reads it: no critical section."
            }
            TemplateKind::CriticalSection => {
                "The trampoline saves what it uses in the page first, in a critical section."
            }
        }
        .to_owned(),
    ];
    if !rewrite.dead.is_empty() {
        sentences.push(format!("Dead at the site: {}.", rewrite.dead.join(", ")));
    }
    if let Some(known) = &rewrite.known {
        sentences.push(known.sentence());
    }
    if let Some(group) = &rewrite.group {
        sentences.push(format!("One of a group that is rewritten as a whole: {group:?}."));
    }
    if let Some(table) = &rewrite.self_patched {
        sentences.push(format!("The kernel may overwrite the site by its table {table}."));
    }
    sentences
}

/// The functions of the image, and what happened in each.
fn functions(image: &Image<'_>, plan: &Plan) -> Vec<Function> {
    let mut sites: BTreeMap<&str, (Class, usize)> = BTreeMap::new();
    for site in &plan.sites {
        let name = function(site.symbol.as_deref().unwrap_or_default());
        let (class, count) = sites.entry(name).or_insert((Class::Empty, 0));
        (*class, *count) = ((*class).max(Class::of(site)), *count + 1);
    }
    let mut functions: Vec<Function> = Vec::new();
    for symbol in image
        .symbols
        .iter()
        .filter(|symbol| image.region(symbol.address).is_some())
    {
        // A name that stands twice is one function.
        let found = sites.remove(symbol.name);
        if found.is_none() && symbol.kind != SymbolKind::Function {
            continue;
        }
        let (class, count) = found.unwrap_or((Class::Empty, 0));
        functions.push(Function {
            name: symbol.name.into(),
            class,
            sites: count,
        });
    }
    let others = sites.into_iter().map(|(name, (class, sites))| Function {
        name: name.into(),
        class,
        sites,
    });
    functions.extend(others);
    functions
}
