//! What the four units of COMPUTE are told: one command of each kind a *pass* (one tile of output channels over some pixels).
//!
//! They travel in the command list, see [`crate::list`]. The timing of the units is in `docs/src/microarchitecture.md`.

use crate::field::record;

/// Bits of a vector address: the activation buffer holds at most 2^20 vectors of 16 bytes. Arithmetic wraps.
pub const ADDRESS_BITS: usize = 20;

record! {
    /// WALK: the output pixels of a pass in row-major order, R of them a tile, as positions in the input map.
    Walk, 8 {
        pixels: u32 = 24 @ 0, "Output pixels, height x width";
        tiles: u32 = 20 @ 32, "Pixel tiles, ceil(pixels / R)";
        width: u32 = 12 @ 64, "Output pixels of a row";
        stride_x: u32 = 4 @ 80, "Added to ix from pixel to pixel";
        stride_y: u32 = 4 @ 84, "Added to iy from row to row";
        address: i32 = 20 @ 96, "Vector address of pixel 0 at kernel tap (0, 0) of channel group 0; may lie before the map";
        x_step: i32 = 20 @ 128, "Added to the address from pixel to pixel";
        y_jump: i32 = 20 @ 160, "Added to the address from the last pixel of a row to the first of the next";
        ix: i32 = 14 @ 192, "Input column of pixel 0 at tap (0, 0): minus the left padding";
        iy: i32 = 14 @ 208, "Input row of pixel 0 at tap (0, 0): minus the top padding";
    }
}

record! {
    /// GATHER: the vectors that every pixel tile of a pass needs, from the gather list.
    Gather, 4 {
        count: u32 = 16 @ 0, "Entries of the gather list that belong to this pass, at least 1";
        base: u32 = 16 @ 16, "Index of the first of them; they follow each other modulo the depth of the list";
        tiles: u32 = 20 @ 32, "Pixel tiles";
        in_width: u32 = 14 @ 64, "Columns of the input map: ix + dx outside 0..in_width reads the pad value";
        in_height: u32 = 14 @ 80, "Rows of the input map";
        after: u32 = 16 @ 96, "Passes since the start that must be done before the first bank read";
        pad: i32 = 8 @ 112, "Value of padding: the zero point of the input; -128 for max pooling";
    }
}

record! {
    /// ISSUE: the slot words that every pixel tile of a pass executes, from the word buffer.
    Issue, 4 {
        count: u32 = 17 @ 0, "Slot words of this pass, at least 1";
        dense: u32 = 1 @ 17, "Positions and controls are those of a dense stream and not read from the buffer";
        partial: u32 = 1 @ 18, "Do not drain: the next pass goes on with these sums. Only with one tile and second = 0";
        accumulate: u32 = 1 @ 19, "Go on with the sums of the partial pass before. Only with one tile";
        slow: u32 = 1 @ 20, "SCATTER writes one row a cycle instead of two: least distance of drains R instead of R / 2";
        tiles: u32 = 20 @ 32, "Pixel tiles";
        base: u32 = 16 @ 64, "Index of the first word; they follow each other modulo the depth of the buffer";
        second: u32 = 16 @ 80, "The last so many words of a tile make the second operand: sums of their own, drained after those of the words before, requantized with parameter entry + 1 and combined with them by entry + 2. 0: one operand";
        parameter: u32 = 12 @ 96, "Parameter entry of the first operand";
    }
}

record! {
    /// SCATTER: where the output vectors of a pass go. With split > 1 the map is written phase by phase for a strided reader.
    Scatter, 8 {
        pixels: u32 = 24 @ 0, "Output pixels; rows of the last tile beyond them are not written";
        lane: u32 = 4 @ 24, "Byte of the vector that column 0 writes (0 unless C < 16)";
        slow: u32 = 1 @ 28, "One row a cycle instead of two; as in ISSUE";
        plane: i32 = 20 @ 32, "Added to the address for columns 16 to 31; 0 unless C = 32";
        width: u32 = 12 @ 64, "Output pixels of a row";
        split_x: u32 = 4 @ 80, "Horizontal phases minus 1";
        split_y: u32 = 4 @ 84, "Vertical phases minus 1";
        address: i32 = 20 @ 96, "Vector address of pixel 0";
        x_step: i32 = 20 @ 128, "Added to the address from pixel to pixel, but from the last phase to the first";
        x_back: i32 = 20 @ 160, "Added to the address from the last horizontal phase to the first of the next group";
        y_step: i32 = 20 @ 192, "Added to the address of a row's first pixel from row to row, but from the last phase to the first";
        y_back: i32 = 20 @ 224, "Added to the address of a row's first pixel from the last vertical phase to the first of the next group";
    }
}

