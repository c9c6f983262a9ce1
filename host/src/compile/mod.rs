//! The compiler: from a quantized network to the program of the accelerator.
//!
//! `order` decides which channels share a tile, `layout` where maps lie, `layer` makes the passes of a layer with the words of
//! `schedule`; here they are put together into runs.

mod accelerator;
mod buffer;
mod depend;
mod emit;
mod error;
mod layer;
mod layout;
mod maps;
mod memory;
mod order;
mod plan;
mod region;
pub mod schedule;
mod slots;
mod step;
mod tile;

pub use accelerator::compile_list;
pub use error::CompileError;

use pleach_spec::Config;
use pleach_spec::network::Network;
use pleach_spec::pass::Placement;
use pleach_spec::program::{Pass, Program, Run};

/// How maps lie in the activation buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layouts {
    /// Maps whose reader strides are written phase by phase.
    Phased,
    /// All maps in row-major order: strided reads cost bank conflicts. For measurements and tests.
    RowMajor,
}

/// Compiles with phased layouts.
pub fn compile(network: &Network, config: &Config) -> Result<Program, CompileError> {
    compile_with(network, config, Layouts::Phased)
}

/// Compiles a network for a configuration. The program has been checked.
pub fn compile_with(network: &Network, config: &Config, layouts: Layouts) -> Result<Program, CompileError> {
    let slots = order::channel_slots(network);
    let maps = layout::place(network, &slots, layouts == Layouts::Phased, config)?;
    let mut runs = vec![Run::default()];
    for (index, layer) in network.layers.iter().enumerate() {
        let passes = layer::passes(network, index, &maps, config)?;
        // Every pass of a layer waits for all earlier layers, which also makes it safe to overwrite their inputs.
        let mut earlier = runs.last().map_or(0, |run| run.passes.len());
        for mut pass in passes {
            check_capacity(&pass, &layer.name, config)?;
            let run = runs.last_mut().expect("there is always a run");
            if !fits(run, &pass, config) {
                runs.push(Run::default());
                earlier = 0;
            }
            pass.gather.after = earlier as u32;
            runs.last_mut().expect("there is always a run").passes.push(pass);
        }
    }
    for run in &mut runs {
        run.place(config, Placement::default());
    }
    let program = Program { runs, maps };
    program.check(config)?;
    Ok(program)
}

fn fits(run: &Run, pass: &Pass, config: &Config) -> bool {
    run.passes.len() < config.pass_depth
        && run.words() + pass.words.len() <= config.word_depth
        && run.loads() + pass.loads.len() <= config.load_depth
}

fn check_capacity(pass: &Pass, layer: &str, config: &Config) -> Result<(), CompileError> {
    let needs = [
        ("slot words", pass.words.len(), config.word_depth, "word_depth"),
        ("load list entries", pass.loads.len(), config.load_depth, "load_depth"),
    ];
    for (what, needed, held, key) in needs {
        if needed > held {
            let (layer, config) = (layer.to_owned(), config.name.clone());
            return Err(CompileError::Pass { layer, what, needed, config, held, key });
        }
    }
    Ok(())
}

/// The same network with every weight there: what a machine that skips no zeros would have to compute.
pub fn dense_reference(network: &Network) -> Network {
    let mut dense = network.clone();
    for layer in &mut dense.layers {
        for weight in layer.conv_mut().into_iter().flat_map(|conv| &mut conv.weights) {
            *weight |= i8::from(*weight == 0);
        }
    }
    dense
}
