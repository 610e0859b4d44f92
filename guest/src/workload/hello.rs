//! Says what the kernel stands on.

use super::Setting;
use crate::console::report;
use crate::control;

/// Prints what the device tree says.
pub fn run(setting: &Setting) -> bool {
    control::begin();
    report!("hello", "guest");
    report!("second_ticks", setting.tree.timebase_hz());
    report!("hypervisor", setting.tree.hypervisor().is_some());
    true
}
