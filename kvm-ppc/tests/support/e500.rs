//! What a test does to the TLBs of an e500.

use kvm_ppc::mmu::{E500, Mas};

use super::guest::Guest;

/// The registers of the MMU.
pub fn mmu(guest: &mut Guest) -> &mut E500 {
    guest.vcpu.supervisor.mmu.e500_mut().expect("an e500")
}

/// `tlbwe`, as the host carries it out.
pub fn write(guest: &mut Guest, mas: &Mas) {
    let stale = mmu(guest).tlb.write(mas);
    guest.shadow.discard(&mut guest.fake, stale);
}
