//! Good programs that can be damaged.

use pleach_host::compile::compile_list;
use pleach_spec::list::{self, Beat, Command, Image};
use pleach_spec::{Config, VECTOR};
use pleach_tests::networks::{Size, network, random_map};
use pleach_tests::passes;
use pleach_tests::random::Random;

/// A program that runs to its end, and what segment 1 holds before.
pub struct Program {
    pub image: Image,
    pub commands: Vec<Command>,
    pub data: Vec<[i8; VECTOR]>,
}

impl Program {
    fn new(image: Image, data: Vec<[i8; VECTOR]>) -> Self {
        let commands = list::decode(&image.model[image.list.clone()]).expect("a good list");
        Self { image, commands, data }
    }

    /// A few random passes.
    pub fn passes(config: &Config, random: &mut Random) -> Self {
        let case = passes::run(1 + random.below(4), random.bits(), config);
        Self::new(passes::list::list(&case, config, random).image, case.activations)
    }

    /// A small random network, compiled.
    pub fn network(config: &Config, random: &mut Random) -> Self {
        loop {
            let size = Size {
                layers: 1 + random.below(4),
                channels: 1 + random.below(20),
                side: 1 + random.below(9),
            };
            let network = network(size, random);
            // A network that does not fit, or has nothing to do, is as good as none.
            let Ok(program) = compile_list(&network, config) else { continue };
            if program.image.list.is_empty() {
                continue;
            }
            let mut data = vec![[0; VECTOR]; program.image.data_vectors];
            let packed = program.input.pack(&[random_map(network.tensors[network.input].shape, random)]);
            data[program.input.base..][..packed.len()].copy_from_slice(&packed);
            return Self::new(program.image, data);
        }
    }

    /// The program with another list.
    pub fn with_beats(&self, beats: Vec<Beat>) -> Image {
        let mut model = self.image.model[..self.image.list.start].to_vec();
        model.extend(beats);
        Image {
            list: self.image.list.start..model.len(),
            model,
            data_vectors: self.image.data_vectors,
            warm: None,
        }
    }

    /// The program with other commands.
    pub fn with_commands(&self, commands: &[Command]) -> Image {
        self.with_beats(encode(commands))
    }

    /// The program with something between its commands, and the ordinal of what was put there.
    pub fn with_inserted(&self, beats: &[Beat], random: &mut Random) -> (Image, u32) {
        let place = random.below(self.commands.len() + 1);
        let (before, after) = self.commands.split_at(place);
        (self.with_beats([&encode(before), beats, &encode(after)].concat()), place as u32)
    }
}

/// The beats of commands whose fields fit.
pub fn encode(commands: &[Command]) -> Vec<Beat> {
    list::encode(commands).expect("fields fit")
}
