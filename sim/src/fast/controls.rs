//! All that the clock needs of the words: the controls of those in the word buffer.

use super::timing::Steps;
use pleach_spec::beats::beats_per_word;
use pleach_spec::command::Issue;
use pleach_spec::list::{Beat, Command, Load, Segment, Target};
use pleach_spec::stream::Control;
use pleach_spec::{Config, VECTOR};

/// The uppermost four bits of the last beat of a word's positions.
const CONTROL_SHIFT: u32 = 28;

/// Controls by word.
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
    pub fn left_by(commands: &[Command], config: &Config, model: &[Beat], data: &[[i8; VECTOR]]) -> Self {
        let mut controls = Self::new(config);
        let loads = commands.iter().filter_map(|command| match command {
            Command::Load(load) => Some(load),
            _ => None,
        });
        loads.map_while(|load| controls.load_command(load, model, data)).for_each(drop);
        controls
    }

    /// Executes a LOAD command as far as it fills controls; `None` if it reads what is not there.
    pub fn load_command(&mut self, load: &Load, model: &[Beat], data: &[[i8; VECTOR]]) -> Option<()> {
        let target = *Target::ALL.get(load.target as usize)?;
        let source = load.reads();
        let from_data = load.segment == Segment::Data as u32;
        let held = if from_data { data.len() } else { model.len() };
        if source.end > held {
            return None;
        }
        if target != Target::Position {
            return Some(());
        }
        let (parts, address) = (self.beats_per_word, load.address as usize);
        let before_last = parts - 1 - address % parts;
        let last_beats = source.start + (before_last.min(source.len()))..source.end;
        let word = address / parts;
        if from_data {
            let beats = data[last_beats].iter().step_by(parts);
            self.fill(word, beats.map(|beat| beat[VECTOR - 1] as u8 >> (CONTROL_SHIFT % 8)));
        } else {
            let beats = model[last_beats].iter().step_by(parts);
            self.fill(word, beats.map(|beat| (beat[3] >> CONTROL_SHIFT) as u8));
        }
        Some(())
    }

    /// The controls of words from one on; behind the last word of the buffer comes the first.
    fn fill(&mut self, word: usize, mut controls: impl ExactSizeIterator<Item = u8>) {
        let first = word % self.controls.len();
        let (before, from) = self.controls.split_at_mut(first);
        while controls.len() > 0 {
            let words = from.iter_mut().chain(&mut *before);
            words.zip(&mut controls).for_each(|(word, control)| *word = control);
        }
    }

    /// The steps of a tile of a pass, in the place of others.
    pub fn steps(&self, issue: &Issue, steps: &mut Steps) {
        if issue.dense == 1 {
            return steps.fill_dense(issue);
        }
        let words = self.controls.len();
        let base = issue.base as usize % words;
        let controls = self.controls[base..].iter().chain(self.controls.iter().cycle());
        steps.fill(issue, controls.map(|&bits| Control::from_bits(bits)));
    }
}
