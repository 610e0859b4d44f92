//! Files, and the file systems that are needed.

use core::ffi::CStr;

use crate::Failure;
use crate::sys::{Call, call};

/// An open file.
pub struct File(usize);

/// How a file is opened.
#[derive(Clone, Copy)]
pub enum Mode {
    /// To read.
    Read,
    /// To read and write.
    ReadWrite,
    /// To write what is made new.
    Create,
}

impl File {
    /// Opens a file.
    pub fn open(path: &CStr, mode: Mode) -> Result<Self, Failure> {
        const CREATE_TRUNCATE: usize = 0o1100;
        let flags = match mode {
            Mode::Read => 0,
            Mode::ReadWrite => 2,
            Mode::Create => 2 | CREATE_TRUNCATE,
        };
        // SAFETY: the path ends with a NUL.
        let number = unsafe { call(Call::Open, [path.as_ptr() as usize, flags, 0o600, 0, 0, 0]) };
        number.map(Self).map_err(|error| Failure::Call("open", error))
    }

    /// A file by its number, which is open.
    pub const fn of(number: usize) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(&self) -> usize {
        self.0
    }

    /// Reads up to as many bytes as there is room for; 0 at the end.
    pub fn read(&self, bytes: &mut [u8]) -> Result<usize, Failure> {
        // SAFETY: the kernel writes into `bytes` alone.
        let count = unsafe {
            call(
                Call::Read,
                [self.0, bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0],
            )
        };
        count.map_err(|error| Failure::Call("read", error))
    }

    /// Reads until the bytes are full or the file ends, and answers how many there are.
    pub fn read_all(&self, bytes: &mut [u8]) -> Result<usize, Failure> {
        let mut from = 0;
        while from < bytes.len() {
            match self.read(&mut bytes[from..])? {
                0 => break,
                count => from += count,
            }
        }
        Ok(from)
    }

    /// Writes all bytes.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut left = bytes;
        while !left.is_empty() {
            // SAFETY: the kernel reads `left` alone.
            let count = unsafe { call(Call::Write, [self.0, left.as_ptr() as usize, left.len(), 0, 0, 0]) };
            let count = count.map_err(|error| Failure::Call("write", error))?;
            left = &left[count..];
        }
        Ok(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: nobody else uses the number.
        let _ = unsafe { call(Call::Close, [self.0, 0, 0, 0, 0, 0]) };
    }
}

/// Deletes a file.
pub fn unlink(path: &CStr) -> Result<(), Failure> {
    // SAFETY: the path ends with a NUL.
    let done = unsafe { call(Call::Unlink, [path.as_ptr() as usize, 0, 0, 0, 0, 0]) };
    done.map(drop).map_err(|error| Failure::Call("unlink", error))
}

/// What is mounted: directory and file system.
const MOUNTS: [(&CStr, &CStr); 2] = [(c"/proc", c"proc"), (c"/dev", c"devtmpfs")];

/// Mounts everything that is needed.
pub fn mount_all() -> Result<(), Failure> {
    for (directory, kind) in MOUNTS {
        let (directory, kind) = (directory.as_ptr() as usize, kind.as_ptr() as usize);
        // SAFETY: the texts end with a NUL. A directory that is there already need not be made.
        unsafe {
            let _ = call(Call::Mkdir, [directory, 0o755, 0, 0, 0, 0]);
            call(Call::Mount, [kind, directory, kind, 0, 0, 0])
        }
        .map_err(|error| Failure::Call("mount", error))?;
    }
    Ok(())
}
