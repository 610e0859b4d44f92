//! The floating-point status and control register (Power ISA I 4.2.2, MPC750 UM 2.1.1).
//!
//! The constants are masks of the 32-bit register: bit 0 is the least significant.

/// Exception summary: some exception bit went from 0 to 1.
pub const FX: u32 = 0x8000_0000;
/// Enabled exception summary: an exception bit and its enable are both 1.
pub const FEX: u32 = 0x4000_0000;
/// Invalid operation summary: some bit of [`VX_ANY`] is 1.
pub const VX: u32 = 0x2000_0000;
/// Overflow.
pub const OX: u32 = 0x1000_0000;
/// Underflow.
pub const UX: u32 = 0x0800_0000;
/// Division by zero.
pub const ZX: u32 = 0x0400_0000;
/// Inexact.
pub const XX: u32 = 0x0200_0000;
/// Invalid operation: a signalling NaN.
pub const VXSNAN: u32 = 0x0100_0000;
/// Invalid operation: infinity less infinity.
pub const VXISI: u32 = 0x0080_0000;
/// Invalid operation: infinity divided by infinity.
pub const VXIDI: u32 = 0x0040_0000;
/// Invalid operation: zero divided by zero.
pub const VXZDZ: u32 = 0x0020_0000;
/// Invalid operation: infinity times zero.
pub const VXIMZ: u32 = 0x0010_0000;
/// Invalid operation: an ordered comparison with a NaN.
pub const VXVC: u32 = 0x0008_0000;
/// The last result was rounded away from zero.
pub const FR: u32 = 0x0004_0000;
/// The last result is inexact.
pub const FI: u32 = 0x0002_0000;
/// The class of the last result: C, and the four bits of [`FPCC`].
pub const FPRF: u32 = 0x0001_f000;
/// The condition of the last result: less, greater, equal, unordered, from the most significant bit down.
pub const FPCC: u32 = 0x0000_f000;
/// The bit that does not exist.
pub const RESERVED: u32 = 0x0000_0800;
/// Invalid operation: software said so.
pub const VXSOFT: u32 = 0x0000_0400;
/// Invalid operation: the square root of a negative number.
pub const VXSQRT: u32 = 0x0000_0200;
/// Invalid operation: a conversion to an integer that cannot hold the value.
pub const VXCVI: u32 = 0x0000_0100;
/// Enables [`VX`].
pub const VE: u32 = 0x0000_0080;
/// Enables [`OX`].
pub const OE: u32 = 0x0000_0040;
/// Enables [`UX`].
pub const UE: u32 = 0x0000_0020;
/// Enables [`ZX`].
pub const ZE: u32 = 0x0000_0010;
/// Enables [`XX`].
pub const XE: u32 = 0x0000_0008;
/// Non-IEEE mode.
pub const NI: u32 = 0x0000_0004;
/// The rounding mode, 0 to 3: to nearest even, toward zero, toward plus and toward minus infinity.
pub const RN: u32 = 0x0000_0003;

/// Every kind of invalid operation.
pub const VX_ANY: u32 = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI;
/// Every exception that is recorded.
pub const EXCEPTIONS: u32 = OX | UX | ZX | XX | VX_ANY;
/// Every enable.
pub const ENABLES: u32 = VE | OE | UE | ZE | XE;

/// How far an exception bit (with [`VX`] for the invalid operations) stands above its enable.
const ENABLE_SHIFT: u32 = 22;

/// The register with the bits that follow from others, VX and FEX, made so.
pub const fn summarised(fpscr: u32) -> u32 {
    let rest = fpscr & !(VX | FEX);
    let vx = if rest & VX_ANY != 0 { VX } else { 0 };
    let fex = if enabled(rest, rest) { FEX } else { 0 };
    rest | vx | fex
}

/// The register after an instruction that caused `causes`, which may hold FR and FI too.
pub const fn raised(fpscr: u32, causes: u32) -> u32 {
    let news = causes & EXCEPTIONS & !fpscr;
    let fx = if news != 0 { FX } else { 0 };
    summarised(fpscr | causes | fx)
}

/// Whether `fpscr` enables one of `causes`.
pub const fn enabled(fpscr: u32, causes: u32) -> bool {
    let vx = if causes & VX_ANY != 0 { VX } else { 0 };
    (causes & !VX | vx) >> ENABLE_SHIFT & fpscr & ENABLES != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_its_enable() {
        let pairs = [(VXCVI, VE), (VXSNAN, VE), (OX, OE), (UX, UE), (ZX, ZE), (XX, XE)];
        for (cause, own) in pairs {
            for (_, enable) in pairs {
                assert_eq!(enabled(enable, cause), enable == own, "{cause:#x} {enable:#x}");
                assert_eq!(summarised(enable | cause) & FEX != 0, enable == own);
            }
        }
    }

    #[test]
    fn the_summary_remembers_changes_only() {
        assert_eq!(raised(0, XX | FI), FX | XX | FI);
        assert_eq!(raised(XX, XX | FI), XX | FI);
        assert_eq!(raised(XX, VXVC), FX | VX | VXVC | XX);
    }

    #[test]
    fn the_bits_are_disjoint_and_complete() {
        let parts = [FX, FEX, VX, EXCEPTIONS, FR, FI, FPRF, RESERVED, ENABLES, NI, RN];
        assert_eq!(parts.iter().sum::<u32>(), u32::MAX);
        assert_eq!(parts.iter().fold(0, |all, part| all | part), u32::MAX);
    }
}
