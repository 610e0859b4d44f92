//! Device registers: loads and stores of every size, with update and byte-reversed, at the guest's physical addresses.

mod scene;
mod support;

use kvm_ppc::statistics::Reason;
use magicpage::msr;
use scene::words::{d, x31};
use scene::{CODE, Scene};

/// A register of a device. Guest memory ends below.
const REGISTER: u64 = 0x2_0008;

fn guest(model: &str, word: u32) -> Scene {
    let mut scene = Scene::new(model, "store-trap");
    scene.code(CODE, &[word]);
    scene.processor.fake.devices.insert(REGISTER, 0);
    scene
}

/// Model, instruction with RT = r3, RA = r4, RB = r5, what the device answers, what is then in r3.
#[rustfmt::skip]
const LOADS: &[(&str, &str, u32, u64, u64)] = &[
    ("750", "lbz",   d(34, 3, 4, 8),      0x81, 0x81),
    ("750", "lbzu",  d(35, 3, 4, 8),      0x81, 0x81),
    ("750", "lbzx",  x31(87, 3, 4, 5),    0x81, 0x81),
    ("750", "lbzux", x31(119, 3, 4, 5),   0x81, 0x81),
    ("750", "lhz",   d(40, 3, 4, 8),      0x8182, 0x8182),
    ("750", "lhzu",  d(41, 3, 4, 8),      0x8182, 0x8182),
    ("750", "lhzx",  x31(279, 3, 4, 5),   0x8182, 0x8182),
    ("750", "lhzux", x31(311, 3, 4, 5),   0x8182, 0x8182),
    ("750", "lha",   d(42, 3, 4, 8),      0x8182, 0xffff_8182),
    ("750", "lhau",  d(43, 3, 4, 8),      0x8182, 0xffff_8182),
    ("750", "lhax",  x31(343, 3, 4, 5),   0x8182, 0xffff_8182),
    ("750", "lwz",   d(32, 3, 4, 8),      0x8182_8384, 0x8182_8384),
    ("750", "lwzu",  d(33, 3, 4, 8),      0x8182_8384, 0x8182_8384),
    ("750", "lwzx",  x31(23, 3, 4, 5),    0x8182_8384, 0x8182_8384),
    ("750", "lwzux", x31(55, 3, 4, 5),    0x8182_8384, 0x8182_8384),
    ("750", "lhbrx", x31(790, 3, 4, 5),   0x8182, 0x8281),
    ("750", "lwbrx", x31(534, 3, 4, 5),   0x8182_8384, 0x8483_8281),
    ("power8", "lwa",   d(58, 3, 4, 8 | 2), 0x8182_8384, 0xffff_ffff_8182_8384),
    ("power8", "lha",   d(42, 3, 4, 8),     0x8182, 0xffff_ffff_ffff_8182),
    ("power8", "ld",    d(58, 3, 4, 8),     0x8182_8384_8586_8788, 0x8182_8384_8586_8788),
    ("power8", "ldu",   d(58, 3, 4, 8 | 1), 0x8182_8384_8586_8788, 0x8182_8384_8586_8788),
    ("power8", "ldx",   x31(21, 3, 4, 5),   0x8182_8384_8586_8788, 0x8182_8384_8586_8788),
    ("power8", "ldbrx", x31(532, 3, 4, 5),  0x8182_8384_8586_8788, 0x8887_8685_8483_8281),
    ("e500v2", "lwz",   d(32, 3, 4, 8),     0x8182_8384, 0x8182_8384),
];

