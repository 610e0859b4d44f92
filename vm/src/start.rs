//! A guest between two instructions, but for its memory: what it takes to go on with it elsewhere.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use board::Board;
use kvm_ppc::Vcpu;
use kvm_ppc::hardware::Shared;
use kvm_ppc::snapshot::{RestoreError, Saved};
use magicpage::PAGE_SIZE;
use serde::{Deserialize, Serialize};

use crate::guest::Guest;
use crate::platform::Platform;

/// A guest without its memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Instructions in a tick of the time base, where they are counted.
    pub ratio: NonZeroU32,
    /// The time base, in ticks.
    pub timebase: u64,
    /// The processor.
    pub processor: Saved,
    /// The board, which knows how much memory there is.
    pub board: Board,
    /// The bytes of the magic page.
    pub magic: Vec<u8>,
    /// The bytes of the second page.
    pub second: Vec<u8>,
}

impl Start {
    /// The guest as it is now.
    pub fn of<P: Platform>(guest: &Guest<P>, ratio: NonZeroU32) -> Self {
        Self {
            ratio,
            timebase: guest.machine.timebase(),
            processor: guest.vcpu.save(),
            board: guest.machine.board().clone(),
            magic: guest.machine.shared(Shared::Magic).to_vec(),
            second: guest.machine.shared(Shared::Second).to_vec(),
        }
    }

    /// The guest on another platform, which has its board and its memory already.
    ///
    /// # Errors
    ///
    /// When the processor cannot be restored, or a page is not [`PAGE_SIZE`] bytes long.
    pub fn onto<P: Platform>(&self, mut platform: P) -> Result<Guest<P>, RestoreError> {
        let pages = [(Shared::Magic, &self.magic), (Shared::Second, &self.second)];
        for (page, bytes) in pages {
            let bytes: &[u8; PAGE_SIZE] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| RestoreError::Translation)?;
            *platform.shared_mut(page) = *bytes;
        }
        platform.set_timebase(self.timebase);
        let vcpu = Vcpu::restore(&self.processor, &mut platform)?;
        Ok(Guest::new(vcpu, platform))
    }
}
