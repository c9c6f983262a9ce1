//! `clamp(round_half_even(product / 2^shift) + zero_point, low, high)`: the end of both halves of a lane.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `product` | N, at most 56 | in, two's complement |
//! | `shift` | 6 | in, with it, 1 to 62 |
//! | `zero_point` | 8 | in, 3 cycles later, two's complement |
//! | `low`, `high` | 8 | in, 4 cycles later, two's complement, `low` <= `high` |
//! | `value` | 8 | out, 5 cycles later, two's complement |
//! | `again` | 8 | out, the same, for loads that are too many for one register |
//!
//! The product is shifted right by `shift` - 1, so that bit 0 is the half that decides; `sticky` says whether a set bit
//! was lost. It rounds up if the half is set and `sticky` or the bit above it is.
//!
//! ```text
//! cycle   1                2                   3                   4                      5
//!         >> 0,16,32,48    >> 0,4,8,12         >> 0,1,2,3          saturate, round,       clamp
//!                          (25 bits left)      (13 bits left)      + zero point
//!                                                                  (10 bits left)
//! ```
//!
//! What does not fit the bits that are left is beyond any clamp: it keeps its sign, which is all that the saturated value
//! needs.

use std::collections::VecDeque;

use pleach_spec::numerics::round_half_even_shift;
use rust_hdl::prelude::*;

use super::ROUND_CYCLES;
use crate::cells::copies;
use crate::verilog;

/// Bits of the shifter.
const WIDTH: usize = 56;

/// See the module. `N` bits of the product, and the result in `REGISTERS` copies, 1 or 2.
#[derive(Debug, LogicBlock)]
pub struct Round<const N: usize, const REGISTERS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// What is to be shifted.
    pub product: Signal<In, Bits<N>>,
    /// By how much.
    pub shift: Signal<In, Bits<6>>,
    /// Added after rounding.
    pub zero_point: Signal<In, Bits<8>>,
    /// Lower clamp.
    pub low: Signal<In, Bits<8>>,
    /// Upper clamp.
    pub high: Signal<In, Bits<8>>,
    /// The result.
    pub value: Signal<Out, Bits<8>>,
    /// The last copy of the result.
    pub again: Signal<Out, Bits<8>>,
    _stages: Stages,
}

/// The registers of the Rust simulation.
#[derive(Debug)]
struct Stages {
    rounded: VecDeque<i64>,
    moved: i64,
    value: i8,
}

impl<const N: usize, const REGISTERS: usize> Default for Round<N, REGISTERS> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            product: Default::default(),
            shift: Default::default(),
            zero_point: Default::default(),
            low: Default::default(),
            high: Default::default(),
            value: Default::default(),
            again: Default::default(),
            _stages: Stages { rounded: vec![0; ROUND_CYCLES - 2].into(), moved: 0, value: 0 },
        }
    }
}

impl<const N: usize, const REGISTERS: usize> Round<N, REGISTERS> {
    const FITS: () = assert!(N <= WIDTH && REGISTERS > 0, "the shifter has 56 bits");

    fn rounded(&self) -> i64 {
        let spare = 64 - N;
        let product = (self.product.val().to_u64() << spare) as i64 >> spare;
        // A shift of 0 is not allowed, but stands on the port before the first parameters do.
        round_half_even_shift(product, self.shift.val().to_u8().max(1))
    }

    fn step(&mut self) {
        let byte = |bits: Bits<8>| i64::from(bits.to_u8() as i8);
        let clamped = self._stages.moved.max(byte(self.low.val())).min(byte(self.high.val()));
        self._stages.value = clamped as i8;
        let rounded = self.rounded();
        self._stages.rounded.push_back(rounded);
        let oldest = self._stages.rounded.pop_front().unwrap_or(rounded);
        self._stages.moved = oldest + byte(self.zero_point.val());
    }
}

impl<const N: usize, const REGISTERS: usize> Logic for Round<N, REGISTERS> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.step();
        }
        self.value.next = u64::from(self._stages.value as u8).into();
        self.again.next = u64::from(self._stages.value as u8).into();
    }

    fn connect(&mut self) {
        self.value.connect();
        self.again.connect();
    }

    fn hdl(&self) -> Verilog {
        let () = Self::FITS;
        let wide = match WIDTH - N {
            0 => "product".to_owned(),
            more => format!("{{{{{more}{{product[{top}]}}}}, product}}", top = N - 1),
        };
        let held = copies("held", 8, REGISTERS, "clamped");
        verilog::leaf(
            &format!("round_{N}x{REGISTERS}"),
            &format!(
                "\
wire [55:0] wide = {wide};
{STEPS}{held}always @(*) value = held_0;
always @(*) again = held_{last};
",
                last = REGISTERS - 1,
            ),
        )
    }
}

