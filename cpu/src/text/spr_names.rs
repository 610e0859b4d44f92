//! The names of special-purpose registers, as GNU objdump has them for each family.
//!
//! A tabular file: the rows are facts about binutils 2.40 (`-M 750cl`, no option at all for 64 bits, `-M e500`), not about processors.

use magicpage::{Families, Family};

use super::Name;
use crate::decode::Ins;
use crate::operand::{Operand, RS, RT};
use crate::table;

/// A register that objdump has a name for.
struct SprName {
    number: u16,
    name: &'static str,
    /// What distinguishes it from others of the same name; printed as an operand.
    index: Option<u8>,
    /// `READ`, `WRITE` or `BOTH`.
    moves: u8,
    families: Families,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const BOTH: u8 = READ | WRITE;

macro_rules! names {
    ($($number:literal $name:literal $index:expr, $moves:ident $families:ident;)*) => {
        &[$(SprName {
            number: $number,
            name: $name,
            index: $index,
            moves: $moves,
            families: Families::$families,
        }),*]
    };
}

/// The name and operands of a move from or to a register that has a name.
pub(super) fn form(ins: Ins) -> Option<(Name, &'static [Operand])> {
    let number = ins.spr()?;
    let reads = ins.row().has(table::SPR_READ);
    let row = NAMES.iter().find(|row| {
        row.number == number
            && row.families.has(ins.family())
            && row.moves & if reads { READ } else { WRITE } != 0
    })?;
    let mut name = Name::new(if reads { "mf" } else { "mt" });
    name.push(row.name);
    let operands: &'static [Operand] = match (reads, row.index) {
        (true, None) => &[RT],
        (false, None) => &[RS],
        (true, Some(_)) => &[RT, INDEX],
        (false, Some(_)) => &[INDEX, RS],
    };
    Some((name, operands))
}

/// The index of the first row with the number in the word.
const INDEX: Operand = Operand::Computed(
    |word| {
        let number = crate::operand::split10(word);
        NAMES
            .iter()
            .find(|row| row.number == number)
            .and_then(|row| row.index)
            .map_or(0, u32::from)
    },
    |word, _| word,
);

/// The registers that `mnemonic` moves by name on a family: the base mnemonic, the register's number, and its index
/// if that is an operand.
pub(crate) fn named(mnemonic: &str, family: Family) -> impl Iterator<Item = (&'static str, u16, Option<u8>)> {
    let (base, moves) = match mnemonic.get(..2) {
        Some("mf") => ("mfspr", READ),
        Some("mt") => ("mtspr", WRITE),
        _ => ("", 0),
    };
    let name = mnemonic.get(2..).unwrap_or_default();
    let rows = if moves == 0 { &[] } else { NAMES };
    rows.iter()
        .filter(move |row| row.name == name && row.moves & moves != 0 && row.families.has(family))
        .map(move |row| (base, row.number, row.index))
}

