//! Execution against QEMU's user mode.
//!
//! A static program is generated, assembled and run: one stub an instruction word, which loads all registers from a
//! block, executes two words and stores all registers back; every stub runs over several blocks. The program ends by
//! writing the blocks out, and each must hold what our execution of the same words made of the same registers.

mod common;

use std::fmt::Write as _;
use std::fs;

use common::{Kind, Random, Scratch, kinds, run};
use cpu::exec::{Stop, execute};
use cpu::memory::{Access, Fault, Memory, Reason};
use cpu::operand::Operand;
use cpu::{State, decode};
use magicpage::{Endian, Family, WordSize};

/// A machine that QEMU emulates.
struct Target {
    family: Family,
    endian: Endian,
    emulator: &'static str,
    processor: &'static str,
    assembler: &'static [&'static str],
    linker: &'static str,
}

const TARGETS: [Target; 4] = [
    Target {
        family: Family::Book3s32,
        endian: Endian::Big,
        emulator: "qemu-ppc",
        processor: "7400",
        assembler: &["-a32", "-mbig", "-many", "-mregnames"],
        linker: "elf32ppc",
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Big,
        emulator: "qemu-ppc64",
        processor: "power9",
        assembler: &["-a64", "-mbig", "-mpower9", "-mregnames"],
        linker: "elf64ppc",
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Little,
        emulator: "qemu-ppc64le",
        processor: "power9",
        assembler: &["-a64", "-mlittle", "-mpower9", "-mregnames"],
        linker: "elf64lppc",
    },
    Target {
        family: Family::E500,
        endian: Endian::Big,
        emulator: "qemu-ppc",
        processor: "e500v2",
        assembler: &["-a32", "-mbig", "-many", "-mregnames"],
        linker: "elf32ppc",
    },
];

const TEXT: u64 = 0x0100_0000;
const CONTROL: u64 = 0x0200_0000;
/// What loads and stores may touch.
const BUFFER: u64 = CONTROL + 0x400;
const BUFFER_BYTES: usize = 128;
const BLOCKS: u64 = CONTROL + 0x1000;
/// Bytes of a stub, and of what precedes the words under test in it.
const STUB: u64 = 1024;
const SLOT: u64 = 256;
/// Blocks a stub runs over.
const ROUNDS: usize = 8;
/// Words a kind of instruction.
const WORDS: usize = 40;
/// Registers of a block: 32 general ones, CR, XER, LR, CTR, the way the slot was left, padding.
const REGISTERS: usize = 40;
const NOP: u32 = 0x6000_0000;

#[derive(Clone)]
struct Buffer {
    bytes: [u8; BUFFER_BYTES],
    endian: Endian,
    first: Option<u64>,
}

impl Buffer {
    fn range(&mut self, address: u64, bytes: u8, access: Access) -> Result<std::ops::Range<usize>, Fault> {
        self.first.get_or_insert(address);
        let start = address.wrapping_sub(BUFFER);
        if start > (BUFFER_BYTES - usize::from(bytes)) as u64 {
            return Err(Fault {
                address,
                access,
                reason: Reason::Unmapped,
            });
        }
        let start = usize::try_from(start).expect("an offset into the buffer");
        Ok(start..start + usize::from(bytes))
    }
}

impl Memory for Buffer {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let range = self.range(address, bytes, Access::Load)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Ok(match self.endian {
            Endian::Big => self.bytes[range].iter().fold(0, fold),
            Endian::Little => self.bytes[range].iter().rev().fold(0, fold),
        })
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let range = self.range(address, bytes, Access::Store)?;
        let big = value.to_be_bytes();
        self.bytes[range.clone()].copy_from_slice(&big[8 - usize::from(bytes)..]);
        if self.endian == Endian::Little {
            self.bytes[range].reverse();
        }
        Ok(())
    }
}

/// A block before and after.
struct Case {
    words: [u32; 2],
    before: (State, Buffer),
    after: (State, Buffer),
}

