//! All stages of the compiler for the whole accelerator in a row.

use super::CompileError;
use super::emit::{Emitted, Failure, Input, emit};
use super::group::Forms;
use super::plan::Planner;
use super::step::Steps;
use super::{maps, region, slots, step, tile};
use pleach_spec::Config;
use pleach_spec::check::check;
use pleach_spec::executable::Executable;
use pleach_spec::layout::MapLayout;
use pleach_spec::network::Network;

/// A program that leaves every map behind, for comparisons layer by layer.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The program; its outputs are the maps of `tensors`.
    pub executable: Executable,
    /// The network's tensors that exist in memory, in the order of the layers. What is fused into another layer does not.
    pub tensors: Vec<usize>,
}

/// Compiles a network to a command list, which has been checked.
pub fn compile_list(network: &Network, config: &Config) -> Result<Executable, CompileError> {
    list(&step::steps(network, config)?, &network.outputs, config)
}

/// Compiles a network to the same steps as [`compile_list`], but to a list that stores all their maps and keeps them.
pub fn compile_traced(network: &Network, config: &Config) -> Result<Traced, CompileError> {
    let mut steps = step::steps(network, config)?;
    for block in &mut steps.blocks {
        block.output = true;
    }
    let whole = |tensor: &usize| {
        let places = &steps.places[*tensor];
        places.first().is_some_and(|first| places.iter().all(|place| place.block == first.block))
    };
    let tensors: Vec<usize> = network.layers.iter().map(|layer| layer.output).filter(whole).collect();
    Ok(Traced { executable: list(&steps, &tensors, config)?, tensors })
}

/// The command list of steps; `outputs` are the tensors whose places are told.
fn list(steps: &Steps, outputs: &[usize], config: &Config) -> Result<Executable, CompileError> {
    let network = steps.network;
    let slots = slots::channel_slots(steps, config);
    let tiles = tile::all_tiles(steps, &slots, config)?;
    let regions: Vec<_> =
        steps.steps.iter().zip(&tiles).map(|(step, tiles)| region::regions(step, tiles, config)).collect();
    let mut layouts = maps::layouts(steps, slots, &regions, config);
    let forms = layouts.clone();
    let forms = Forms { steps, tiles: &tiles, layouts: &forms, regions: &regions, config };
    let mut planner = Planner::new(&forms);
    let apart = planner.plan()?;
    planner.join(&apart);
    let (emitted, data_vectors) = loop {
        let plan = planner.plan()?;
        let stored = Planner::stored(steps, &plan);
        let vectors = maps::place(steps, &plan, &stored, &mut layouts);
        let input = Input {
            steps,
            tiles: &tiles,
            regions: &regions,
            layouts: &layouts,
            stored: &stored,
            plan: &plan,
            config,
        };
        match emit(&input) {
            Ok(emitted) => break (emitted, vectors),
            Err(Failure::Room { step }) => planner.tighten(step)?,
            Err(Failure::Error(error)) => return Err(error),
        }
    };
    let Emitted { mut image, owners } = emitted;
    image.data_vectors = data_vectors;
    let place = |tensor: usize| -> MapLayout {
        let places = &steps.places[tensor];
        let layout = &layouts[places[0].block];
        let slots = places.iter().map(|place| layout.slots[place.channel]).collect();
        MapLayout { shape: network.tensors[tensor].shape, slots, ..layout.clone() }
    };
    let outputs = outputs.iter().map(|&output| place(output)).collect();
    let executable = Executable { image, input: place(network.input), outputs, owners };
    check(&executable, config)?;
    Ok(executable)
}
