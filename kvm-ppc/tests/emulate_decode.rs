//! From the assembler's words to the rows: every instruction of the table is recognised where it exists, and refused
//! where it does not.

mod privileged;
mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs, process};

use cpu::{Privilege, decode};
use kvm_ppc::emulate::{self, Done};
use kvm_ppc::exception::{Exception, Program};
use kvm_ppc::model::{MODELS, Model, Models};
use magicpage::{Family, msr};
use privileged::{ILLEGAL, PRIVILEGED, x19, x31};
use support::guest::Guest;

/// Mnemonic, as the assembler takes it, for the models that have it.
#[rustfmt::skip]
const SOURCE: &[(&str, &str, Models)] = &[
    ("mfmsr",    "mfmsr 3",           Models::ALL),
    ("mtmsr",    "mtmsr 3",           Models::ALL),
    ("mtmsr",    "mtmsr 3, 1",        Models::POWER8),
    ("mtmsrd",   "mtmsrd 3",          Models::POWER8),
    ("mtmsrd",   "mtmsrd 3, 1",       Models::POWER8),
    ("wrtee",    "wrtee 3",           Models::E500V2),
    ("wrteei",   "wrteei 0",          Models::E500V2),
    ("wrteei",   "wrteei 1",          Models::E500V2),
    ("rfi",      "rfi",               Models::WORD32),
    ("rfid",     "rfid",              Models::POWER8),
    ("rfci",     "rfci",              Models::E500V2),
    ("rfmci",    "rfmci",             Models::E500V2),
    ("mfspr",    "mfspr 3, 272",      Models::ALL),
    ("mtspr",    "mtspr 272, 3",      Models::ALL),
    ("mfspr",    "mfspr 3, 1008",     Models::ALL),
    ("mftb",     ".long 0x7c6c42e6",  Models::BOOK3S),
    ("mfpmr",    "mfpmr 3, 16",       Models::E500V2),
    ("mtpmr",    "mtpmr 16, 3",       Models::E500V2),
    ("mfsr",     "mfsr 3, 15",        Models::BOOK3S_32),
    ("mfsrin",   "mfsrin 3, 4",       Models::BOOK3S_32),
    ("mtsr",     "mtsr 15, 3",        Models::BOOK3S_32),
    ("mtsrin",   "mtsrin 3, 4",       Models::BOOK3S_32),
    ("tlbie",    "tlbie 4",           Models::BOOK3S_32),
    ("tlbie",    "tlbie 4, 3",        Models::POWER8),
    ("tlbiel",   "tlbiel 4",          Models::POWER8),
    ("tlbsync",  "tlbsync",           Models::ALL),
    ("tlbwe",    "tlbwe",             Models::E500V2),
    ("tlbre",    "tlbre",             Models::E500V2),
    ("tlbsx",    "tlbsx 0, 4",        Models::E500V2),
    ("tlbivax",  "tlbivax 0, 4",      Models::E500V2),
    ("slbmte",   "slbmte 3, 4",       Models::POWER8),
    ("slbmfee",  "slbmfee 3, 4",      Models::POWER8),
    ("slbmfev",  "slbmfev 3, 4",      Models::POWER8),
    ("slbfee.",  "slbfee. 3, 4",      Models::POWER8),
    ("slbie",    "slbie 4",           Models::POWER8),
    ("slbia",    "slbia",             Models::POWER8),
    ("slbia",    "slbia 3",           Models::POWER8),
    ("dcbi",     "dcbi 0, 4",         Models::WORD32),
    ("dcbz",     "dcbz 0, 4",         Models::ALL),
    ("dcbz_l",   "dcbz_l 0, 4",       Models::M750CL),
    ("dcbtls",   "dcbtls 0, 0, 4",    Models::E500V2),
    ("dcbtstls", "dcbtstls 0, 0, 4",  Models::E500V2),
    ("dcblc",    "dcblc 0, 0, 4",     Models::E500V2),
    ("icbtls",   "icbtls 0, 0, 4",    Models::E500V2),
    ("icblc",    "icblc 0, 0, 4",     Models::E500V2),
    ("bblels",   "bblels",            Models::E500V2),
    ("bbelr",    "bbelr",             Models::E500V2),
    ("sync",     "sync",              Models::ALL),
    ("mbar",     "mbar",              Models::E500V2),
    ("eciwx",    "eciwx 3, 0, 4",     Models::BOOK3S_32),
    ("ecowx",    "ecowx 3, 0, 4",     Models::BOOK3S_32),
    ("hrfid",    "hrfid",             Models::POWER8),
    ("doze",     "doze",              Models::POWER8),
    ("nap",      "nap",               Models::POWER8),
    ("sleep",    "sleep",             Models::POWER8),
    ("rvwinkle", "rvwinkle",          Models::POWER8),
    ("msgsnd",   "msgsnd 4",          Models::POWER8),
    ("msgclr",   "msgclr 4",          Models::POWER8),
    ("lbzcix",   "lbzcix 3, 0, 4",    Models::POWER8),
    ("lhzcix",   "lhzcix 3, 0, 4",    Models::POWER8),
    ("lwzcix",   "lwzcix 3, 0, 4",    Models::POWER8),
    ("ldcix",    "ldcix 3, 0, 4",     Models::POWER8),
    ("stbcix",   "stbcix 3, 0, 4",    Models::POWER8),
    ("sthcix",   "sthcix 3, 0, 4",    Models::POWER8),
    ("stwcix",   "stwcix 3, 0, 4",    Models::POWER8),
    ("stdcix",   "stdcix 3, 0, 4",    Models::POWER8),
];

