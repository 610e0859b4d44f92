//! A site in an image: what became of it there, and why.

use std::io::{self, Write};

use cpu::decode;
use rewriter::plan::{Outcome, Plan, Site, TemplateKind};

use crate::error::Error;
use crate::ui::{FAINT, HEADING, NEW};

/// The sites that a text names: an address with 0x, a function, or a function and a distance (`name+0x8`).
///
/// # Errors
///
/// When it names none.
pub fn find<'p>(plan: &'p Plan, text: &str, image: &str) -> Result<Vec<&'p Site>, Error> {
    let address = text
        .strip_prefix("0x")
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let is_named = |site: &&Site| match (address, site.symbol.as_deref()) {
        (Some(address), _) => site.address == address,
        (None, Some(symbol)) => {
            symbol == text || symbol.split_once("+0x").is_some_and(|(name, _)| name == text)
        }
        (None, None) => false,
    };
    let found: Vec<&Site> = plan.sites.iter().filter(is_named).collect();
    if found.is_empty() {
        return Err(Error::NoSite {
            place: text.into(),
            image: image.into(),
        });
    }
    Ok(found)
}

/// Prints a site.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn print(out: &mut impl Write, plan: &Plan, site: &Site) -> io::Result<()> {
    let symbol = site.symbol.as_deref().unwrap_or("no symbol");
    writeln!(
        out,
        "{HEADING}{:#010x} <{symbol}>{HEADING:#}: {:08x}  {}",
        site.address, site.old, site.instruction
    )?;
    writeln!(
        out,
        "  In problem state it traps: the host carries it out. The magic page can serve it without."
    )?;
    let rewrite = match &site.outcome {
        Outcome::Left(left) => {
            writeln!(
                out,
                "  left alone: {}. {}",
                left.reason.name(),
                left.reason.sentence()
            )?;
            return match &left.detail {
                Some(detail) => writeln!(out, "  {detail}"),
                None => Ok(()),
            };
        }
        Outcome::Rewritten(rewrite) => rewrite,
    };
    let section = if rewrite.template == TemplateKind::CriticalSection {
        "in a critical section"
    } else {
        "with no critical section"
    };
    writeln!(
        out,
        "  becomes {} {}, {section}",
        rewrite.template.name(),
        rewrite.shape
    )?;
    if !rewrite.dead.is_empty() {
        writeln!(out, "  dead at the site: {}", rewrite.dead.join(", "))?;
    }
    if let Some(known) = &rewrite.known {
        writeln!(out, "  {}", known.sentence())?;
    }
    line(out, plan, site.address, rewrite.new)?;
    let code = rewrite
        .trampoline
        .iter()
        .flat_map(|code| (code.address..).step_by(4).zip(&code.words));
    code.into_iter()
        .try_for_each(|(address, word)| line(out, plan, address, *word))
}

fn line(out: &mut impl Write, plan: &Plan, address: u64, word: u32) -> io::Result<()> {
    let text = decode(word, plan.family).text(Some(address));
    writeln!(
        out,
        "    {FAINT}{address:08x}{FAINT:#}  {word:08x}  {NEW}{text}{NEW:#}"
    )
}
