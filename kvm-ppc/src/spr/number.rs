//! Numbers of special-purpose registers, as `mfspr` takes them, that the host itself uses.

/// DECAR, e500.
pub const DECAR: u16 = 54;
/// CSRR0, e500.
pub const CSRR0: u16 = 58;
/// CSRR1, e500.
pub const CSRR1: u16 = 59;
/// IVPR, e500.
pub const IVPR: u16 = 63;
/// EAR, 32-bit Book3S.
pub const EAR: u16 = 282;
/// TSR, e500.
pub const TSR: u16 = 336;
/// TCR, e500.
pub const TCR: u16 = 340;
/// MCSRR0, e500.
pub const MCSRR0: u16 = 570;
/// MCSRR1, e500.
pub const MCSRR1: u16 = 571;
/// HID2, 750CL.
pub const HID2: u16 = 920;
/// HID0.
pub const HID0: u16 = 1008;

/// The number of interrupt vector offset register `index` (0 to 15, or 32 to 35), e500.
pub const fn ivor(index: u8) -> u16 {
    match index {
        32.. => 528 + (index - 32) as u16,
        _ => 400 + index as u16,
    }
}
