//! Parts of the output map that have passes of their own.

use super::CompileError;
use super::step::{Kernel, Step};
use super::tile::{Cut, Tiles, tail_rows};
use pleach_spec::Config;
use pleach_spec::network::Network;
use pleach_spec::numerics::Requantize;
use std::ops::Range;

/// A rectangle of walked pixels, of some images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
    /// Images of the batch: several are walked row by row, in each row image by image.
    pub images: Range<usize>,
    /// Pixels that an average is taken of, 0 for other kernels: the parameters depend on it.
    pub count: usize,
    /// Its passes execute all parts of the words.
    pub joined: bool,
    /// Regions of a step with the same number have the same gather lists: the same taps are behind the end of a ring.
    pub lists: usize,
}

/// The regions of a step: those of the images that share passes, or image by image; of these row by row. One for most; averages have one for every number of pixels that they are taken of,
/// interpolations one for each edge and corner, and sums that are cut in parts one for every pixel tile that executes them one by one.
pub fn regions(step: &Step, tiles: &Tiles, config: &Config) -> Vec<Region> {
    let passes = step.batch.passes();
    passes.flat_map(|images| image_regions(step, images, tiles, config)).collect()
}

/// The regions of images that share passes.
fn image_regions(step: &Step, images: Range<usize>, tiles: &Tiles, config: &Config) -> Vec<Region> {
    let [height, width] = step.walked;
    let all = std::slice::from_ref(&images);
    if let Kernel::Average { pool, count_include_pad, .. } = step.kernel {
        let count = |y, x| pool.count([y, x], step.input, count_include_pad);
        let rows =
            runs(height, |a, b| count(a, 0) == count(b, 0) && count(a, width / 2) == count(b, width / 2));
        let columns =
            runs(width, |a, b| count(0, a) == count(0, b) && count(height / 2, a) == count(height / 2, b));
        return product(&rows, &columns, all, count);
    }
    if let Kernel::Interpolate(_) = step.kernel {
        let edges = |size: usize| {
            move |a: usize, b: usize| (a == 0) == (b == 0) && (a + 1 == size) == (b + 1 == size)
        };
        return product(&runs(height, edges(height)), &runs(width, edges(width)), all, |_, _| 0);
    }
    let rows = |rows: Range<usize>, joined| {
        let images = images.clone();
        Region { rows, columns: 0..width, images, count: 0, joined, lists: 0 }
    };
    match (tiles.cut, tail_rows(step, config)) {
        (Cut::AtEnd, Some(tail)) => vec![rows(0..height - tail, true), rows(height - tail..height, false)],
        (Cut::Always, _) if step.pixels() > config.rows => {
            let rows: Vec<_> = (0..height).map(|y| y..y + 1).collect();
            let columns: Vec<_> = pieces(0..width, config.rows).collect();
            let images: Vec<_> = pieces(images, (config.rows / width).max(1)).collect();
            product(&rows, &columns, &images, |_, _| 0)
        }
        _ => vec![rows(0..height, false)],
    }
}

/// Pieces of so many, the last one smaller.
fn pieces(range: Range<usize>, size: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(size).map(move |start| start..end.min(start + size))
}

/// Ranges of equal neighbours.
fn runs(length: usize, equal: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let indices: Vec<usize> = (0..length).collect();
    indices.chunk_by(|&a, &b| equal(a, b)).map(|run| run[0]..run[run.len() - 1] + 1).collect()
}

fn product(
    rows: &[Range<usize>],
    columns: &[Range<usize>],
    images: &[Range<usize>],
    count: impl Fn(usize, usize) -> usize,
) -> Vec<Region> {
    let pairs = rows.iter().flat_map(|rows| columns.iter().map(move |columns| (rows, columns)));
    pairs
        .flat_map(|(rows, columns)| images.iter().map(move |images| (rows, columns, images)))
        .map(|(rows, columns, images)| Region {
            rows: rows.clone(),
            columns: columns.clone(),
            images: images.clone(),
            count: count(rows.start, columns.start),
            joined: false,
            lists: 0,
        })
        .collect()
}

/// Requantization of an output channel in a region.
pub fn requantize(
    step: &Step,
    network: &Network,
    channel: usize,
    count: usize,
) -> Result<Requantize, CompileError> {
    let Kernel::Average { layer, pool, .. } = step.kernel else { return Ok(step.requantize[channel]) };
    let average = network.average(layer, count);
    let average = average.map_err(|source| CompileError::Scale { layer: layer.name.clone(), source })?;
    // Padding reads the zero point, so that every tap brings it in.
    let taps = (pool.kernel[0] * pool.kernel[1]) as i32;
    Ok(Requantize { bias: -i32::from(step.pad) * taps, ..average })
}
