//! Words of instructions, encoded by hand from the formats of the Power ISA, Book I 1.6.

/// `b .`
pub const LOOP: u32 = 0x4800_0000;
/// `ori r0, r0, 0`
pub const NOP: u32 = 0x6000_0000;
/// `sc`
pub const SC: u32 = 0x4400_0002;
/// `rfi`
pub const RFI: u32 = 0x4c00_0064;
/// `mfmsr r3`
pub const MFMSR_R3: u32 = 0x7c60_00a6;

/// Offsets of the page's fields, from the table of `struct kvm_vcpu_arch_shared`: where a big-endian guest of 32 bits
/// finds its word.
pub const SCRATCH1: u16 = 0x004;
/// See [`SCRATCH1`].
pub const SCRATCH2: u16 = 0x00c;
/// See [`SCRATCH1`].
pub const CRITICAL: u16 = 0x01c;
/// See [`SCRATCH1`].
pub const MSR: u16 = 0x05c;
/// See [`SCRATCH1`].
pub const INT_PENDING: u16 = 0x064;

/// An instruction with a displacement of 16 bits: opcode, RT or RS, RA, displacement.
pub const fn d(opcode: u32, register: u32, base: u32, displacement: u16) -> u32 {
    opcode << 26 | register << 21 | base << 16 | displacement as u32
}

/// `lwz register, offset-4096(0)`.
pub const fn load(register: u32, offset: u16) -> u32 {
    d(32, register, 0, 0xf000 | offset)
}

/// `stw register, offset-4096(0)`.
pub const fn store(register: u32, offset: u16) -> u32 {
    d(36, register, 0, 0xf000 | offset)
}

/// `stw register, offset-8192(0)`: the second page.
pub const fn store_second(register: u32, offset: u16) -> u32 {
    d(36, register, 0, 0xe000 | offset)
}

/// `li register, value`.
pub const fn li(register: u32, value: u16) -> u32 {
    d(14, register, 0, value)
}

/// An instruction with primary opcode 31 and an extended opcode of ten bits.
pub const fn x31(extended: u32, rt: u32, ra: u32, rb: u32) -> u32 {
    31 << 26 | rt << 21 | ra << 16 | rb << 11 | extended << 1
}

/// `mtspr number, register`: the halves of the number are exchanged.
pub const fn mtspr(number: u32, register: u32) -> u32 {
    x31(467, register, number & 31, number >> 5)
}