#[rustfmt::skip]
const NAMES: &[SprName] = names! {
    // number name index moves families
    1     "xer"       None,     BOTH   ALL;
    3     "udscr"     None,     BOTH   BOOK3S_64;
    4     "rtcu"      None,     READ   ALL;
    5     "rtcl"      None,     READ   ALL;
    8     "lr"        None,     BOTH   ALL;
    9     "ctr"       None,     BOTH   ALL;
    13    "uamr"      None,     BOTH   BOOK3S_64;
    17    "dscr"      None,     BOTH   BOOK3S_64;
    18    "dsisr"     None,     BOTH   ALL;
    19    "dar"       None,     BOTH   ALL;
    20    "rtcu"      None,     WRITE  ALL;
    21    "rtcl"      None,     WRITE  ALL;
    22    "dec"       None,     BOTH   ALL;
    25    "sdr1"      None,     BOTH   ALL;
    26    "srr0"      None,     BOTH   ALL;
    27    "srr1"      None,     BOTH   ALL;
    28    "cfar"      None,     BOTH   BOOK3S_64;
    29    "amr"       None,     BOTH   BOOK3S_64;
    48    "pidr"      None,     BOTH   BOOK3S_64;
    48    "pid"       None,     BOTH   E500;
    54    "decar"     None,     WRITE  E500;
    58    "csrr0"     None,     BOTH   E500;
    59    "csrr1"     None,     BOTH   E500;
    61    "iamr"      None,     BOTH   BOOK3S_64;
    61    "dear"      None,     BOTH   E500;
    62    "esr"       None,     BOTH   E500;
    63    "ivpr"      None,     BOTH   E500;
    128   "tfhar"     None,     WRITE  BOOK3S_64;
    129   "tfiar"     None,     WRITE  BOOK3S_64;
    130   "texasr"    None,     WRITE  BOOK3S_64;
    131   "texasru"   None,     WRITE  BOOK3S_64;
    136   "ctrl"      None,     READ   BOOK3S_64;
    152   "ctrl"      None,     WRITE  BOOK3S_64;
    153   "fscr"      None,     BOTH   BOOK3S_64;
    157   "uamor"     None,     BOTH   BOOK3S_64;
    159   "pspb"      None,     BOTH   BOOK3S_64;
    176   "dpdes"     None,     BOTH   BOOK3S_64;
    180   "dawr0"     None,     BOTH   BOOK3S_64;
    181   "dawr1"     None,     BOTH   BOOK3S_64;
    186   "rpr"       None,     BOTH   BOOK3S_64;
    187   "ciabr"     None,     BOTH   BOOK3S_64;
    188   "dawrx0"    None,     BOTH   BOOK3S_64;
    189   "dawrx1"    None,     BOTH   BOOK3S_64;
    190   "hfscr"     None,     BOTH   BOOK3S_64;
    256   "vrsave"    None,     BOTH   BOOK3S;
    256   "usprg0"    None,     BOTH   E500;
    259   "usprg3"    None,     READ   BOOK3S_64;
    260   "sprg"      Some(4),  READ   E500;
    261   "sprg"      Some(5),  READ   E500;
    262   "sprg"      Some(6),  READ   E500;
    263   "sprg"      Some(7),  READ   E500;
    268   "tb"        None,     READ   BOOK3S_64;
    268   "tb"        None,     READ   E500;
    269   "tbu"       None,     READ   BOOK3S_64;
    269   "tbu"       None,     READ   E500;
    272   "sprg"      Some(0),  BOTH   ALL;
    273   "sprg"      Some(1),  BOTH   ALL;
    274   "sprg"      Some(2),  BOTH   ALL;
    275   "sprg"      Some(3),  BOTH   ALL;
    276   "sprg"      Some(4),  BOTH   E500;
    277   "sprg"      Some(5),  BOTH   E500;
    278   "sprg"      Some(6),  BOTH   E500;
    279   "sprg"      Some(7),  BOTH   E500;
    280   "asr"       None,     BOTH   BOOK3S_64;
    282   "ear"       None,     BOTH   ALL;
    284   "tbl"       None,     WRITE  ALL;
    285   "tbu"       None,     WRITE  ALL;
    286   "tbu40"     None,     WRITE  BOOK3S_64;
    286   "pir"       None,     READ   E500;
    287   "pvr"       None,     READ   ALL;
    304   "hsprg0"    None,     BOTH   BOOK3S_64;
    304   "dbsr"      None,     BOTH   E500;
    305   "hsprg1"    None,     BOTH   BOOK3S_64;
    306   "hdisr"     None,     BOTH   BOOK3S_64;
    307   "hdar"      None,     BOTH   BOOK3S_64;
    308   "spurr"     None,     BOTH   BOOK3S_64;
    308   "dbcr0"     None,     BOTH   E500;
    309   "purr"      None,     BOTH   BOOK3S_64;
    309   "dbcr1"     None,     BOTH   E500;
    310   "hdec"      None,     BOTH   BOOK3S_64;
    310   "dbcr2"     None,     BOTH   E500;
    312   "iac1"      None,     BOTH   E500;
    313   "hrmor"     None,     BOTH   BOOK3S_64;
    313   "iac2"      None,     BOTH   E500;
    314   "hsrr0"     None,     BOTH   BOOK3S_64;
    314   "iac3"      None,     BOTH   E500;
    315   "hsrr1"     None,     BOTH   BOOK3S_64;
    315   "iac4"      None,     BOTH   E500;
    316   "dac1"      None,     BOTH   E500;
    317   "dac2"      None,     BOTH   E500;
    318   "lpcr"      None,     BOTH   BOOK3S_64;
    318   "dvc1"      None,     BOTH   E500;
    319   "lpidr"     None,     BOTH   BOOK3S_64;
    319   "dvc2"      None,     BOTH   E500;
    336   "hmer"      None,     BOTH   BOOK3S_64;
    336   "tsr"       None,     BOTH   E500;
    337   "hmeer"     None,     BOTH   BOOK3S_64;
    338   "pcr"       None,     BOTH   BOOK3S_64;
    339   "heir"      None,     BOTH   BOOK3S_64;
    340   "tcr"       None,     BOTH   E500;
    349   "amor"      None,     BOTH   BOOK3S_64;
    400   "ivor0"     None,     BOTH   E500;
    401   "ivor1"     None,     BOTH   E500;
    402   "ivor2"     None,     BOTH   E500;
    403   "ivor3"     None,     BOTH   E500;
    404   "ivor4"     None,     BOTH   E500;
    405   "ivor5"     None,     BOTH   E500;
    406   "ivor6"     None,     BOTH   E500;
    407   "ivor7"     None,     BOTH   E500;
    408   "ivor8"     None,     BOTH   E500;
    409   "ivor9"     None,     BOTH   E500;
    410   "ivor10"    None,     BOTH   E500;
    411   "ivor11"    None,     BOTH   E500;
    412   "ivor12"    None,     BOTH   E500;
    413   "ivor13"    None,     BOTH   E500;
    414   "ivor14"    None,     BOTH   E500;
    415   "ivor15"    None,     BOTH   E500;
    446   "tir"       None,     READ   BOOK3S_64;
    464   "ptcr"      None,     BOTH   BOOK3S_64;
    496   "usprg0"    None,     BOTH   BOOK3S_64;
    497   "usprg1"    None,     BOTH   BOOK3S_64;
    505   "urmor"     None,     BOTH   BOOK3S_64;
    506   "usrr0"     None,     BOTH   BOOK3S_64;
    507   "usrr1"     None,     BOTH   BOOK3S_64;
    511   "smfctrl"   None,     BOTH   BOOK3S_64;
    512   "spefscr"   None,     BOTH   E500;
    513   "bbear"     None,     BOTH   E500;
    514   "bbtar"     None,     BOTH   E500;
    528   "ibatu"     Some(0),  BOTH   BOOK3S;
    528   "ivor32"    None,     BOTH   E500;
    529   "ibatl"     Some(0),  BOTH   BOOK3S;
    529   "ivor33"    None,     BOTH   E500;
    530   "ibatu"     Some(1),  BOTH   BOOK3S;
    530   "ivor34"    None,     BOTH   E500;
    531   "ibatl"     Some(1),  BOTH   BOOK3S;
    531   "ivor35"    None,     BOTH   E500;
    532   "ibatu"     Some(2),  BOTH   ALL;
    533   "ibatl"     Some(2),  BOTH   ALL;
    534   "ibatu"     Some(3),  BOTH   ALL;
    535   "ibatl"     Some(3),  BOTH   ALL;
    536   "dbatu"     Some(0),  BOTH   ALL;
    537   "dbatl"     Some(0),  BOTH   ALL;
    538   "dbatu"     Some(1),  BOTH   ALL;
    539   "dbatl"     Some(1),  BOTH   ALL;
    540   "dbatu"     Some(2),  BOTH   ALL;
    541   "dbatl"     Some(2),  BOTH   ALL;
    542   "dbatu"     Some(3),  BOTH   ALL;
    543   "dbatl"     Some(3),  BOTH   ALL;
    560   "ibatu"     Some(4),  BOTH   BOOK3S_32;
    561   "ibatl"     Some(4),  BOTH   BOOK3S_32;
    562   "ibatu"     Some(5),  BOTH   BOOK3S_32;
    563   "ibatl"     Some(5),  BOTH   BOOK3S_32;
    564   "ibatu"     Some(6),  BOTH   BOOK3S_32;
    565   "ibatl"     Some(6),  BOTH   BOOK3S_32;
    566   "ibatu"     Some(7),  BOTH   BOOK3S_32;
    567   "ibatl"     Some(7),  BOTH   BOOK3S_32;
    568   "dbatu"     Some(4),  BOTH   BOOK3S_32;
    569   "dbatl"     Some(4),  BOTH   BOOK3S_32;
    570   "dbatu"     Some(5),  BOTH   BOOK3S_32;
    570   "mcsrr0"    None,     BOTH   E500;
    571   "dbatl"     Some(5),  BOTH   BOOK3S_32;
    571   "mcsrr1"    None,     BOTH   E500;
    572   "dbatu"     Some(6),  BOTH   BOOK3S_32;
    572   "mcsr"      None,     BOTH   E500;
    573   "dbatl"     Some(6),  BOTH   BOOK3S_32;
    573   "mcar"      None,     READ   E500;
    574   "dbatu"     Some(7),  BOTH   BOOK3S_32;
    575   "dbatl"     Some(7),  BOTH   BOOK3S_32;
    736   "usier2"    None,     READ   BOOK3S_64;
    737   "usier3"    None,     READ   BOOK3S_64;
    738   "ummcr3"    None,     READ   BOOK3S_64;
    752   "sier2"     None,     WRITE  BOOK3S_64;
    753   "sier3"     None,     WRITE  BOOK3S_64;
    754   "mmcr3"     None,     WRITE  BOOK3S_64;
    768   "usier"     None,     READ   BOOK3S_64;
    769   "ummcr2"    None,     BOTH   BOOK3S_64;
    770   "ummcra"    None,     BOTH   BOOK3S_64;
    771   "upmc1"     None,     BOTH   BOOK3S_64;
    772   "upmc2"     None,     BOTH   BOOK3S_64;
    773   "upmc3"     None,     BOTH   BOOK3S_64;
    774   "upmc4"     None,     BOTH   BOOK3S_64;
    775   "upmc5"     None,     BOTH   BOOK3S_64;
    776   "upmc6"     None,     BOTH   BOOK3S_64;
    779   "ummcr0"    None,     BOTH   BOOK3S_64;
    780   "usiar"     None,     READ   BOOK3S_64;
    781   "usdar"     None,     READ   BOOK3S_64;
    782   "ummcr1"    None,     READ   BOOK3S_64;
    784   "sier"      None,     WRITE  BOOK3S_64;
    786   "mmcra"     None,     WRITE  BOOK3S_64;
    787   "pmc1"      None,     WRITE  BOOK3S_64;
    788   "pmc2"      None,     WRITE  BOOK3S_64;
    789   "pmc3"      None,     WRITE  BOOK3S_64;
    790   "pmc4"      None,     WRITE  BOOK3S_64;
    791   "pmc5"      None,     WRITE  BOOK3S_64;
    792   "pmc6"      None,     WRITE  BOOK3S_64;
    795   "mmcr0"     None,     WRITE  BOOK3S_64;
    796   "siar"      None,     WRITE  BOOK3S_64;
    797   "sdar"      None,     WRITE  BOOK3S_64;
    798   "mmcr1"     None,     WRITE  BOOK3S_64;
    800   "bescrs"    None,     BOTH   BOOK3S_64;
    801   "bescrsu"   None,     BOTH   BOOK3S_64;
    802   "bescrr"    None,     BOTH   BOOK3S_64;
    803   "bescrru"   None,     BOTH   BOOK3S_64;
    804   "ebbhr"     None,     BOTH   BOOK3S_64;
    805   "ebbrr"     None,     BOTH   BOOK3S_64;
    806   "bescr"     None,     BOTH   BOOK3S_64;
    815   "tar"       None,     BOTH   BOOK3S_64;
    816   "asdr"      None,     BOTH   BOOK3S_64;
    823   "psscr"     None,     BOTH   BOOK3S_64;
    848   "ic"        None,     BOTH   BOOK3S_64;
    849   "vtb"       None,     BOTH   BOOK3S_64;
    855   "hpsscr"    None,     BOTH   BOOK3S_64;
    896   "ppr"       None,     BOTH   BOOK3S_64;
    898   "ppr32"     None,     BOTH   BOOK3S_64;
    912   "gqr"       Some(0),  BOTH   BOOK3S_32;
    913   "gqr"       Some(1),  BOTH   BOOK3S_32;
    914   "gqr"       Some(2),  BOTH   BOOK3S_32;
    915   "gqr"       Some(3),  BOTH   BOOK3S_32;
    916   "gqr"       Some(4),  BOTH   BOOK3S_32;
    917   "gqr"       Some(5),  BOTH   BOOK3S_32;
    918   "gqr"       Some(6),  BOTH   BOOK3S_32;
    919   "gqr"       Some(7),  BOTH   BOOK3S_32;
    920   "hid2"      None,     BOTH   BOOK3S_32;
    921   "wpar"      None,     BOTH   BOOK3S_32;
    922   "dmau"      None,     BOTH   BOOK3S_32;
    923   "dmal"      None,     BOTH   BOOK3S_32;
    936   "ummcr0"    None,     BOTH   BOOK3S_32;
    937   "upmc1"     None,     BOTH   BOOK3S_32;
    938   "upmc2"     None,     BOTH   BOOK3S_32;
    939   "usia"      None,     BOTH   BOOK3S_32;
    940   "ummcr1"    None,     BOTH   BOOK3S_32;
    941   "upmc3"     None,     BOTH   BOOK3S_32;
    942   "upmc4"     None,     BOTH   BOOK3S_32;
    952   "mmcr0"     None,     BOTH   BOOK3S_32;
    953   "pmc1"      None,     BOTH   BOOK3S_32;
    954   "pmc2"      None,     BOTH   BOOK3S_32;
    955   "sia"       None,     BOTH   BOOK3S_32;
    956   "mmcr1"     None,     BOTH   BOOK3S_32;
    957   "pmc3"      None,     BOTH   BOOK3S_32;
    958   "pmc4"      None,     BOTH   BOOK3S_32;
    1008  "hid0"      None,     BOTH   BOOK3S_32;
    1009  "hid1"      None,     BOTH   BOOK3S_32;
    1010  "iabr"      None,     BOTH   BOOK3S_32;
    1011  "hid4"      None,     BOTH   BOOK3S_32;
    1013  "dabr"      None,     BOTH   BOOK3S_32;
    1017  "l2cr"      None,     BOTH   BOOK3S_32;
    1019  "ictc"      None,     BOTH   BOOK3S_32;
    1020  "thrm1"     None,     BOTH   BOOK3S_32;
    1021  "thrm2"     None,     BOTH   BOOK3S_32;
    1022  "thrm3"     None,     BOTH   BOOK3S_32;
    1023  "pir"       None,     READ   BOOK3S_64;
};
