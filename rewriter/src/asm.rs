//! Assembles templates from readable source.
//!
//! One instruction a line, `#` begins a comment, `name:` is a local label, `.long` a word as it is. Operands are
//! registers (`r5`, `cr0`), decimal or hexadecimal numbers, `displacement(register)` and labels. A source says nothing
//! of a family: each line is an instruction of the first family that has it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use cpu::encode::operands;
use cpu::{EncodeError, Value};
use magicpage::Family;

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

/// More operands than any instruction has.
const MOST: usize = 8;

fn encode(text: &str, labels: &BTreeMap<&str, usize>, here: usize) -> Result<u32, String> {
    let (mnemonic, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut values = [Value::Number(0); MOST];
    let mut given = 0;
    for operand in operands(rest) {
        *values.get_mut(given).ok_or("too many operands")? = value(operand, labels, here)?;
        given += 1;
    }
    in_any_family(mnemonic, &values[..given]).map_err(|error| error.to_string())
}

fn in_any_family(mnemonic: &str, values: &[Value]) -> Result<u32, EncodeError> {
    let mut failure = EncodeError::Unknown;
    for family in Family::ALL {
        match cpu::encode(mnemonic, values, None, family) {
            Ok(word) => return Ok(word),
            Err(error) if failure == EncodeError::Unknown => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

fn value(operand: &str, labels: &BTreeMap<&str, usize>, here: usize) -> Result<Value, String> {
    if let Some(&target) = labels.get(operand) {
        let words = i64::try_from(target).ok().zip(i64::try_from(here).ok());
        return words
            .map(|(target, here)| Value::Distance((target - here) * 4))
            .ok_or("too far".into());
    }
    Value::parse(operand).ok_or_else(|| alloc::format!("`{operand}` is no register, number or label"))
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
        let error = assemble("ld r9, 6(r1)").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1, `ld r9, 6(r1)`: operand 2 is no multiple of 4: 6"
        );
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
