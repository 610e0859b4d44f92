//! Every register that a process has, filled with what nobody else would put there, while interrupts come.

use crate::Failure;

/// The registers: loaded from here, and stored here again after a while.
#[repr(C, align(8))]
#[derive(Clone, PartialEq)]
struct Registers {
    /// r1 is not loaded: it is the stack.
    gpr: [u32; 32],
    cr: u32,
    xer: u32,
    lr: u32,
    /// What is left of the count; 0 when all went well.
    ctr: u32,
    fpr: [u64; 32],
}

unsafe extern "C" {
    /// Loads all registers, counts down from `turns`, and stores them.
    fn canary_registers(registers: *mut Registers, turns: u32);
}

core::arch::global_asm!(
    include_str!("canary.s"),
    CR = const core::mem::offset_of!(Registers, cr),
    XER = const core::mem::offset_of!(Registers, xer),
    LR = const core::mem::offset_of!(Registers, lr),
    CTR = const core::mem::offset_of!(Registers, ctr),
    FPR = const core::mem::offset_of!(Registers, fpr),
);

/// SO, OV, CA and the byte count: the bits that XER has.
const XER: u32 = 0xe000_007f;

impl Registers {
    fn new(mut seed: u32) -> Self {
        let mut next = || {
            // xorshift32
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed
        };
        let mut registers = Self {
            gpr: core::array::from_fn(|_| next()),
            cr: next(),
            xer: next() & XER,
            // The two low bits of an address are no register's to keep.
            lr: next() & !3,
            ctr: 0,
            // Ordinary numbers: the exponent is neither smallest nor largest.
            fpr: core::array::from_fn(|_| {
                u64::from(next()) << 32 & 0xbfef_ffff_ffff_ffff | u64::from(next())
            }),
        };
        registers.gpr[1] = 0;
        registers
    }

    /// The first register that is not as in `other`: general, CR, XER, LR, CTR, floating-point.
    fn difference(&self, other: &Self) -> Option<Failure> {
        let own = self.gpr.iter().chain([&self.cr, &self.xer, &self.lr, &self.ctr]);
        let others = other
            .gpr
            .iter()
            .chain([&other.cr, &other.xer, &other.lr, &other.ctr]);
        let mut pairs = own.zip(others).filter(|(own, other)| own != other);
        if let Some((own, other)) = pairs.next() {
            return Some(Failure::Wrong("a register", *own, *other));
        }
        let mut pairs = self
            .fpr
            .iter()
            .zip(&other.fpr)
            .filter(|(own, other)| own != other);
        let high = |number: u64| u32::try_from(number >> 32).unwrap_or(u32::MAX);
        pairs
            .next()
            .map(|(own, other)| Failure::Wrong("a floating-point register", high(*own), high(*other)))
    }
}

/// Fills all registers, counts `turns` down, and looks at them.
pub fn keep(seed: u32, turns: u32) -> Result<(), Failure> {
    let expected = Registers::new(seed | 1);
    let mut registers = expected.clone();
    // SAFETY: the function keeps the calling convention.
    unsafe { canary_registers(&raw mut registers, turns) };
    registers.difference(&expected).map_or(Ok(()), Err)
}