/// Instructions that QEMU's user mode does otherwise, or not at all.
const EXCLUDED: &[(&str, &str)] = &[
    ("wait", "ends the program"),
    ("waitrsv", "Power ISA 3.1"),
    ("pause_short", "Power ISA 3.1"),
    ("dcbfps", "Power ISA 3.1"),
    ("dcbstps", "Power ISA 3.1"),
    ("dcbflp", "POWER9 lacks it there"),
    ("icbt", "POWER9 lacks it there"),
    ("dst", "needs a vector unit that is switched on"),
    ("dstt", "needs a vector unit that is switched on"),
    ("dstst", "needs a vector unit that is switched on"),
    ("dststt", "needs a vector unit that is switched on"),
    ("dss", "needs a vector unit that is switched on"),
    ("dssall", "needs a vector unit that is switched on"),
];

/// On little-endian processors these always fault.
const BIG_ONLY: &[&str] = &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"];

const CONDITIONAL: &[&str] = &["stbcx.", "sthcx.", "stwcx.", "stdcx."];

fn testable(kind: &Kind, target: &Target) -> bool {
    let name = kind.row.mnemonic;
    let elsewhere = name == "mtspr" || name == "mfspr";
    let big_only = target.endian == Endian::Little && BIG_ONLY.contains(&name);
    !elsewhere && !big_only && EXCLUDED.iter().all(|(excluded, _)| *excluded != name)
}

/// The word at `slot`, its operands random, but so that running it can be watched.
fn word(kind: &Kind, random: &mut Random) -> u32 {
    let mut word = kind.word(random.word());
    let (displacement, bo) = (12, word >> 21 & 31);
    match kind.row.mnemonic {
        "b" => word = word & 0xfc00_0001 | displacement,
        "bc" => word = word & 0xffff_0001 | displacement,
        "mfocrf" | "mtocrf" => word = word & !(0xff << 12) | 1 << (12 + bo % 8),
        // Conditions that hold for few pairs, so that the absence of a trap says how the pair compares.
        "tw" | "twi" | "td" | "tdi" => {
            word = word & !(31 << 21) | [13, 14, 21, 22, 27][bo as usize % 5] << 21;
        }
        _ => {}
    }
    word
}

