//! The environment: words `NAME=VALUE` of the kernel's command line.

use core::ffi::CStr;

/// Where the words are.
pub struct Environment {
    words: *const *const core::ffi::c_char,
}

impl Environment {
    /// The environment of a program whose stack pointer at its start was `stack`: the number of arguments, so many
    /// pointers and a null, then the environment's pointers and a null (System V ABI, PowerPC supplement 3-32).
    ///
    /// # Safety
    ///
    /// The stack is as the kernel made it, and stays so.
    pub const unsafe fn at(stack: *const usize) -> Self {
        // SAFETY: see above.
        let words = unsafe { stack.add(*stack + 2) };
        Self { words: words.cast() }
    }

    fn get(&self, name: &str) -> Option<&CStr> {
        let mut at = self.words;
        // SAFETY: a null ends the list, and each entry is a text with a NUL behind it.
        unsafe {
            while !(*at).is_null() {
                let word = CStr::from_ptr(*at);
                let bytes = word.to_bytes_with_nul();
                if bytes.starts_with(name.as_bytes()) && bytes.get(name.len()) == Some(&b'=') {
                    return CStr::from_bytes_with_nul(&bytes[name.len() + 1..]).ok();
                }
                at = at.add(1);
            }
        }
        None
    }

    /// The number of a word, in hexadecimal after `0x`; `None` without such a word, or where it is no number.
    pub fn number(&self, name: &str) -> Option<u32> {
        let text = self.get(name)?.to_str().ok()?;
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }
}
