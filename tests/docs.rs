//! The documentation: its reference is the code's tables, its links lead somewhere, and its commands do what it says.

mod cli_support;

use std::fs;
use std::path::{Path, PathBuf};

use cli_support::Desk;
use magicpage::layout::{FIELDS, Field};
use magicpage::registers::SHARED_SPRS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn book() -> PathBuf {
    root().join("docs/book/src")
}

/// Every page of documentation.
fn pages() -> Vec<PathBuf> {
    let of = |directory: PathBuf| {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
    };
    let mut pages: Vec<PathBuf> = of(root())
        .chain(of(book()))
        .chain(of(root().join("docs/benchmarks")))
        .collect();
    pages.sort();
    assert!(pages.len() > 12, "{pages:?}");
    pages
}

/// The reference of the page, from the tables.
fn reference() -> String {
    let mut text = String::from(
        "# The page\n\nThe layout of `struct kvm_vcpu_arch_shared`, from the tables in `magicpage`. Offsets and sizes are bytes; the \
         byte order is the guest's. A 32-bit big-endian guest reaches the low word of a field of 8 bytes at its offset + 4, a \
         little-endian one at its offset. The page is at effective address -4096, for supervisor mode only.\n\n\
         | offset | bytes | field |\n|---|---|---|\n",
    );
    for Field { name, offset, size } in FIELDS {
        text += &format!("| 0x{offset:03x} | {size} | {} |\n", name.to_lowercase());
    }
    text += "\n## Registers that it holds\n\n| register | number | field | offset |\n|---|---|---|---|\n";
    for spr in SHARED_SPRS {
        text += &format!(
            "| {} | {} | {} | 0x{:03x} |\n",
            spr.name,
            spr.number,
            spr.field.name.to_lowercase(),
            spr.field.offset
        );
    }
    text += "\n## Hypercalls\n\nr0 = 0x4b564d21, r11 = the token, r3 to r10 parameters; r3 the status, r4 to r11 results.\n\n\
             | call | token |\n|---|---|\n";
    for call in magicpage::hypercall::Hypercall::ALL {
        text += &format!("| {call:?} | 0x{:08x} |\n", call.token());
    }
    text += "\n| status | value | meaning |\n|---|---|---|\n";
    for status in magicpage::hypercall::Status::ALL {
        text += &format!(
            "| {} | {} | {} |\n",
            status.name(),
            *status as u32,
            status.meaning()
        );
    }
    text
}

#[test]
fn the_reference_is_that_of_the_tables() {
    let path = book().join("page.md");
    if std::env::var_os("DOCS").is_some_and(|value| value == "write") {
        fs::write(&path, reference()).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        reference(),
        "write it anew with DOCS=write"
    );
}

#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            links += 1;
            let to = page.parent().unwrap().join(file);
            assert!(to.exists(), "{}: {target}", page.display());
        }
        for part in text.split("{{#include ").skip(1) {
            let to = page.parent().unwrap().join(part.split('}').next().unwrap());
            assert!(to.exists(), "{}: {}", page.display(), to.display());
        }
    }
    assert!(links > 15, "only {links}");
}

/// The words of a command line; a word in quotes may hold spaces.
fn words(line: &str) -> Vec<String> {
    let parts = line
        .split('\'')
        .enumerate()
        .flat_map(|(number, part)| match number % 2 {
            1 => vec![part.to_owned()],
            _ => part.split_whitespace().map(str::to_owned).collect(),
        });
    parts.collect()
}

/// The commands of the book's fenced blocks, page by page, in order, in a directory with the kernel and its RAM disk.
#[test]
fn its_commands_do_what_it_says() {
    let cache = qemu::cache::directory().expect("a cache directory");
    let mut run = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let blocks = text
            .split("```sh\n")
            .skip(1)
            .map(|block| block.split("```").next().unwrap());
        let lines: Vec<&str> = blocks
            .flat_map(str::lines)
            .filter(|line| line.starts_with("ppcpv "))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let desk = Desk::empty();
        desk.write("vmlinux", &fs::read(cache.join("gamecube/vmlinux")).unwrap());
        desk.write("initramfs.cpio", &fs::read(cache.join("initramfs.cpio")).unwrap());
        for line in lines {
            let words = words(line);
            let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            let result = desk.run(&arguments);
            assert_eq!(result.status, 0, "{}: {line}: {}", page.display(), result.stderr);
            run += 1;
        }
        if page.ends_with("tutorial.md") {
            assert!(
                desk.read("original") == desk.read("vmlinux"),
                "what was taken back is the original"
            );
        }
    }
    assert!(run > 8, "only {run}");
}
