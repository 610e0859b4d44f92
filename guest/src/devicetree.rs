//! What the device tree says of the machine.

use core::ops::Range;

use fdt::Fdt;
use fdt::node::FdtNode;

use crate::mmio::Registers;

/// A device tree.
pub struct Tree {
    fdt: Fdt<'static>,
    /// The addresses that it takes.
    range: Range<usize>,
}

/// The host, as the tree describes it.
pub struct Hypervisor {
    /// The words of a hypercall.
    pub instructions: [u32; 4],
    /// Whether the call that sleeps works.
    pub has_idle: bool,
}

/// The devices that the kernel uses, as far as they are there.
#[derive(Clone, Copy)]
pub struct Devices {
    /// Where it prints.
    pub console: Option<Registers>,
    /// Where it ends.
    pub control: Option<Registers>,
    /// The interrupt controller.
    pub interrupts: Option<Registers>,
}

impl Tree {
    /// The tree at an address.
    ///
    /// # Panics
    ///
    /// When there is none.
    ///
    /// # Safety
    ///
    /// The address can be read.
    pub unsafe fn at(address: *const u8) -> Self {
        // SAFETY: the caller's promise; the tree itself says how long it is.
        let fdt = unsafe { Fdt::from_ptr(address) };
        let fdt = fdt.expect("r3 is the address of a device tree");
        let start = address as usize;
        let range = start..start + fdt.total_size();
        Self { fdt, range }
    }

    /// The command line.
    pub fn bootargs(&self) -> &'static str {
        self.node("/chosen")
            .and_then(|node| node.property("bootargs"))
            .and_then(|property| property.as_str())
            .unwrap_or("")
    }

    /// The largest range of memory that holds neither the image nor the tree.
    pub fn free_memory(&self) -> Range<usize> {
        let node = self.fdt.memory();
        let memory = node
            .regions()
            .filter(|region| region.starting_address.is_null())
            .find_map(|region| region.size)
            .unwrap_or(0);
        let image_end = crate::text::image().end;
        if self.range.start > image_end && self.range.start < memory {
            image_end..self.range.start & !0xfff
        } else {
            image_end.max(self.range.end + 0xfff & !0xfff)..memory
        }
    }

    /// Ticks of the time base in a second.
    pub fn timebase_hz(&self) -> u32 {
        let cpus = self.node("/cpus").into_iter().flat_map(|node| node.children());
        cpus.filter_map(|node| node.property("timebase-frequency"))
            .find_map(|property| cell(property.value, 0))
            .unwrap_or(0)
    }

    /// The host, if the tree knows of one that makes hypercalls of KVM's kind.
    pub fn hypervisor(&self) -> Option<Hypervisor> {
        let node = self.node("/hypervisor")?;
        let words = node.property("hcall-instructions")?.value;
        let mut instructions = [0x6000_0000; 4];
        for (index, word) in instructions.iter_mut().enumerate() {
            *word = cell(words, index).unwrap_or(*word);
        }
        Some(Hypervisor {
            instructions,
            has_idle: node.property("has-idle").is_some(),
        })
    }

    fn node(&self, path: &str) -> Option<FdtNode<'_, 'static>> {
        self.fdt.find_node(path)
    }

    /// The registers of the first node whose `compatible` has this string.
    fn registers(&self, compatible: &str) -> Option<Registers> {
        let mut nodes = self.fdt.all_nodes();
        let node = nodes.find(|node| {
            node.compatible()
                .is_some_and(|all| all.all().any(|one| one == compatible))
        })?;
        let base = cell(node.property("reg")?.value, 0)?;
        Some(Registers::at(base as usize))
    }
}

/// Looks for the devices.
pub fn devices(tree: &Tree) -> Devices {
    Devices {
        console: tree.registers("ppcpv,console"),
        control: tree.registers("ppcpv,control"),
        interrupts: tree.registers("ppcpv,interrupts"),
    }
}

/// A cell of a property: 32 bits, big-endian.
fn cell(bytes: &[u8], index: usize) -> Option<u32> {
    let bytes = bytes.get(4 * index..4 * index + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