fn random_state(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> State {
    let mut state = State::new(target.family);
    let wide = state.word == WordSize::Word64;
    let width = if wide { u64::MAX } else { 0xffff_ffff };
    for register in &mut state.gpr {
        *register = random.value() & width;
    }
    let ins = decode(words[0], target.family);
    if random.below(4) == 0 {
        // Equal operands, and immediates.
        state.gpr[usize::from(ins.ra())] = if random.below(2) == 0 {
            i64::from(ins.si()).cast_unsigned() & width
        } else {
            state.gpr[usize::from(ins.rb())]
        };
    }
    state.cr = random.word();
    state.xer = random.word() & if wide { 0xe00c_007f } else { 0xe000_007f };
    if random.below(4) == 0 {
        state.xer &= !0x60;
    }
    let targets = [slot + 8, slot + 12, (slot + 8) | 3, (slot + 12) | 1, slot + 4];
    state.lr = targets[random.below(5)];
    state.ctr = match random.below(8) {
        0 => random.value() & width,
        1 | 2 => random.below(3) as u64,
        3 if wide => 0x1_0000_0000 + random.below(3) as u64,
        _ => targets[random.below(5)],
    };
    state.pc = slot;
    state
}

/// Runs the slot in our execution. Nothing if it stops, leaves for elsewhere or does not touch the buffer alone.
fn ours(
    target: &Target,
    words: [u32; 2],
    slot: u64,
    before: &(State, Buffer),
) -> Result<(State, Buffer), Option<u64>> {
    let (mut state, mut memory) = before.clone();
    memory.first = None;
    for _ in 0..4 {
        let Some(word) = words.get((state.pc.wrapping_sub(slot) / 4) as usize) else {
            break;
        };
        let ins = decode(*word, target.family);
        if CONDITIONAL.contains(&ins.mnemonic()) {
            // Without a reservation we do not look at the address; QEMU's "none" is an address too.
            let base = if ins.ra() == 0 {
                0
            } else {
                state.gpr[usize::from(ins.ra())]
            };
            let address = base.wrapping_add(state.gpr[usize::from(ins.rb())]);
            memory.clone().load(address, 8).map_err(|_| Some(address))?;
        }
        if ins.mnemonic() == "divde"
            && overflow_is_missed(state.gpr[usize::from(ins.ra())], state.gpr[usize::from(ins.rb())])
        {
            return Err(None);
        }
        execute(ins, &mut state, &mut memory).map_err(|_| memory.first)?;
    }
    if state.pc == slot + 8 || state.pc == slot + 12 {
        Ok((state, memory))
    } else {
        Err(None)
    }
}

/// QEMU 7.2 takes a quotient of `divde` for representable if it fits 64 bits without a sign.
fn overflow_is_missed(a: u64, b: u64) -> bool {
    let (a, b) = (a.cast_signed(), b.cast_signed());
    a.unsigned_abs() < b.unsigned_abs() && i64::try_from((i128::from(a) << 64) / i128::from(b)).is_err()
}

fn case(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> Option<Case> {
    for _ in 0..100 {
        let mut buffer = Buffer {
            bytes: [0; BUFFER_BYTES],
            endian: target.endian,
            first: None,
        };
        buffer.bytes.fill_with(|| random.word().to_le_bytes()[0]);
        let mut before = (random_state(target, words, slot, random), buffer);
        let mut after = ours(target, words, slot, &before);
        if let Err(Some(address)) = after {
            // Move the address into the buffer, by the base or by the index.
            let ins = decode(words[0], target.family);
            let wanted = (BUFFER + random.below(BUFFER_BYTES) as u64) & !(random.next() & 7);
            let indexed = ins
                .operands()
                .iter()
                .any(|operand| matches!(operand, Operand::Gpr(11, _)));
            let register = if ins.ra() == 0 || indexed && random.below(2) == 0 {
                ins.rb()
            } else {
                ins.ra()
            };
            let moved = &mut before.0.gpr[usize::from(register)];
            *moved = moved.wrapping_add(wanted.wrapping_sub(address));
            if target.family == Family::Book3s32 {
                *moved &= 0xffff_ffff;
            }
            after = ours(target, words, slot, &before);
        }
        if let Ok(after) = after {
            return Some(Case { words, before, after });
        }
    }
    None
}

/// Every stub's cases.
fn stubs(target: &Target, random: &mut Random) -> Vec<Vec<Case>> {
    let kinds: Vec<Kind> = kinds(target.family)
        .into_iter()
        .filter(|kind| testable(kind, target))
        .collect();
    let seconds: Vec<Kind> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.row.mnemonic != "bclr")
        .collect();
    let mut stubs = Vec::new();
    for kind in &kinds {
        let mut covered = false;
        for n in 0..WORDS {
            let slot = TEXT + STUB * (stubs.len() as u64 + 1) + SLOT;
            let first = word(kind, random);
            let second = match (kind.row.mnemonic, n % 2) {
                ("lwarx" | "ldarx" | "lbarx" | "lharx", _) => store_conditional(first, random),
                (_, 0) => NOP,
                _ => word(&seconds[random.below(seconds.len())], random),
            };
            let words = [first, second];
            let cases: Option<Vec<Case>> = (0..ROUNDS).map(|_| case(target, words, slot, random)).collect();
            covered |= cases.is_some();
            stubs.extend(cases);
        }
        assert!(
            covered || !executes(kind, target.family),
            "no case for {}",
            kind.row.mnemonic
        );
    }
    stubs.extend(moves(target, random, stubs.len()));
    stubs
}

/// Whether we execute the instruction at all.
fn executes(kind: &Kind, family: Family) -> bool {
    let mut memory = Buffer {
        bytes: [0; BUFFER_BYTES],
        endian: Endian::Big,
        first: None,
    };
    (0..64u32).any(|n| {
        let ins = decode(kind.word(n.wrapping_mul(0x9e37_79b9)), family);
        let done = execute(ins, &mut State::new(family), &mut memory);
        matches!(done, Ok(()) | Err(Stop::Trap | Stop::Fault(_)))
    })
}

/// A store conditional that mostly matches the load and reserve before it.
fn store_conditional(load: u32, random: &mut Random) -> u32 {
    let stores = [(20, 150), (84, 214), (52, 694), (116, 726)];
    let (_, extended) = stores
        .into_iter()
        .find(|(load_x, _)| load >> 1 & 1023 == *load_x)
        .expect("a load and reserve");
    let address = if random.below(4) == 0 { random.word() } else { load } & 0x001f_f800;
    31 << 26 | random.word() & 31 << 21 | address | extended << 1 | 1
}

/// Moves from and to XER, LR and CTR.
fn moves(target: &Target, random: &mut Random, before: usize) -> Vec<Vec<Case>> {
    let mut stubs: Vec<Vec<Case>> = Vec::new();
    for (spr, extended) in [1, 8, 9].into_iter().flat_map(|spr| [(spr, 339), (spr, 467)]) {
        let slot = TEXT + STUB * ((before + stubs.len()) as u64 + 1) + SLOT;
        let words = [
            31 << 26 | random.word() & 31 << 21 | spr << 16 | extended << 1,
            NOP,
        ];
        stubs.extend(
            (0..ROUNDS)
                .map(|_| case(target, words, slot, random))
                .collect::<Option<Vec<Case>>>(),
        );
    }
    stubs
}

/// The program: an entry, the stubs, an end.
fn program(target: &Target, stubs: &[Vec<Case>]) -> String {
    let wide = target.family == Family::Book3s64;
    let (load, store, bytes) = if wide { ("ld", "std", 8) } else { ("lwz", "stw", 4) };
    let block = block_bytes(target);
    let total = stubs.len() * ROUNDS * block;
    let (stash, unstash) = if wide {
        ("mtvsrd vs0,r31", "mfvsrd r0,vs0")
    } else {
        ("mtspr 256,r31", "mfspr r0,256")
    };
    let mut text = String::new();
    let abi = if wide { ".abiversion 2\n" } else { "" };
    let each = |first: usize, mnemonic: &str| {
        (first..31).fold(String::new(), |mut lines, n| {
            writeln!(lines, "    {mnemonic} r{n},{}(r31)", n * bytes).expect("a string");
            lines
        })
    };
    let offset = |n: usize| n * bytes;
    let (control, buffer, blocks) = (CONTROL >> 16, BUFFER & 0xffff, BLOCKS & 0xffff);
    write!(
        text,
        "{abi}.text
.globl _start
_start: lis r3,{control}
    ori r4,r3,{blocks}
    {store} r4,0(r3)
    b stubs
copy_in: lis r3,{control}
    {load} r4,0(r3)
    addi r4,r4,{registers}-4
    ori r5,r3,{buffer}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r4)
    stwu r7,4(r5)
    bdnz 1b
    stwcx. r7,0,r5
    blr
copy_out: lis r3,{control}
    {load} r4,0(r3)
    addi r8,r4,{block}
    {store} r8,0(r3)
    addi r4,r4,{registers}-4
    ori r5,r3,{buffer}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r5)
    stwu r7,4(r4)
    bdnz 1b
    {load} r6,8(r3)
    addic. r6,r6,-1
    {store} r6,8(r3)
    blr
.macro leave way
    {stash}
    lis r31,{control}
    {load} r31,0(r31)
    {store} r0,0(r31)
    li r0,\\way
.endm
.macro stub first second
1:  lis r31,{control}
    li r30,{ROUNDS}
    {store} r30,8(r31)
2:  bl copy_in
    lis r31,{control}
    {load} r31,0(r31)
    {load} r0,{cr}(r31)
    mtcrf 255,r0
    {load} r0,{xer}(r31)
    mtxer r0
    {load} r0,{lr}(r31)
    mtlr r0
    {load} r0,{ctr}(r31)
    mtctr r0
{loads}    {load} r31,{r31}(r31)
    b 3f
    .org 1b+{SLOT}-4,0
    nop
3:  .long \\first,\\second
    b 4f
    b 5f
4:  leave 0
    b 6f
5:  leave 1
6:  {store} r0,{way}(r31)
{stores}    {unstash}
    {store} r0,{r31}(r31)
    mfcr r0
    {store} r0,{cr}(r31)
    mfxer r0
    {store} r0,{xer}(r31)
    mflr r0
    {store} r0,{lr}(r31)
    mfctr r0
    {store} r0,{ctr}(r31)
    bl copy_out
    bne 2b
    b 7f
    .org 1b+{STUB},0
7:
.endm
.org {STUB}
stubs:
",
        registers = REGISTERS * bytes,
        words = BUFFER_BYTES / 4,
        cr = offset(32),
        xer = offset(33),
        lr = offset(34),
        ctr = offset(35),
        way = offset(36),
        r31 = offset(31),
        loads = each(0, load),
        stores = each(1, store),
    )
    .expect("a string");
    for stub in stubs {
        let [first, second] = stub[0].words;
        writeln!(text, "stub {first:#x} {second:#x}").expect("a string");
    }
    write!(
        text,
        "    lis r29,{control}
    ori r29,r29,{blocks}
    lis r30,{high}
    ori r30,r30,{low}
1:  li r0,4
    li r3,1
    mr r4,r29
    mr r5,r30
    sc
    add r29,r29,r3
    subf. r30,r3,r30
    bgt 1b
    li r0,1
    li r3,0
    sc
.section .control,\"aw\"
.space 0x1000
.data
.incbin \"blocks\"
",
        high = total >> 16,
        low = total & 0xffff
    )
    .expect("a string");
    text
}