/// The Verilog behind `wide`.
const STEPS: &str = "\
// 1: shift by multiples of 16; what is lost above is not all sign, or it is.
wire [5:0] amount = shift - 6'd1;
wire [2:0] lost_16 = {|wide[47:32], |wide[31:16], |wide[15:0]};
wire [1:0] over_16 = {wide[54:40] != {15{wide[55]}}, wide[39:24] != {16{wide[55]}}};
reg signed [24:0] coarse = 25'sd0;
reg coarse_sticky = 1'b0;
reg coarse_beyond = 1'b0;
reg [3:0] coarse_amount = 4'd0;
always @(posedge clock) begin
    coarse[24] <= wide[55];
    case (amount[5:4])
        2'd0: begin
            coarse[23:0] <= wide[23:0];
            coarse_sticky <= 1'b0;
            coarse_beyond <= |over_16;
        end
        2'd1: begin
            coarse[23:0] <= wide[39:16];
            coarse_sticky <= lost_16[0];
            coarse_beyond <= over_16[1];
        end
        2'd2: begin
            coarse[23:0] <= wide[55:32];
            coarse_sticky <= |lost_16[1:0];
            coarse_beyond <= 1'b0;
        end
        2'd3: begin
            coarse[23:0] <= {{16{wide[55]}}, wide[55:48]};
            coarse_sticky <= |lost_16;
            coarse_beyond <= 1'b0;
        end
    endcase
    coarse_amount <= amount[3:0];
end
// 2: by multiples of 4.
wire [2:0] lost_4 = {|coarse[11:8], |coarse[7:4], |coarse[3:0]};
wire [2:0] over_4 = {
    coarse[23:20] != {4{coarse[24]}}, coarse[19:16] != {4{coarse[24]}}, coarse[15:12] != {4{coarse[24]}}
};
reg signed [12:0] middle = 13'sd0;
reg middle_sticky = 1'b0;
reg middle_beyond = 1'b0;
reg [1:0] middle_amount = 2'd0;
always @(posedge clock) begin
    middle[12] <= coarse[24];
    case (coarse_amount[3:2])
        2'd0: begin
            middle[11:0] <= coarse[11:0];
            middle_sticky <= coarse_sticky;
            middle_beyond <= coarse_beyond || |over_4;
        end
        2'd1: begin
            middle[11:0] <= coarse[15:4];
            middle_sticky <= coarse_sticky || lost_4[0];
            middle_beyond <= coarse_beyond || |over_4[2:1];
        end
        2'd2: begin
            middle[11:0] <= coarse[19:8];
            middle_sticky <= coarse_sticky || |lost_4[1:0];
            middle_beyond <= coarse_beyond || over_4[2];
        end
        2'd3: begin
            middle[11:0] <= coarse[23:12];
            middle_sticky <= coarse_sticky || |lost_4;
            middle_beyond <= coarse_beyond;
        end
    endcase
    middle_amount <= coarse_amount[1:0];
end
// 3: by single bits.
reg signed [9:0] fine = 10'sd0;
reg fine_sticky = 1'b0;
reg fine_beyond = 1'b0;
always @(posedge clock) begin
    fine[9] <= middle[12];
    case (middle_amount)
        2'd0: begin
            fine[8:0] <= middle[8:0];
            fine_sticky <= middle_sticky;
            fine_beyond <= middle_beyond || middle[11:9] != {3{middle[12]}};
        end
        2'd1: begin
            fine[8:0] <= middle[9:1];
            fine_sticky <= middle_sticky || middle[0];
            fine_beyond <= middle_beyond || middle[11:10] != {2{middle[12]}};
        end
        2'd2: begin
            fine[8:0] <= middle[10:2];
            fine_sticky <= middle_sticky || |middle[1:0];
            fine_beyond <= middle_beyond || middle[11] != middle[12];
        end
        2'd3: begin
            fine[8:0] <= middle[11:3];
            fine_sticky <= middle_sticky || |middle[2:0];
            fine_beyond <= middle_beyond;
        end
    endcase
end
// 4: saturate, round, add the zero point.
wire [8:0] whole = fine_beyond ? {fine[9], {8{!fine[9]}}} : fine[9:1];
wire up = !fine_beyond && fine[0] && (fine_sticky || fine[1]);
reg signed [9:0] moved = 10'sd0;
always @(posedge clock) moved <= {whole[8], whole} + {{2{zero_point[7]}}, zero_point} + {9'd0, up};
// 5: clamp.
wire signed [9:0] floor = {{2{low[7]}}, low};
wire signed [9:0] ceiling = {{2{high[7]}}, high};
wire [7:0] clamped = moved < floor ? low : moved > ceiling ? high : moved[7:0];
";
