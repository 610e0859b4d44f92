//! Reading and writing a register, whatever its home.

use magicpage::Family;

use super::{Access, Array, Bank, Half, Home, Row, find};
use crate::hardware::{Hardware, Shared};
use crate::interrupt::Interrupt;
use crate::mmu::{Bat, Mmu};
use crate::page::low32;
use crate::vcpu::{Supervisor, Vcpu};

const LOW: u64 = 0xffff_ffff;
/// HID4\[SBE\] of the 750CL: BATs 4 to 7 translate.
const UPPER_BATS: u64 = 0x0200_0000;

impl Supervisor {
    /// A register's value, as a move from it would find it.
    pub(crate) fn read(&self, hardware: &dyn Hardware, row: &Row) -> u64 {
        match row.home {
            Home::Page(field, part) => self
                .layout()
                .read_part(hardware.shared(Shared::Magic), field, part),
            Home::Value | Home::Same(_) | Home::UpperBats => self.registers.value(row),
            Home::Constant(value) => value,
            Home::Version => self.model.version.into(),
            Home::Time(half) => self.half_of(half, hardware.timebase()),
            Home::Decrementer => self.timer.count(hardware.timebase()).into(),
            Home::Bat(array, index, half) => self.bat(array, index).map_or(0, |bat| {
                u64::from(match half {
                    Half::High => bat.upper,
                    Half::Low => bat.lower,
                })
            }),
            Home::Sdr1 => match &self.mmu {
                Mmu::Book3s32(mmu) => mmu.sdr1.into(),
                Mmu::Book3s64(mmu) => mmu.sdr1,
                Mmu::E500(_) => 0,
            },
            Home::Process(index) => {
                let pid = self.mmu.e500().and_then(|mmu| mmu.pids.get(usize::from(index)));
                pid.copied().unwrap_or(0).into()
            }
            Home::Flash => 0,
        }
    }

    const fn half_of(&self, half: Half, ticks: u64) -> u64 {
        match half {
            Half::Low => ticks & self.model.word_mask(),
            Half::High => ticks >> 32,
        }
    }

    fn bat(&self, array: Array, index: u8) -> Option<Bat> {
        let bats = &self.mmu.book3s32()?.bats;
        let array = match array {
            Array::Instruction => &bats.instruction,
            Array::Data => &bats.data,
        };
        array.get(usize::from(index)).copied()
    }
}

impl Vcpu {
    /// A special-purpose register, as `mfspr` would find it; nothing for one that the model lacks or that cannot be
    /// read.
    pub fn spr(&self, hardware: &dyn Hardware, number: u16) -> Option<u64> {
        let row = find(Bank::Special, self.supervisor.model, number).filter(|row| row.access.reads())?;
        Some(self.supervisor.read(hardware, &row))
    }

    /// Writes a special-purpose register as `mtspr` would. Answers whether the model lets that be done.
    pub fn set_spr(&mut self, hardware: &mut dyn Hardware, number: u16, value: u64) -> bool {
        match find(Bank::Special, self.supervisor.model, number).filter(|row| row.access.writes()) {
            Some(row) => {
                self.write(hardware, &row, value);
                true
            }
            None => false,
        }
    }

    /// Moves a value to a register, with all that follows from it. What the hardware has been given is compared with
    /// the registers of the MMU at the next entry, so that only invalidation has to be told to the shadow.
    pub(crate) fn write(&mut self, hardware: &mut dyn Hardware, row: &Row, value: u64) {
        let value = match row.access {
            Access::Fixed | Access::ReadOnly => return,
            Access::WriteOnly => value & row.mask,
            access => merged(access, row.mask, self.supervisor.read(hardware, row), value),
        };
        match row.home {
            Home::Page(field, part) => {
                let layout = self.supervisor.layout();
                layout.write_part(hardware.shared_mut(Shared::Magic), field, part, value);
            }
            Home::Value | Home::Same(_) => self.supervisor.registers.put(row, value),
            Home::Constant(_) | Home::Version => {}
            Home::Time(half) => self.set_time(hardware, half, value),
            Home::Decrementer => self.set_decrementer(hardware, low32(value)),
            Home::UpperBats => {
                self.supervisor.registers.put(row, value);
                if let Some(mmu) = self.supervisor.mmu.book3s32_mut() {
                    mmu.bats.upper_four = value & UPPER_BATS != 0;
                }
            }
            Home::Bat(array, index, half) => self.set_bat(array, index, half, low32(value)),
            Home::Sdr1 => self.set_sdr1(value),
            Home::Process(index) => self.set_process(index, value),
            Home::Flash => {
                if let Some(mmu) = self.supervisor.mmu.e500_mut() {
                    let stale = mmu.tlb.flash(low32(value));
                    self.shadow.discard(hardware, stale);
                }
            }
        }
    }

    fn set_time(&mut self, hardware: &mut dyn Hardware, half: Half, value: u64) {
        let before = hardware.timebase();
        let after = match half {
            Half::Low => before & !LOW | value & LOW,
            Half::High => before & LOW | value << 32,
        };
        // The timer knows a passage by the time at which it comes, so that it has to be asked before that is moved.
        self.expire(before);
        hardware.set_timebase(after);
        self.supervisor.timer.moved(before, after);
        // A guest does not get out of a bound by moving the clock.
        let held_for = before.wrapping_sub(self.deferral.since);
        self.deferral.since = after.wrapping_sub(held_for);
    }

    fn set_decrementer(&mut self, hardware: &mut dyn Hardware, count: u32) {
        let now = hardware.timebase();
        // A passage that nobody has asked about yet.
        self.expire(now);
        let passed = self.supervisor.timer.set(now, count);
        // On 64-bit parts the sign itself is the exception; on Book E a move to the decrementer causes none.
        if passed && self.supervisor.model.family == Family::Book3s32 {
            self.queue.raise(Interrupt::Decrementer);
        }
    }

    fn set_bat(&mut self, array: Array, index: u8, half: Half, value: u32) {
        let Some(mmu) = self.supervisor.mmu.book3s32_mut() else {
            return;
        };
        let array = match array {
            Array::Instruction => &mut mmu.bats.instruction,
            Array::Data => &mut mmu.bats.data,
        };
        let Some(bat) = array.get_mut(usize::from(index)) else {
            return;
        };
        match half {
            Half::High => bat.upper = value,
            Half::Low => bat.lower = value,
        }
    }

    fn set_sdr1(&mut self, value: u64) {
        match &mut self.supervisor.mmu {
            Mmu::Book3s32(mmu) => mmu.sdr1 = low32(value),
            Mmu::Book3s64(mmu) => mmu.sdr1 = value,
            Mmu::E500(_) => {}
        }
    }

    fn set_process(&mut self, index: u8, value: u64) {
        let pid = self
            .supervisor
            .mmu
            .e500_mut()
            .and_then(|mmu| mmu.pids.get_mut(usize::from(index)));
        if let Some(pid) = pid {
            *pid = value.to_le_bytes()[0];
        }
    }
}

/// What a register holds after a move to it.
const fn merged(access: Access, mask: u64, old: u64, value: u64) -> u64 {
    match access {
        Access::Clear => old & !(value & mask),
        Access::Once(bits) if old & bits != 0 => {
            let mask = mask & !bits;
            old & !mask | value & mask
        }
        _ => old & !mask | value & mask,
    }
}
