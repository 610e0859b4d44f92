//! Assembles templates from readable source.
//!
//! One instruction a line, `#` begins a comment, `name:` a local label, `.long` a word as it is. Operands are registers (`r5`, `cr0`),
//! decimal or hexadecimal numbers, `displacement(register)` and labels. Encoding is `powerpc-asm`'s; instructions
//! that it does not know are rows of [`EXTRA`].

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use powerpc_asm::{Argument, Arguments};

/// Why a source does not assemble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, `{text}`: {problem}")]
pub struct AsmError {
    /// Line number, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Instructions that `powerpc-asm` does not know, with one register operand at most:
/// mnemonic, word, number of bits to shift the operand left.
const EXTRA: &[(&str, u32, u32)] = &[
    ("wrtee", 0x7c00_0106, 21),  // EREF 2.0, wrtee
    ("wrteei", 0x7c00_0146, 15), // EREF 2.0, wrteei
];

/// Assembles a source into words; branches to local labels are resolved.
///
/// # Errors
///
/// When a line is no instruction or its operands do not fit.
pub fn assemble(source: &str) -> Result<Vec<u32>, AsmError> {
    let lines = lines(source);
    let labels = labels(&lines);
    let mut words = Vec::new();
    for line in lines.iter().filter(|line| !line.text.ends_with(':')) {
        let here = words.len();
        let word = encode(line.text, &labels, here).map_err(|problem| AsmError {
            line: line.number,
            text: line.text.to_string(),
            problem,
        })?;
        words.push(word);
    }
    Ok(words)
}

struct Line<'a> {
    number: usize,
    text: &'a str,
}

fn lines(source: &str) -> Vec<Line<'_>> {
    let code = source
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    code.enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(index, text)| Line {
            number: index + 1,
            text,
        })
        .collect()
}

fn labels<'a>(lines: &[Line<'a>]) -> BTreeMap<&'a str, usize> {
    let mut labels = BTreeMap::new();
    let mut index = 0;
    for line in lines {
        match line.text.strip_suffix(':') {
            Some(label) => {
                labels.insert(label, index);
            }
            None => index += 1,
        }
    }
    labels
}

fn encode(text: &str, labels: &BTreeMap<&str, usize>, here: usize) -> Result<u32, String> {
    let (mnemonic, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut arguments = Arguments::default();
    let operands = operands
        .split([',', '(', ')'])
        .map(str::trim)
        .filter(|operand| !operand.is_empty());
    for (index, operand) in operands.enumerate() {
        let slot = arguments.get_mut(index).ok_or("too many operands")?;
        *slot = argument(operand, labels, here)?;
    }
    if mnemonic == ".long" {
        let Argument::Unsigned(word) = arguments[0] else {
            return Err("not a word".into());
        };
        return Ok(word);
    }
    if let Some(&(_, word, shift)) = EXTRA.iter().find(|row| row.0 == mnemonic) {
        let Argument::Unsigned(value @ 0..32) = arguments[0] else {
            return Err("operand out of range".into());
        };
        return Ok(word | value << shift);
    }
    powerpc_asm::assemble(mnemonic, &arguments).map_err(|error| error.to_string())
}

fn argument(operand: &str, labels: &BTreeMap<&str, usize>, here: usize) -> Result<Argument, String> {
    if let Some(&target) = labels.get(operand) {
        let words = i32::try_from(target).ok().zip(i32::try_from(here).ok());
        return words
            .map(|(target, here)| Argument::Signed((target - here) * 4))
            .ok_or("too far".into());
    }
    let register = operand.strip_prefix("cr").or_else(|| operand.strip_prefix('r'));
    if let Some(number) = register.and_then(|digits| digits.parse::<u32>().ok()) {
        return Ok(Argument::Unsigned(number));
    }
    number(operand).ok_or_else(|| alloc::format!("`{operand}` is no register, number or label"))
}

fn number(operand: &str) -> Option<Argument> {
    if let Some(digits) = operand.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok().map(Argument::Unsigned);
    }
    match operand.parse::<i32>().ok()? {
        negative @ ..0 => Some(Argument::Signed(negative)),
        positive => Some(Argument::Unsigned(positive.unsigned_abs())),
    }
}

/// Bytes that an I-form branch reaches, forwards to `REACH - 4` and backwards to `-REACH`
/// (Power ISA Book I, `b`: LI is a signed 24-bit word count).
pub const REACH: u64 = 1 << 25;

/// The word of `b target` at `address`, if the target is within reach.
pub fn branch(address: u64, target: u64) -> Option<u32> {
    let distance = target.wrapping_sub(address);
    let within = distance.wrapping_add(REACH) < 2 * REACH && distance.is_multiple_of(4);
    // The low 26 bits of a distance within reach are the LI field in place.
    #[allow(clippy::cast_possible_truncation)]
    within.then_some(0x4800_0000 | distance as u32 & 0x03ff_fffc)
}

/// The word of `bl target` at `address`, if the target is within reach.
pub fn call(address: u64, target: u64) -> Option<u32> {
    branch(address, target).map(|word| word | 1)
}

/// `ori 0,0,0`.
pub const NOP: u32 = 0x6000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assembles_what_templates_use() {
        let source = "
            lwz r9, -4004(r0)   # the page
            rlwinm. r9, r9, 0, 17, 15
            bne cr7, away
            wrteei 1
            wrtee r31
        away:
            cmpwi cr7, r9, 0
            mtmsr r1";
        let words = assemble(source).unwrap();
        assert_eq!(
            words,
            [
                0x8120_f05c,
                0x5529_045f,
                0x409e_000c,
                0x7c00_8146,
                0x7fe0_0106,
                0x2f89_0000,
                0x7c20_0124
            ]
        );
    }

    #[test]
    fn says_which_line_is_wrong() {
        let error = assemble("nop\nlwz r9, 1 2\n").unwrap_err();
        assert_eq!((error.line, error.text.as_str()), (2, "lwz r9, 1 2"));
    }

    #[test]
    fn branches_reach_exactly_32_mib() {
        assert_eq!(branch(0, REACH - 4), Some(0x49ff_fffc));
        assert_eq!(branch(0, REACH), None);
        assert_eq!(branch(REACH, 0), Some(0x4a00_0000));
        assert_eq!(branch(REACH + 4, 0), None);
        assert_eq!(branch(0xffff_ffff_ffff_fffc, 4), Some(0x4800_0008));
        assert_eq!(branch(0, 2), None);
    }
}
