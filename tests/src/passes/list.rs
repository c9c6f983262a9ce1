//! A run of random passes as a command list: everything comes from memory, and the activations go back there.

use super::RunCase;
use crate::random::Random;
use pleach_spec::codebook::Codebook;
use pleach_spec::list::{
    self, Beat, Command, Compute, Engine, Image, Load, PassCommand, Segment, Store, Target,
};
use pleach_spec::pass::Pass;
use pleach_spec::{Config, FieldOverflow, beats};
use std::ops::Range;

/// A program, and where in segment 1 it finds and leaves the activations. What lies behind is written with results that races
/// decide: only when it is written matters.
#[derive(Clone, Debug)]
pub struct ListCase {
    /// The program.
    pub image: Image,
    /// First vector of the activations before the run.
    pub before: usize,
    /// First vector of the activations after it.
    pub after: usize,
}

/// The beats of a segment that is being made, and the commands.
struct Maker<'a> {
    model: Vec<Beat>,
    commands: Vec<Command>,
    config: &'a Config,
}

/// Bits of `wait` and `signal`.
const LOAD: u32 = 1 << Engine::Load as u32;
const COMPUTE: u32 = 1 << Engine::Compute as u32;
const STORE: u32 = 1 << Engine::Store as u32;

/// Most vectors of a transfer beside the passes.
const TRAFFIC: usize = 40;

/// The program of a run, with further transfers while its passes run.
pub fn list(case: &RunCase, config: &Config, random: &mut Random) -> ListCase {
    let vectors = case.activations.len();
    let mut maker = Maker { model: vec![Beat::default(); random.below(70)], commands: Vec::new(), config };
    maker.load_activations(vectors);
    maker.load(Target::Table, 0, beats::tables(&case.run.tables));
    let constant = constant_vectors(case);
    let traffic = random.percent(70);
    for pass in &case.run.passes {
        if traffic && !constant.is_empty() {
            for _ in 0..random.below(3) {
                maker.reload(&constant, random);
            }
        }
        maker.pass(pass);
        if traffic {
            for _ in 0..random.below(3) {
                maker.store(
                    2 * vectors + random.below(9),
                    random.below(vectors),
                    1 + random.below(TRAFFIC),
                    0,
                );
            }
        }
    }
    maker.store_activations(vectors);
    let list = list::encode(&maker.commands).expect("fields fit");
    let first = maker.model.len();
    maker.model.extend(list);
    let image = Image {
        list: first..maker.model.len(),
        model: maker.model,
        data_vectors: 2 * vectors + 9 + TRAFFIC,
        warm: None,
    };
    ListCase { image, before: 0, after: vectors }
}

/// The longest range of vectors that no pass writes.
fn constant_vectors(case: &RunCase) -> Range<usize> {
    let vectors = case.activations.len();
    let written = case.run.passes.iter().filter(|pass| pass.issue.partial == 0).flat_map(|pass| {
        let plane = i64::from(pass.scatter.plane);
        pass.scatter.addresses().flat_map(move |address| [address, address + plane])
    });
    let mut written: Vec<usize> = written.map(|address| address as usize % vectors).collect();
    written.sort_unstable();
    let mut longest = 0..0;
    let mut first = 0;
    for address in written.into_iter().chain([vectors]) {
        if address.saturating_sub(first) > longest.len() {
            longest = first..address;
        }
        first = address + 1;
    }
    longest
}

impl Maker<'_> {
    /// Some vectors that stay as they are all the time, once more: it takes banks and changes nothing.
    fn reload(&mut self, constant: &Range<usize>, random: &mut Random) {
        let count = 1 + random.below(constant.len().min(4 * TRAFFIC));
        let first = (constant.start + random.below(constant.len() - count + 1)) as u32;
        self.commands.push(Command::Load(Load {
            target: Target::Activation as u32,
            segment: Segment::Data as u32,
            count: count as u32,
            source: first,
            address: first,
            ..Load::default()
        }));
    }

    /// The activations, in parts.
    fn load_activations(&mut self, vectors: usize) {
        for address in (0..vectors).step_by(1000) {
            let count = (vectors - address).min(1000) as u32;
            let (target, segment) = (Target::Activation as u32, Segment::Data as u32);
            let (source, address) = (address as u32, address as u32);
            self.commands.push(Command::Load(Load {
                target,
                segment,
                count,
                source,
                address,
                ..Load::default()
            }));
        }
    }

    fn load(&mut self, target: Target, address: usize, beats: Vec<Beat>) {
        self.commands.push(Command::Load(Load {
            target: target as u32,
            count: beats.len() as u32,
            source: self.model.len() as u32,
            address: address as u32,
            ..Load::default()
        }));
        self.model.extend(beats);
    }

    /// The weights of a pass, in as few bits as they need.
    fn weights(&mut self, pass: &Pass, address: usize) {
        let beats = beats::weights(&pass.words, self.config);
        let Some((book, width)) = Codebook::covering(&pass.words.weights) else {
            return self.load(Target::Weight, address, beats);
        };
        self.load(Target::Codebook, 0, vec![book.beat()]);
        self.commands.push(Command::Load(Load {
            target: Target::Weight as u32,
            width,
            count: beats.len() as u32,
            source: self.model.len() as u32,
            address: address as u32,
            ..Load::default()
        }));
        self.model.extend(book.compress(&beats, width));
    }

    /// What a pass needs, and the pass.
    fn pass(&mut self, pass: &Pass) {
        let config = self.config;
        let (parts, word) = (beats::beats_per_word(config), pass.issue.base as usize);
        self.weights(pass, word * parts);
        if pass.issue.dense == 0 {
            self.load(Target::Position, word * parts, beats::positions(&pass.words, config));
        }
        let entries = beats::records(&pass.loads).expect("fields fit");
        self.load(Target::List, pass.gather.base as usize, entries);
        let parameters = parameters(pass, config).expect("fields fit");
        self.load(Target::Parameter, pass.issue.parameter as usize * config.columns, parameters);
        self.commands.last_mut().expect("a load").set_tokens(0, COMPUTE);
        self.commands.push(Command::Compute(PassCommand {
            head: Compute { wait: LOAD, ..Compute::default() },
            walk: pass.walk,
            gather: pass.gather,
            issue: pass.issue,
            scatter: pass.scatter,
        }));
    }

    fn store(&mut self, target: usize, address: usize, count: usize, wait: u32) {
        self.commands.push(Command::Store(Store {
            wait,
            target: target as u32,
            address: address as u32,
            count: count as u32,
            ..Store::default()
        }));
    }

    /// The activations, when the last pass is done.
    fn store_activations(&mut self, vectors: usize) {
        let compute = self.commands.iter_mut().rev().find(|c| matches!(c, Command::Compute(_)));
        compute.expect("a run has a pass").set_tokens(LOAD, STORE);
        for address in (0..vectors).step_by(3000) {
            let wait = if address == 0 { COMPUTE } else { 0 };
            self.store(vectors + address, address, (vectors - address).min(3000), wait);
        }
    }
}

/// The parameter entries of a pass: one, or those of both operands and their combination.
fn parameters(pass: &Pass, config: &Config) -> Result<Vec<Beat>, FieldOverflow> {
    let mut beats = beats::records(&pass.parameters)?;
    if let Some(second) = &pass.second {
        beats.extend(beats::records(&second.parameters)?);
        beats.extend(beats::records(&vec![second.combination; config.columns])?);
    }
    Ok(beats)
}
