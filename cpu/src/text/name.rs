//! A mnemonic with its suffixes, built without an allocator.

/// A short ASCII string. What does not fit is dropped; no mnemonic is longer than the buffer.
#[derive(Clone, Copy)]
pub(super) struct Name {
    bytes: [u8; 16],
    len: usize,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let mut name = Self {
            bytes: [0; 16],
            len: 0,
        };
        name.push(text);
        name
    }

    pub(super) fn push(&mut self, text: &str) {
        for byte in text.bytes().take(self.bytes.len() - self.len) {
            self.bytes[self.len] = byte;
            self.len += 1;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}
