//! `(first - first_zero) * first_factor + (second - second_zero) * second_factor`, exact: two operands on one scale.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `first`, `second` | 8 | in, two's complement |
//! | `first_zero`, `second_zero` | 8 | in, two's complement |
//! | `first_factor`, `second_factor` | 24 | in, unsigned |
//! | `sum` | 34 | out, two's complement, 4 cycles later |
//!
//! One DSP48E1 an operand; the second adds the first product, which comes through the cascade:
//!
//! ```text
//! cycle   1             2                    3                      4
//!         - zero        first * factor       first product
//!                                            second * factor        second product + first product
//! ```

use std::collections::VecDeque;

use rust_hdl::prelude::*;

use super::BLEND_CYCLES;
use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Blend {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// First operand.
    pub first: Signal<In, Bits<8>>,
    /// Its zero point.
    pub first_zero: Signal<In, Bits<8>>,
    /// Its factor.
    pub first_factor: Signal<In, Bits<24>>,
    /// Second operand.
    pub second: Signal<In, Bits<8>>,
    /// Its zero point.
    pub second_zero: Signal<In, Bits<8>>,
    /// Its factor.
    pub second_factor: Signal<In, Bits<24>>,
    /// The sum of both.
    pub sum: Signal<Out, Bits<34>>,
    _line: VecDeque<i64>,
}

impl Default for Blend {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            first: Default::default(),
            first_zero: Default::default(),
            first_factor: Default::default(),
            second: Default::default(),
            second_zero: Default::default(),
            second_factor: Default::default(),
            sum: Default::default(),
            _line: vec![0; BLEND_CYCLES].into(),
        }
    }
}

fn term(value: Bits<8>, zero: Bits<8>, factor: Bits<24>) -> i64 {
    let byte = |bits: Bits<8>| i64::from(bits.to_u8() as i8);
    (byte(value) - byte(zero)) * i64::from(factor.to_u32())
}

impl Logic for Blend {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let first = term(self.first.val(), self.first_zero.val(), self.first_factor.val());
            let second = term(self.second.val(), self.second_zero.val(), self.second_factor.val());
            self._line.push_back(first + second);
            self._line.pop_front();
        }
        self.sum.next = (self._line[0] as u64 & Bits::<34>::mask().to_u64()).into();
    }

    fn connect(&mut self) {
        self.sum.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            "blend",
            "\
reg signed [8:0] first_difference = 9'sd0;
reg signed [8:0] second_difference = 9'sd0;
reg signed [8:0] second_waiting = 9'sd0;
reg [23:0] first_factor_1 = 24'd0;
reg [23:0] second_factor_1 = 24'd0;
reg [23:0] second_factor_2 = 24'd0;
reg signed [33:0] first_product = 34'sd0;
reg signed [33:0] first_term = 34'sd0;
reg signed [33:0] second_product = 34'sd0;
wire signed [24:0] first_operand = {1'b0, first_factor_1};
wire signed [24:0] second_operand = {1'b0, second_factor_2};
initial sum = 34'd0;
always @(posedge clock) begin
    first_difference <= {first[7], first} - {first_zero[7], first_zero};
    first_factor_1 <= first_factor;
    second_difference <= {second[7], second} - {second_zero[7], second_zero};
    second_factor_1 <= second_factor;
    first_product <= first_difference * first_operand;
    second_waiting <= second_difference;
    second_factor_2 <= second_factor_1;
    first_term <= first_product;
    second_product <= second_waiting * second_operand;
    sum <= first_term + second_product;
end
",
        )
    }
}
