//! Maps and strips of maps on the chip, and how passes walk over them.

use super::group::round;
use super::region::Region;
use super::step::Step;
use super::tile::Tap;
use pleach_spec::command::{ADDRESS_BITS, GatherEntry, Scatter, Walk};
use pleach_spec::layout::MapLayout;
use pleach_spec::{Config, VECTOR};
use std::ops::Range;

/// Some rows of some vector groups of a map, of some of its images, in the activation buffer.
///
/// Rows are counted in each phase: row `y` of the map is phase row `y / split[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Vector address of the first vector.
    pub base: usize,
    /// Phases of the map.
    pub split: [usize; 2],
    /// Phase rows that there is room for.
    pub rows: Range<usize>,
    /// Vector groups.
    pub groups: Range<usize>,
    /// Images of the map.
    pub images: Range<usize>,
    /// The one that the step at hand begins with.
    pub image: usize,
    /// Vectors from a row of a phase to the next: a row of all these images.
    pub pitch: usize,
    /// Vectors from an image to the next, within a row.
    pub image_pitch: usize,
    /// Vectors from a phase to the next.
    pub phase_plane: usize,
    /// Vectors from a group to the next.
    pub plane: usize,
    /// Rows behind the last one take the place of the first.
    pub ring: bool,
}

/// Consecutive vectors on the chip and in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// First vector address in the activation buffer.
    pub chip: usize,
    /// First vector in segment 1.
    pub memory: usize,
    /// Vectors.
    pub count: usize,
}

/// Most vectors of a LOAD or STORE command.
const TRANSFER_MAX: usize = 65_535;

/// A vector address, or a distance, as the signed field that holds it; arithmetic on addresses wraps.
fn wrapped(address: i64) -> i32 {
    let half = 1 << (ADDRESS_BITS - 1);
    ((address + half).rem_euclid(2 * half) - half) as i32
}

impl Buffer {
    /// Room for phase rows of groups of a map that is loaded, from address 0 on.
    pub fn new(layout: &MapLayout, images: Range<usize>, rows: Range<usize>, groups: Range<usize>) -> Self {
        let (split, image, image_pitch) = (layout.split, images.start, layout.image_pitch());
        let pitch = images.len() * image_pitch;
        let phase_plane = rows.len() * pitch;
        let plane = split[0] * split[1] * phase_plane;
        let (base, ring) = (0, false);
        Self { base, split, rows, groups, images, image, pitch, image_pitch, phase_plane, plane, ring }
    }

    /// The same for a step that begins with an image.
    pub fn starting_at(&self, image: usize) -> Self {
        Self { image, ..self.clone() }
    }

    /// Room for phase rows of a map that passes write, with gaps behind the phases and groups so that vectors written in one
    /// cycle lie in different banks, as far as that can be.
    pub fn written(layout: &MapLayout, images: Range<usize>, rows: Range<usize>, config: &Config) -> Self {
        let banks = config.rows as i64;
        let mut buffer = Self::new(layout, images, rows, 0..layout.groups);
        let phases = buffer.split[0] * buffer.split[1];
        let apart = |distance: i64| distance.rem_euclid(banks) != 0;
        let with_gap = |gap: usize| Self { phase_plane: buffer.phase_plane + gap, ..buffer.clone() };
        if phases > 1 {
            let fits = |gap: &usize| with_gap(*gap).pair_distances(layout.shape.width).into_iter().all(apart);
            buffer = with_gap((0..config.rows).find(fits).unwrap_or(0));
        }
        buffer.plane = phases * buffer.phase_plane;
        if config.columns > VECTOR {
            let distances = buffer.pair_distances(layout.shape.width);
            let fits = |gap: &usize| {
                let plane = (buffer.plane + gap) as i64;
                apart(plane) && distances.iter().all(|&d| apart(plane + d) && apart(plane - d))
            };
            // Slow passes write one pixel a cycle, but still both of its vectors.
            let slow = |gap: &usize| apart((buffer.plane + gap) as i64);
            let gap = (0..config.rows).find(fits).or_else(|| (0..config.rows).find(slow));
            buffer.plane += gap.unwrap_or(0);
        }
        buffer
    }

