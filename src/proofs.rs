//! Whether what a plan says was proved can be proved.
//!
//! Verification takes dead registers and known values from the plan. A plan that comes from a file may say anything:
//! the image is planned again, under the options that the plan shows, and each rewritten site has to come out alike.

use std::iter::once;

use rewriter::build::{self, Options};
use rewriter::elf::ElfImage;
use rewriter::plan::{Left, Outcome, Plan, Reason, Rewrite, Site, Target, TemplateKind};
use rewriter::template::Allowed;
use rewriter::verify::Finding;

/// Every rewritten site for which the analysis of the image gives something else.
pub fn check(elf: &ElfImage, plan: &Plan, assume_r2: bool) -> Vec<Finding> {
    let again = build::plan(elf.image(), Target::default(), &options(plan, assume_r2));
    let mut sites = again.sites.iter().peekable();
    let mut findings = Vec::new();
    for site in &plan.sites {
        while sites.next_if(|again| again.address < site.address).is_some() {}
        let again = sites.peek().filter(|again| again.address == site.address);
        let problem = site
            .rewrite()
            .and_then(|rewrite| problem(rewrite, again.copied()));
        findings.extend(problem.map(|problem| Finding {
            address: site.address,
            problem,
        }));
    }
    findings
}

/// The options that the plan was made with, as far as they decide about its rewritten sites.
fn options(plan: &Plan, assume_r2: bool) -> Options {
    let used = |kind: &TemplateKind| {
        plan.sites
            .iter()
            .any(|site| site.rewrite().is_some_and(|rewrite| rewrite.template == *kind))
    };
    let kinds: Vec<TemplateKind> = TemplateKind::ALL.into_iter().filter(used).collect();
    let excluded = plan.sites.iter().filter(|site| {
        matches!(
            site.outcome,
            Outcome::Left(Left {
                reason: Reason::Reserved,
                ..
            })
        )
    });
    Options {
        features: plan.features,
        templates: Allowed::only(&kinds),
        exclude: excluded
            .flat_map(|site| once(site.address..site.address.saturating_add(4)))
            .collect(),
        assume_r2,
        stub_for: None,
    }
}

fn problem(rewrite: &Rewrite, again: Option<&Site>) -> Option<String> {
    let claims = |rewrite: &Rewrite| {
        (
            rewrite.template,
            rewrite.shape.clone(),
            rewrite.dead.clone(),
            rewrite.known,
        )
    };
    match again.map(|site| &site.outcome) {
        None => Some("no instruction that the page can serve is there".into()),
        Some(Outcome::Left(left)) => Some(format!("it has to be left alone: {}", left.reason.name())),
        Some(Outcome::Rewritten(again)) if claims(again) == claims(rewrite) => None,
        Some(Outcome::Rewritten(again)) => Some(format!(
            "proved is {} {} with {}, not {} {} with {}",
            again.template.name(),
            again.shape,
            dead(again),
            rewrite.template.name(),
            rewrite.shape,
            dead(rewrite),
        )),
    }
}

fn dead(rewrite: &Rewrite) -> String {
    if rewrite.dead.is_empty() {
        "nothing dead".into()
    } else {
        format!("{} dead", rewrite.dead.join(", "))
    }
}
