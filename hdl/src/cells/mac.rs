//! Multiply and accumulate, made to fall into one DSP48E1 with all its registers.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `activation` | 8 | in, two's complement |
//! | `weight` | 8 | in, two's complement |
//! | `first` | 1 | in, the sum starts anew with this product |
//! | `sum` | 32 | out, two's complement; 3 cycles after the operands |
//!
//! ```text
//! cycle       0       1          2          3
//! operands    a, w
//! registers           a, w       a * w      sum + a * w
//! ```
//!
//! There is no enable: a cycle without work has `weight` = 0 and `first` = 0. The product is kept in 16 bits and the
//! clear is a choice of the addend; other ways of writing the same leave the adder outside of the DSP.

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module.
#[derive(Debug, Default, LogicBlock)]
pub struct Mac {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Activation byte.
    pub activation: Signal<In, Bits<8>>,
    /// Weight.
    pub weight: Signal<In, Bits<8>>,
    /// Start a new sum.
    pub first: Signal<In, Bit>,
    /// Sum of products.
    pub sum: Signal<Out, Bits<32>>,
    _stages: Stages,
}

/// The registers of the Rust simulation.
#[derive(Debug, Default)]
struct Stages {
    activation: i8,
    weight: i8,
    product: i16,
    first: [bool; 2],
    sum: i32,
}

impl Logic for Mac {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let now = &self._stages;
            let addend = if now.first[1] { 0 } else { now.sum };
            self._stages = Stages {
                activation: self.activation.val().to_u8() as i8,
                weight: self.weight.val().to_u8() as i8,
                product: i16::from(now.activation) * i16::from(now.weight),
                first: [self.first.val(), now.first[0]],
                sum: addend.wrapping_add(now.product.into()),
            };
        }
        self.sum.next = u64::from(self._stages.sum as u32).into();
    }

    fn connect(&mut self) {
        self.sum.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            "mac",
            "\
reg signed [7:0] a = 8'sd0;
reg signed [7:0] w = 8'sd0;
reg signed [15:0] product = 16'sd0;
reg signed [31:0] acc = 32'sd0;
reg first_a = 1'b0;
reg first_product = 1'b0;
always @(posedge clock) begin
    a <= activation;
    w <= weight;
    first_a <= first;
    product <= a * w;
    first_product <= first_a;
    acc <= (first_product ? 32'sd0 : acc) + {{16{product[15]}}, product};
end
always @(*) sum = acc;
",
        )
    }
}
