//! Interrupts off and on, in three idioms.

use super::{Setting, timed};
use crate::console::report;
use crate::irq::{self, inlined};
use crate::kernel::kernel;
use crate::{control, msr};

kernel! {
    /// Off, then on; whatever the state was.
    fn pairs(count: u32) {
        for _ in 0..count {
            inlined::disable();
            inlined::enable();
        }
    }

    /// Off, then as it was: on.
    fn saved(count: u32) -> u32 {
        let mut all = u32::MAX;
        for _ in 0..count {
            let before = inlined::save();
            all &= before;
            inlined::restore(before);
        }
        all
    }

    /// Off within off: the inner one leaves interrupts off.
    fn nested(count: u32) -> u32 {
        let mut any = 0;
        for _ in 0..count {
            let outer = inlined::save();
            let inner = inlined::save();
            any |= inner;
            inlined::restore(inner);
            inlined::restore(outer);
        }
        any
    }
}

/// Toggles `count` times in each idiom.
pub fn run(setting: &Setting) -> bool {
    irq::enable();
    control::begin();
    let mut outer = 0;
    let mut inner = 0;
    let pairs_ticks = timed(|| pairs(setting.count));
    let saved_ticks = timed(|| outer = saved(setting.count));
    let nested_ticks = timed(|| inner = nested(setting.count));
    let enabled = irq::are_enabled();
    irq::disable();
    report!("pairs_ticks", pairs_ticks);
    report!("saved_ticks", saved_ticks);
    report!("nested_ticks", nested_ticks);
    report!("enabled_outside", outer & msr::EE != 0);
    report!("enabled_inside", inner & msr::EE != 0);
    report!("enabled_after", enabled);
    enabled && outer & msr::EE != 0 && inner & msr::EE == 0
}
