//! Promise 1 on processors that nobody here wrote: an interrupt at every boundary of every template, on bare metal in QEMU.

mod cli_support;

use cli_support::Desk;
use serde_json::Value;

/// Interrupts raised for a policy on a processor, at least.
const ENOUGH: u64 = 100_000;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

#[test]
fn every_boundary_is_met_in_qemu_and_ends_as_in_this_process() {
    const POLICIES: [&str; 2] = ["legacy", "store-trap"];
    let mut arguments = vec!["race", "--qemu", "--format", "json"];
    arguments.extend(POLICIES.iter().flat_map(|policy| ["--policy", *policy]));
    let run = Desk::empty().run(&arguments);
    // What is built is told on standard error.
    assert_eq!(run.status, 1, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let runs = document["runs"].as_array().unwrap();
    for family in ["book3s-32", "e500"] {
        for policy in POLICIES {
            let is = |run: &&Value| run["family"] == family && run["policy"] == policy;
            let runs: Vec<&Value> = runs.iter().filter(is).collect();
            let injections: u64 = runs.iter().map(|run| number(&run["injections"])).sum();
            assert!(injections >= ENOUGH, "{family} {policy}: {injections}");
            for run in &runs {
                assert_eq!(run["differences"], 0, "{family} {policy} {}", run["shape"]);
            }
            let rows = runs.iter().flat_map(|run| run["rows"].as_array().unwrap());
            let sum = |field: &str| rows.clone().map(|row| number(&row[field])).sum::<u64>();
            assert_eq!((sum("late_max"), sum("duplicated")), (0, 0), "{family} {policy}");
            let lost = (sum("missed"), sum("clobbered"));
            if policy == "legacy" {
                assert!(lost.0 > 0 && lost.1 > 0, "{family}: {lost:?}");
            } else {
                assert_eq!(lost, (0, 0), "{family} {policy}");
            }
        }
    }
}
