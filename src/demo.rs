//! The demo kernel: a small image made on the spot, so that everything can be tried with nothing but this program.
//!
//! Its source is `demo/kernel.s`, assembled by the same assembler as the templates. Three directives are added here,
//! for what makes functions of words: `.org`, `.func` and `.end`.

mod elf;

use std::fmt::Write;

use rewriter::asm::assemble;

/// Address that the kernel is linked at; it is loaded at 0.
const BASE: u32 = 0xc000_0000;

/// A function: name, offset and size in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    offset: u32,
    size: u32,
}

/// The demo kernel as an ELF file.
pub fn kernel() -> Vec<u8> {
    let (words, functions) = build(include_str!("demo/kernel.s"));
    elf::executable(&words, &functions).unwrap_or_else(|error| panic!("the demo kernel: {error}"))
}

/// The words of a source, and its functions.
fn build(source: &str) -> (Vec<u32>, Vec<Function>) {
    let (mut plain, mut functions) = (String::new(), Vec::new());
    let mut words: u32 = 0;
    for line in source.lines() {
        let code = line.split('#').next().unwrap_or_default().trim();
        match code.split_once(' ') {
            Some((".org", offset)) => pad(&mut plain, &mut words, offset),
            Some((".func", name)) => {
                functions.push(Function {
                    name: name.into(),
                    offset: 4 * words,
                    size: 0,
                });
                let _ = write!(plain, "{name}:");
            }
            _ if code == ".end" => {
                if let Some(function) = functions.last_mut() {
                    function.size = 4 * words - function.offset;
                }
            }
            _ => {
                words += u32::from(!code.is_empty() && !code.ends_with(':'));
                plain.push_str(code);
            }
        }
        plain.push('\n');
    }
    let words = assemble(&plain).unwrap_or_else(|error| panic!("the demo kernel: {error}"));
    (words, functions)
}

/// Zeros up to an offset, which is given in hexadecimal.
fn pad(plain: &mut String, words: &mut u32, offset: &str) {
    let digits = offset.trim().trim_start_matches("0x");
    let end =
        u32::from_str_radix(digits, 16).unwrap_or_else(|error| panic!("the demo kernel: {offset}: {error}"));
    assert!(
        4 * *words <= end,
        "the demo kernel: the code before {offset} is too long"
    );
    while 4 * *words < end {
        plain.push_str(".long 0\n");
        *words += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpu::decode;
    use magicpage::Family;
    use rewriter::elf::{ElfImage, ReadOptions};

    #[test]
    fn functions_have_offsets_and_sizes() {
        let (words, functions) = build(".org 0x8\n.func one # first\n nop\nagain:\n b again\n.end\n");
        assert_eq!(words, [0, 0, 0x6000_0000, 0x4800_0000]);
        assert_eq!(
            functions,
            [Function {
                name: "one".into(),
                offset: 8,
                size: 8
            }]
        );
    }

    #[test]
    fn every_word_of_a_function_is_an_instruction() {
        let (words, functions) = build(include_str!("demo/kernel.s"));
        for function in functions {
            assert_ne!(function.size, 0, "{}", function.name);
            for offset in (function.offset..function.offset + function.size).step_by(4) {
                let word = words[usize::try_from(offset / 4).unwrap()];
                assert!(
                    decode(word, Family::Book3s32).is_known(),
                    "{} at {offset:#x}: {word:#010x}",
                    function.name
                );
            }
        }
    }

    #[test]
    fn it_is_an_image() {
        let bytes = kernel();
        let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
        assert_eq!(elf.image().family, Family::Book3s32);
        assert_eq!(elf.entry(), Some(u64::from(BASE)));
    }
}
