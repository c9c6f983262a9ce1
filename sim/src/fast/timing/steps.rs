//! The words of a tile as the clock sees them: those that may have to wait, or that let a vector go.

use pleach_spec::VECTOR;
use pleach_spec::command::Issue;
use pleach_spec::pass::Pass;
use pleach_spec::stream::{Control, TAKE_NONE};

/// A word of a tile that may have to wait, or that lets a vector go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its index in the tile.
    pub word: u64,
    /// It takes a chunk.
    pub takes: bool,
    /// It pops a vector.
    pub pops: bool,
    /// It is the last of an operand.
    pub ends_operand: bool,
}

/// All of them of a tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// From the controls of a pass.
    pub fn new(issue: &Issue, controls: impl Iterator<Item = Control>) -> Self {
        let mut steps = Self::default();
        steps.fill(issue, controls);
        steps
    }

    /// Of a pass with everything.
    pub fn of(pass: &Pass) -> Self {
        Self::new(&pass.issue, pass.words.controls.iter().copied())
    }

    /// Those of another pass in the place of these.
    pub fn fill(&mut self, issue: &Issue, controls: impl Iterator<Item = Control>) {
        self.0.clear();
        let last = u64::from(issue.count).saturating_sub(1);
        let last_of_first = last.saturating_sub(u64::from(issue.second));
        for (word, control) in (0..u64::from(issue.count)).zip(controls) {
            let step = Step {
                word,
                takes: control.take != TAKE_NONE,
                pops: control.pop,
                ends_operand: word == last || word == last_of_first,
            };
            if step.takes || step.pops || step.ends_operand {
                self.0.push(step);
            }
        }
    }

    /// Those of a pass with the controls of dense words.
    pub fn fill_dense(&mut self, issue: &Issue) {
        self.0.clear();
        let last = u64::from(issue.count).saturating_sub(1);
        let last_of_first = last.saturating_sub(u64::from(issue.second));
        let mut step = |word: u64| {
            let takes = word.is_multiple_of(VECTOR as u64);
            let ends_operand = word == last || word == last_of_first;
            self.0.push(Step { word, takes, pops: takes, ends_operand });
        };
        for first in (0..u64::from(issue.count)).step_by(VECTOR) {
            step(first);
            let others = first + 1..first + VECTOR as u64;
            if others.contains(&last_of_first) {
                step(last_of_first);
            }
            if last != last_of_first && others.contains(&last) {
                step(last);
            }
        }
    }

    /// In the order of the words.
    pub fn iter(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }

    /// Words of a tile, up to the last that counts, which is the last.
    pub fn words(&self) -> u64 {
        self.0.last().map_or(0, |step| step.word + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_words_have_the_steps_of_their_controls() {
        for count in 1..70 {
            for second in 0..count {
                let issue = Issue { count, second, dense: 1, ..Issue::default() };
                let mut steps = Steps::default();
                steps.fill_dense(&issue);
                assert_eq!(steps, Steps::new(&issue, (0..).map(Control::implicit)), "{count}, {second}");
            }
        }
    }
}
