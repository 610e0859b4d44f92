//! Loads and stores of several values: multiple, string, cache line.
//!
//! Loads complete in a buffer first, so that a fault half way changes no register.

use magicpage::Family;

use super::registers::immediate;
use super::{Done, Stop};
use crate::decode::Ins;
use crate::memory::{Fault, Memory};
use crate::state::{COUNT, State};

fn displaced(s: &State, i: Ins) -> u64 {
    s.base(i).wrapping_add(immediate(i))
}

pub(super) fn lmw<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    let mut loaded = s.gpr;
    let mut address = displaced(s, i);
    for register in &mut loaded[usize::from(i.rt())..] {
        *register = m.load(s.address(address), 4)?;
        address = address.wrapping_add(4);
    }
    s.gpr = loaded;
    s.next()
}

pub(super) fn stmw<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    let mut address = displaced(s, i);
    for register in &s.gpr[usize::from(i.rt())..] {
        m.store(s.address(address), 4, *register & 0xffff_ffff)?;
        address = address.wrapping_add(4);
    }
    s.next()
}

/// Fills registers from RT on, four bytes each from the left, wrapping from r31 to r0.
fn load_string<M: Memory>(s: &mut State, m: &mut M, i: Ins, address: u64, bytes: u32) -> Result<(), Fault> {
    let mut loaded = s.gpr;
    for n in 0..bytes {
        let register = &mut loaded[(usize::from(i.rt()) + n as usize / 4) % 32];
        if n % 4 == 0 {
            *register = 0;
        }
        let byte = m.load(s.address(address.wrapping_add(n.into())), 1)?;
        *register |= byte << (24 - 8 * (n % 4));
    }
    s.gpr = loaded;
    Ok(())
}

fn store_string<M: Memory>(s: &State, m: &mut M, i: Ins, address: u64, bytes: u32) -> Result<(), Fault> {
    for n in 0..bytes {
        let register = s.gpr[(usize::from(i.rt()) + n as usize / 4) % 32];
        let byte = register >> (24 - 8 * (n % 4)) & 0xff;
        m.store(s.address(address.wrapping_add(n.into())), 1, byte)?;
    }
    Ok(())
}

/// The byte count in the word.
fn count(i: Ins) -> u32 {
    match i.rb() {
        0 => 32,
        bytes => bytes.into(),
    }
}

pub(super) fn lswi<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    load_string(s, m, i, s.base(i), count(i))?;
    s.next()
}

pub(super) fn lswx<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    let bytes = s.xer & COUNT;
    let overwrites = |register: u8| u32::from(register.wrapping_sub(i.rt()) & 31) < bytes.div_ceil(4);
    if overwrites(i.ra()) || overwrites(i.rb()) {
        return Err(Stop::Illegal);
    }
    load_string(s, m, i, s.base(i).wrapping_add(s.rb(i)), bytes)?;
    s.next()
}

pub(super) fn stswi<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    store_string(s, m, i, s.base(i), count(i))?;
    s.next()
}

pub(super) fn stswx<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    store_string(s, m, i, s.base(i).wrapping_add(s.rb(i)), s.xer & COUNT)?;
    s.next()
}

/// Bytes in the line that `dcbz` clears.
const fn line(family: Family) -> u64 {
    match family {
        Family::Book3s32 | Family::E500 => 32,
        Family::Book3s64 => 128,
    }
}

pub(super) fn dcbz<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    let line = line(i.family());
    let start = s.address(s.base(i).wrapping_add(s.rb(i))) & !(line - 1);
    for offset in (0..line).step_by(8) {
        m.store(start + offset, 8, 0)?;
    }
    s.next()
}
