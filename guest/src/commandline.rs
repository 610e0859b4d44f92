//! The kernel's command line: words `key=value`.

/// A command line.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine<'a>(&'a str);

impl<'a> CommandLine<'a> {
    /// The words of `text`.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The value of the last word with this key.
    pub fn value(self, key: &str) -> Option<&'a str> {
        let words = self.0.split_ascii_whitespace();
        words
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .last()
    }

    /// The number that a key has, or another one.
    pub fn number(self, key: &str, otherwise: u32) -> u32 {
        self.value(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(otherwise)
    }
}