/// Model, instruction with RS = r3, RA = r4, RB = r5, what the device is told of r3 = 0x1112131415161718.
#[rustfmt::skip]
const STORES: &[(&str, &str, u32, u64)] = &[
    ("750", "stb",    d(38, 3, 4, 8),    0x18),
    ("750", "stbu",   d(39, 3, 4, 8),    0x18),
    ("750", "stbx",   x31(215, 3, 4, 5), 0x18),
    ("750", "stbux",  x31(247, 3, 4, 5), 0x18),
    ("750", "sth",    d(44, 3, 4, 8),    0x1718),
    ("750", "sthu",   d(45, 3, 4, 8),    0x1718),
    ("750", "sthx",   x31(407, 3, 4, 5), 0x1718),
    ("750", "sthux",  x31(439, 3, 4, 5), 0x1718),
    ("750", "stw",    d(36, 3, 4, 8),    0x1516_1718),
    ("750", "stwu",   d(37, 3, 4, 8),    0x1516_1718),
    ("750", "stwx",   x31(151, 3, 4, 5), 0x1516_1718),
    ("750", "stwux",  x31(183, 3, 4, 5), 0x1516_1718),
    ("750", "sthbrx", x31(918, 3, 4, 5), 0x1817),
    ("750", "stwbrx", x31(662, 3, 4, 5), 0x1817_1615),
    ("power8", "std",    d(62, 3, 4, 8),     0x1112_1314_1516_1718),
    ("power8", "stdu",   d(62, 3, 4, 8 | 1), 0x1112_1314_1516_1718),
    ("power8", "stdx",   x31(149, 3, 4, 5),  0x1112_1314_1516_1718),
    ("power8", "stdbrx", x31(660, 3, 4, 5),  0x1817_1615_1413_1211),
    ("e500v2", "stw",    d(36, 3, 4, 8),     0x1516_1718),
];

/// One word, with the register's address in r4 and r5. Answers r4.
fn run(scene: &mut Scene, name: &str) -> u64 {
    let wide = scene.vcpu.supervisor.model.name == "power8";
    (scene.vcpu.state.gpr[4], scene.vcpu.state.gpr[5]) = (REGISTER - 8, 8);
    scene.vcpu.state.gpr[3] = if wide { 0x1112_1314_1516_1718 } else { 0x1516_1718 };
    scene.run_to(CODE + 4);
    assert_eq!(scene.vcpu.statistics.of(Reason::Device), 1, "{name}");
    scene.vcpu.state.gpr[4]
}

fn updated(name: &str) -> u64 {
    if name.contains('u') {
        REGISTER
    } else {
        REGISTER - 8
    }
}

#[test]
fn loads_of_every_size() {
    for &(model, name, word, answer, expected) in LOADS {
        let mut scene = guest(model, word);
        scene.processor.fake.devices.insert(REGISTER, answer);
        assert_eq!(run(&mut scene, name), updated(name), "{model} {name}");
        let got = scene.vcpu.state.gpr[3];
        assert_eq!(got, expected, "{model} {name}: {got:x}");
    }
}

#[test]
fn stores_of_every_size() {
    for &(model, name, word, expected) in STORES {
        let mut scene = guest(model, word);
        assert_eq!(run(&mut scene, name), updated(name), "{model} {name}");
        let told = scene.processor.fake.devices[&REGISTER];
        assert_eq!(told, expected, "{model} {name}: {told:x}");
    }
}

/// A register that the device lacks is nothing: a machine check, with no update of RA.
#[test]
fn a_register_that_is_not_there() {
    for word in [d(33, 3, 4, 12), d(37, 3, 4, 12)] {
        let mut scene = guest("750", word);
        scene.vcpu.state.gpr[4] = REGISTER;
        scene.run_to(0x200);
        assert_eq!(scene.vcpu.state.gpr[4], REGISTER);
    }
}

/// User mode reaches devices where its translation does, as on the part.
#[test]
fn user_mode_reaches_what_is_mapped_for_it() {
    let mut scene = guest("e500v2", d(32, 3, 4, 8));
    scene.processor.fake.devices.insert(REGISTER, 0x1234);
    scene.set_msr(msr::PR);
    run(&mut scene, "lwz");
    assert_eq!(scene.vcpu.state.gpr[3], 0x1234);
}

/// A device in the middle of a critical section is a device still; the section goes on behind it.
#[test]
fn a_device_in_a_section() {
    for policy in ["legacy", "store-trap", "emulate-forward", "single-step"] {
        let mut scene = Scene::with_page("750", policy);
        scene.processor.fake.devices.insert(REGISTER, 0);
        scene.vcpu.state.gpr[4] = REGISTER;
        scene.code(
            CODE,
            &[
                scene::words::store(1, 0x1c),
                d(36, 1, 4, 0),
                scene::words::store(2, 0x1c),
            ],
        );
        scene.set_msr(msr::EE);
        scene.run_to(CODE + 4);
        scene.raise(kvm_ppc::interrupt::Interrupt::External);
        for _ in 0..10 {
            scene.enter(100);
        }
        assert_eq!(scene.processor.fake.devices[&REGISTER], 0xc000_8000, "{policy}");
        let taken = scene.vcpu.taken.map(|taken| taken.address);
        assert_eq!(taken, Some(CODE + 12), "{policy}");
    }
}
