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
//!
//! The product is shifted right by `shift` - 1, so that bit 0 is the half that decides; `sticky` says whether a set bit
//! was lost. It rounds up if the half is set and `sticky` or the bit above it is.
//!
//! ```text
//! cycle   1                2                   3                   4                      5
//!         >> 0,16,32,48    >> 0,4,8,12         >> 0,1,2,3          saturate, round,       clamp
//!                          (26 bits left)      (14 bits left)      + zero point
//! ```
//!
//! What does not fit the bits that are left is beyond any clamp: the shift before kept the sign, which is all that the
//! saturated value needs.

use std::collections::VecDeque;

use pleach_spec::numerics::round_half_even_shift;
use rust_hdl::prelude::*;

use super::ROUND_CYCLES;
use crate::verilog;

/// Bits of the shifter.
const WIDTH: usize = 56;

/// See the module. `N` bits of the product.
#[derive(Debug, LogicBlock)]
pub struct Round<const N: usize> {
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
    _stages: Stages,
}

/// The registers of the Rust simulation.
#[derive(Debug)]
struct Stages {
    rounded: VecDeque<i64>,
    moved: i64,
    value: i8,
}

impl<const N: usize> Default for Round<N> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            product: Default::default(),
            shift: Default::default(),
            zero_point: Default::default(),
            low: Default::default(),
            high: Default::default(),
            value: Default::default(),
            _stages: Stages { rounded: vec![0; ROUND_CYCLES - 2].into(), moved: 0, value: 0 },
        }
    }
}

impl<const N: usize> Round<N> {
    const FITS: () = assert!(N <= WIDTH, "the shifter has 56 bits");

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

impl<const N: usize> Logic for Round<N> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.step();
        }
        self.value.next = u64::from(self._stages.value as u8).into();
    }

    fn connect(&mut self) {
        self.value.connect();
    }

    fn hdl(&self) -> Verilog {
        let () = Self::FITS;
        let wide = match WIDTH - N {
            0 => "product".to_owned(),
            more => format!("{{{{{more}{{product[{top}]}}}}, product}}", top = N - 1),
        };
        verilog::leaf(&format!("round_{N}"), &format!("wire [55:0] wide = {wide};\n{STEPS}"))
    }
}

/// The Verilog behind `wide`.
const STEPS: &str = "\
// 1: shift by multiples of 16.
wire [5:0] amount = shift - 6'd1;
wire [2:0] lost_16 = {|wide[47:32], |wide[31:16], |wide[15:0]};
reg signed [55:0] coarse = 56'sd0;
reg coarse_sticky = 1'b0;
reg [3:0] coarse_amount = 4'd0;
always @(posedge clock) begin
    coarse <= $signed(wide) >>> {amount[5:4], 4'd0};
    case (amount[5:4])
        2'd0: coarse_sticky <= 1'b0;
        2'd1: coarse_sticky <= lost_16[0];
        2'd2: coarse_sticky <= |lost_16[1:0];
        2'd3: coarse_sticky <= |lost_16;
    endcase
    coarse_amount <= amount[3:0];
end
// 2: by multiples of 4.
wire signed [25:0] coarse_end = coarse[25:0];
wire [2:0] lost_4 = {|coarse[11:8], |coarse[7:4], |coarse[3:0]};
reg signed [25:0] middle = 26'sd0;
reg middle_sticky = 1'b0;
reg [1:0] middle_amount = 2'd0;
reg middle_beyond = 1'b0;
reg middle_negative = 1'b0;
always @(posedge clock) begin
    middle <= coarse_end >>> {coarse_amount[3:2], 2'd0};
    case (coarse_amount[3:2])
        2'd0: middle_sticky <= coarse_sticky;
        2'd1: middle_sticky <= coarse_sticky || lost_4[0];
        2'd2: middle_sticky <= coarse_sticky || |lost_4[1:0];
        2'd3: middle_sticky <= coarse_sticky || |lost_4;
    endcase
    middle_amount <= coarse_amount[1:0];
    middle_beyond <= !(&coarse[55:25]) && |coarse[55:25];
    middle_negative <= coarse[55];
end
// 3: by single bits.
wire signed [13:0] middle_end = middle[13:0];
reg signed [13:0] fine = 14'sd0;
reg fine_sticky = 1'b0;
reg fine_beyond = 1'b0;
reg fine_negative = 1'b0;
always @(posedge clock) begin
    fine <= middle_end >>> middle_amount;
    case (middle_amount)
        2'd0: fine_sticky <= middle_sticky;
        2'd1: fine_sticky <= middle_sticky || middle[0];
        2'd2: fine_sticky <= middle_sticky || |middle[1:0];
        2'd3: fine_sticky <= middle_sticky || |middle[2:0];
    endcase
    fine_beyond <= middle_beyond || !(&middle[25:13]) && |middle[25:13];
    fine_negative <= middle_negative;
end
// 4: saturate, round, add the zero point.
wire signed [13:0] whole = fine_beyond ? {{2{fine_negative}}, {12{!fine_negative}}} : {fine[13], fine[13:1]};
wire signed [13:0] offset = {{6{zero_point[7]}}, zero_point};
wire up = !fine_beyond && fine[0] && (fine_sticky || fine[1]);
reg signed [13:0] moved = 14'sd0;
always @(posedge clock) moved <= whole + offset + {13'd0, up};
// 5: clamp.
wire signed [13:0] floor = {{6{low[7]}}, low};
wire signed [13:0] ceiling = {{6{high[7]}}, high};
initial value = 8'd0;
always @(posedge clock) value <= moved < floor ? low : moved > ceiling ? high : moved[7:0];
";
