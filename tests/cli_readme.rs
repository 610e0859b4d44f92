//! The README's examples are what the tool prints.

mod cli_support;

use cli_support::{Desk, Run, command};

/// The examples: a command line, and the output as shown. An example is indented and begins with `$ ppcpv`.
fn examples(readme: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in readme.lines() {
        match line.strip_prefix("    ") {
            Some(code) if code.starts_with("$ ppcpv ") => {
                examples.push((code["$ ppcpv ".len()..].into(), String::new()));
                open = true;
            }
            Some(code) if open => add(&mut examples, code),
            None if open && line.is_empty() => add(&mut examples, ""),
            _ => open = false,
        }
    }
    examples
}

fn add(examples: &mut [(String, String)], line: &str) {
    if let Some((_, output)) = examples.last_mut() {
        output.push_str(line);
        output.push('\n');
    }
}

/// The words of a command line; a word in quotes may hold spaces.
fn words(line: &str) -> Vec<&str> {
    let quoted = line.split('\'').enumerate();
    let parts = quoted.map(|(number, part)| {
        if number % 2 == 1 {
            vec![part]
        } else {
            part.split(' ').collect()
        }
    });
    parts.flatten().filter(|word| !word.is_empty()).collect()
}

/// Whether a line is the one shown, up to `[...]`.
fn agrees(shown: &str, printed: &str) -> bool {
    match shown.split_once("[...]") {
        Some((start, _)) => printed.starts_with(start),
        None => shown == printed,
    }
}

#[test]
fn its_examples_are_true() {
    let desk = Desk::empty();
    let examples = examples(include_str!("../README.md"));
    assert!(examples.len() >= 5, "the README has lost its examples");
    for (line, shown) in &examples {
        let run = Run::of(command(desk.path(), &words(line)));
        assert_eq!(run.stderr, "", "{line}");
        let (shown, printed) = (shown.trim_end(), run.stdout.trim_end());
        let same = shown.lines().count() == printed.lines().count()
            && shown
                .lines()
                .zip(printed.lines())
                .all(|(shown, printed)| agrees(shown, printed));
        assert!(same, "`ppcpv {line}` prints:\n{printed}");
    }
}
