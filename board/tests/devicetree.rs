//! The device tree, read back by another crate.

use board::devicetree::{Description, Hypervisor, Unwritable, processor};
use board::flipper::RAM_BYTES;
use board::{Board, Model};
use fdt::Fdt;
use fdt::node::FdtNode;

fn property<'a>(node: FdtNode<'_, 'a>, name: &str) -> &'a [u8] {
    node.property(name)
        .unwrap_or_else(|| panic!("{} has {name}", node.name))
        .value
}

fn cells(node: FdtNode<'_, '_>, name: &str) -> Vec<u32> {
    let words = property(node, name).chunks_exact(4);
    words
        .map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")))
        .collect()
}

fn text(node: FdtNode<'_, '_>, name: &str) -> String {
    let bytes = property(node, name);
    assert_eq!(bytes.last(), Some(&0), "a text ends with a NUL");
    String::from_utf8(bytes[..bytes.len() - 1].to_vec()).expect("a text")
}

/// A GameCube with everything that can be asked for.
fn full() -> Vec<u8> {
    Description {
        bootargs: "console=hvc0 root=/dev/ram0",
        initrd: Some(0x0100_0000..0x0110_0000),
        stdout_path: Some("/flipper/exi@c006800"),
        reserved: &[0x0170_0000..0x0180_0000, 0x3000..0x4000],
        hypervisor: Some(Hypervisor { has_idle: true }),
        plain_devices: true,
        ..Description::gamecube(RAM_BYTES)
    }
    .flatten()
    .expect("it can be written")
}

/// What Linux' `arch/powerpc/boot/dts/gamecube.dts` says where the two describe the same.
#[test]
fn a_gamecube_is_what_linux_looks_for() {
    let blob = full();
    let tree = Fdt::new(&blob).expect("a device tree");
    let root = tree.find_node("/").expect("a root");
    assert_eq!(text(root, "compatible"), "nintendo,gamecube");
    assert_eq!(
        (cells(root, "#address-cells"), cells(root, "#size-cells")),
        (vec![1], vec![1])
    );

    let memory = tree.find_node("/memory").expect("memory");
    assert_eq!(text(memory, "device_type"), "memory");
    assert_eq!(cells(memory, "reg"), [0, 0x0180_0000]);

    let flipper = tree.find_node("/flipper").expect("the system chip");
    assert_eq!(text(flipper, "compatible"), "nintendo,flipper");
    assert_eq!(cells(flipper, "ranges"), [0x0c00_0000, 0x0c00_0000, 0x0001_0000]);
}

#[test]
fn interrupts_lead_to_the_controller() {
    let blob = full();
    let tree = Fdt::new(&blob).expect("a device tree");
    let interface = tree
        .find_node("/flipper/processor-interface@c003000")
        .expect("the interrupt controller's parent");
    assert_eq!(text(interface, "compatible"), "nintendo,flipper-pi");
    assert_eq!(cells(interface, "reg"), [0x0c00_3000, 0x100]);

    let controller = tree
        .find_node("/flipper/processor-interface@c003000/pic")
        .expect("the interrupt controller");
    assert_eq!(text(controller, "compatible"), "nintendo,flipper-pic");
    assert_eq!(cells(controller, "#interrupt-cells"), [1]);
    assert_eq!(property(controller, "interrupt-controller"), b"");
    let flipper = tree.find_node("/flipper").expect("the system chip");
    assert_eq!(cells(flipper, "interrupt-parent"), cells(controller, "phandle"));

    let exi = tree.find_node("/flipper/exi@c006800").expect("the console's bus");
    assert_eq!(text(exi, "compatible"), "nintendo,flipper-exi");
    assert_eq!(cells(exi, "reg"), [0x0c00_6800, 0x40]);
    assert_eq!(cells(exi, "virtual-reg"), [0x0c00_6800]);
    assert_eq!(cells(exi, "interrupts"), [4]);
}

#[test]
fn the_processor_has_its_clocks() {
    let blob = full();
    let tree = Fdt::new(&blob).expect("a device tree");
    let gekko = tree.find_node("/cpus/PowerPC,gekko@0").expect("a processor");
    assert_eq!(text(gekko, "device_type"), "cpu");
    for (name, value) in [
        ("reg", 0),
        ("cpu-version", 0x0008_3214),
        ("clock-frequency", 486_000_000),
        ("bus-frequency", 162_000_000),
        ("timebase-frequency", 40_500_000),
        ("d-cache-line-size", 32),
        ("i-cache-line-size", 32),
        ("d-cache-size", 32 << 10),
        ("i-cache-size", 32 << 10),
    ] {
        assert_eq!(cells(gekko, name), [value], "{name}");
    }
    let cpus = tree.find_node("/cpus").expect("processors");
    assert_eq!(cpus.children().count(), 1);
}

