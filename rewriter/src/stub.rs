//! The entry stub: maps the magic page before the image's first instruction.
//!
//! A rewritten image reads and writes the page from its first rewritten instruction on, so somebody must have mapped
//! it. Where the host does not do that by itself, the image is entered at this stub, which makes the hypercall
//! `KVM_HC_PPC_MAP_MAGIC_PAGE` (Linux, `Documentation/virt/kvm/ppc-pv.rst`) and goes on at the old entry with every
//! general register, CR, XER, LR and CTR as they were: boot protocols pass arguments in r1 and r3 to r9. SPRG0 and
//! SPRG1 hold r12 and LR meanwhile and are lost; no boot protocol uses them.
//!
//! The stub runs at whatever address it is loaded, translation on or off, in the image's byte order: a little-endian
//! image must be entered in little-endian mode. It keeps registers in its own memory. When the host refuses, or does
//! not offer the features that the plan needs, the stub stops in a loop at its label `refused` with the status in r3
//! and the features in r4: running on would be worse.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use magicpage::hypercall::{Hypercall, INSTRUCTIONS, MapFlags, PageFeatures};
use magicpage::{Family, WordSize};

use crate::asm::assemble;
use crate::template::BACK;

/// Registers that the hypercall may change: r0, r3 to r11; and CR.
const KEPT: [u8; 10] = [0, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// The words of the stub; the last one, [`BACK`], stands for the branch to the old entry.
pub fn words(family: Family, needed: PageFeatures) -> Vec<u32> {
    let source = source(family, needed);
    // The source is made of constants alone; the tests assemble it for every family and feature.
    assemble(&source).unwrap_or_else(|error| panic!("entry stub: {error}"))
}

fn source(family: Family, needed: PageFeatures) -> String {
    let (load, store, bytes) = match family.word_size() {
        WordSize::Word32 => ("lwz", "stw", 4),
        WordSize::Word64 => ("ld", "std", 8),
    };
    let token = Hypercall::MapMagicPage.token();
    let each = |operation: &str| -> String {
        let lines = KEPT.iter().enumerate();
        lines
            .map(|(slot, register)| format!("{operation} r{register}, {}(r12)\n", saved(slot, bytes)))
            .collect()
    };
    let slots = (KEPT.len() + 1) * bytes / 4;
    let space: String = ".long 0\n".repeat(slots + 1);
    let call: String = INSTRUCTIONS
        .iter()
        .map(|word| format!(".long {word:#x}\n"))
        .collect();
    let condition = saved(KEPT.len(), bytes);
    format!(
        "b start
        {space}
    start:
        mtspr 272, r12
        mflr r12
        mtspr 273, r12
        bcl 20, 31, here
    here:
        mflr r12
        {saves}
        mfcr r11
        stw r11, {condition}(r12)
        li r3, -4096
        li r4, {page}
        lis r11, {token_high}
        ori r11, r11, {token_low}
        {call}
        cmpwi r3, 0
        bne refused
        andi. r5, r4, {needed}
        cmpwi r5, {needed}
        bne refused
        bcl 20, 31, again
    again:
        mflr r12
        addi r12, r12, here_from_again
        lwz r11, {condition}(r12)
        mtcrf 255, r11
        {restores}
        mfspr r12, 273
        mtlr r12
        mfspr r12, 272
        b back
    refused:
        b refused
    back:
        .long {BACK}",
        saves = each(store),
        restores = each(load),
        page = -4096 | i32::try_from(MapFlags::NOT_MAPPED_NX.bits()).unwrap_or(0),
        token_high = token >> 16,
        token_low = token & 0xffff,
        needed = needed.bits(),
    )
    .replace("here_from_again", &format!("{}", here_from_again()))
}

/// Instructions between `start` and `here`, and between `here` and `again`.
const BEFORE_HERE: usize = 4;

/// The displacement of a slot from `here`: the slots stand right behind the first branch.
fn saved(slot: usize, bytes: usize) -> i64 {
    let words = (KEPT.len() + 1) * bytes / 4 + 1 + BEFORE_HERE;
    let first = -4 * i64::try_from(words).unwrap_or(0);
    let aligned = if bytes == 8 { (first + 7) & !7 } else { first };
    aligned + i64::try_from(slot * bytes).unwrap_or(0)
}

/// Bytes from `again` back to `here`.
fn here_from_again() -> i64 {
    let between = 1 + KEPT.len() + 2 + 4 + INSTRUCTIONS.len() + 6;
    -4 * i64::try_from(between).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use cpu::exec::{Stop, execute};
    use cpu::memory::{Fault, Memory};
    use cpu::state::State;
    use cpu::{Regs, decode};

    /// The stub's own words as memory, at an address that is not its link address.
    struct Loaded {
        family: Family,
        base: u64,
        words: Vec<u32>,
    }

    impl Loaded {
        fn slot(&mut self, address: u64) -> &mut u32 {
            &mut self.words[usize::try_from((address - self.base) / 4).unwrap()]
        }
    }

    impl Memory for Loaded {
        fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
            let first = u64::from(*self.slot(address));
            Ok(if bytes == 8 {
                first << 32 | u64::from(*self.slot(address + 4))
            } else {
                first
            })
        }

        #[expect(clippy::cast_possible_truncation, reason = "words are stored one by one")]
        fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
            assert!(address > self.base, "the stub overwrites itself");
            if bytes == 8 {
                *self.slot(address) = (value >> 32) as u32;
                *self.slot(address + 4) = value as u32;
            } else {
                *self.slot(address) = value as u32;
            }
            Ok(())
        }
    }

    /// Runs the stub with a host that answers with this status and these features; the state at its end, and whether
    /// it came to its last word.
    fn run(family: Family, needed: PageFeatures, status: u64, offered: PageFeatures) -> (State, State, bool) {
        let words = words(family, needed);
        let end = words.len() - 1;
        let mut memory = Loaded {
            family,
            base: 0x1000,
            words,
        };
        let code = memory.words.clone();
        let mut state = State::new(family);
        for (number, register) in state.gpr.iter_mut().enumerate() {
            *register = 0x1111_0000 + number as u64;
        }
        (state.cr, state.lr, state.ctr, state.pc) = (0x1234_5678, 0x2000, 0x3000, memory.base);
        let before = state.clone();
        let mut sprg = [0; 2];
        for _ in 0..200 {
            let index = usize::try_from((state.pc - memory.base) / 4).unwrap();
            if index == end {
                return (before, state, true);
            }
            let ins = decode(code[index], memory.family);
            match execute(ins, &mut state, &mut memory) {
                Ok(()) => continue,
                Err(Stop::Privileged) => {
                    let number = usize::from(ins.spr().unwrap() - 272);
                    match ins.effects().writes.intersects(Regs::GPRS) {
                        true => state.gpr[usize::from(ins.rt())] = sprg[number],
                        false => sprg[number] = state.gpr[usize::from(ins.rt())],
                    }
                }
                Err(Stop::SystemCall) => {
                    assert_eq!(state.gpr[0], 0x4b56_4d21);
                    assert_eq!(state.gpr[11], 0x002a_0004);
                    let page = if family.word_size() == WordSize::Word64 {
                        u64::MAX - 4095
                    } else {
                        0xffff_f000
                    };
                    assert_eq!(&state.gpr[3..5], &[page, page | 1]);
                    for register in KEPT.into_iter().chain([12]) {
                        state.gpr[usize::from(register)] = 0xdead;
                    }
                    (state.gpr[3], state.gpr[4]) = (status, u64::from(offered.bits()));
                }
                Err(stop) => panic!("{stop:?} at {index}"),
            }
            state.pc += 4;
        }
        (before, state, false)
    }

    #[test]
    fn goes_on_with_every_register_as_it_was() {
        for family in Family::ALL {
            for needed in [PageFeatures::empty(), PageFeatures::SR, PageFeatures::LINUX] {
                let (before, after, ended) = run(family, needed, 0, PageFeatures::LINUX);
                assert!(ended, "{family}");
                assert_eq!(after.gpr, before.gpr, "{family}");
                assert_eq!(
                    vec![u64::from(after.cr), after.lr, after.ctr],
                    vec![u64::from(before.cr), before.lr, before.ctr]
                );
            }
        }
    }

    #[test]
    fn stops_when_the_host_refuses() {
        for family in Family::ALL {
            let (_, after, ended) = run(family, PageFeatures::SR, 12, PageFeatures::LINUX);
            assert!(!ended);
            assert_eq!(after.gpr[3], 12);
            let (_, after, ended) = run(family, PageFeatures::LINUX, 0, PageFeatures::SR);
            assert!(!ended);
            assert_eq!(after.gpr[4], 1);
        }
    }
}
