//! The race laboratory: injections a second, each a copy of a guest, some fifty instructions of its and a verdict.
//!
//! `cargo bench --bench race`. Items are injections.

use divan::Bencher;
use divan::counter::ItemsCount;
use kvm_ppc::deferral::{DEFAULT, POLICIES, Policy};
use ppcpv::race::{Options, case, sweep};

fn main() {
    divan::main();
}

/// A whole sweep on as many threads as there are cores.
fn measure(bencher: Bencher, policies: &[&'static dyn Policy]) {
    let subjects = case::subjects();
    let options = Options {
        policies: policies.to_vec(),
        seed: 1,
        pairs: false,
    };
    let injections: u64 = sweep(&options, &subjects, |_| {})
        .iter()
        .map(|row| row.injections)
        .sum();
    bencher
        .counter(ItemsCount::new(injections))
        .bench(|| sweep(&options, &subjects, |_| {}));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn default_policy(bencher: Bencher) {
    measure(bencher, &[DEFAULT]);
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn every_policy(bencher: Bencher) {
    measure(bencher, POLICIES);
}