fn block_bytes(target: &Target) -> usize {
    REGISTERS * usize::from(target.family.word_size().bytes()) + BUFFER_BYTES
}

/// A block's bytes; `way` says how the slot was left.
fn encode(target: &Target, (state, buffer): &(State, Buffer), way: u64) -> Vec<u8> {
    let special = [
        u64::from(state.cr),
        u64::from(state.xer),
        state.lr,
        state.ctr,
        way,
        0,
        0,
        0,
    ];
    let mut bytes = Vec::new();
    for value in state.gpr.into_iter().chain(special) {
        match (target.family.word_size(), target.endian) {
            (WordSize::Word32, _) => bytes.extend(&value.to_be_bytes()[4..]),
            (WordSize::Word64, Endian::Big) => bytes.extend(value.to_be_bytes()),
            (WordSize::Word64, Endian::Little) => bytes.extend(value.to_le_bytes()),
        }
    }
    bytes.extend(buffer.bytes);
    bytes
}

/// QEMU's block, with the bits of XER cleared that it keeps though the processor lacks them.
fn without_missing_xer_bits(target: &Target, block: &[u8]) -> Vec<u8> {
    let bytes = usize::from(target.family.word_size().bytes());
    let place = match target.endian {
        Endian::Big => 34 * bytes - 4..34 * bytes,
        Endian::Little => 33 * bytes..33 * bytes + 4,
    };
    let mut block = block.to_vec();
    let xer = target
        .endian
        .read_u32(block[place.clone()].try_into().expect("four bytes"));
    let exist = if bytes == 4 { 0xe000_007f } else { 0xe00c_007f };
    block[place].copy_from_slice(&target.endian.write_u32(xer & exist));
    block
}