/// The mnemonics of a model, each with a word.
type Words = Vec<(&'static str, u32)>;

/// The lines of [`SOURCE`] that a model has. Tests run at the same time and share what the assembler has done.
fn words(model: &Model) -> Words {
    static ALL: LazyLock<Vec<Words>> = LazyLock::new(|| MODELS.iter().map(assemble).collect());
    let at = MODELS
        .iter()
        .position(|other| other == model)
        .expect("one of them");
    ALL[at].clone()
}

fn assemble(model: &Model) -> Words {
    let option = match model.family {
        Family::Book3s32 => "-m750cl",
        Family::E500 => "-me500",
        Family::Book3s64 => "-mpower8",
    };
    let lines: Vec<_> = SOURCE
        .iter()
        .filter(|(_, _, models)| models.intersects(model.set))
        .collect();
    let directory = env::temp_dir().join(format!("kvm-ppc-decode-{}-{}", process::id(), model.name));
    fs::create_dir_all(&directory).expect("a directory for temporary files");
    let file = |name: &str| directory.join(name);
    let source: String = lines.iter().map(|(_, text, _)| format!("{text}\n")).collect();
    fs::write(file("source.s"), source).expect("written");
    run(
        "powerpc-linux-gnu-as",
        &[option.into(), "-o".into(), file("object.o"), file("source.s")],
    );
    let extract = ["-O", "binary", "-j", ".text"].map(PathBuf::from);
    run(
        "powerpc-linux-gnu-objcopy",
        &[&extract[..], &[file("object.o"), file("text")]].concat(),
    );
    let text = fs::read(file("text")).expect("assembled");
    fs::remove_dir_all(directory).expect("removed");
    let words = text.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word));
    let pairs: Vec<_> = lines.iter().map(|(mnemonic, ..)| *mnemonic).zip(words).collect();
    assert_eq!((pairs.len(), text.len()), (lines.len(), lines.len() * 4));
    pairs
}

fn run(command: &str, arguments: &[PathBuf]) {
    let status = Command::new(command).args(arguments).status();
    let status =
        status.unwrap_or_else(|error| panic!("{command} (package binutils-powerpc-linux-gnu): {error}"));
    assert!(status.success(), "{command} {arguments:?}");
}

/// Whether an instruction that exists may say that it does not: its unit is off.
fn may_be_off(mnemonic: &str) -> bool {
    mnemonic == "dcbz_l"
}

#[test]
fn what_the_assembler_writes_is_found() {
    let mut seen = BTreeSet::new();
    for model in MODELS {
        for (mnemonic, word) in words(model) {
            let ins = decode(word, model.family);
            assert_eq!(ins.mnemonic(), mnemonic, "{} {word:08x}", model.name);
            let mut guest = Guest::new(model.name, 0x1000);
            let done = guest.execute(word);
            assert!(
                done != ILLEGAL || may_be_off(mnemonic),
                "{} {mnemonic}: {done:?}",
                model.name
            );
            let row = emulate::rows()
                .iter()
                .find(|row| row.mnemonic == mnemonic)
                .expect("a row");
            assert!(row.models.intersects(model.set), "{} {mnemonic}", model.name);
            let hypervisors = done == PRIVILEGED;
            assert!(
                !hypervisors || model.set == Models::POWER8,
                "{} {mnemonic}",
                model.name
            );
            seen.insert((mnemonic, model.name));
        }
    }
    for row in emulate::rows() {
        for model in MODELS.iter().filter(|model| row.models.intersects(model.set)) {
            assert!(
                seen.contains(&(row.mnemonic, model.name)),
                "{} on {}",
                row.mnemonic,
                model.name
            );
        }
    }
}

