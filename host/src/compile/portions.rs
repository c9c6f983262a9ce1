//! Which steps compute the images of a batch one by one, and which compute all of them.
//!
//! Large maps fill the rows of the array with one image as well, and leave the chip with several. So the first steps may be executed
//! image by image, up to a *cut*; those behind it compute the whole batch. A block that only steps before the cut touch is one for each
//! image; the others hold all images.

use super::batch::Batch;
use super::step::{Block, Kernel, Place, Scale, Step, Steps};
use pleach_spec::VECTOR;
use pleach_spec::network::MapShape;

/// Steps with which the part that computes the whole batch may begin: the first; and for each size of maps, one behind a step that
/// makes such maps, where the fewest vectors go over the cut.
pub fn cuts(steps: &Steps) -> Vec<usize> {
    let size = |cut: &usize| {
        let MapShape { height, width, .. } = steps.blocks[steps.steps[cut - 1].output].shape;
        [height, width]
    };
    let possible: Vec<usize> = (1..=steps.steps.len()).filter(|&cut| is_possible(steps, cut)).collect();
    let best = |cuts: &[usize]| cuts.iter().copied().min_by_key(|&cut| crossing(steps, cut));
    let runs = possible.chunk_by(|a, b| size(a) == size(b));
    std::iter::once(0).chain(runs.filter_map(best)).collect()
}

/// Vectors of an image that steps before the cut write and others read.
fn crossing(steps: &Steps, cut: usize) -> usize {
    let crosses = |block: &&Block| {
        let written = block.writer.is_some_and(|writer| writer < cut);
        written && block.readers.last().is_some_and(|&reader| reader >= cut)
    };
    let vectors = |block: &Block| block.shape.pixels() * block.shape.channels.div_ceil(VECTOR);
    steps.blocks.iter().filter(crosses).map(vectors).sum()
}

/// True if a block holds all images.
fn is_shared(steps: &Steps, cut: usize, block: usize) -> bool {
    let Block { writer, readers, output, .. } = &steps.blocks[block];
    *output || writer.is_none_or(|writer| writer >= cut) || readers.iter().any(|&reader| reader >= cut)
}

/// The steps before the cut must read their own images' blocks: a walk over several maps finds the same rows in all of them. The
/// network's input, of which strips are loaded, may be the only one.
fn is_possible(steps: &Steps, cut: usize) -> bool {
    let shared = |block: usize| is_shared(steps, cut, block);
    steps.steps[..cut].iter().all(|step| {
        let sources = step.sources();
        let input = sources.len() == 1 && steps.blocks[sources[0]].writer.is_none();
        let own = !sources.into_iter().any(shared);
        (own || input) && !step.gate().is_some_and(shared)
    })
}

/// The steps in the order in which the images go through them.
pub fn unroll<'a>(steps: &Steps<'a>, cut: usize) -> Steps<'a> {
    let mut unrolled = Unrolled {
        result: Steps { steps: Vec::new(), blocks: Vec::new(), ..steps.clone() },
        blocks: Vec::new(),
    };
    for index in 0..steps.blocks.len() {
        unrolled.block(&steps.blocks[index], is_shared(steps, cut, index));
    }
    for image in 0..steps.images {
        for (twin, step) in steps.steps[..cut].iter().enumerate() {
            unrolled.step(step, Batch::one(image), twin);
        }
    }
    for step in &steps.steps[cut..] {
        let twin = unrolled.result.steps.len();
        unrolled.step(step, Batch::new(steps.images), twin);
    }
    let Unrolled { mut result, blocks } = unrolled;
    for place in result.places.iter_mut().flatten() {
        place.block = blocks[place.block][0];
    }
    result
}

struct Unrolled<'a> {
    result: Steps<'a>,
    /// What has become of each block, by image.
    blocks: Vec<Vec<usize>>,
}

impl<'a> Unrolled<'a> {
    fn block(&mut self, block: &Block, shared: bool) {
        let images = self.result.images;
        let mut held = |images| {
            self.result.blocks.push(Block { writer: None, readers: Vec::new(), images, ..block.clone() });
            self.result.blocks.len() - 1
        };
        let blocks = match shared {
            true => vec![held(0..images); images],
            false => (0..images).map(|image| held(image..image + 1)).collect(),
        };
        self.blocks.push(blocks);
    }

    fn step(&mut self, step: &Step<'a>, batch: Batch, twin: usize) {
        let mut step = Step { batch, twin, ..step.clone() };
        let of = |block: usize| self.blocks[block][batch.first];
        let move_to = |place: &mut Place| place.block = of(place.block);
        step.inputs.iter_mut().for_each(move_to);
        step.second.iter_mut().flat_map(|second| &mut second.inputs).for_each(move_to);
        if let Kernel::Scale(Scale { gate, .. }) = &mut step.kernel {
            *gate = of(*gate);
        }
        step.output = of(step.output);
        let index = self.result.steps.len();
        for source in step.sources().into_iter().chain(step.gate()) {
            self.result.blocks[source].readers.push(index);
        }
        self.result.blocks[step.output].writer.get_or_insert(index);
        self.result.steps.push(step);
    }
}
