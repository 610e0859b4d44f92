//! Files: what is written, what is left alone, and what comes back.

mod cli_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use cli_support::{Desk, Run, command};
use serde_json::Value;

#[test]
fn revert_gives_the_original_back() {
    let desk = Desk::new();
    let original = desk.read("demo");
    for options in [
        &[][..],
        &["--entry-stub"],
        &["--plan-only"],
        &["--relayout"],
        &["--templates", "critical-section", "--assume-r2"],
        &[
            "--features",
            "none",
            "--exclude",
            "interrupt",
            "--exclude",
            "0xc0000300-0xc0000320",
        ],
    ] {
        let name = "again.pv";
        desk.run(&[&["rewrite", "demo", "-o", name, "--force"], options].concat())
            .expect(0);
        assert_ne!(desk.read(name), original, "{options:?}");
        let accept: &[&str] = if options.contains(&"--assume-r2") {
            &["--assume-r2"]
        } else {
            &[]
        };
        desk.run(&[&["verify", name, "--original", "demo"], accept].concat())
            .expect(0);
        desk.run(&["revert", name, "--force"]).expect(0);
        assert!(desk.read("again") == original, "{options:?}");
    }
}

#[test]
fn default_names() {
    let desk = Desk::new();
    fs::rename(desk.path().join("demo.pv"), desk.path().join("rewritten")).unwrap();
    desk.run(&["rewrite", "demo"]).expect(0);
    assert_eq!(desk.read("demo.pv"), desk.read("rewritten"));
    desk.run(&["revert", "rewritten"]).expect(0);
    assert_eq!(desk.read("rewritten.orig"), desk.read("demo"));
}

#[test]
fn in_place_and_back() {
    let desk = Desk::new();
    let (original, rewritten) = (desk.read("demo"), desk.read("demo.pv"));
    desk.run(&["rewrite", "demo", "--in-place"]).expect(0);
    assert!(desk.read("demo") == rewritten);
    desk.run(&["revert", "demo", "--in-place"]).expect(0);
    assert!(desk.read("demo") == original);
    assert_eq!(desk.contents().len(), 2);
}

