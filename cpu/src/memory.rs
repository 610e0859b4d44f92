//! Memory as instructions see it.

/// What an access wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// To read.
    Load,
    /// To write.
    Store,
}

/// Why an access failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing is mapped there.
    Unmapped,
    /// It is mapped, and the access is not allowed.
    Protected,
    /// The access needs an alignment that the address lacks.
    Unaligned,
}

/// A failed access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Effective address of the access that failed.
    pub address: u64,
    /// What it wanted.
    pub access: Access,
    /// Why it failed.
    pub reason: Reason,
}

/// Memory, at effective addresses.
///
/// Values are numbers: byte order is the implementation's matter. Addresses need not be aligned; an implementation
/// that wants alignment answers [`Reason::Unaligned`].
pub trait Memory {
    /// Reads `bytes` (1, 2, 4 or 8) at `address`, zero-extended.
    ///
    /// # Errors
    ///
    /// A fault, with nothing changed.
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault>;

    /// Writes the low `bytes` (1, 2, 4 or 8) of `value` at `address`.
    ///
    /// # Errors
    ///
    /// A fault, with nothing changed.
    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault>;
}