    /// Distances of pixels that follow each other in a row, and over its end.
    fn pair_distances(&self, width: usize) -> Vec<i64> {
        let [split_y, split_x] = self.split.map(|split| split as i64);
        let (plane, last) = (self.phase_plane as i64, width as i64 - 1);
        // In rows of several phases, images are written one by one.
        let pitch = if self.split[0] > 1 { self.pitch } else { self.image_pitch } as i64;
        let row_end = last % split_x * plane + last / split_x;
        let mut distances =
            vec![1 - (split_x - 1) * plane, pitch - (split_y - 1) * split_x * plane - row_end];
        if split_x > 1 {
            distances.push(plane);
        }
        if split_y > 1 {
            distances.push(split_x * plane - row_end);
        }
        distances
    }

    /// The buffer as it holds a phase row: a ring after so many rounds.
    pub fn at(&self, row: usize) -> Self {
        if !self.ring {
            return self.clone();
        }
        let first = row / self.rows.len() * self.rows.len();
        Self { rows: first..first + self.rows.len(), ..self.clone() }
    }

    /// Vectors that it takes.
    pub fn vectors(&self) -> usize {
        self.groups.len() * self.plane
    }

    /// Address of phase row 0 of phase 0 of a group, of the first image; may lie before the buffer.
    fn origin(&self, group: usize) -> i64 {
        let within = (group as i64 - self.groups.start as i64) * self.plane as i64;
        self.base as i64 + within - (self.rows.start * self.pitch) as i64
    }

    /// The same of the image that the step at hand begins with.
    fn start(&self, group: usize) -> i64 {
        self.origin(group) + ((self.image - self.images.start) * self.image_pitch) as i64
    }

    /// Address of a pixel of that image.
    fn address(&self, group: usize, y: usize, x: usize) -> i64 {
        let [split_y, split_x] = self.split;
        let phase = y % split_y * split_x + x % split_x;
        let within = phase * self.phase_plane + y / split_y * self.pitch + x / split_x;
        self.start(group) + within as i64
    }

    /// Addresses of some phase rows of some groups, as few ranges as possible.
    pub fn ranges(&self, groups: Range<usize>, rows: &Range<usize>) -> Vec<Range<usize>> {
        let here = self.at(rows.start);
        if here.ring && rows.end > here.rows.end {
            let mut ranges = here.ranges(groups.clone(), &(rows.start..here.rows.end));
            ranges.extend(here.ranges(groups, &(here.rows.end..rows.end)));
            return ranges;
        }
        here.straight_ranges(groups, rows)
    }

    fn straight_ranges(&self, groups: Range<usize>, rows: &Range<usize>) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (group, phase) in groups.flat_map(|g| (0..self.split[0] * self.split[1]).map(move |p| (g, p))) {
            let start = self.row_address(group, phase, rows.start);
            let end = start + rows.len() * self.pitch;
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        ranges
    }

    fn row_address(&self, group: usize, phase: usize, row: usize) -> usize {
        (self.origin(group) + (phase * self.phase_plane + row * self.pitch) as i64) as usize
    }

    /// What must be moved between the buffer and the map in memory for some phase rows of some groups, of some of the images.
    pub fn transfers(
        &self,
        layout: &MapLayout,
        images: Range<usize>,
        groups: Range<usize>,
        rows: &Range<usize>,
    ) -> Vec<Transfer> {
        let mut transfers: Vec<Transfer> = Vec::new();
        let count = images.len() * self.image_pitch;
        let within = (images.start - self.images.start) * self.image_pitch;
        let phases = groups.flat_map(|g| (0..self.split[0] * self.split[1]).map(move |p| (g, p)));
        for (group, phase, row) in phases.flat_map(|(g, p)| rows.clone().map(move |row| (g, p, row))) {
            let chip = self.row_address(group, phase, row) + within;
            let phase = layout.base + group * layout.plane() + phase * layout.phase_plane();
            let memory = phase + row * layout.pitch() + images.start * self.image_pitch;
            match transfers.last_mut() {
                Some(last) if last.chip + last.count == chip && last.memory + last.count == memory => {
                    last.count += count;
                }
                _ => transfers.push(Transfer { chip, memory, count }),
            }
        }
        transfers.into_iter().flat_map(Transfer::cut).collect()
    }
}

