//! What a command list computes, command after command in the order of the list.
//!
//! The engines work at the same time, but in a list without races every order that the tokens allow has the same result, and
//! that of the list is one of them.

use super::compute::{Buffer, Compute};
use super::memories::Memories;
use super::program::{Program, prepare};
use pleach_spec::beats::beat_vector;
use pleach_spec::list::{self, Beat, Command, Image, Load, PassCommand, Segment, Start, Store, Target};
use pleach_spec::{Config, VECTOR};

/// The accelerator and its memory, without a clock.
///
/// It executes what it can of any list and never panics. What a list computes that races, or whose passes break the rules of
/// [`pleach_spec::pass::Pass::check`], has no meaning.
pub struct Interpreter {
    config: Config,
    memories: Memories,
    compute: Compute,
    activations: Buffer,
    commands: Vec<Command>,
    /// The list of a run that starts warm.
    warm: Vec<Command>,
    program: Program,
    model: Vec<Beat>,
    data: Vec<[i8; VECTOR]>,
}

impl Interpreter {
    /// Memories of zeros and an empty list.
    pub fn new(config: &Config) -> Self {
        Self {
            memories: Memories::new(config),
            compute: Compute::new(config),
            activations: Buffer::new(config.activation_vectors()),
            commands: Vec::new(),
            warm: Vec::new(),
            program: Program::default(),
            model: Vec::new(),
            data: Vec::new(),
            config: config.clone(),
        }
    }

    /// Takes a program: the commands of its list up to one that is none. Segment 1 is as large as it says and keeps what it held.
    pub fn load(&mut self, image: &Image) {
        let commands = |start| {
            let beats = image.beats_of(start);
            list::commands(beats).map_while(Result::ok).collect()
        };
        (self.commands, self.warm) = (commands(Start::Cold), commands(Start::Warm));
        self.model.clone_from(&image.model);
        self.data.resize(image.data_vectors, [0; VECTOR]);
        self.program = Program::new(&self.config, &self.commands, &self.model, &self.data);
    }

    /// The model segment.
    pub fn model(&self) -> &[Beat] {
        &self.model
    }

    /// The commands of the list of a run.
    pub fn commands(&self, start: Start) -> &[Command] {
        match start {
            Start::Cold => &self.commands,
            Start::Warm => &self.warm,
        }
    }

    /// Whether the hardware is made for each pass of the list, as segment 1 is now.
    pub fn regular_passes(&self) -> Vec<bool> {
        match self.program.fixed() {
            Some(_) => self.program.regular(),
            None => Program::new(&self.config, &self.commands, &self.model, &self.data).regular(),
        }
    }

    /// The passes are the same in every run.
    pub fn is_fixed(&self) -> bool {
        self.program.fixed().is_some()
    }

    /// Segment 1.
    pub fn data(&self) -> &[[i8; VECTOR]] {
        &self.data
    }

    /// Segment 1.
    pub fn data_mut(&mut self) -> &mut [[i8; VECTOR]] {
        &mut self.data
    }

    /// Executes the list of a run, up to a command that accesses what is not there; returns how many commands were executed. The
    /// passes of a warm list must be those of the cold one.
    pub fn run(&mut self, start: Start) -> usize {
        let mut passes = 0;
        let count = self.commands(start).len();
        for index in 0..count {
            let executed = match self.commands(start)[index] {
                Command::Load(load) => self.load_command(&load),
                Command::Compute(pass) => {
                    self.compute_command(&pass, passes);
                    passes += 1;
                    Some(())
                }
                Command::Store(store) => self.store_command(&store),
            };
            if executed.is_none() {
                return index;
            }
        }
        count
    }

    fn load_command(&mut self, load: &Load) -> Option<()> {
        let (source, address) = (load.reads(), load.address as usize);
        if load.target == Target::Activation as u32 {
            if load.segment == Segment::Data as u32 {
                return self.activations.write(address, self.data.get(source)?);
            }
            let vectors: Vec<_> = self.model.get(source)?.iter().map(beat_vector).collect();
            return self.activations.write(address, &vectors);
        }
        match self.program.fixed() {
            // All that is made of it is made already.
            Some(_) => Some(()),
            None => self.memories.load_command(load, &self.model, &self.data),
        }
    }

    /// The pass with this number.
    fn compute_command(&mut self, command: &PassCommand, number: usize) {
        match self.program.fixed() {
            Some(passes) => {
                if let Some(Some(pass)) = passes.get(number) {
                    self.compute.execute(pass, &mut self.activations);
                }
            }
            None => {
                if let Some(pass) = prepare(&self.config, command, &self.memories, None) {
                    self.compute.execute(&pass, &mut self.activations);
                }
            }
        }
    }

    fn store_command(&mut self, store: &Store) -> Option<()> {
        let (target, count) = (store.target as usize, store.count as usize);
        let vectors = self.data.get_mut(target..target.checked_add(count)?)?;
        self.activations.read(store.address as usize, vectors);
        Some(())
    }
}
