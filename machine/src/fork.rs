//! Copies.
//!
//! A machine that was once made equal to another, its *base*, is made equal again by undoing what has changed in
//! either since. Memory, mappings and, where it is not just a copy of memory, the instruction cache each log their
//! changes; decoded code survives where the memory below it is the same.

use crate::devices::Devices;
use crate::log::Position;
use crate::machine::Machine;

/// Positions in the logs of a machine.
#[derive(Clone, Copy, Debug)]
struct Positions {
    ram: Position,
    table: Position,
    code: Position,
}

/// When a machine was equal to its base.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    own: Positions,
    base: Positions,
}

impl<D: Devices> Machine<D> {
    /// Makes this machine a copy of `base`.
    ///
    /// It costs what has changed in either since the last time, if `base` is the same as then and was not itself
    /// overwritten; a whole copy otherwise. To copy from one base often, [`seal`](Self::seal) it after it has run.
    pub fn fork_from(&mut self, base: &Self) {
        let known = self.parent;
        let logs = |of: fn(&Positions) -> Position| known.map(|known| (of(&known.own), of(&known.base)));
        let usable = self.config == base.config;
        self.copy_memory(base, logs(|at| at.ram).filter(|_| usable));
        self.copy_mappings(base, logs(|at| at.table).filter(|_| usable));
        if !base.code.is_coherent() {
            self.code
                .copy_from(&base.code, logs(|at| at.code).filter(|_| usable));
            self.fetch.clear();
        }
        self.config = base.config;
        self.clock = base.clock;
        self.stop_at = base.stop_at;
        self.reserved = base.reserved;
        self.devices.clone_from(&base.devices);
        self.parent = Some(Parent {
            own: self.positions(),
            base: base.positions(),
        });
    }

    /// Lets copies that are made from now on skip what has changed until now.
    pub fn seal(&mut self) {
        self.bus.ram.seal();
        self.bus.tlb.drop_stores();
    }

    fn positions(&self) -> Positions {
        Positions {
            ram: self.bus.ram.position(),
            table: self.bus.table.position(),
            code: self.code.position(),
        }
    }

    fn copy_memory(&mut self, base: &Self, known: Option<(Position, Position)>) {
        let code = &mut self.code;
        let follows = base.code.is_coherent();
        let caught_up = self.bus.ram.copy_from(&base.bus.ram, known, |frame, old, new| {
            if follows {
                code.follow(frame, old, new);
            }
        });
        self.bus.tlb.drop_stores();
        if !caught_up {
            self.code.become_empty_like(&base.code);
            self.fetch.clear();
        }
    }

    fn copy_mappings(&mut self, base: &Self, known: Option<(Position, Position)>) {
        let (tlb, fetch) = (&mut self.bus.tlb, &mut self.fetch);
        let caught_up = self.bus.table.copy_from(&base.bus.table, known, |tag| {
            tlb.drop_page(tag);
            fetch.drop_page(tag);
        });
        if !caught_up {
            self.bus.tlb.clear();
            self.fetch.clear();
        }
    }
}

impl<D: Devices> Clone for Machine<D> {
    /// A whole copy, which [`fork_from`](Self::fork_from) can then make equal again. The copy is not observed.
    fn clone(&self) -> Self {
        let mut copy = Self {
            config: self.config,
            bus: self.bus.clone(),
            code: self.code.empty_like(),
            fetch: crate::tlb::FetchTlb::new(),
            clock: self.clock,
            stop_at: self.stop_at,
            reserved: self.reserved,
            devices: self.devices.clone(),
            observer: None,
            parent: None,
        };
        copy.bus.tlb.clear();
        if !self.code.is_coherent() {
            copy.code.copy_from(&self.code, None);
        }
        copy.parent = Some(Parent {
            own: copy.positions(),
            base: self.positions(),
        });
        copy
    }

    fn clone_from(&mut self, base: &Self) {
        self.fork_from(base);
    }
}
