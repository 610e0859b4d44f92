//! Instruction words.

pub(super) const SC: u32 = 0x4400_0002;
pub(super) const ISYNC: u32 = 0x4c00_012c;
pub(super) const NOP: u32 = 0x6000_0000;
/// `b .`
pub(super) const LOOP: u32 = 0x4800_0000;
pub(super) const BLR: u32 = 0x4e80_0020;
/// `trap`
pub(super) const TRAP: u32 = 0x7fe0_0008;
/// `mfmsr r3`
pub(super) const MFMSR: u32 = 0x7c60_00a6;
pub(super) const ILLEGAL: u32 = 0;

const fn immediate(primary: u32, rt: u32, ra: u32, value: i16) -> u32 {
    primary << 26 | rt << 21 | ra << 16 | value.cast_unsigned() as u32
}

const fn indexed(extended: u32, rt: u32, ra: u32, rb: u32) -> u32 {
    31 << 26 | rt << 21 | ra << 16 | rb << 11 | extended << 1
}

pub(super) const fn addi(rt: u32, ra: u32, value: i16) -> u32 {
    immediate(14, rt, ra, value)
}

pub(super) const fn lwz(rt: u32, ra: u32, offset: i16) -> u32 {
    immediate(32, rt, ra, offset)
}

pub(super) const fn stw(rs: u32, ra: u32, offset: i16) -> u32 {
    immediate(36, rs, ra, offset)
}

pub(super) const fn lmw(rt: u32, ra: u32, offset: i16) -> u32 {
    immediate(46, rt, ra, offset)
}

pub(super) const fn lwarx(rt: u32, rb: u32) -> u32 {
    indexed(20, rt, 0, rb)
}

pub(super) const fn stwcx(rs: u32, rb: u32) -> u32 {
    indexed(150, rs, 0, rb) | 1
}

/// The lower half of the time base.
pub(super) const fn mftb(rt: u32) -> u32 {
    indexed(371, rt, 12, 8)
}

pub(super) const fn mtctr(rs: u32) -> u32 {
    indexed(467, rs, 9, 0)
}

pub(super) const fn mflr(rt: u32) -> u32 {
    indexed(339, rt, 8, 0)
}

/// `bdnz` so many words back.
pub(super) const fn bdnz(words: u32) -> u32 {
    0x4200_0000 | (0x1_0000 - 4 * words)
}

/// `bne` so many words back.
pub(super) const fn bne(words: u32) -> u32 {
    0x4082_0000 | (0x1_0000 - 4 * words)
}

/// `b` or `bl` by a distance in bytes.
pub(super) const fn bl(distance: u32) -> u32 {
    0x4800_0001 | distance & 0x03ff_fffc
}

pub(super) const fn lfd(frt: u32, ra: u32, offset: i16) -> u32 {
    immediate(50, frt, ra, offset)
}

pub(super) const fn stfd(frs: u32, ra: u32, offset: i16) -> u32 {
    immediate(54, frs, ra, offset)
}

/// `fadd`
pub(super) const fn fadd(frt: u32, fra: u32, frb: u32) -> u32 {
    63 << 26 | frt << 21 | fra << 16 | frb << 11 | 21 << 1
}
