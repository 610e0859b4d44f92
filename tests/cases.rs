//! Text cases: assembly in, decisions out.
//!
//! A case is a file `tests/cases/<family>/<behaviour>.s`: a sentence on what it shows, options, assembly for GNU `as`,
//! and the expected decisions, one line a site, behind `#=`. Anyone can add one: write the assembly, run the test
//! with `CASES=write` to append what the rewriter decides, and judge every line.
//!
//! Options are lines `# option: value`: `templates` (kinds that may be used), `features`, `object` (do not link),
//! `assume-r2`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cpu::decode;
use magicpage::hypercall::PageFeatures;
use rewriter::build::{self, Options, symbol};
use rewriter::elf::{ElfImage, ReadOptions};
use rewriter::image::Image;
use rewriter::plan::{Outcome, Site, TemplateKind};
use rewriter::template::Allowed;
use rewriter::verify::{Effort, verify};

/// A folder of cases: family, prefix and options of the tools.
struct Folder {
    name: &'static str,
    prefix: &'static str,
    assembler: &'static [&'static str],
    linker: &'static [&'static str],
}

const FOLDERS: &[Folder] = &[
    Folder {
        name: "book3s-32",
        prefix: "powerpc-linux-gnu-",
        assembler: &["-a32", "-m750cl"],
        linker: &["-melf32ppc"],
    },
    Folder {
        name: "e500",
        prefix: "powerpc-linux-gnu-",
        assembler: &["-a32", "-me500"],
        linker: &["-melf32ppc"],
    },
    Folder {
        name: "book3s-64",
        prefix: "powerpc-linux-gnu-",
        assembler: &["-a64", "-mbig", "-mpower8"],
        linker: &["-melf64ppc"],
    },
    Folder {
        name: "book3s-64-le",
        prefix: "powerpc-linux-gnu-",
        assembler: &["-a64", "-mlittle", "-mpower8"],
        linker: &["-melf64lppc"],
    },
];

fn tool(prefix: &str, name: &str, arguments: &[&str]) {
    let program = format!("{prefix}{name}");
    let output = Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{program}: {error}; install binutils-powerpc-linux-gnu (Debian), or run `cargo xtask test`"
            )
        });
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Assembles and links a case; the file's bytes.
fn build_case(folder: &Folder, source: &Path, link: bool) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (object, linked) = (path("case.o"), path("case"));
    let source = source.display().to_string();
    let mut arguments = folder.assembler.to_vec();
    arguments.extend(["-o", &object, &source]);
    tool(folder.prefix, "as", &arguments);
    if !link {
        return fs::read(object).unwrap();
    }
    let mut arguments = folder.linker.to_vec();
    arguments.extend([
        "-Ttext=0xc0000000",
        "-e",
        "0",
        "--no-warn-rwx-segments",
        "-o",
        &linked,
        &object,
    ]);
    tool(folder.prefix, "ld", &arguments);
    fs::read(linked).unwrap()
}

fn option<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let prefix = format!("# {name}: ");
    text.lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .map(str::trim)
}

fn options(text: &str) -> Options {
    let mut options = Options {
        assume_r2: option(text, "assume-r2").is_some(),
        ..Options::default()
    };
    if let Some(names) = option(text, "templates") {
        let kinds: Vec<TemplateKind> = TemplateKind::ALL
            .into_iter()
            .filter(|kind| names.split(',').any(|name| name == kind.name()))
            .collect();
        options.templates = Allowed::only(&kinds);
    }
    if let Some(names) = option(text, "features") {
        let held = PageFeatures::NAMES
            .iter()
            .filter(|(name, _)| names.split(',').any(|held| held == *name));
        options.features = held.map(|(_, bit)| *bit).collect();
    }
    options
}

/// One line a site.
fn line(image: &Image, site: &Site) -> String {
    let mut text = format!(
        "#= {}: {} => ",
        symbol(image, site.address).unwrap_or_default(),
        site.instruction
    );
    match &site.outcome {
        Outcome::Left(left) => write!(text, "left, {}", left.reason.name()).unwrap(),
        Outcome::Rewritten(rewrite) => {
            write!(text, "{} {}", rewrite.template.name(), rewrite.shape).unwrap();
            if rewrite.trampoline.is_none() {
                write!(text, ": {}", decode(rewrite.new, image.family).text(None)).unwrap();
            }
            if !rewrite.dead.is_empty() {
                write!(text, "; dead {}", rewrite.dead.join(" ")).unwrap();
            }
            if let Some(table) = &rewrite.self_patched {
                write!(text, "; replaced by {table}").unwrap();
            }
        }
    }
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn decisions(folder: &Folder, path: &Path, text: &str) -> String {
    let bytes = build_case(folder, path, option(text, "object").is_none());
    let family = folder.name.trim_end_matches("-le");
    let family = magicpage::Family::from_name(family);
    let elf = ElfImage::parse(
        &bytes,
        &ReadOptions {
            family,
            ..ReadOptions::default()
        },
    )
    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let image = elf.image();
    let plan = build::plan(image, elf.target(), &options(text));
    let report = verify(image, &plan, Effort::default(), |_| {});
    assert!(
        report.findings.is_empty(),
        "{}: {:?}",
        path.display(),
        report.findings
    );
    plan.sites.iter().map(|site| line(image, site) + "\n").collect()
}

fn cases(folder: &Folder) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder.name);
    let mut cases: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "s"));
    cases.sort();
    assert!(!cases.is_empty(), "no cases for {}", folder.name);
    cases
}

#[test]
fn decisions_are_as_expected() {
    let write = std::env::var("CASES").is_ok_and(|value| value == "write");
    let mut wrong = String::new();
    for folder in FOLDERS {
        for path in cases(folder) {
            let text = fs::read_to_string(&path).unwrap();
            let (source, expected): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| !line.starts_with("#="));
            let found = decisions(folder, &path, &text);
            if write {
                fs::write(&path, format!("{}\n\n{found}", source.join("\n").trim_end())).unwrap();
            } else if found.lines().ne(expected.iter().copied()) {
                writeln!(
                    wrong,
                    "{}:\n--- expected\n{}\n+++ found\n{found}",
                    path.display(),
                    expected.join("\n")
                )
                .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
