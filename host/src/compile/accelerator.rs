//! All stages of the compiler for the whole accelerator in a row.

use super::CompileError;
use super::emit::{Emitted, Failure, Input, Stay, emit};
use super::group::Forms;
use super::plan::Planner;
use super::region::Region;
use super::step::Steps;
use super::tile::Tiles;
use super::{maps, portions, region, slots, step, tile};
use crate::predict::{machine, timing};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::check::check;
use pleach_spec::executable::Executable;
use pleach_spec::layout::MapLayout;
use pleach_spec::list::Start;
use pleach_spec::network::Network;
use rayon::prelude::*;
use std::rc::Rc;

/// A program that leaves every map behind, for comparisons layer by layer.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The program; its outputs are the maps of `tensors`.
    pub executable: Executable,
    /// The network's tensors that exist in memory, in the order of the layers. What is fused into another layer does not.
    pub tensors: Vec<usize>,
}

/// Compiles a network to a command list for one image, which has been checked.
pub fn compile_list(network: &Network, config: &Config) -> Result<Executable, CompileError> {
    compile_batch(network, 1, config)
}

/// Compiles a network to a command list for so many images at a time, at least 1, which has been checked: that of the candidates
/// which takes the fewest cycles, with the usual memory.
pub fn compile_batch(network: &Network, images: usize, config: &Config) -> Result<Executable, CompileError> {
    let steps = step::steps(network, images, config)?;
    let cuts = cuts(&steps);
    let alone = cuts.len() == 1;
    let machine = machine(config, MemoryTiming::default());
    let cost = |program: &Executable| {
        let timing = timing(program, network.layers.len(), Start::Warm, &machine);
        timing.map_or(u64::MAX, |(_, timing)| timing.compute.cycles)
    };
    let programs = cuts.into_par_iter().map(|cut| {
        let program = list(&mut portions::unroll(&steps, cut), &network.outputs, config)?;
        Ok((if alone { 0 } else { cost(&program) }, program))
    });
    type Priced = Result<(u64, Executable), CompileError>;
    let cheaper = |a: Priced, b: Priced| match (a, b) {
        (Ok(a), Ok(b)) => Ok(if a.0 <= b.0 { a } else { b }),
        (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
        // That of the program that needs the least room.
        (Err(_), Err(last)) => Err(last),
    };
    programs.reduce_with(cheaper).expect("all steps can compute the whole batch").map(|(_, program)| program)
}

/// The programs among which [`compile_batch`] chooses: in the first all steps compute the whole batch, in the others the first steps
/// compute image by image, more and more of them.
pub fn batch_candidates<'a>(
    network: &'a Network,
    images: usize,
    config: &'a Config,
) -> Result<impl Iterator<Item = Result<Executable, CompileError>> + use<'a>, CompileError> {
    let steps = step::steps(network, images, config)?;
    let cuts = cuts(&steps);
    Ok(cuts.into_iter().map(move |cut| list(&mut portions::unroll(&steps, cut), &network.outputs, config)))
}

fn cuts(steps: &Steps) -> Vec<usize> {
    if steps.images == 1 { vec![0] } else { portions::cuts(steps) }
}

/// Compiles a network to the same steps as [`compile_list`], but to a list that stores all their maps and keeps them.
pub fn compile_traced(network: &Network, config: &Config) -> Result<Traced, CompileError> {
    let mut steps = step::steps(network, 1, config)?;
    for block in &mut steps.blocks {
        block.output = true;
    }
    let whole = |tensor: &usize| {
        let places = &steps.places[*tensor];
        places.first().is_some_and(|first| places.iter().all(|place| place.block == first.block))
    };
    let tensors: Vec<usize> = network.layers.iter().map(|layer| layer.output).filter(whole).collect();
    Ok(Traced { executable: list(&mut steps, &tensors, config)?, tensors })
}

