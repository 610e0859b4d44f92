//! `cargo xtask guest`: builds what runs on bare PowerPC metal: the guest kernel and the host.

use anyhow::{Context, Result, bail};
use magicpage::Family;
use qemu::image::{self, GUEST, HOST, Image};
use qemu::machine::MACHINES;

/// Builds the images for the families that are named, or for all, and prints their paths.
///
/// # Errors
///
/// An argument is wrong, there is no compiler, or a build fails.
pub fn run(arguments: &[String]) -> Result<()> {
    for (image, family) in chosen(arguments)? {
        println!("{}", image::build(image, family)?.display());
    }
    Ok(())
}

fn chosen(arguments: &[String]) -> Result<Vec<(Image, Family)>> {
    let names = || MACHINES.iter().map(|machine| machine.family);
    let mut families = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument != "--family" {
            bail!("`guest` does not know {argument:?}; it takes [--family NAME]...");
        }
        let name = arguments.next().context("--family needs a name")?;
        let family = names().find(|family| family.name() == name);
        let known = || names().map(Family::name).collect::<Vec<_>>().join(" and ");
        families
            .push(family.with_context(|| format!("no family is called {name:?}; there are {}", known()))?);
    }
    if families.is_empty() {
        families.extend(names());
    }
    let both = |family| [(GUEST, family), (HOST, family)];
    Ok(families.into_iter().flat_map(both).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<String>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let name = |(image, family): (Image, Family)| format!("{} {family}", image.name);
        Ok(chosen(&arguments)?.into_iter().map(name).collect())
    }

    #[test]
    fn families_are_chosen_by_name() {
        let all = ["guest book3s-32", "host book3s-32", "guest e500", "host e500"];
        assert_eq!(names(&[]).unwrap(), all);
        assert_eq!(names(&["--family", "e500"]).unwrap(), all[2..]);
    }

    #[test]
    fn a_wrong_argument_is_an_error() {
        assert!(names(&["--family"]).is_err());
        assert!(names(&["--family", "z80"]).is_err());
        assert!(names(&["--fast"]).is_err());
    }
}
