//! Load and reserve, store conditional.

use super::Done;
use crate::decode::Ins;
use crate::memory::{Access, Fault, Memory, Reason};
use crate::state::{Reservation, State};

/// The address, which must be aligned.
fn aligned(s: &State, i: Ins, bytes: u8, access: Access) -> Result<u64, Fault> {
    let address = s.address(s.base(i).wrapping_add(s.rb(i)));
    if address.is_multiple_of(bytes.into()) {
        Ok(address)
    } else {
        Err(Fault {
            address,
            access,
            reason: Reason::Unaligned,
        })
    }
}

fn load<M: Memory>(s: &mut State, m: &mut M, i: Ins, bytes: u8) -> Done {
    let address = aligned(s, i, bytes, Access::Load)?;
    let value = m.load(address, bytes)?;
    s.set(i, i.rt(), value);
    s.reservation = Some(Reservation { address, bytes });
    s.next()
}

fn store<M: Memory>(s: &mut State, m: &mut M, i: Ins, bytes: u8) -> Done {
    let address = aligned(s, i, bytes, Access::Store)?;
    let succeeds = s.reservation == Some(Reservation { address, bytes });
    if succeeds {
        m.store(address, bytes, s.rs(i))?;
    }
    s.reservation = None;
    let field = u32::from(succeeds) << 1 | s.so();
    s.set_cr_field(0, field);
    s.next()
}

macro_rules! reserving {
    ($($name:ident $access:ident $bytes:literal;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
            $access(s, m, i, $bytes)
        })*
    };
}

reserving! {
    lbarx load 1;
    lharx load 2;
    lwarx load 4;
    ldarx load 8;
    stbcx store 1;
    sthcx store 2;
    stwcx store 4;
    stdcx store 8;
}