impl Transfer {
    /// Pieces that a command can count.
    fn cut(self) -> impl Iterator<Item = Self> {
        (0..self.count).step_by(TRANSFER_MAX).map(move |done| Self {
            chip: self.chip + done,
            memory: self.memory + done,
            count: TRANSFER_MAX.min(self.count - done),
        })
    }
}

/// Phase rows of a map that walked rows need, for taps from row `taps.0` to row `taps.1` of the window.
pub fn rows_needed(step: &Step, split_y: usize, walked: &Range<usize>, taps: (usize, usize)) -> Range<usize> {
    let [height, _] = step.input;
    let stride = step.window.stride[0];
    let at = |row: usize, tap: usize| (row * stride + tap).saturating_sub(step.window.pads[0]);
    let first = at(walked.start, taps.0).min(height - 1);
    let last = at(walked.end - 1, taps.1).clamp(first, height - 1);
    first / split_y..last / split_y + 1
}

/// Steps of an axis of the map: from pixel to pixel of the output.
fn pace(step: &Step, buffer: &Buffer, axis: usize) -> i64 {
    // A map in phases is only read with the stride that it is split by.
    (step.window.stride[axis] / buffer.split[axis]) as i64
}

/// The buffer as it holds the row at which a walk over a region begins, without padding and taps.
fn walked_buffer(step: &Step, region: &Region, source: &Buffer) -> Buffer {
    source.at(region.rows.start * step.window.stride[0] / source.split[0])
}

/// WALK over a region, relative to `source`.
pub fn walk(step: &Step, region: &Region, source: &Buffer, array_rows: usize) -> Walk {
    let source = &walked_buffer(step, region, source);
    let width = region.columns.len();
    let pixels = region.rows.len() * region.images.len() * width;
    let (pace_y, pace_x) = (pace(step, source, 0) * source.pitch as i64, pace(step, source, 1));
    let image_pitch = source.image_pitch as i64;
    let stride_x = step.window.stride[1];
    let start =
        |axis: usize, at: usize| (at * step.window.stride[axis]) as i32 - step.window.pads[axis] as i32;
    let address = source.start(source.groups.start)
        + region.rows.start as i64 * pace_y
        + region.images.start as i64 * image_pitch
        + region.columns.start as i64 * pace_x;
    // Rows of the input map, or of the output's, image by image.
    let (row, stride_y, iy) = match step.batch.together {
        false => (pace_y, step.window.stride[0], start(0, region.rows.start)),
        true => {
            let first = region.rows.start as i64 - step.rows_above();
            (image_pitch, 1, first as i32 * step.batch.images as i32 + region.images.start as i32)
        }
    };
    Walk {
        pixels: pixels as u32,
        tiles: pixels.div_ceil(array_rows) as u32,
        width: width as u32,
        stride_x: stride_x as u32,
        stride_y: stride_y as u32,
        address: wrapped(address),
        x_step: wrapped(pace_x),
        y_jump: wrapped(row - (width as i64 - 1) * pace_x),
        ix: start(1, region.columns.start),
        iy,
    }
}

/// How many rounds a tap of a region is ahead of the walk in the ring that it reads.
fn rounds_ahead(step: &Step, region: &Region, source: &Buffer, dy: usize) -> i64 {
    if !source.ring {
        return 0;
    }
    let here = walked_buffer(step, region, source).rows.start / source.rows.len();
    round(step, source.split[0], source.rows.len(), region.rows.start, dy) - here as i64
}

