//! The nodes.

use super::node::Node;
use super::{Description, Hypervisor, Unwritable};
use crate::flipper::Line;
use crate::{DeviceRow, Model};
use alloc::format;

/// The interrupt controller's handle; it is the only node that is referred to.
const CONTROLLER: u32 = 1;

/// A row: a node below `/flipper`.
struct FlipperNode {
    /// Name without the unit address.
    name: &'static str,
    compatible: &'static str,
    /// Name of the [`DeviceRow`] where it starts.
    device: &'static str,
    /// Bytes of its registers, as Linux' tree has them.
    length: u32,
    line: Option<Line>,
    /// Whether it holds the interrupt controller.
    controller: bool,
}

/// Names, `compatible` and lengths: `arch/powerpc/boot/dts/gamecube.dts`.
const FLIPPER: [FlipperNode; 2] = [
    FlipperNode {
        name: "processor-interface",
        compatible: "nintendo,flipper-pi",
        device: "PI",
        length: 0x100,
        line: None,
        controller: true,
    },
    FlipperNode {
        name: "exi",
        compatible: "nintendo,flipper-exi",
        device: "EXI0",
        length: 0x40,
        line: Some(Line::Exi),
        controller: false,
    },
];

/// First byte and length of the window that `/flipper` covers.
const FLIPPER_WINDOW: (u32, u32) = (0x0c00_0000, 0x1_0000);

/// The whole tree.
pub(super) fn root(description: &Description<'_>) -> Result<Node, Unwritable> {
    let name = match description.model {
        Model::GameCube => "nintendo,gamecube",
        Model::Plain => "ppcpv,plain",
    };
    Ok(Node::new("")
        .text("model", name)
        .text("compatible", name)
        .widths(1, 1)
        .children([
            chosen(description)?,
            memory(description)?,
            processors(description),
        ])
        .children((description.model == Model::GameCube).then(flipper))
        .children(description.hypervisor.map(hypervisor))
        .children(
            description
                .plain_devices
                .then(plain_devices)
                .into_iter()
                .flatten(),
        ))
}

fn chosen(description: &Description<'_>) -> Result<Node, Unwritable> {
    let mut chosen = Node::new("chosen").text("bootargs", description.bootargs);
    if let Some(initrd) = &description.initrd {
        let range = description.in_ram("initial RAM disk", initrd)?;
        chosen = chosen
            .cells("linux,initrd-start", &[cell(range.start)])
            .cells("linux,initrd-end", &[cell(range.end)]);
    }
    if let Some(path) = description.stdout_path {
        chosen = chosen.text("stdout-path", path);
    }
    Ok(chosen)
}

fn memory(description: &Description<'_>) -> Result<Node, Unwritable> {
    let limit = crate::Board::RAM_LIMIT;
    if description.ram_bytes == 0 || description.ram_bytes > limit {
        return Err(Unwritable::Range {
            what: "memory",
            start: 0,
            end: description.ram_bytes,
            ram_bytes: limit,
        });
    }
    Ok(Node::new("memory@0")
        .text("device_type", "memory")
        .cells("reg", &[0, cell(description.ram_bytes)]))
}

fn processors(description: &Description<'_>) -> Node {
    let processor = &description.processor;
    let cells = [
        ("reg", 0),
        ("cpu-version", processor.version),
        ("clock-frequency", processor.clock_hz),
        ("bus-frequency", processor.bus_hz),
        ("timebase-frequency", processor.timebase_hz),
        ("i-cache-line-size", processor.cache_line_bytes),
        ("d-cache-line-size", processor.cache_line_bytes),
        ("i-cache-size", processor.cache_bytes),
        ("d-cache-size", processor.cache_bytes),
    ];
    let node = Node::new(format!("{}@0", processor.name)).text("device_type", "cpu");
    let node = cells
        .iter()
        .fold(node, |node, (name, value)| node.cells(name, &[*value]));
    Node::new("cpus").widths(1, 0).children([node])
}

fn flipper() -> Node {
    let (base, length) = FLIPPER_WINDOW;
    Node::new("flipper")
        .text("compatible", "nintendo,flipper")
        .widths(1, 1)
        .cells("ranges", &[base, base, length])
        .cells("interrupt-parent", &[CONTROLLER])
        .children(FLIPPER.iter().filter_map(flipper_node))
}

fn flipper_node(row: &FlipperNode) -> Option<Node> {
    let device = Model::GameCube
        .devices()
        .iter()
        .find(|device| device.name == row.device)?;
    let base = cell(device.base);
    let mut node = Node::new(format!("{}@{base:x}", row.name))
        .text("compatible", row.compatible)
        .cells("reg", &[base, row.length]);
    if let Some(line) = row.line {
        node = node
            .cells("virtual-reg", &[base])
            .cells("interrupts", &[line.bit().into()]);
    }
    Some(node.children(row.controller.then(controller)))
}

fn controller() -> Node {
    Node::new("pic")
        .text("compatible", "nintendo,flipper-pic")
        .cells("#interrupt-cells", &[1])
        .flag("interrupt-controller")
        .cells("phandle", &[CONTROLLER])
}

/// Linux: `arch/powerpc/kernel/epapr_paravirt.c`, `arch/powerpc/include/asm/kvm_para.h`.
fn hypervisor(hypervisor: Hypervisor) -> Node {
    let node = Node::new("hypervisor")
        .text("compatible", "linux,kvm")
        .cells("hcall-instructions", &magicpage::hypercall::INSTRUCTIONS);
    if hypervisor.has_idle {
        node.flag("has-idle")
    } else {
        node
    }
}

fn plain_devices() -> impl Iterator<Item = Node> {
    Model::Plain.devices().iter().map(|row: &DeviceRow| {
        Node::new(format!("{}@{:x}", row.name, row.base))
            .text("compatible", &format!("ppcpv,{}", row.name))
            .cells("reg", &[cell(row.base), cell(row.length)])
    })
}

/// An address or size as a cell: everything here lies below 4 GiB, which [`memory`] has checked.
fn cell(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