#[test]
fn what_is_privileged_is_refused_to_user_mode() {
    for model in MODELS {
        for (mnemonic, word) in words(model) {
            let mut guest = Guest::new(model.name, 0x1000);
            guest.set_msr(msr::SF | msr::PR);
            let before = guest.vcpu.clone();
            let done = guest.execute(word);
            if decode(word, model.family).privilege() == Privilege::Supervisor {
                assert_eq!(done, PRIVILEGED, "{} {mnemonic}", model.name);
                assert_eq!(guest.vcpu.state, before.state, "{} {mnemonic}", model.name);
                assert_eq!(
                    guest.vcpu.supervisor, before.supervisor,
                    "{} {mnemonic}",
                    model.name
                );
            } else {
                let free = ["mftb", "dcbz", "dcbz_l", "sync", "mbar", "eciwx", "ecowx"];
                let locks = [
                    "dcbtls", "dcbtstls", "dcblc", "icbtls", "icblc", "bblels", "bbelr",
                ];
                assert!(
                    free.contains(&mnemonic) || locks.contains(&mnemonic),
                    "{mnemonic}"
                );
            }
        }
    }
}

/// Every privileged word of the opcodes that hold them, for each model: it has a row, or it is illegal and changes
/// nothing.
#[test]
fn what_a_model_lacks_is_illegal() {
    let mut lacking = BTreeSet::new();
    for model in MODELS {
        let mut guest = Guest::new(model.name, 0x1000);
        let before = guest.vcpu.clone();
        for extended in 0..1024 {
            for word in [
                x31(extended, 0, 0, 0),
                x31(extended, 3, 0, 4),
                x31(extended, 3, 4, 0),
                x19(extended),
            ] {
                for word in [word, word | 1, word | 1 << 21, word | 3 << 21, word | 1 << 15] {
                    let ins = decode(word, model.family);
                    let exists = emulate::rows()
                        .iter()
                        .any(|row| row.mnemonic == ins.mnemonic() && row.models.intersects(model.set));
                    if ins.is_known() && (exists || ins.privilege() == Privilege::User) {
                        continue;
                    }
                    let done = emulate::privileged(&mut guest.vcpu, &mut guest.fake, ins);
                    assert_eq!(done, ILLEGAL, "{} {ins:?}", model.name);
                    let done = emulate::user(&mut guest.vcpu, &mut guest.fake, ins);
                    assert_eq!(done, ILLEGAL, "{} {ins:?}", model.name);
                    if ins.is_known() {
                        lacking.insert((model.name, ins.mnemonic()));
                    }
                }
            }
        }
        assert_eq!(guest.vcpu.state, before.state, "{}", model.name);
        assert_eq!(guest.vcpu.supervisor, before.supervisor, "{}", model.name);
    }
    for expected in [
        ("750", "tlbia"),
        ("750", "tlbld"),
        ("750cl", "tlbli"),
        ("e500v2", "rfdi"),
        ("e500v2", "mfdcr"),
        ("e500v2", "tlbilxlpid"),
        ("power8", "rfi"),
        ("power8", "dcbi"),
        ("power8", "tlbia"),
        ("power8", "mtsrd"),
        ("power8", "slbsync"),
    ] {
        assert!(lacking.contains(&expected), "{expected:?} in {lacking:?}");
    }
}

#[test]
fn paired_instructions_need_a_750cl() {
    let dcbz_l = 4 << 26 | 4 << 11 | 1014 << 1;
    let mut guest = Guest::new("750", 0x1000);
    assert_eq!(guest.execute(dcbz_l), ILLEGAL);
    assert_eq!(
        guest.execute(0),
        Done::Raise(Exception::Program(Program::Illegal))
    );
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Whatever a guest executes, with whatever registers, the host goes on.
#[test]
fn no_word_does_harm() {
    let mut seed = 1;
    for model in MODELS {
        let rows: Vec<_> = words(model).into_iter().map(|(_, word)| word).collect();
        let mut guest = Guest::new(model.name, 0x1_0000);
        for round in 0..50_000 {
            let bits = random(&mut seed);
            guest.fake.ticks = guest.fake.ticks.wrapping_add(bits >> 40);
            let register = usize::try_from(bits % 32).expect("small");
            guest.vcpu.state.gpr[register] = random(&mut seed) & model.word_mask();
            if round % 16 == 0 {
                guest.set_msr(random(&mut seed));
            }
            // An instruction of the model with other operands: registers, SPR numbers, flags.
            let chosen = rows[usize::try_from(bits >> 8).expect("64 bits") % rows.len()];
            let operands = (random(&mut seed) & 0x03ff_f800).to_le_bytes();
            let operands = u32::from_le_bytes([operands[0], operands[1], operands[2], operands[3]]);
            guest.execute(chosen & !0x03ff_f800 | operands);
            guest.vcpu.prepare(&mut guest.fake);
        }
    }
}
