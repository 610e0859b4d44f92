//! JSON: the fields that programs may rely on.

mod cli_support;

use cli_support::Desk;
use serde_json::Value;

fn is_hex(value: &Value) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits.is_some_and(|digits| digits.len() >= 8 && u64::from_str_radix(digits, 16).is_ok())
}

/// What inspect and rewrite have in common.
fn check_plan(document: &Value) {
    assert_eq!(document["schema_version"], 1);
    let image = &document["image"];
    assert_eq!(image["family"], "book3s-32");
    assert_eq!(image["endian"], "big");
    assert_eq!(image["class"], 32);
    assert_eq!(image["linux"], false);
    assert!(is_hex(&image["entry"]));
    assert!(
        image["regions"]
            .as_array()
            .is_some_and(|regions| regions.iter().all(|region| is_hex(&region["address"])))
    );
    let totals = &document["totals"];
    let sum = |map: &Value| {
        map.as_object()
            .unwrap()
            .values()
            .map(|count| count.as_u64().unwrap())
            .sum::<u64>()
    };
    let candidates = totals["candidates"].as_u64().unwrap();
    assert_eq!(
        candidates,
        totals["rewritten"].as_u64().unwrap() + sum(&totals["left"])
    );
    assert_eq!(candidates, sum(&totals["by_instruction"]));
    assert_eq!(totals["rewritten"].as_u64().unwrap(), sum(&totals["by_template"]));
    assert_eq!(totals["left"]["data"], 1);
    assert_eq!(totals["by_template"]["critical-section"], 1);
    assert_eq!(
        totals["rewritten"].as_u64().unwrap() - 1,
        totals["no_critical_section"].as_u64().unwrap()
    );
    let arenas = document["arenas"].as_array().unwrap().iter();
    assert_eq!(
        totals["arena_bytes"].as_u64().unwrap(),
        arenas.map(|arena| arena["size"].as_u64().unwrap()).sum::<u64>()
    );
    let sites = document["sites"].as_array().unwrap();
    assert_eq!(candidates, sites.len() as u64);
    for site in sites {
        assert!(is_hex(&site["address"]) && is_hex(&site["old"]), "{site}");
        assert!(
            site["symbol"].is_string() && site["instruction"].is_string(),
            "{site}"
        );
        let rewritten = is_hex(&site["new"]) && site["template"].is_string() && site.get("reason").is_none();
        let left = site["reason"].is_string() && site.get("new").is_none() && site.get("template").is_none();
        assert!(rewritten ^ left, "{site}");
    }
}

#[test]
fn inspect() {
    let desk = Desk::new();
    let document = desk.run(&["inspect", "demo", "--format", "json"]).json(0);
    check_plan(&document);
    assert_eq!(document["image"]["path"], "demo");
    assert_eq!(document["image"]["state"], "original");
    let rewritten = desk.run(&["inspect", "demo.pv", "--format", "json"]).json(0);
    assert_eq!(rewritten["image"]["state"], "rewritten");
    assert_eq!(rewritten["sites"], document["sites"]);
    let some = desk
        .run(&["inspect", "demo", "--reason", "data", "--format", "json"])
        .json(0);
    assert_eq!(some["sites"].as_array().unwrap().len(), 1);
    assert_eq!(some["totals"], document["totals"]);
}

#[test]
fn rewrite() {
    let desk = Desk::new();
    let document = desk
        .run(&[
            "rewrite", "demo", "-o", "new", "--plan", "plan", "--format", "json",
        ])
        .json(0);
    check_plan(&document);
    assert_eq!(document["output"], "new");
    assert_eq!(document["verified"]["findings"], Value::Array(Vec::new()));
    assert!(document["verified"]["executions"].as_u64().unwrap() > 0);
    assert!(document["verified"]["shapes"][0]["executed"].is_u64());
    let plan: Value = serde_json::from_slice(&desk.read("plan")).unwrap();
    assert_eq!(plan["sites"], document["sites"]);
    assert_eq!(plan["target"]["digest"], document["image"]["digest"]);
}

#[test]
fn revert_verify_and_diff() {
    let desk = Desk::new();
    let reverted = desk
        .run(&["revert", "demo.pv", "-o", "back", "--format", "json"])
        .json(0);
    assert_eq!(reverted["output"], "back");
    assert_eq!(reverted["size"].as_u64().unwrap(), desk.read("demo").len() as u64);
    let verified = desk
        .run(&["verify", "demo.pv", "--original", "demo", "--format", "json"])
        .json(0);
    assert_eq!(verified["original_is_equal"], true);
    assert_eq!(verified["image"]["digest"], reverted["digest"]);
    let diff = desk
        .run(&["diff", "demo.pv", "--format", "json", "--site", "idle"])
        .json(1);
    let differences = diff["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 2);
    assert_eq!(differences[1]["old"]["text"], "mtmsr   r9");
    assert_eq!(differences[1]["template"], "free-register");
    assert!(
        differences[1]["trampoline"]
            .as_array()
            .unwrap()
            .iter()
            .all(|word| is_hex(&word["address"]))
    );
    let equal = desk.run(&["diff", "demo", "back", "--format", "json"]).json(0);
    assert_eq!(equal["files_are_equal"], true);
}

#[test]
fn explain() {
    let desk = Desk::empty();
    let document = desk
        .run(&["explain", "mtmsr r3", "0x0", "--format", "json"])
        .json(0);
    let [mtmsr, zero] = document["words"].as_array().unwrap().as_slice() else {
        panic!("{document}")
    };
    assert_eq!(mtmsr["word"], "0x7c600124");
    let first = &mtmsr["families"][0];
    assert_eq!(first["privileged"], true);
    assert_eq!(first["page"]["field"], "msr at 0x058");
    assert_eq!(first["page"]["linux_instructions"], 24);
    assert_eq!(first["page"]["templates"][1]["template"], "critical-section");
    assert_eq!(zero["families"], Value::Array(Vec::new()));
}
