//! Whatever is wrong costs exit status 2, one clear message, and not a byte anywhere.

mod cli_support;

use cli_support::Desk;

/// Something wrong: command line, kind of the error, a part of the message.
struct Case(&'static [&'static str], &'static str, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case(&["rewrite", "missing"], "read", "cannot read `missing`: No such file"),
    Case(&["inspect", "."], "read", "cannot read `.`: Is a directory"),
    Case(&["inspect", "text"], "not-elf", "`text`: not an ELF file (it starts with 68656c6c)"),
    Case(&["inspect", "nothing"], "not-elf", "not an ELF file"),
    Case(&["inspect", "cut"], "truncated", "`cut`: the file is cut short"),
    Case(&["rewrite", "cut"], "truncated", "the file is cut short"),
    Case(&["inspect", "machine"], "machine", "ELF machine 62, expected 20 (PowerPC) or 21"),
    Case(&["inspect", "order"], "byte-order", "ELF byte order 3 in byte 5"),
    Case(&["inspect", "type"], "type", "ELF type 4"),
    Case(&["rewrite", "wide"], "beyond-file", "takes bytes"),
    Case(&["inspect", "demo", "--endian", "little"], "other-endian", "the file's byte order is Big"),
    Case(&["inspect", "demo", "--family", "book3s-64"], "other-family", "family book3s-64 cannot be in a 32-bit image"),
    Case(&["inspect", "demo", "--arena", "kvm_tmp"], "area", "area `kvm_tmp` cannot hold trampolines"),
    Case(&["inspect", "demo", "--exclude", "nobody"], "no-symbol", "no symbol `nobody` in the code of `demo`"),
    Case(&["rewrite", "demo"], "exists", "`demo.pv` exists"),
    Case(&["rewrite", "demo", "-o", "demo", "--force"], "same-file", "`demo` is the image itself"),
    Case(&["rewrite", "demo", "-o", "link", "--force"], "same-file", "`link` is the image itself"),
    Case(&["rewrite", "demo", "-o", "new", "--plan", "demo", "--force"], "same-file", "`demo` is the image itself"),
    Case(&["rewrite", "demo", "-o", "new", "--plan", "new"], "usage", "`new` cannot be the image and the plan"),
    Case(&["rewrite", "demo", "-o", "new", "--plan", "./new"], "usage", "`./new` cannot be the image and the plan"),
    Case(&["rewrite", "demo", "-o", "demo"], "same-file", "`demo` is the image itself"),
    Case(&["rewrite", "demo", "-o", "new", "--plan", "text"], "exists", "`text` exists"),
    Case(&["rewrite", "demo", "-o", "/dev/null", "--force"], "not-a-file", "`/dev/null` exists and is not a regular file"),
    Case(&["rewrite", "demo", "-o", ".", "--force"], "not-a-file", "`.` exists and is not a regular file"),
    Case(&["rewrite", "demo", "-o", "no/where"], "write", "cannot write `no/where`: No such file"),
    Case(&["rewrite", "demo.pv", "-o", "new"], "already-rewritten", "the image is already rewritten"),
    Case(&["rewrite", "demo", "-o", "new", "--from-plan", "text"], "plan", "`text`: not a plan"),
    Case(&["rewrite", "demo", "-o", "new", "--from-plan", "missing"], "read", "cannot read `missing`"),
    Case(&["rewrite", "other", "-o", "new", "--from-plan", "plan"], "other-image", "`other`: the plan is for an image with digest"),
    Case(&["rewrite", "demo", "-o", "new", "--from-plan", "future"], "plan", "schema version 99"),
    Case(&["revert", "demo", "-o", "new"], "no-note", "it was not rewritten by this program"),
    Case(&["verify", "demo"], "no-note", "it was not rewritten by this program"),
    Case(&["diff", "demo"], "no-note", "it was not rewritten by this program"),
    Case(&["revert", "touched", "-o", "new"], "digest", "bytes that the rewrite had left alone were changed since"),
    Case(&["verify", "touched"], "digest", "were changed since"),
    Case(&["revert", "broken", "-o", "new"], "changed", "the file was changed since"),
    Case(&["revert", "garbled", "-o", "new"], "note-json", "the note in section `.note.ppcpv` cannot be read"),
    Case(&["verify", "demo.pv", "--original", "missing"], "read", "cannot read `missing`"),
    Case(&["diff", "demo", "text"], "not-elf", "not an ELF file"),
    Case(&["diff", "demo.pv", "--site", "nobody"], "no-symbol", "no symbol `nobody`"),
    Case(&["explain", "mtmsr"], "assembly", "`mtmsr` is neither a word in hexadecimal nor an instruction"),
    Case(&["explain", "wrteei 0", "--family", "book3s-32"], "no-instruction", "0x7c000146 is no instruction of book3s-32"),
    Case(&["rewrite"], "usage", "required arguments were not provided"),
    Case(&["rewrite", "demo", "--templates", "magic"], "usage", "invalid value 'magic'"),
    Case(&["rewrite", "demo", "--exclude", "0x20-0x10"], "usage", "the range is empty"),
    Case(&["frobnicate"], "usage", "unrecognized subcommand 'frobnicate'"),
];

