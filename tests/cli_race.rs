//! `ppcpv race`: what programs may rely on, and what a user who gets it wrong is told.

mod cli_support;

use cli_support::Desk;
use serde_json::Value;

/// The fields of a row that programs may rely on.
const FIELDS: [&str; 10] = [
    "policy",
    "shape",
    "template",
    "boundaries",
    "missed",
    "late_max",
    "duplicated",
    "clobbered",
    "extra_exits_mean",
    "extra_exits_max",
];

fn rows(document: &Value) -> &Vec<Value> {
    document["rows"].as_array().expect("a report has rows")
}

#[test]
fn the_default_policy_has_no_findings() {
    let document = Desk::empty().run(&["race", "--format", "json"]).json(0);
    assert_eq!(document["schema_version"], 1);
    for row in rows(&document) {
        for field in FIELDS {
            assert!(!row[field].is_null(), "{field} in {row}");
        }
        assert_eq!(row["policy"], "store-trap");
        for field in ["missed", "late_max", "duplicated", "clobbered"] {
            assert_eq!(row[field], 0, "{row}");
        }
    }
    assert_eq!(document["tickless"][0]["asleep"], 0);
}

#[test]
fn legacy_has_findings_and_each_can_be_replayed() {
    let desk = Desk::empty();
    let document = desk
        .run(&["race", "--policy", "legacy", "--format", "json"])
        .json(1);
    let find = |template: &str| {
        let is = |row: &&Value| row["shape"] == "linux" && row["template"] == template;
        rows(&document).iter().find(is).expect("Linux has the shape")
    };
    assert_eq!(
        [
            &find("mtmsr")["missed"],
            &find("mtmsrd")["missed"],
            &find("wrtee")["missed"]
        ],
        [7, 7, 7]
    );
    assert_eq!(find("wrteei-0")["missed"], 0);
    assert_eq!(document["tickless"][0]["asleep"], 7);
    let token = find("mtmsr")["replay"].as_str().expect("a finding has a token");
    let replay = desk.run(&["race", "--replay", token, "--format", "json"]).json(1);
    assert_eq!(replay["clobbered"], true);
    assert!(replay["steps"].as_array().is_some_and(|steps| steps.len() > 20));
    let text = desk.run(&["race", "--replay", token]).expect(1);
    assert!(
        text.contains("raised") && text.ends_with("registers clobbered\n"),
        "{text}"
    );
}

#[test]
fn the_page_for_browsers_needs_nothing_else() {
    let page = Desk::empty()
        .run(&["race", "--policy", "legacy", "--format", "html"])
        .expect(1);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("never wakes"));
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(
        page.contains("content=\"default-src 'none';"),
        "the browser lets no request out"
    );
}

#[test]
fn what_names_nothing_is_said() {
    let desk = Desk::empty();
    for (arguments, said) in [
        (["race", "--policy", "lazy"], "store-trap"),
        (["race", "--replay", "legacy:1:0"], "names no injection"),
        (
            ["race", "--replay", "legacy:1:99999:0:external:0"],
            "names no injection",
        ),
        (["race", "--seed", "many"], "invalid digit"),
    ] {
        let run = desk.run(&arguments);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn other_commands_have_no_page() {
    let run = Desk::empty().run(&["inspect", "--demo", "--format", "html"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("text or json"), "{}", run.stderr);
}
