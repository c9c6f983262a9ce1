//! `(sum + bias) * multiplier`, exact: the first half of a requantize lane.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `sum` | 32 | in, two's complement |
//! | `bias` | 32 | in, two's complement; the addition wraps |
//! | `multiplier` | 24 | in, unsigned |
//! | `product` | 56 | out, two's complement, 4 cycles later |
//!
//! The biased sum is split in 15 high and 17 low bits, one DSP48E1 each. The second takes the low product through the
//! cascade, shifted by 17:
//!
//! ```text
//! cycle   1             2                     3                     4
//!         sum + bias    low * multiplier      low product
//!                       high                  high * multiplier     high product + (low product >> 17)
//! ```

use std::collections::VecDeque;

use rust_hdl::prelude::*;

use super::MULTIPLY_CYCLES;
use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Multiply {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sum of products.
    pub sum: Signal<In, Bits<32>>,
    /// Added to it.
    pub bias: Signal<In, Bits<32>>,
    /// What that is multiplied by.
    pub multiplier: Signal<In, Bits<24>>,
    /// The product.
    pub product: Signal<Out, Bits<56>>,
    _line: VecDeque<i64>,
}

impl Default for Multiply {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            sum: Default::default(),
            bias: Default::default(),
            multiplier: Default::default(),
            product: Default::default(),
            _line: vec![0; MULTIPLY_CYCLES].into(),
        }
    }
}

impl Logic for Multiply {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let biased = self.sum.val().to_u32().wrapping_add(self.bias.val().to_u32()) as i32;
            self._line.push_back(i64::from(biased) * i64::from(self.multiplier.val().to_u32()));
            self._line.pop_front();
        }
        self.product.next = (self._line[0] as u64 & Bits::<56>::mask().to_u64()).into();
    }

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            "multiply",
            "\
reg [31:0] biased = 32'd0;
reg [23:0] multiplier_1 = 24'd0;
reg [23:0] multiplier_2 = 24'd0;
reg [14:0] high_part = 15'd0;
reg signed [41:0] low_product = 42'sd0;
reg signed [41:0] low = 42'sd0;
reg signed [38:0] high_product = 39'sd0;
reg signed [38:0] high = 39'sd0;
reg [16:0] low_end = 17'd0;
wire signed [17:0] low_operand = {1'b0, biased[16:0]};
wire signed [24:0] low_factor = {1'b0, multiplier_1};
wire signed [14:0] high_operand = high_part;
wire signed [24:0] high_factor = {1'b0, multiplier_2};
always @(posedge clock) begin
    biased <= sum + bias;
    multiplier_1 <= multiplier;
    low_product <= low_operand * low_factor;
    high_part <= biased[31:17];
    multiplier_2 <= multiplier_1;
    low <= low_product;
    high_product <= high_operand * high_factor;
    high <= high_product + {{14{low[41]}}, low[41:17]};
    low_end <= low[16:0];
end
always @(*) product = {high, low_end};
",
        )
    }
}