/// The command lists of steps; `outputs` are the tensors whose places are told. What passes need besides maps stays on the chip
/// from image to image, if all of it fits.
fn list(steps: &mut Steps, outputs: &[usize], config: &Config) -> Result<Executable, CompileError> {
    let slots = slots::channel_slots(steps, config);
    let resident = settle(steps, &slots, config, |steps| tile::resident_tiles(steps, &slots, config))?;
    let resident = match resident {
        // Whatever is in the way may not be, where things need not stay; if it is, the error is of that attempt.
        Some(tiles) => emitted(steps, &slots, &tiles, Stay::Always, config).ok().flatten(),
        None => None,
    };
    let placed = match resident {
        Some(placed) => Some(placed),
        None => {
            let tiles = |steps: &Steps| tile::all_tiles(steps, &slots, config).map(Some);
            match settle(steps, &slots, config, tiles)? {
                Some(tiles) => emitted(steps, &slots, &tiles, Stay::Needed, config)?,
                None => None,
            }
        }
    };
    let Placed { emitted: Emitted { image, owners }, layouts } =
        placed.expect("what need not stay makes room");
    let place = |tensor: usize| -> MapLayout {
        let places = &steps.places[tensor];
        let layout = &layouts[places[0].block];
        let slots = places.iter().map(|place| layout.slots[place.channel]).collect();
        MapLayout { shape: steps.network.tensors[tensor].shape, slots, ..layout.clone() }
    };
    let outputs = outputs.iter().map(|&output| place(output)).collect();
    let executable = Executable { image, input: place(steps.network.input), outputs, owners };
    check(&executable, config)?;
    Ok(executable)
}

/// Tiles, where there are any, of steps that images go through together where they can. Whether they can depends on the phases of maps,
/// these on the regions of the steps, and these on the tiles.
fn settle(
    steps: &mut Steps,
    slots: &[Vec<u32>],
    config: &Config,
    tiles: impl Fn(&Steps) -> Result<Option<Vec<Rc<Tiles>>>, CompileError>,
) -> Result<Option<Vec<Rc<Tiles>>>, CompileError> {
    loop {
        let Some(tiles) = tiles(steps)? else { return Ok(None) };
        if !separate(steps, slots, &tiles, config) {
            return Ok(Some(tiles));
        }
    }
}

/// Lets the images go one by one through steps in which they cannot share pixel tiles; true if there are some more.
fn separate(steps: &mut Steps, slots: &[Vec<u32>], tiles: &[Rc<Tiles>], config: &Config) -> bool {
    if !steps.steps.iter().any(|step| step.batch.together) {
        return false;
    }
    let regions = all_regions(steps, tiles, config);
    let layouts = maps::layouts(steps, slots.to_vec(), &regions, config);
    let mut any = false;
    for step in steps.steps.iter_mut().filter(|step| step.batch.together) {
        let source = &layouts[step.sources()[0]];
        step.batch.together = step.can_share(source, &layouts[step.output]);
        any |= !step.batch.together;
    }
    any
}

fn all_regions(steps: &Steps, tiles: &[Rc<Tiles>], config: &Config) -> Vec<Vec<Region>> {
    let each = steps.steps.iter().zip(tiles);
    each.map(|(step, tiles)| region::regions(step, tiles, config)).collect()
}

/// Command lists, and where their maps lie.
struct Placed {
    emitted: Emitted,
    layouts: Vec<MapLayout>,
}

/// The command lists of steps in tiles; `None` if what is to stay on the chip does not fit there.
fn emitted(
    steps: &Steps,
    slots: &[Vec<u32>],
    tiles: &[Rc<Tiles>],
    stay: Stay,
    config: &Config,
) -> Result<Option<Placed>, CompileError> {
    let regions = all_regions(steps, tiles, config);
    let mut layouts = maps::layouts(steps, slots.to_vec(), &regions, config);
    let forms = layouts.clone();
    let forms = Forms { steps, tiles, layouts: &forms, regions: &regions, config };
    let mut planner = Planner::new(&forms);
    let apart = planner.plan()?;
    planner.join(&apart);
    loop {
        let plan = planner.plan()?;
        let stored = Planner::stored(steps, &plan);
        let vectors = maps::place(steps, &plan, &stored, &mut layouts);
        let input = Input {
            steps,
            tiles,
            regions: &regions,
            layouts: &layouts,
            stored: &stored,
            plan: &plan,
            stay,
            config,
        };
        match emit(&input) {
            Ok(mut emitted) => {
                emitted.image.data_vectors = vectors;
                return Ok(Some(Placed { emitted, layouts }));
            }
            Err(Failure::Room { step }) => planner.tighten(step)?,
            Err(Failure::Stay) => return Ok(None),
            Err(Failure::Error(error)) => return Err(error),
        }
    }
}
