//! One injection again, with every instruction.

use std::fmt;
use std::str::FromStr;

use cpu::decode;
use kvm_ppc::deferral::{self, Policy};
use kvm_ppc::interrupt::Interrupt;
use magicpage::msr;
use serde::Serialize;

use super::case::{self, Case, Setting, Subject};
use super::guest::{END, SITE};
use super::judge::{Final, Verdict};
use super::step::{Step, Watch};
use super::sweep::{Bench, Injection};

/// Names one injection.
///
/// Written `POLICY:SEED:SUBJECT:SETTING:KIND:STEP`, for the second of a pair with `:KIND:STEPS` behind it.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// The policy.
    pub policy: &'static dyn Policy,
    /// The seed of the registers.
    pub seed: u64,
    /// The subject's number.
    pub subject: usize,
    /// The setting's number.
    pub setting: usize,
    /// What is raised.
    pub kind: Interrupt,
    /// After how many instructions.
    pub step: u32,
    /// The second interrupt, and how many instructions after the first.
    pub second: Option<(Interrupt, u32)>,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            policy,
            seed,
            subject,
            setting,
            kind,
            step,
            second,
        } = self;
        write!(
            f,
            "{}:{seed}:{subject}:{setting}:{}:{step}",
            policy.name(),
            kind.name()
        )?;
        match second {
            Some((kind, steps)) => write!(f, ":{}:{steps}", kind.name()),
            None => Ok(()),
        }
    }
}

/// A text that is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no injection: take a token from the column REPLAY or the field `replay` of a report")]
pub struct BadToken(String);

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, BadToken> {
        let parts: Vec<&str> = text.split(':').collect();
        parse(&parts).ok_or_else(|| BadToken(text.to_owned()))
    }
}

fn parse(parts: &[&str]) -> Option<Token> {
    let [policy, seed, subject, setting, kind, step, second @ ..] = parts else {
        return None;
    };
    let second = match second {
        [] => None,
        [kind, steps] => Some((interrupt(kind)?, steps.parse().ok()?)),
        _ => return None,
    };
    Some(Token {
        policy: deferral::from_name(policy)?,
        seed: seed.parse().ok()?,
        subject: subject.parse().ok()?,
        setting: setting.parse().ok()?,
        kind: interrupt(kind)?,
        step: step.parse().ok()?,
        second,
    })
}

fn interrupt(name: &str) -> Option<Interrupt> {
    Interrupt::WAITING.into_iter().find(|kind| kind.name() == name)
}

/// A replay.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// The policy.
    pub policy: &'static str,
    /// Family and byte order.
    pub target: String,
    /// Whose template, and which.
    pub template: String,
    /// The instruction.
    pub original: String,
    /// EE and RI before, what is asked for, and what else changes.
    pub setting: String,
    /// Every instruction until the guest waits.
    pub steps: Vec<Step>,
    /// Whether the interrupt was missed.
    pub missed: bool,
    /// How late it was taken.
    pub late: u64,
    /// How many times too often.
    pub duplicated: u32,
    /// Whether registers were left changed.
    pub clobbered: bool,
}

/// Instructions that a replay shows at most.
const MOST: u64 = 1000;

/// Replays an injection.
///
/// # Errors
///
/// The token, if it names nothing.
pub fn replay(token: &Token) -> Result<Replay, BadToken> {
    replay_of(token, &case::subjects())
}

/// The same, given every subject.
pub(super) fn replay_of(token: &Token, subjects: &[Subject]) -> Result<Replay, BadToken> {
    let bad = || BadToken(token.to_string());
    let subject = subjects.get(token.subject).ok_or_else(bad)?;
    let setting = *subject.settings().get(token.setting).ok_or_else(bad)?;
    let mut bench = Bench::new(subject.target, subject.origin, token.policy);
    bench.prepare(subject, setting, token.seed, false);
    let expected = bench.undisturbed(subject).ok_or_else(bad)?;
    bench.prepare(subject, setting, token.seed, true);
    let case = Case {
        subject,
        setting,
        kind: token.kind,
    };
    let verdict = found(&mut bench, &case, token, &expected).ok_or_else(bad)?;
    let steps = traced(&mut bench, &case, token);
    Ok(described(token, subject, setting, steps, verdict))
}

/// What the sweep says of the injection.
fn found(bench: &mut Bench, case: &Case, token: &Token, expected: &Final) -> Option<Verdict> {
    let mut verdict = None;
    let mut see = |injection: Injection| {
        if (injection.step, injection.second) == (token.step, token.second) {
            verdict = Some(injection.verdict);
        }
    };
    match token.second {
        None => bench.each_boundary(case, expected, &mut see),
        Some((kind, _)) => bench.each_pair(case, kind, expected, &mut see),
    }
    verdict
}

/// The way to the interrupt, and from there on what happens if nobody looks.
fn traced(bench: &mut Bench, case: &Case, token: &Token) -> Vec<Step> {
    let (mut steps, mut watch) = (Vec::new(), Watch::default());
    let world = bench.go_to(token.step, |world| steps.push(watch.step(world, &[])));
    world.vcpu.interrupt(case.kind);
    let mut raised = vec![case.kind];
    if let Some((kind, later)) = token.second {
        for _ in 0..later {
            steps.push(watch.step(world, &std::mem::take(&mut raised)));
            world.step();
        }
        world.vcpu.interrupt(kind);
        raised.push(kind);
    }
    for ahead in 0..MOST {
        let Some(world) = bench.look_ahead(ahead).filter(|world| world.vcpu.state.pc != END) else {
            break;
        };
        steps.push(watch.step(world, &std::mem::take(&mut raised)));
    }
    steps
}

fn described(
    token: &Token,
    subject: &Subject,
    setting: Setting,
    steps: Vec<Step>,
    verdict: Verdict,
) -> Replay {
    let owned = |bits: u64| {
        format!(
            "EE={} RI={}",
            u8::from(bits & msr::EE != 0),
            u8::from(bits & msr::RI != 0)
        )
    };
    let other = if setting.other == 0 {
        ""
    } else {
        ", another bit changes"
    };
    Replay {
        policy: token.policy.name(),
        target: subject.target.name(),
        template: format!("{:?} {}", subject.origin, subject.template).to_lowercase(),
        original: decode(subject.original, subject.target.family)
            .text(Some(SITE))
            .to_string(),
        setting: format!(
            "{} before, {} asked for{other}",
            owned(setting.before),
            owned(setting.asked)
        ),
        steps,
        missed: verdict.missed,
        late: verdict.late,
        duplicated: verdict.duplicated,
        clobbered: verdict.clobbered,
    }
}
