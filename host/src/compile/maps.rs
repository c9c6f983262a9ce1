//! The form of every block in memory, and where it lies in segment 1 while it is needed there.

use super::plan::Plan;
use super::region::Region;
use super::slots;
use super::step::Steps;
use pleach_spec::Config;
use pleach_spec::layout::MapLayout;

/// Phases in which each block is written: the stride of its readers, so that their taps read consecutive vectors. What one step
/// reads together must be split alike; where strides differ, or not all can be had from a writer, it is not split.
fn splits(steps: &Steps, regions: &[Vec<Region>]) -> Vec<[usize; 2]> {
    let mut class: Vec<usize> = (0..steps.blocks.len()).collect();
    fn root(class: &mut [usize], mut block: usize) -> usize {
        while class[block] != block {
            class[block] = class[class[block]];
            block = class[block];
        }
        block
    }
    for step in &steps.steps {
        let sources = step.sources();
        for pair in sources.windows(2) {
            let (a, b) = (root(&mut class, pair[0]), root(&mut class, pair[1]));
            class[a] = b;
        }
    }
    let roots: Vec<usize> = (0..class.len()).map(|block| root(&mut class, block)).collect();
    let mut strides: Vec<Option<[usize; 2]>> = vec![None; class.len()];
    for step in &steps.steps {
        let stride = &mut strides[roots[step.sources()[0]]];
        let own = step.window.stride;
        *stride = Some(stride.map_or(own, |other| if other == own { own } else { [1, 1] }));
    }
    for (step, regions) in steps.steps.iter().zip(regions) {
        let stride = &mut strides[roots[step.output]];
        let enlarged = step.factor != [1, 1] && *stride != Some(step.factor);
        // SCATTER begins each region with the first phase.
        let [y, x] = stride.unwrap_or([1, 1]);
        let begins = |r: &Region| r.rows.start.is_multiple_of(y) && r.columns.start.is_multiple_of(x);
        if enlarged || !regions.iter().all(begins) {
            *stride = Some([1, 1]);
        }
    }
    roots.iter().map(|&root| strides[root].unwrap_or([1, 1])).collect()
}

/// The form of each block; `base` is 0.
pub fn layouts(
    steps: &Steps,
    slots: Vec<Vec<u32>>,
    regions: &[Vec<Region>],
    config: &Config,
) -> Vec<MapLayout> {
    let splits = splits(steps, regions);
    let maps = steps.blocks.iter().zip(slots).zip(splits);
    maps.map(|((block, slots), split)| MapLayout {
        shape: block.shape,
        images: block.images.len(),
        base: 0,
        split,
        groups: slots::groups(&slots, config),
        slots,
    })
    .collect()
}

/// Gives the blocks that are in segment 1 their places: first fit, in order of birth; a block may take the place of one that no
/// later step reads. The steps of a group are executed at the same time. Returns the vectors used.
pub fn place(steps: &Steps, plan: &Plan, stored: &[bool], layouts: &mut [MapLayout]) -> usize {
    let end = steps.steps.len();
    let group = |step: usize| &plan.groups[plan.groups.partition_point(|group| group.end <= step)];
    // Step before which each block must be whole, and after which it is not needed.
    let lives: Vec<(usize, usize)> = steps
        .blocks
        .iter()
        .map(|block| {
            let birth = block.writer.map_or(0, |writer| group(writer).start + 1);
            let last = if block.output {
                end + 1
            } else {
                block.readers.last().map_or(birth, |&reader| group(reader).end)
            };
            (birth, last)
        })
        .collect();
    let mut order: Vec<usize> = (0..layouts.len()).filter(|&block| stored[block]).collect();
    order.sort_by_key(|&block| lives[block]);
    let mut placed: Vec<usize> = Vec::new();
    for block in order {
        placed.retain(|&other| lives[other].1 >= lives[block].0);
        let mut taken: Vec<(usize, usize)> =
            placed.iter().map(|&other| (layouts[other].base, layouts[other].vectors())).collect();
        taken.sort_unstable();
        let mut base = 0;
        for (start, vectors) in taken {
            if base + layouts[block].vectors() <= start {
                break;
            }
            base = base.max(start + vectors);
        }
        layouts[block].base = base;
        placed.push(block);
    }
    let used = (0..layouts.len()).filter(|&block| stored[block]);
    used.map(|block| layouts[block].base + layouts[block].vectors()).max().unwrap_or(0)
}
