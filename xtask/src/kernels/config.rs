//! Kernel configurations: fragments, and whether each option that was asked for took.
//!
//! The kernel drops an option whose dependencies are not met, or that this version no longer has, without a word. A
//! kernel without it would still build, and would test something else.

use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Options and their values, `CONFIG_X` to `y`, `m`, `n`, a number or a quoted string.
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    options: BTreeMap<String, String>,
}

impl Config {
    /// Reads configurations in the form of the kernel's `.config`, one after the other; later ones win.
    ///
    /// # Errors
    ///
    /// A line is neither an option, nor a comment, nor empty.
    pub fn parse(texts: &[&str]) -> Result<Self> {
        let mut options = BTreeMap::new();
        for line in texts.iter().flat_map(|text| text.lines()).map(str::trim) {
            let unset = line
                .strip_prefix("# ")
                .and_then(|rest| rest.strip_suffix(" is not set"));
            if let Some(option) = unset.filter(|option| option.starts_with("CONFIG_")) {
                options.insert(option.to_owned(), "n".to_owned());
            } else if line.is_empty() || line.starts_with('#') {
                // A comment.
            } else if let Some((option, value)) = line.split_once('=').filter(|_| line.starts_with("CONFIG_"))
            {
                options.insert(option.to_owned(), value.to_owned());
            } else {
                bail!("not a line of a kernel configuration: {line:?}");
            }
        }
        Ok(Self { options })
    }

    /// The configuration in the form of the kernel's `.config`.
    pub fn text(&self) -> String {
        self.options
            .iter()
            .fold(String::new(), |text, (option, value)| match value.as_str() {
                "n" => text + &format!("# {option} is not set\n"),
                _ => text + &format!("{option}={value}\n"),
            })
    }

    /// Checks that `actual` has every option as this configuration asks for.
    ///
    /// # Errors
    ///
    /// Some are different; the error names all of them, with both values.
    pub fn check(&self, actual: &Self) -> Result<()> {
        let value = |option: &str| actual.options.get(option).map_or("n", String::as_str);
        let lost: String = self
            .options
            .iter()
            .filter(|(option, wanted)| value(option) != wanted.as_str())
            .map(|(option, wanted)| format!("\n    {option}: asked for {wanted}, is {}", value(option)))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        bail!(
            "the kernel did not accept options, most likely because they depend on others that are off:{lost}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_fragments_win_and_comments_are_skipped() {
        let config = Config::parse(&[
            "# A machine.\nCONFIG_A=y\nCONFIG_B=m\n",
            "# CONFIG_A is not set\nCONFIG_C=\"a=b\"\n# because it is not set\n",
        ])
        .unwrap();
        assert_eq!(
            config.text(),
            "# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C=\"a=b\"\n"
        );
        assert_eq!(Config::parse(&[&config.text()]).unwrap(), config);
    }

    #[test]
    fn what_is_no_option_is_an_error() {
        assert!(Config::parse(&["KVM_GUEST=y"]).is_err());
        assert!(Config::parse(&["CONFIG_KVM_GUEST"]).is_err());
    }

    #[test]
    fn every_lost_option_is_named() {
        let wanted = Config::parse(&[
            "CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n# CONFIG_D is not set\n# CONFIG_E is not set",
        ]);
        let wanted = wanted.unwrap();
        let actual = Config::parse(&["CONFIG_A=y\nCONFIG_B=y\nCONFIG_D=y"]).unwrap();
        let error = wanted.check(&actual).unwrap_err().to_string();
        for part in [
            "CONFIG_B: asked for m, is y",
            "CONFIG_C: asked for y, is n",
            "CONFIG_D: asked for n, is y",
        ] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        assert!(
            !error.contains("CONFIG_A") && !error.contains("CONFIG_E"),
            "{error}"
        );
        wanted.check(&wanted).unwrap();
    }
}
