//! The machines, one row a family.

use magicpage::Family;

/// A machine that QEMU emulates, with a bare-metal host for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The family of its processor.
    pub family: Family,
    /// The program.
    pub program: &'static str,
    /// What tells it which machine and processor, and what else the host relies on.
    pub arguments: &'static [&'static str],
    /// MiB of memory, in the words of `-m`.
    pub memory: &'static str,
    /// Physical address at which the host looks for its handover.
    pub handover: u64,
    /// With `-icount shift=N` an instruction lasts 2^N nanoseconds; with this N, at least one tick of the time base.
    pub shift: u8,
}

/// Every machine.
pub const MACHINES: &[Machine] = &[
    Machine {
        family: Family::Book3s32,
        program: "qemu-system-ppc",
        arguments: &[
            "-M",
            "pegasos2",
            "-cpu",
            "750",
            "-device",
            "pvpanic-pci",
            "-action",
            "panic=exit-failure",
        ],
        memory: "512",
        handover: 0x0800_0000,
        shift: 5,
    },
    Machine {
        family: Family::E500,
        program: "qemu-system-ppc",
        arguments: &["-M", "ppce500", "-cpu", "e500v2", "-no-reboot"],
        memory: "512",
        handover: 0x0800_0000,
        shift: 2,
    },
];

impl Machine {
    /// The machine for a family, if there is one.
    pub fn of(family: Family) -> Option<&'static Self> {
        MACHINES.iter().find(|machine| machine.family == family)
    }
}
