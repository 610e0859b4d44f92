//! What people read, word for word, over the demo kernel.

mod cli_support;

use cli_support::Desk;

/// Digests are long, and say nothing to the reader of a snapshot; how often code is executed is not the tool's matter.
fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{64}", "[sha256]");
    settings.add_filter("[0-9]+ executions", "[many] executions");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn inspect() {
    let desk = Desk::new();
    check("inspect", &desk.run(&["inspect", "demo"]).expect(0));
    check(
        "inspect-sites",
        &desk.run(&["inspect", "demo.pv", "--sites", "--quiet"]).expect(0),
    );
    check(
        "inspect-reason",
        &desk
            .run(&[
                "inspect",
                "demo",
                "--features",
                "none",
                "--reason",
                "feature-absent",
            ])
            .expect(0),
    );
}

#[test]
fn rewrite() {
    let desk = Desk::new();
    check(
        "rewrite",
        &desk.run(&["rewrite", "demo", "-o", "new", "--verbose"]).expect(0),
    );
    check(
        "rewrite-critical",
        &desk
            .run(&[
                "rewrite",
                "demo",
                "-o",
                "critical",
                "--templates",
                "critical-section",
            ])
            .expect(0),
    );
}

#[test]
fn revert_and_verify() {
    let desk = Desk::new();
    check(
        "revert",
        &desk.run(&["revert", "demo.pv", "-o", "back"]).expect(0),
    );
    check(
        "verify",
        &desk.run(&["verify", "demo.pv", "--original", "demo"]).expect(0),
    );
}

#[test]
fn diff() {
    let desk = Desk::new();
    check("diff", &desk.run(&["diff", "demo.pv"]).expect(1));
    check(
        "diff-context",
        &desk
            .run(&[
                "diff",
                "demo",
                "demo.pv",
                "--site",
                "count_event",
                "--context",
                "2",
            ])
            .expect(1),
    );
    desk.run(&["rewrite", "demo", "-o", "planned", "--plan-only"])
        .expect(0);
    check("diff-plan-only", &desk.run(&["diff", "planned"]).expect(1));
    assert_eq!(desk.run(&["diff", "demo", "demo"]).expect(0), "");
    assert!(
        !desk
            .run(&["diff", "demo.pv", "--site", "handle"])
            .expect(0)
            .contains('|')
    );
}

#[test]
fn explain() {
    let desk = Desk::empty();
    check("explain-mtmsr", &desk.run(&["explain", "7c600124"]).expect(0));
    check(
        "explain-mtsprg",
        &desk.run(&["explain", "mtspr 276, r3"]).expect(0),
    );
    check("explain-wrteei", &desk.run(&["explain", "wrteei 0"]).expect(0));
    check(
        "explain-others",
        &desk.run(&["explain", "bl 8", "0x0", "mtlr r0"]).expect(0),
    );
}

#[test]
fn explain_names_and_sites() {
    let desk = Desk::new();
    let names = [
        "explain",
        "no-end-marker",
        "EV_UNIMPLEMENTED",
        "store-trap",
        "free-register",
    ];
    check("explain-names", &desk.run(&names).expect(0));
    let sites = ["explain", "local_irq_enable", "0xc0003050", "--image", "demo"];
    let nowhere = desk.run(&sites);
    assert_eq!(nowhere.status, 2, "{}", nowhere.stdout);
    let sites = ["explain", "local_irq_enable", "--image"];
    let original = desk.run(&[&sites[..], &["demo"]].concat()).expect(0);
    assert_eq!(original, desk.run(&[&sites[..], &["demo.pv"]].concat()).expect(0));
    check("explain-sites", &original);
}

#[test]
fn help() {
    let desk = Desk::empty();
    check("help", &desk.run(&["--help"]).expect(0));
    for name in [
        "inspect",
        "rewrite",
        "revert",
        "verify",
        "diff",
        "explain",
        "run",
        "boot",
        "race",
        "compare",
        "report",
        "man",
        "completions",
    ] {
        let text = desk.run(&[name, "--help"]).expect(0);
        assert!(text.contains("Example"), "{name}: {text}");
        check(&format!("help-{name}"), &text);
    }
}