record! {
    /// One entry of the load list: 16 channels at one kernel tap, for the R pixels of the tile.
    GatherEntry, 1 {
        offset: i32 = 20 @ 0, "Added to the row's address";
        dy: u32 = 6 @ 20, "Row of the tap, kernel row x dilation";
        dx: u32 = 6 @ 26, "Column of the tap, kernel column x dilation";
    }
}

record! {
    /// Requantization of one channel: one entry of a lane's parameter memory (see `numerics`).
    Parameter, 4 {
        bias: i32 = 32 @ 0, "Added to the accumulator, with the input zero point folded in";
        multiplier: u32 = 24 @ 32, "Significand of the scale factor";
        shift: u32 = 6 @ 56, "Right shift after the multiplication, 1 to 62";
        zero_point: i32 = 8 @ 64, "Added after rounding";
        low: i32 = 8 @ 72, "Lower clamp";
        high: i32 = 8 @ 80, "Upper clamp";
        table: u32 = 1 @ 88, "Pass the clamped byte through the table";
        bank: u32 = 1 @ 89, "Which of the two tables";
    }
}

record! {
    /// Control nibble of a slot word.
    WordControl, 1 {
        take: u32 = 2 @ 0, "Chunks of the oldest staged vector that enter the window before the word multiplies: 0 none, 1 low half, 2 high half, 3 all";
        pop: u32 = 1 @ 2, "The staged vector is finished with: free its slot";
        max: u32 = 1 @ 3, "What is taken does not replace the chunks that the last take wrote: each byte becomes the greater of both";
    }
}

record! {
    /// How two requantized operands become one (see `numerics::Combine`): parameter entry + 2 of a pass with a second operand,
    /// the same for all columns.
    Combination, 4 {
        first_multiplier: u32 = 24 @ 0, "Factor of the first operand";
        first_zero_point: i32 = 8 @ 24, "Subtracted from the first operand";
        second_multiplier: u32 = 24 @ 32, "Factor of the second operand";
        second_zero_point: i32 = 8 @ 56, "Subtracted from the second operand";
        zero_point: i32 = 8 @ 64, "Added after rounding";
        low: i32 = 8 @ 72, "Lower clamp";
        high: i32 = 8 @ 80, "Upper clamp";
        shift: u32 = 6 @ 88, "Right shift of the sum, 1 to 40";
    }
}

/// Where the kernel of an output pixel lies on the input map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Vector address of tap (0, 0) of channel group 0, if no address wraps.
    pub address: i64,
    /// Input column of tap (0, 0).
    pub ix: i32,
    /// Input row of tap (0, 0).
    pub iy: i32,
}

impl Walk {
    /// The positions of the pixels of a pass, in order.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        let walk = *self;
        let mut x = 0;
        let mut position = Position { address: i64::from(walk.address), ix: walk.ix, iy: walk.iy };
        (0..walk.pixels).map(move |_| {
            let current = position;
            x += 1;
            if x == walk.width {
                x = 0;
                position.address += i64::from(walk.y_jump);
                position.ix = walk.ix;
                position.iy += walk.stride_y as i32;
            } else {
                position.address += i64::from(walk.x_step);
                position.ix += walk.stride_x as i32;
            }
            current
        })
    }
}

