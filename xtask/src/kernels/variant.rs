//! Variants of a kernel: small edits of its source, each on top of those before it, that change how it treats the magic
//! page.

use super::source::SOURCE;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// A replacement in a file of the source tree.
#[derive(Debug)]
pub struct Edit {
    /// The file, as a path in the tree.
    pub file: &'static str,
    /// What stands there, once.
    pub old: &'static str,
    /// What is to stand there.
    pub new: &'static str,
}

/// A kernel that is built after another one, from the same tree with edits.
#[derive(Debug)]
pub struct Variant {
    /// What its file's name has behind `vmlinux.`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The edits.
    pub edits: &'static [Edit],
}

impl Variant {
    /// Everything that the result depends on and that is decided here.
    pub fn text(&self) -> String {
        let edits = self.edits.iter();
        edits.fold(self.name.to_owned(), |text, Edit { file, old, new }| {
            text + &format!("\n{file}: {old} -> {new}")
        })
    }

    /// Makes the edits in a source tree, whose files may be other trees' too: a changed file is a new one.
    ///
    /// # Errors
    ///
    /// What is to be replaced does not stand there once, or a file cannot be read or written.
    pub fn edit(&self, tree: &Path) -> Result<()> {
        for Edit { file, old, new } in self.edits {
            let path = tree.join(file);
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            if text.matches(old).count() != 1 {
                bail!(
                    "{file} of {SOURCE} has not once {old:?}, which variant {} edits",
                    self.name
                );
            }
            fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
            fs::write(&path, text.replacen(old, new, 1))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

const PATCHER: &str = "arch/powerpc/kernel/kvm.c";

/// Linux's own patching brought back to life. Its self-test reads the magic page with a function that refuses
/// the kernel's addresses; its buffer holds a quarter of what a kernel of this size needs.
pub const PATCHING: &[Variant] = &[
    Variant {
        name: "kvm-64k",
        about: "its own patching's self-test repaired",
        edits: &[
            Edit {
                file: PATCHER,
                old: "static void __init kvm_use_magic_page(void)",
                new: "static bool __init magic_page_is_missing(void)\n{\n\tu32 word;\n\n\treturn \
                      copy_from_kernel_nofault(&word, (void *)KVM_MAGIC_PAGE, sizeof(word));\n}\n\nstatic void __init \
                      kvm_use_magic_page(void)",
            },
            Edit {
                file: PATCHER,
                old: "fault_in_readable((const char __user *)KVM_MAGIC_PAGE,\n\t\t\t      sizeof(u32))",
                new: "magic_page_is_missing()",
            },
        ],
    },
    Variant {
        name: "kvm-512k",
        about: "its own patching's self-test repaired, with a buffer of 512 KiB",
        edits: &[Edit {
            file: "arch/powerpc/kernel/kvm_emul.S",
            old: "(64 * 1024)",
            new: "(512 * 1024)",
        }],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Variant = Variant {
        name: "one",
        about: "",
        edits: &[Edit {
            file: "file",
            old: "old",
            new: "new",
        }],
    };

    #[test]
    fn an_edit_leaves_the_other_tree_alone() {
        let trees = std::env::temp_dir().join(format!("xtask-variant-{}", std::process::id()));
        let (first, second) = (trees.join("first"), trees.join("second"));
        for tree in [&first, &second] {
            fs::create_dir_all(tree).unwrap();
        }
        fs::write(first.join("file"), "an old file").unwrap();
        fs::hard_link(first.join("file"), second.join("file")).unwrap();
        ONE.edit(&second).unwrap();
        let read = |tree: &Path| fs::read_to_string(tree.join("file")).unwrap();
        assert_eq!(
            (read(&first).as_str(), read(&second).as_str()),
            ("an old file", "an new file")
        );
        let error = ONE.edit(&second).unwrap_err().to_string();
        fs::remove_dir_all(&trees).unwrap();
        assert!(error.contains("one") && error.contains("file"), "{error}");
    }

    #[test]
    fn names_are_apart_and_texts_tell_edits() {
        let mut texts: Vec<String> = PATCHING.iter().map(Variant::text).collect();
        texts.dedup();
        assert_eq!(texts.len(), PATCHING.len());
        assert!(texts[1].contains("512"));
    }
}