const NAMES: [&str; REGISTERS - 32] = ["cr", "xer", "lr", "ctr", "way", "", "", ""];

/// Says what differs, one line a value.
fn differences(target: &Target, expected: &[u8], found: &[u8]) -> String {
    let bytes = usize::from(target.family.word_size().bytes());
    let mut report = String::new();
    for (n, (ours, theirs)) in expected.chunks(bytes).zip(found.chunks(bytes)).enumerate() {
        if ours != theirs {
            let name = match n {
                0..32 => format!("r{n}"),
                32..REGISTERS => NAMES[n - 32].to_owned(),
                _ => format!("memory+{}", (n - REGISTERS) * bytes),
            };
            write!(report, " {name}: ours {ours:02x?}, QEMU {theirs:02x?};").expect("a string");
        }
    }
    report
}

fn check(target: &Target, seed: u64) -> usize {
    let scratch = Scratch::new(&format!("{}-{}", target.emulator, target.processor));
    let stubs = stubs(target, &mut Random(seed));
    let cases: Vec<&Case> = stubs.iter().flatten().collect();
    let path = |name: &str| scratch.path(name).to_str().expect("a path in UTF-8").to_owned();
    let blocks: Vec<u8> = cases
        .iter()
        .flat_map(|case| encode(target, &case.before, 0))
        .collect();
    fs::write(path("blocks"), blocks).expect("a temporary file");
    fs::write(path("program.s"), program(target, &stubs)).expect("a temporary file");
    let (source, object, executable) = (path("program.s"), path("program.o"), path("program"));
    let directory = format!("-I{}", path(""));
    let mut arguments = target.assembler.to_vec();
    arguments.extend([&*directory, "-o", &object, &source]);
    run("powerpc-linux-gnu-as", common::BINUTILS, &arguments);
    let addresses = [
        format!("-Ttext={TEXT:#x}"),
        format!("--section-start=.control={CONTROL:#x}"),
        format!("-Tdata={BLOCKS:#x}"),
    ];
    let mut arguments = vec!["-m", target.linker, "-e", "_start", "-o", &executable, &object];
    arguments.extend(addresses.iter().map(String::as_str));
    run("powerpc-linux-gnu-ld", common::BINUTILS, &arguments);
    let output = run(
        target.emulator,
        "qemu-user",
        &["-cpu", target.processor, &executable],
    );
    assert_eq!(
        output.len(),
        cases.len() * block_bytes(target),
        "the program ran to its end"
    );
    let mut report = String::new();
    let mut wrong = 0;
    for (case, found) in cases.iter().zip(output.chunks(block_bytes(target))) {
        let way = u64::from(case.after.0.pc & 15 == 12);
        let expected = encode(target, &case.after, way);
        let found = without_missing_xer_bits(target, found);
        if expected != found {
            wrong += 1;
            if wrong <= 8 {
                let texts = case
                    .words
                    .map(|word| decode(word, target.family).text(None).to_string());
                let before = case.words.map(|word| {
                    let ins = decode(word, target.family);
                    [ins.rt(), ins.ra(), ins.rb()].map(|n| (n, case.before.0.gpr[usize::from(n)]))
                });
                let what = differences(target, &expected, &found);
                writeln!(report, "{:08x?} {texts:?} on {before:x?}:{what}", case.words).expect("a string");
            }
        }
    }
    assert!(
        wrong == 0,
        "{wrong} of {} cases differ on {}:\n{report}",
        cases.len(),
        target.emulator
    );
    cases.len()
}

#[test]
fn book3s_32_is_qemus() {
    assert!(check(&TARGETS[0], 1) > 20_000);
}

#[test]
fn e500_is_qemus() {
    assert!(check(&TARGETS[3], 4) > 20_000);
}

#[test]
fn book3s_64_big_endian_is_qemus() {
    assert!(check(&TARGETS[1], 2) > 30_000);
}

#[test]
fn book3s_64_little_endian_is_qemus() {
    assert!(check(&TARGETS[2], 3) > 30_000);
}