/// The gather list entry of a tap, for a walk over a region relative to `first`.
pub fn entry(step: &Step, region: &Region, tap: &Tap, first: &Buffer, source: &Buffer) -> GatherEntry {
    let ahead = rounds_ahead(step, region, source, tap.dy) * (source.rows.len() * source.pitch) as i64;
    let (first, source) = (&walked_buffer(step, region, first), &walked_buffer(step, region, source));
    let along = |axis: usize, tap: usize| {
        let at = tap as i64 - step.window.pads[axis] as i64;
        let split = source.split[axis] as i64;
        (at.rem_euclid(split), at.div_euclid(split))
    };
    let ((phase_y, y), (phase_x, x)) = (along(0, tap.dy), along(1, tap.dx));
    let phase = phase_y * source.split[1] as i64 + phase_x;
    let within = phase * source.phase_plane as i64 + y * source.pitch as i64 + x;
    let offset = source.start(tap.group) - first.start(first.groups.start) + within - ahead;
    let dy = match step.batch.together {
        false => tap.dy as u32,
        true => (step.tap_row(tap.dy).unwrap_or(0) + step.rows_above()) as u32 * step.batch.images as u32,
    };
    GatherEntry { offset: wrapped(offset), dy, dx: tap.dx as u32 }
}

/// SCATTER of a region into a buffer: from column 0 in slot `slot` on, shifted by `shift` in an enlarged map.
pub fn scatter(step: &Step, region: &Region, output: &Buffer, slot: usize, shift: [usize; 2]) -> Scatter {
    let [factor_y, factor_x] = step.factor;
    let output = &output.at(region.rows.start * factor_y / output.split[0]);
    let (y, x) = (region.rows.start * factor_y + shift[0], region.columns.start * factor_x + shift[1]);
    let (pitch, phase_plane) = (output.pitch as i64, output.phase_plane as i64);
    let images = region.images.len() as i64;
    let image_pitch = output.image_pitch as i64;
    let first = output.address(slot / VECTOR, y, x) + region.images.start as i64 * image_pitch;
    let mut scatter = Scatter {
        pixels: (region.rows.len() * region.images.len() * region.columns.len()) as u32,
        lane: (slot % VECTOR) as u32,
        width: region.columns.len() as u32,
        address: wrapped(first),
        ..Scatter::default()
    };
    if step.factor != [1, 1] {
        // Results lie `factor` apart; where the map is split by that, in one phase.
        let apart = |axis: usize| (step.factor[axis] / output.split[axis]) as i64;
        scatter.x_back = wrapped(apart(1));
        scatter.y_step = wrapped(image_pitch);
        scatter.y_back = wrapped(apart(0) * pitch - (images - 1) * image_pitch);
        // Images are counted like phases, where there is a row behind the last one, at another distance.
        let even = region.rows.len() == 1 || scatter.y_back == scatter.y_step;
        (scatter.split_y, scatter.y_back) =
            if even { (0, scatter.y_step) } else { (images as u32 - 1, scatter.y_back) };
        return scatter;
    }
    let [split_y, split_x] = output.split.map(|split| split as i64);
    scatter.split_x = split_x as u32 - 1;
    scatter.x_step = wrapped(phase_plane);
    scatter.x_back = wrapped(1 - (split_x - 1) * phase_plane);
    if images > 1 {
        scatter.y_back = wrapped(image_pitch);
        return scatter;
    }
    scatter.split_y = split_y as u32 - 1;
    scatter.y_step = wrapped(split_x * phase_plane);
    scatter.y_back = wrapped(pitch - (split_y - 1) * split_x * phase_plane);
    scatter
}

/// True if all vectors that SCATTER writes in one cycle, two pixels at a time, lie in different banks.
pub fn banks_differ(scatter: &Scatter, config: &Config) -> bool {
    let banks = config.rows as i64;
    let planes: &[i64] = if config.columns > VECTOR { &[0, i64::from(scatter.plane)] } else { &[0] };
    let addresses: Vec<i64> = scatter.addresses().collect();
    addresses.chunks(2).all(|pair| {
        let vectors: Vec<i64> = pair
            .iter()
            .flat_map(|&a| planes.iter().map(move |&plane| (a + plane).rem_euclid(banks)))
            .collect();
        (1..vectors.len()).all(|later| !vectors[..later].contains(&vectors[later]))
    })
}