#[test]
fn the_kernel_finds_its_command_line_and_disk() {
    let blob = full();
    let tree = Fdt::new(&blob).expect("a device tree");
    let chosen = tree.find_node("/chosen").expect("choices");
    assert_eq!(tree.chosen().bootargs(), Some("console=hvc0 root=/dev/ram0"));
    assert_eq!(text(chosen, "stdout-path"), "/flipper/exi@c006800");
    assert_eq!(cells(chosen, "linux,initrd-start"), [0x0100_0000]);
    assert_eq!(cells(chosen, "linux,initrd-end"), [0x0110_0000]);
    let reserved = tree
        .memory_reservations()
        .map(|range| (range.address() as usize, range.size()));
    assert!(reserved.eq([(0x0170_0000, 0x0010_0000), (0x3000, 0x1000)]));
}

#[test]
fn the_guest_finds_its_host() {
    let blob = full();
    let tree = Fdt::new(&blob).expect("a device tree");
    let hypervisor = tree.find_node("/hypervisor").expect("the host");
    assert_eq!(text(hypervisor, "compatible"), "linux,kvm");
    assert_eq!(
        cells(hypervisor, "hcall-instructions"),
        [0x3c00_4b56, 0x6000_4d21, 0x4400_0002, 0x6000_0000]
    );
    assert_eq!(property(hypervisor, "has-idle"), b"");

    let awake = Description {
        hypervisor: Some(Hypervisor { has_idle: false }),
        ..Description::gamecube(RAM_BYTES)
    };
    let blob = awake.flatten().expect("it can be written");
    let tree = Fdt::new(&blob).expect("a device tree");
    let hypervisor = tree.find_node("/hypervisor").expect("the host");
    assert!(hypervisor.property("has-idle").is_none());
}

#[test]
fn the_plain_devices_are_where_the_board_has_them() {
    let board = Board::new(Model::Plain, 32 << 20).expect("it fits");
    let description = Description {
        plain_devices: true,
        ..Description::of(&board, processor::E500V2.with_timebase(1_000_000))
    };
    let blob = description.flatten().expect("it can be written");
    let tree = Fdt::new(&blob).expect("a device tree");
    for (path, reg) in [
        ("/interrupts@d000000", [0x0d00_0000, 0x1000]),
        ("/console@d001000", [0x0d00_1000, 0x1000]),
        ("/control@d002000", [0x0d00_2000, 0x1000]),
    ] {
        let node = tree
            .find_node(path)
            .unwrap_or_else(|| panic!("{path} is described"));
        assert_eq!(cells(node, "reg"), reg);
        assert!(text(node, "compatible").starts_with("ppcpv,"));
    }
    let processor = tree.find_node("/cpus/PowerPC,e500v2@0").expect("a processor");
    assert_eq!(cells(processor, "timebase-frequency"), [1_000_000]);
    assert!(tree.find_node("/flipper").is_none());
}

#[test]
fn nothing_is_described_unasked() {
    let blob = Description::gamecube(RAM_BYTES)
        .flatten()
        .expect("it can be written");
    let tree = Fdt::new(&blob).expect("a device tree");
    for path in [
        "/hypervisor",
        "/interrupts@d000000",
        "/console@d001000",
        "/control@d002000",
    ] {
        assert!(tree.find_node(path).is_none(), "{path}");
    }
    let chosen = tree.find_node("/chosen").expect("choices");
    let names: Vec<_> = chosen.properties().map(|property| property.name).collect();
    assert_eq!(names, ["bootargs"]);
    assert_eq!(tree.memory_reservations().count(), 0);
}

#[test]
fn the_header_says_what_follows() {
    let blob = full();
    let word =
        |index: usize| u32::from_be_bytes(blob[4 * index..4 * index + 4].try_into().expect("four bytes"));
    assert_eq!((word(0), word(5), word(6), word(7)), (0xd00d_feed, 17, 16, 0));
    assert_eq!(word(1) as usize, blob.len());
}

#[test]
fn what_cannot_be_is_refused() {
    let base = || Description::gamecube(RAM_BYTES);
    let range = |description: Description<'_>| match description.flatten() {
        Err(Unwritable::Range { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let backwards = core::ops::Range { start: 2, end: 1 };
    for initrd in [0..0, backwards, RAM_BYTES - 1..RAM_BYTES + 1] {
        let initrd = Some(initrd);
        assert_eq!(range(Description { initrd, ..base() }), "initial RAM disk");
    }
    let behind = RAM_BYTES..RAM_BYTES + 1;
    let reserved = core::slice::from_ref(&behind);
    assert_eq!(range(Description { reserved, ..base() }), "reserved memory");
    for ram_bytes in [0, Board::RAM_LIMIT + 1, u64::MAX] {
        assert_eq!(range(Description { ram_bytes, ..base() }), "memory");
    }
    let texts = [
        Description {
            bootargs: "a\0b",
            ..base()
        },
        Description {
            reserved: &[0..2, 1..3],
            ..base()
        },
    ];
    for description in texts {
        assert!(matches!(description.flatten(), Err(Unwritable::Fdt(_))));
    }
}
