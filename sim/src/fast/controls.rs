//! All that the clock needs of the words: the controls of those in the word buffer.

use super::timing::Steps;
use pleach_spec::beats::beats_per_word;
use pleach_spec::command::Issue;
use pleach_spec::list::{Beat, Command, Load, Segment, Target};
use pleach_spec::stream::Control;
use pleach_spec::{Config, VECTOR};
use std::ops::Range;

/// The uppermost four bits of the last beat of a word's positions.
const CONTROL_SHIFT: u32 = 28;

/// Controls by word; there is a power of two of them.
pub struct Controls {
    controls: Vec<u8>,
    beats_per_word: usize,
}

impl Controls {
    /// An empty word buffer.
    pub fn new(config: &Config) -> Self {
        Self { controls: vec![0; config.word_depth], beats_per_word: beats_per_word(config) }
    }

    /// What the loads of a list leave in an empty word buffer.
    pub fn left_by(
        commands: impl Iterator<Item = Command>,
        config: &Config,
        model: &[Beat],
        data: &[[i8; VECTOR]],
    ) -> Self {
        let mut controls = Self::new(config);
        let loads = commands.filter_map(|command| match command {
            Command::Load(load) => Some(load),
            _ => None,
        });
        let known = loads.map_while(|load| Some((load, source(&load, model, data)?)));
        let loads: Vec<_> = known.filter(|(load, _)| is_position(load)).collect();
        // The last ones that fill the buffer hide what the others left.
        let mut unknown = vec![true; config.word_depth];
        let mut left = unknown.len();
        let first = loads.iter().rposition(|(load, source)| {
            for word in controls.words(load, source) {
                left -= usize::from(std::mem::take(&mut unknown[word]));
            }
            left == 0
        });
        for (load, source) in &loads[first.unwrap_or(0)..] {
            controls.fill(load, source, model, data);
        }
        controls
    }

    /// Executes a LOAD command as far as it fills controls; `None` if it reads what is not there.
    pub fn load_command(&mut self, load: &Load, model: &[Beat], data: &[[i8; VECTOR]]) -> Option<()> {
        let source = source(load, model, data)?;
        if is_position(load) {
            self.fill(load, &source, model, data);
        }
        Some(())
    }

    /// Takes the controls of positions that lie at `source`.
    fn fill(&mut self, load: &Load, source: &Range<usize>, model: &[Beat], data: &[[i8; VECTOR]]) {
        let words = self.words(load, source);
        // Controls are in the last beat of a word.
        let (parts, controls) = (self.beats_per_word, &mut self.controls);
        let before_last = parts - 1 - load.address as usize % parts;
        let last_beats = source.start + before_last.min(source.len())..source.end;
        if load.segment == Segment::Data as u32 {
            for (word, beat) in words.zip(data[last_beats].iter().step_by(parts)) {
                controls[word] = beat[VECTOR - 1] as u8 >> (CONTROL_SHIFT % 8);
            }
        } else {
            for (word, beat) in words.zip(model[last_beats].iter().step_by(parts)) {
                controls[word] = (beat[3] >> CONTROL_SHIFT) as u8;
            }
        }
    }

    /// The words of which a LOAD command of positions brings the last beat, in order.
    fn words(&self, load: &Load, source: &Range<usize>) -> impl Iterator<Item = usize> + use<> {
        let (parts, mask) = (self.beats_per_word, self.controls.len() - 1);
        let first = load.address as usize;
        let count = (first % parts + source.len()) / parts;
        (first / parts..).take(count).map(move |word| word & mask)
    }

    /// The steps of a tile of a pass, in the place of others.
    pub fn steps(&self, issue: &Issue, steps: &mut Steps) {
        if issue.dense == 1 {
            return steps.fill_dense(issue);
        }
        let mask = self.controls.len() - 1;
        let words = issue.base as usize..;
        steps.fill(issue, words.map(|word| Control::from_bits(self.controls[word & mask])));
    }
}

fn is_position(load: &Load) -> bool {
    load.target == Target::Position as u32
}

/// The beats that a LOAD command reads of its segment; `None` if they are not all there.
fn source(load: &Load, model: &[Beat], data: &[[i8; VECTOR]]) -> Option<Range<usize>> {
    let from_data = load.segment == Segment::Data as u32;
    let held = if from_data { data.len() } else { model.len() };
    Some(load.reads()).filter(|source| source.end <= held)
}