/// A directory with everything that the cases name.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("text", b"hello\n");
    desk.write("nothing", b"");
    desk.change("demo", "cut", |bytes| bytes.truncate(0x1200));
    desk.change("demo", "machine", |bytes| bytes[18..20].copy_from_slice(&[0, 62]));
    desk.change("demo", "order", |bytes| bytes[5] = 3);
    desk.change("demo", "type", |bytes| bytes[17] = 4);
    // The size in the file of the only segment.
    desk.change("demo", "wide", |bytes| bytes[52 + 16] = 0x7f);
    // A byte between two functions.
    desk.change("demo", "other", |bytes| bytes[0x1000 + 0x200] = 1);
    desk.change("demo.pv", "touched", |bytes| bytes[0x1000 + 0x200] = 1);
    // The first rewritten site.
    desk.change("demo.pv", "broken", |bytes| bytes[0x1000 + 0x30] = 0);
    desk.change("demo.pv", "garbled", |bytes| {
        replace(bytes, b"\"schema_version\":1,", b"\"schema_version\":x,")
    });
    desk.run(&["rewrite", "demo", "-o", "scratch", "--plan", "plan"])
        .expect(0);
    desk.change("plan", "future", |bytes| {
        replace(bytes, b"\"schema_version\":1,", b"\"schema_version\":99,")
    });
    std::os::unix::fs::symlink("demo", desk.path().join("link")).unwrap();
    desk
}

fn replace(bytes: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let start = bytes.windows(old.len()).position(|window| window == old).unwrap();
    bytes.splice(start..start + old.len(), new.iter().copied());
}

#[test]
fn whatever_is_wrong_is_said_once_and_changes_nothing() {
    let desk = desk();
    let before = desk.contents();
    for Case(arguments, kind, message) in CASES {
        let run = desk.run(arguments);
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(
            starts_with_kind(&run.stderr, kind) && run.stderr.contains(message),
            "{arguments:?}: {}",
            run.stderr
        );
        let json = desk.run(&[arguments, &["--format", "json"][..]].concat());
        assert_eq!(
            (json.status, json.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            json.stderr
        );
        let document: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
        assert_eq!(document["schema_version"], 1, "{arguments:?}");
        let error = document["error"].as_object().unwrap();
        assert_eq!(error["kind"], *kind, "{arguments:?}: {}", json.stderr);
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{arguments:?}: {}",
            json.stderr
        );
        for field in ["hint", "address", "symbol", "word"] {
            assert!(error.contains_key(field), "{arguments:?} has no {field}");
        }
    }
    assert_eq!(desk.contents(), before);
}

/// The command line's own errors are printed by its library, which names no kind.
fn starts_with_kind(text: &str, kind: &str) -> bool {
    text.starts_with(&format!("error[{kind}]: ")) || kind == "usage" && text.starts_with("error: ")
}

#[test]
fn every_kind_of_error_is_explained() {
    let desk = desk();
    for Case(_, kind, _) in CASES {
        let run = desk.run(&["explain", kind]);
        assert_eq!(run.status, 0, "{kind}: {}", run.stderr);
        assert!(
            run.stdout.contains(&format!("{kind}  an error")),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_misspelt_name_is_understood() {
    let run = desk().run(&["explain", "no-symbl"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("there is a name `no-symbol`"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_error_says_what_to_do_and_where() {
    let desk = desk();
    let stderr = desk.run(&["rewrite", "demo"]).stderr;
    assert_eq!(
        stderr,
        "error[exists]: `demo.pv` exists\nhint: give another -o, or --force to replace it\n"
    );
    let run = desk.run(&["explain", "wrteei 0", "--family", "book3s-32", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(document["error"]["word"], "0x7c000146");
    let run = desk.run(&["inspect", "demo", "--exclude", "nobody", "--format=json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(document["error"]["symbol"], "nobody");
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_still_whole() {
    let desk = desk();
    let whole = desk.read("demo");
    let before = desk.contents();
    for length in (0..whole.len()).step_by(whole.len() / 64) {
        desk.write("cut", &whole[..length]);
        let run = desk.run(&["rewrite", "cut", "-o", "new"]);
        assert_eq!(run.status, 2, "{length} of {} bytes: {}", whole.len(), run.stdout);
        assert_eq!(
            run.stderr
                .lines()
                .filter(|line| line.starts_with("error"))
                .count(),
            1,
            "{}",
            run.stderr
        );
    }
    desk.write("cut", &before["cut"]);
    assert_eq!(desk.contents(), before);
}
