//! Interrupts raised from outside, at instruction counts that a rule gives: the same in every run.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use kvm_ppc::interrupt::Interrupt;

/// When interrupts are raised. As text: `random:SEED:RATE`, `every:N` or `at:N,N,...`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Rule {
    /// At random, so many in a million instructions on average.
    Random {
        /// Seed of the random numbers.
        seed: u64,
        /// Interrupts in a million instructions.
        rate: f64,
    },
    /// Every so many instructions.
    Every(u64),
    /// When so many instructions have run, in ascending order.
    At(Vec<u64>),
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRule;

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "give random:SEED:RATE (RATE interrupts in a million instructions), every:N, or at:N,N,... \
             (instruction counts)",
        )
    }
}

impl core::error::Error for BadRule {}

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let (kind, rest) = text.split_once(':').ok_or(BadRule)?;
        match kind {
            "every" => {
                let period = rest.parse().map_err(|_| BadRule)?;
                if period == 0 {
                    Err(BadRule)
                } else {
                    Ok(Self::Every(period))
                }
            }
            "at" => {
                let list: Result<Vec<u64>, _> = rest.split(',').map(str::parse).collect();
                let mut list = list.map_err(|_| BadRule)?;
                list.sort_unstable();
                list.dedup();
                Ok(Self::At(list))
            }
            "random" => {
                let (seed, rate) = rest.split_once(':').ok_or(BadRule)?;
                let (seed, rate) = (
                    seed.parse().map_err(|_| BadRule)?,
                    rate.parse().map_err(|_| BadRule)?,
                );
                let is_sound = |rate: f64| rate > 0.0 && rate <= 1e6;
                if is_sound(rate) {
                    Ok(Self::Random { seed, rate })
                } else {
                    Err(BadRule)
                }
            }
            _ => Err(BadRule),
        }
    }
}

impl Rule {
    /// The rule for one of several kinds: what is random is so for each by itself.
    #[must_use]
    pub fn of_kind(&self, number: u64) -> Self {
        match self {
            Self::Random { seed, rate } => Self::Random {
                seed: seed.wrapping_add(number << 32),
                rate: *rate,
            },
            rule => rule.clone(),
        }
    }
}

/// Instruction counts by a rule.
#[derive(Clone, Debug)]
struct Schedule {
    rule: Rule,
    /// State of the random numbers; or how many of a list are behind.
    state: u64,
    next: Option<u64>,
}

impl Schedule {
    /// The counts from `from` on. They do not depend on it: a guest that is resumed gets those that it would have got.
    fn new(rule: Rule, from: u64) -> Self {
        let state = if let Rule::Random { seed, .. } = rule {
            seed
        } else {
            0
        };
        let mut schedule = Self {
            rule,
            state,
            next: Some(0),
        };
        if let Rule::Every(period) = schedule.rule {
            let first = from.div_ceil(period).max(1).checked_mul(period);
            schedule.next = first;
            return schedule;
        }
        schedule.advance();
        while schedule.next.is_some_and(|next| next < from) {
            schedule.advance();
        }
        schedule
    }

    fn advance(&mut self) {
        let Some(now) = self.next else { return };
        self.next = match &self.rule {
            Rule::Every(period) => now.checked_add(*period),
            Rule::At(list) => {
                let at = usize::try_from(self.state)
                    .ok()
                    .and_then(|at| list.get(at))
                    .copied();
                self.state += 1;
                at
            }
            Rule::Random { rate, .. } => {
                // Independent events: the distance between two is distributed exponentially.
                let uniform = random(&mut self.state);
                let distance = libm::ceil(-libm::log(uniform) * 1e6 / rate).max(1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at least 1; saturates"
                )]
                let distance = distance as u64;
                now.checked_add(distance)
            }
        };
    }
}

/// A number above 0 and at most 1 (splitmix64).
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let mantissa = u32::try_from(bits >> 32).unwrap_or(u32::MAX);
    (f64::from(mantissa) + 1.0) / 4_294_967_296.0
}

/// Raises interrupts of one kind by a rule.
#[derive(Clone, Debug)]
pub struct Injector {
    /// The kind.
    pub interrupt: Interrupt,
    schedule: Schedule,
}

impl Injector {
    /// The interrupts of a guest that has run `instructions`.
    pub fn new(interrupt: Interrupt, rule: Rule, instructions: u64) -> Self {
        Self {
            interrupt,
            schedule: Schedule::new(rule, instructions),
        }
    }

    /// The instruction count at which the next one is due.
    pub const fn next(&self) -> Option<u64> {
        self.schedule.next
    }

    /// Raises no more.
    pub const fn stop(&mut self) {
        self.schedule.next = None;
    }

    /// Goes on to the one behind the next.
    pub fn advance(&mut self) {
        self.schedule.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(rule: &str, from: u64, count: usize) -> Vec<u64> {
        let mut schedule = Schedule::new(rule.parse().unwrap(), from);
        let step = |_| {
            let next = schedule.next?;
            schedule.advance();
            Some(next)
        };
        (0..count).map_while(step).collect()
    }

    #[test]
    fn rules_give_counts() {
        assert_eq!(first("every:10", 0, 3), [10, 20, 30]);
        assert_eq!(first("every:10", 20, 2), [20, 30]);
        assert_eq!(first("every:10", 21, 2), [30, 40]);
        assert_eq!(first("at:7,3,7,0", 0, 9), [0, 3, 7]);
        assert_eq!(first("at:7,3", 4, 9), [7]);
        assert_eq!(first("at:7,3", 8, 9), [0; 0]);
    }

    #[test]
    fn random_counts_are_as_many_as_asked_for_and_the_same_again() {
        let all = first("random:1:1000", 0, 1000);
        assert_eq!(all, first("random:1:1000", 0, 1000));
        assert_ne!(all, first("random:2:1000", 0, 1000));
        let last = *all.last().unwrap();
        assert!((900_000..1_100_000).contains(&last), "1000 in a million: {last}");
        assert_eq!(first("random:1:1000", all[500], 10), all[500..510]);
        assert!(all.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "every",
            "every:0",
            "every:x",
            "at:",
            "at:1,",
            "random:1",
            "random:1:0",
            "random:1:-1",
            "random:1:nan",
            "often:1",
        ] {
            assert_eq!(text.parse::<Rule>(), Err(BadRule), "{text}");
        }
    }
}
