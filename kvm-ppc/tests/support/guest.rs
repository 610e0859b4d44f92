//! A guest whose translation a test sets up.

use kvm_ppc::Vcpu;
use kvm_ppc::deferral::StoreTrap;
use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::{Access, Backing, Frame, Hardware, Rights, Shared};
use kvm_ppc::mmu::{Bats, Book3s32, Translation};
use kvm_ppc::model::Model;
use kvm_ppc::page::Mapped;
use kvm_ppc::shadow::Shadow;
use magicpage::{Endian, msr};

use super::Fake;

/// The three kinds of access.
pub const KINDS: [Access; 3] = [Access::Load, Access::Store, Access::Fetch];

/// Page numbers of Linux's page, at address -4096, on a 32-bit processor.
pub const LINUX32: Mapped = Mapped {
    effective: 0xf_ffff,
    real: 0xf_ffff,
    second: false,
};

/// MSR with translation on, for supervisor mode.
pub const ON: u64 = msr::IR | msr::DR;

/// A processor, its hardware, and a shadow of its own.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The processor.
    pub vcpu: Vcpu,
    /// The hardware.
    pub fake: Fake,
    /// What the test has had mapped.
    pub shadow: Shadow,
}

impl Guest {
    /// A processor of this name after its reset, with so much memory.
    pub fn new(model: &str, memory: usize) -> Self {
        let mut fake = Fake::new(memory);
        let model = Model::from_name(model).expect("a model");
        let vcpu = Vcpu::new(model, Endian::Big, &StoreTrap, &mut fake);
        Self {
            vcpu,
            fake,
            shadow: Shadow::default(),
        }
    }

    /// Maps the magic page, or unmaps it.
    pub fn map_page(&mut self, page: impl Into<Option<Mapped>>) {
        self.vcpu.set_page(&mut self.fake, page.into());
    }

    /// Asks for a translation.
    pub fn translate(&mut self, msr: u64, address: u64, access: Access) -> Result<Translation, Exception> {
        self.vcpu
            .supervisor
            .translate(&mut self.fake, msr, address, access)
    }

    /// The frame and the rights of a translation that succeeds.
    pub fn reaches(&mut self, msr: u64, address: u64, access: Access) -> (Frame, Rights) {
        let to = self.translate(msr, address, access).expect("a translation");
        (to.frame, to.rights)
    }

    /// What the hardware lets the guest reach with no exit.
    pub fn mapped(&mut self, msr: u64, address: u64, access: Access) -> Option<Frame> {
        let spaces = self.shadow.spaces(&self.vcpu.supervisor, &mut self.fake, msr);
        self.fake
            .reach(spaces.place(address, access).space, address, access)
    }

    /// An access as a run makes it: through the mappings, and where they do not allow it, through an exit that adds
    /// one.
    pub fn access(&mut self, msr: u64, address: u64, access: Access) -> Result<Frame, Exception> {
        // The second exit is needed where fetches and data turn out to need different mappings.
        for _ in 0..3 {
            if let Some(frame) = self.mapped(msr, address, access) {
                return Ok(frame);
            }
            let to = self.translate(msr, address, access)?;
            if matches!(to.frame, Frame::Memory(_)) && self.fake.backing(to.physical) != Backing::Memory {
                return Ok(to.frame);
            }
            let spaces = self.shadow.spaces(&self.vcpu.supervisor, &mut self.fake, msr);
            let place = spaces.place(address, access);
            self.shadow.insert(&mut self.fake, place, to.frame, to.rights);
            if access == Access::Store && self.mapped(msr, address, Access::Load) == Some(to.frame) {
                // Stores to a protected page are the host's to carry out.
                return Ok(to.frame);
            }
        }
        panic!("no progress at {address:x}");
    }

    /// The registers of a 32-bit Book3S MMU.
    pub fn book3s32(&mut self) -> &mut Book3s32 {
        self.vcpu
            .supervisor
            .mmu
            .book3s32_mut()
            .expect("a 32-bit Book3S processor")
    }

    /// Its BATs.
    pub fn bats(&mut self) -> &mut Bats {
        &mut self.book3s32().bats
    }

    /// Sets a segment register.
    pub fn set_segment(&mut self, index: u8, value: u32) {
        let layout = self.vcpu.supervisor.layout();
        layout.set_segment(&mut self.fake.pages[Shared::Magic as usize], index, value);
    }
}