#[test]
fn the_mode_is_kept() {
    let desk = Desk::new();
    let mode = |name: &str| fs::metadata(desk.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(desk.path().join("demo"), fs::Permissions::from_mode(0o751)).unwrap();
    desk.run(&["rewrite", "demo", "--force"]).expect(0);
    assert_eq!(mode("demo.pv"), 0o751);
    desk.run(&["revert", "demo.pv", "-o", "back"]).expect(0);
    assert_eq!(mode("back"), 0o751);
}

#[test]
fn a_plan_can_be_carried_out_later() {
    let desk = Desk::new();
    desk.run(&["rewrite", "demo", "-o", "one", "--plan", "plan"])
        .expect(0);
    desk.run(&["rewrite", "demo", "-o", "two", "--from-plan", "plan"])
        .expect(0);
    assert!(desk.read("one") == desk.read("two"));
}

/// A plan whose first trampoline does something else.
fn spoil(plan: &[u8]) -> Vec<u8> {
    let mut plan: Value = serde_json::from_slice(plan).unwrap();
    let sites = plan["sites"].as_array_mut().unwrap();
    let site = sites
        .iter_mut()
        .find(|site| site.get("trampoline").is_some())
        .unwrap();
    site["trampoline"]["words"][0] = "0x60000000".into();
    serde_json::to_vec(&plan).unwrap()
}

#[test]
fn an_image_that_fails_verification_is_not_written() {
    let desk = Desk::new();
    desk.run(&["rewrite", "demo", "-o", "new", "--plan", "plan"])
        .expect(0);
    desk.write("spoiled", &spoil(&desk.read("plan")));
    let before = desk.contents();
    let text = desk
        .run(&["rewrite", "demo", "-o", "never", "--from-plan", "spoiled"])
        .expect(1);
    assert!(
        text.starts_with("finding: 0xc0003198 <interrupt+0x98>: "),
        "{text}"
    );
    assert!(text.ends_with("demo: 1 finding, nothing was written\n"), "{text}");
    let arguments = [
        "rewrite",
        "demo",
        "-o",
        "new",
        "--from-plan",
        "spoiled",
        "--force",
        "--format",
        "json",
    ];
    let document = desk.run(&arguments).json(1);
    assert_eq!(document["verified"]["findings"][0]["address"], "0xc0003198");
    assert_eq!(document["verified"]["findings"][0]["symbol"], "interrupt+0x98");
    assert!(document.get("output").is_none());
    assert_eq!(desk.contents(), before);
}

#[test]
fn a_plan_that_claims_what_is_not_proved_is_refused() {
    let desk = Desk::new();
    let critical = ["--templates", "direct,idiom,critical-section"];
    desk.run(&[&["rewrite", "demo", "-o", "new", "--plan", "plan"][..], &critical].concat())
        .expect(0);
    let mut plan: Value = serde_json::from_slice(&desk.read("plan")).unwrap();
    let sites = plan["sites"].as_array_mut().unwrap();
    let site = sites
        .iter_mut()
        .find(|site| site["address"] == "0xc0003198")
        .unwrap();
    assert_eq!(site["dead"], serde_json::json!(["r11"]));
    site["dead"] = serde_json::json!(["r11", "r3"]);
    desk.write("plan", &serde_json::to_vec(&plan).unwrap());
    let text = desk
        .run(&["rewrite", "demo", "-o", "never", "--from-plan", "plan"])
        .expect(1);
    let finding = "proved is critical-section mtmsr-ee-off with r11 dead, not critical-section mtmsr-ee-off with r11, r3 dead";
    assert!(text.contains(finding), "{text}");
}

#[test]
fn words_that_are_not_those_of_the_plan_are_found() {
    let desk = Desk::new();
    desk.run(&["rewrite", "demo", "-o", "planned", "--plan-only"])
        .expect(0);
    // A plan that is not carried out, in an image that says it is.
    desk.change("planned", "lying", |bytes| {
        let owner = bytes.windows(6).rposition(|window| window == b"ppcpv\0").unwrap();
        bytes[owner - 1] = 1;
    });
    let text = desk.run(&["verify", "lying"]).expect(1);
    let finding = "finding: 0xc0000030 <_start+0x30>: the file has 0x7c5343a6, the plan says 0x9040f03c";
    assert!(text.contains(finding), "{text}");
    assert!(text.contains("more: -v shows all"), "{text}");
    assert_eq!(
        desk.run(&["verify", "demo.pv", "--original", "planned"]).status,
        1
    );
}

#[test]
fn an_entry_stub_is_entered_first() {
    let desk = Desk::new();
    desk.run(&["rewrite", "demo", "-o", "stubbed", "--entry-stub"])
        .expect(0);
    let entry =
        |name: &str| desk.run(&["inspect", name, "--format", "json"]).json(0)["image"]["entry"].clone();
    assert_eq!(entry("demo"), "0xc0000000");
    assert_eq!(entry("stubbed"), "0xc0010020");
    let text = desk.run(&["diff", "stubbed"]).expect(1);
    assert!(text.contains("\nentry point 0xc0000000 | 0xc0010020\n"), "{text}");
    assert!(text.contains("\nentry stub\n") && text.contains("sc\n"), "{text}");
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let desk = Desk::new();
    for arguments in [
        &["inspect", "demo", "--sites"][..],
        &["--help"],
        &["completions", "bash"],
        &["diff", "demo.pv"],
    ] {
        let mut command = command(desk.path(), arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert!(
            output.status.code().is_some_and(|status| status < 2),
            "{arguments:?}: {}",
            output.status
        );
    }
}

#[test]
fn a_rewrite_is_complete_though_nobody_reads_the_summary() {
    let desk = Desk::new();
    let mut command = command(desk.path(), &["rewrite", "demo", "-o", "new"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(desk.read("new") == desk.read("demo.pv"));
}

#[test]
fn colour_is_for_terminals() {
    let desk = Desk::new();
    let escapes = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = command(desk.path(), arguments);
        command.envs(environment.iter().copied());
        let run = Run::of(command);
        (run.stdout.contains('\x1b'), run.stderr.contains('\x1b'))
    };
    let sites = ["inspect", "demo", "--sites"];
    assert_eq!(escapes(&sites, &[]), (false, false));
    assert_eq!(escapes(&sites, &[("CLICOLOR_FORCE", "1")]), (true, false));
    assert_eq!(
        escapes(&sites, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
        (false, false)
    );
    assert_eq!(
        escapes(&["inspect", "demo", "--color", "always"], &[("NO_COLOR", "1")]),
        (true, false)
    );
    assert_eq!(
        escapes(&["inspect", "missing", "--color", "always"], &[]),
        (false, true)
    );
    assert_eq!(
        escapes(&["inspect", "demo", "--color", "always", "--format", "json"], &[]),
        (false, false)
    );
}

#[test]
fn quiet_says_nothing_but_findings() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["-q", "rewrite", "demo", "--force"]).expect(0), "");
    assert_eq!(desk.run(&["-q", "verify", "demo.pv"]).expect(0), "");
    assert_eq!(desk.run(&["-q", "revert", "demo.pv", "--force"]).expect(0), "");
    assert_eq!(
        desk.run(&["-q", "inspect", "demo", "--sites", "--reason", "data"])
            .expect(0)
            .lines()
            .count(),
        1
    );
}
