//! Where made kernels are kept: a directory outside the source tree.

use std::env;
use std::path::PathBuf;

/// The directory that the environment names: `$PPCPV_CACHE`, else `$XDG_CACHE_HOME/ppcpv`, else `~/.cache/ppcpv`.
///
/// Answers nothing where none of the three variables is set.
pub fn directory() -> Option<PathBuf> {
    named(|name| env::var_os(name).map(PathBuf::from))
}

fn named(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.as_os_str().is_empty());
    set("PPCPV_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("ppcpv")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/ppcpv")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn environment(pairs: &[(&str, &str)]) -> Option<PathBuf> {
        named(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_directory_is_the_first_that_the_environment_names() {
        let all = [("PPCPV_CACHE", "/p"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(environment(&all).unwrap(), Path::new("/p"));
        assert_eq!(environment(&all[1..]).unwrap(), Path::new("/x/ppcpv"));
        assert_eq!(environment(&all[2..]).unwrap(), Path::new("/h/.cache/ppcpv"));
        assert_eq!(
            environment(&[("PPCPV_CACHE", ""), ("HOME", "/h")]).unwrap(),
            Path::new("/h/.cache/ppcpv")
        );
        assert_eq!(environment(&[]), None);
    }
}