impl Scatter {
    /// The vector addresses that the pixels of a pass are written to, in order, if no address wraps.
    pub fn addresses(&self) -> impl Iterator<Item = i64> {
        let Self { width, split_x, split_y, .. } = *self;
        let [x_step, x_back, y_step, y_back] =
            [self.x_step, self.x_back, self.y_step, self.y_back].map(i64::from);
        let (mut x, mut phase_x, mut phase_y) = (0, 0, 0);
        let mut row_start = i64::from(self.address);
        let mut address = row_start;
        (0..self.pixels).map(move |_| {
            let current = address;
            x += 1;
            if x == width {
                row_start += if phase_y == split_y { y_back } else { y_step };
                phase_y = if phase_y == split_y { 0 } else { phase_y + 1 };
                (x, phase_x, address) = (0, 0, row_start);
            } else {
                address += if phase_x == split_x { x_back } else { x_step };
                phase_x = if phase_x == split_x { 0 } else { phase_x + 1 };
            }
            current
        })
    }
}

impl From<crate::numerics::Requantize> for Parameter {
    fn from(r: crate::numerics::Requantize) -> Self {
        Self {
            bias: r.bias,
            multiplier: r.factor.multiplier,
            shift: u32::from(r.factor.shift),
            zero_point: i32::from(r.zero_point),
            low: i32::from(r.low),
            high: i32::from(r.high),
            table: 0,
            bank: 0,
        }
    }
}

impl From<crate::numerics::Combine> for Combination {
    fn from(c: crate::numerics::Combine) -> Self {
        let [first, second] = c.operands;
        Self {
            first_multiplier: first.multiplier,
            first_zero_point: i32::from(first.zero_point),
            second_multiplier: second.multiplier,
            second_zero_point: i32::from(second.zero_point),
            zero_point: i32::from(c.zero_point),
            low: i32::from(c.low),
            high: i32::from(c.high),
            shift: u32::from(c.shift),
        }
    }
}

impl From<Combination> for crate::numerics::Combine {
    fn from(c: Combination) -> Self {
        let operand = |multiplier, zero_point: i32| crate::numerics::Operand {
            multiplier,
            zero_point: zero_point as i8,
        };
        Self {
            operands: [
                operand(c.first_multiplier, c.first_zero_point),
                operand(c.second_multiplier, c.second_zero_point),
            ],
            shift: c.shift as u8,
            zero_point: c.zero_point as i8,
            low: c.low as i8,
            high: c.high as i8,
        }
    }
}

impl From<Parameter> for crate::numerics::Requantize {
    fn from(p: Parameter) -> Self {
        Self {
            bias: p.bias,
            factor: crate::numerics::Multiplier { multiplier: p.multiplier, shift: p.shift as u8 },
            zero_point: p.zero_point as i8,
            low: p.low as i8,
            high: p.high as i8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Record;

    fn fields_are_disjoint<T: Record>() {
        let mut used = vec![false; T::WORDS * 32];
        for field in T::FIELDS {
            assert_eq!(field.low / 32, (field.low + field.width - 1) / 32, "{} crosses a word", field.name);
            for bit in &mut used[field.low..field.low + field.width] {
                assert!(!std::mem::replace(bit, true), "{}.{} overlaps", T::NAME, field.name);
            }
        }
    }

    #[test]
    fn no_field_overlaps_another_or_crosses_a_word() {
        fields_are_disjoint::<Walk>();
        fields_are_disjoint::<Gather>();
        fields_are_disjoint::<Issue>();
        fields_are_disjoint::<Scatter>();
        fields_are_disjoint::<GatherEntry>();
        fields_are_disjoint::<Parameter>();
        fields_are_disjoint::<WordControl>();
        fields_are_disjoint::<Combination>();
    }

    #[test]
    fn packing_round_trips_and_refuses_what_does_not_fit() {
        let walk = Walk {
            pixels: 196,
            tiles: 13,
            width: 14,
            address: -15,
            y_jump: -524_288,
            ix: -1,
            ..Default::default()
        };
        assert_eq!(Walk::unpack(&walk.pack().unwrap()), walk);
        let error = Walk { y_jump: -524_289, ..walk }.pack().unwrap_err();
        assert_eq!(error.to_string(), "Walk.y_jump = -524289 does not fit in 20 bits");
    }
}
