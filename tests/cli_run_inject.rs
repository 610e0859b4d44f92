//! `ppcpv run --inject`: what is raised is taken, and the guest counts as many as the host.

mod cli_support;
mod run_guests;

use cli_support::Desk;
use run_guests::make;
use serde_json::Value;

const CRITICAL: [&str; 3] = ["--rewrite", "--templates", "direct,critical-section"];

fn run(desk: &Desk, status: i32, more: &[&str]) -> Value {
    let common = ["run", "count", "--family", "book3s-32", "--format", "json"];
    desk.run(&[&common[..], more].concat()).json(status)
}

fn desk() -> Desk {
    let desk = Desk::empty();
    make(desk.path(), "count");
    desk
}

/// How many interrupts the guest has counted.
fn counted(document: &Value) -> u64 {
    u64::from_str_radix(document["console"].as_str().unwrap().trim_end(), 16).unwrap()
}

fn injected(document: &Value, field: &str) -> u64 {
    document["injected"][field].as_u64().unwrap()
}

#[test]
fn the_guest_counts_what_the_host_delivers() {
    let desk = desk();
    let rewrites: [&[&str]; 3] = [&[], &["--rewrite"], &CRITICAL];
    for rule in [
        "random:1:20000",
        "random:2:100000",
        "every:37",
        "every:97",
        "at:100,101,102,500,501",
    ] {
        for rewrite in rewrites {
            let document = run(&desk, 0, &[&["--inject", rule][..], rewrite].concat());
            let of = |field| injected(&document, field);
            assert_eq!(counted(&document), of("taken"), "{rule} {rewrite:?}");
            assert_eq!(document["taken"]["external"], of("taken"), "{rule} {rewrite:?}");
            assert_eq!(
                of("raised"),
                of("merged") + of("taken") + of("waiting") + of("missed")
            );
            assert_eq!((of("missed"), of("late")), (0, 0), "{rule} {rewrite:?}");
            assert!(of("taken") > 1, "{rule} {rewrite:?}");
        }
    }
}

/// At every boundary of two rounds: under the legacy policy an interrupt that comes behind the trampoline's look at
/// `int_pending` waits until the guest next switches interrupts, and that is seen.
#[test]
fn late_interrupts_are_seen() {
    let desk = desk();
    let sums = |policy: &str| {
        (120..180).fold((0, 0), |(late, most), at| {
            let rule = format!("at:{at}");
            let common = ["run", "count", "--family", "book3s-32", "--format", "json"];
            let options = ["--policy", policy, "--inject", &rule];
            let run = desk.run(&[&common[..], &options, &CRITICAL].concat());
            let document: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!(run.status, i32::from(injected(&document, "late") > 0));
            (
                late + injected(&document, "late"),
                most.max(injected(&document, "late_max")),
            )
        })
    };
    for policy in ["store-trap", "single-step", "emulate-forward"] {
        assert_eq!(sums(policy), (0, 1), "{policy}: the trap at the trampoline's end");
    }
    let (late, most) = sums("legacy");
    assert!(
        late > 3 && most > 20,
        "{late} late, at most by {most} instructions"
    );
}

#[test]
fn rewriting_saves_exits() {
    let desk = desk();
    let privileged = |document: &Value| document["by_reason"][0]["count"].as_u64().unwrap();
    let (plain, rewritten) = (run(&desk, 0, &[]), run(&desk, 0, &["--rewrite"]));
    assert_eq!(
        rewritten["rewritten"]["candidates"],
        rewritten["rewritten"]["rewritten"]
    );
    assert!(plain.get("rewritten").is_none());
    assert!(
        privileged(&plain) > 800 && privileged(&rewritten) < 10,
        "{rewritten}"
    );
}

/// Machine checks and resets come whatever the MSR says; this guest has no handlers for them.
#[test]
fn other_kinds() {
    let desk = desk();
    let document = run(&desk, 1, &["--inject", "at:50", "--inject-kind", "machine-check"]);
    assert_eq!(document["end"]["kind"], "check-stop");
    let document = run(&desk, 1, &["--inject", "at:50", "--inject-kind", "system-reset"]);
    assert_eq!(
        (&document["end"]["kind"], &document["taken"]["system-reset"]),
        (&"stuck".into(), &1.into())
    );
}
