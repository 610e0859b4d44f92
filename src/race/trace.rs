//! The traces behind the cells of the page: each cell's injection, instruction by instruction, in as few bytes as can be.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::Serialize;

use super::case::{self, Subject};
use super::replay::{Replay, Token, replay_of};
use super::report::Row;
use super::step::{Step, changes};

/// Everything that the page's program reads.
#[derive(Debug, Default, Serialize)]
pub struct Traces {
    /// Texts, each once.
    pub texts: Vec<String>,
    /// One entry a cell, in the order of the rows and cells.
    pub cells: Vec<Trace>,
}

/// A replay in numbers, which stand for texts.
#[derive(Debug, Serialize)]
pub struct Trace {
    /// What was replayed: template, instruction, setting, token.
    pub title: [usize; 4],
    /// Address, instruction, flags (1 EE, 2 critical, 4 pending), hold, changes of the page, and events of each step; 0 is
    /// no text.
    pub steps: Vec<Vec<u64>>,
}

/// Gives texts their numbers.
#[derive(Default)]
struct Texts {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len();
        self.numbers.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    fn trace(&mut self, token: &str, replay: &Replay) -> Trace {
        let template = format!("{}, {}: {}", replay.policy, replay.target, replay.template);
        Trace {
            title: [template.as_str(), &replay.original, &replay.setting, token]
                .map(|text| self.number(text)),
            steps: replay.steps.iter().map(|step| self.step(step)).collect(),
        }
    }

    fn step(&mut self, step: &Step) -> Vec<u64> {
        let flags = u64::from(step.ee) | u64::from(step.critical) << 1 | u64::from(step.pending) << 2;
        let page = changes(&step.page);
        let mut number = |text: &str| self.number(text) as u64;
        let instruction = number(&step.instruction);
        let hold = number(step.hold.unwrap_or_default());
        let mut numbers = vec![step.address, instruction, flags, hold, number(&page)];
        numbers.extend(step.events.iter().map(|event| number(event)));
        numbers
    }
}

/// Replays the injection of each cell.
pub fn traces(rows: &[Row]) -> Traces {
    let subjects = case::subjects();
    let tokens: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.cells.iter().map(|cell| cell.replay.as_str()))
        .collect();
    let replays: Vec<Option<Replay>> = tokens.par_iter().map(|token| again(token, &subjects)).collect();
    let mut texts = Texts::default();
    texts.number("");
    let cells = tokens.iter().zip(&replays).map(|(token, replay)| match replay {
        Some(replay) => texts.trace(token, replay),
        None => Trace {
            title: [0; 4],
            steps: Vec::new(),
        },
    });
    let cells = cells.collect();
    Traces {
        texts: texts.texts,
        cells,
    }
}

fn again(token: &str, subjects: &[Subject]) -> Option<Replay> {
    let token: Token = token.parse().ok()?;
    replay_of(&token, subjects).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_once() {
        let mut texts = Texts::default();
        assert_eq!(["", "a", "b", "a"].map(|text| texts.number(text)), [0, 1, 2, 1]);
        assert_eq!(texts.texts, ["", "a", "b"]);
    }
}
