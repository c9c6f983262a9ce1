//! The window register of a row: W activations in W/G slots of G, filled from staged vectors of 16.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `take` | 2 | in: chunks that enter the window: 0 none, 1 the low half, 2 the high half, 3 all |
//! | `slot` | 2 | in, with it: where the first of them goes |
//! | `max` | 1 | in, with it: a byte enters only if it is greater than the one it would replace (signed) |
//! | `staged` | 128 | in, 1 cycle after `take`: the vector |
//! | `window` | WB = 8 W | out, 2 cycles after `take`; position *i* at bit 8 *i* |
//!
//! With G = 8 a vector is two chunks, and `take` = 3 puts the low one into `slot` and the high one into the slot after
//! it (modulo W/G). With G = 16 it is one, and only 0 and 3 occur. Slots that nothing goes into keep what they hold.
//!
//! ```text
//! cycle   0                  1                                   2
//!         take, slot, max    what each slot gets, in registers   window
//!                            staged
//! ```
//!
//! The decoded control has registers of its own, so that none of them drives more than the 64 multiplexers of a chunk: the
//! comparison has its own too, which is inverted because synthesis would make one of two equal registers. The maximum costs a comparison a byte and nothing else: its result is
//! the write enable of the byte.

use rust_hdl::prelude::*;

use crate::verilog;

/// Bits of a vector.
const VECTOR: usize = 128;

/// See the module. `WB` window bits.
#[derive(Debug, LogicBlock)]
pub struct Window<const WB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Chunks that enter.
    pub take: Signal<In, Bits<2>>,
    /// Where they go.
    pub slot: Signal<In, Bits<2>>,
    /// Only greater bytes enter.
    pub max: Signal<In, Bit>,
    /// Where they come from.
    pub staged: Signal<In, Bits<VECTOR>>,
    /// All activations.
    pub window: Signal<Out, Bits<WB>>,
    _chunk_bits: usize,
    _decoded: Decoded,
}

/// The control registers of the Rust simulation.
#[derive(Debug, Default)]
struct Decoded {
    /// Lowest bit of the vector that each slot gets, if it gets any.
    source: Vec<Option<usize>>,
    max: bool,
}

impl<const WB: usize> Window<WB> {
    /// A window with chunks of `chunk` activations.
    ///
    /// # Panics
    /// If that is neither 8 nor 16, or if the window does not consist of 1, 2 or 4 chunks.
    pub fn new(chunk: usize) -> Self {
        let bits = 8 * chunk;
        assert!(matches!(chunk, 8 | 16), "chunks of {chunk}");
        assert!(WB.is_multiple_of(bits) && matches!(WB / bits, 1 | 2 | 4), "{WB} bits, chunks of {bits}");
        Self {
            clock: Default::default(),
            take: Default::default(),
            slot: Default::default(),
            max: Default::default(),
            staged: Default::default(),
            window: Default::default(),
            _chunk_bits: bits,
            _decoded: Decoded { source: vec![None; WB / bits], max: false },
        }
    }

    fn slots(&self) -> usize {
        WB / self._chunk_bits
    }

    /// Which bits of the vector go into a slot: its lowest one.
    fn source(&self, slot: usize) -> Option<usize> {
        let at = self.slot.val().index();
        let (take, halves) = (self.take.val().index(), VECTOR / self._chunk_bits);
        match (take, halves) {
            (3, 2) if slot == (at + 1) % self.slots() => Some(64),
            (2, 2) if slot == at => Some(64),
            (0, _) => None,
            _ => (slot == at).then_some(0),
        }
    }

    /// The window after what is in the control registers.
    fn next_window(&self) -> Bits<WB> {
        let mut window = self.window.val();
        let chunk = self._chunk_bits / 8;
        for (slot, source) in self._decoded.source.iter().enumerate() {
            let Some(source) = source else { continue };
            for byte in 0..chunk {
                let at = 8 * (slot * chunk + byte);
                let entering: Bits<8> = self.staged.val().get_bits(source + 8 * byte);
                let held: Bits<8> = self.window.val().get_bits(at);
                if !self._decoded.max || entering.to_u8() as i8 > held.to_u8() as i8 {
                    window.set_bits(at, entering);
                }
            }
        }
        window
    }

    /// The Verilog of a slot: what enters it, and how its registers are written.
    fn slot_text(&self, slot: usize) -> [String; 2] {
        let bits = self._chunk_bits;
        let before = (slot + self.slots() - 1) % self.slots();
        let high = format!("take == 2'd2 && slot == 2'd{slot} || take == 2'd3 && slot == 2'd{before}");
        let (halves, mut registers) = match bits {
            VECTOR => (
                ["staged"; 2].map(str::to_owned),
                format!("    enters[{slot}] <= take != 2'd0 && slot == 2'd{slot};\n"),
            ),
            _ => (
                [
                    format!("high[{slot}] ? staged[127:64] : staged[63:0]"),
                    format!("not_high[{slot}] ? staged[63:0] : staged[127:64]"),
                ],
                format!(
                    "\
    enters[{slot}] <= take != 2'd0 && slot == 2'd{slot} || take == 2'd3 && slot == 2'd{before};
    high[{slot}] <= {high};
    not_high[{slot}] <= !({high});
"
                ),
            ),
        };
        let [entering, compared] = halves;
        let mut wires = format!(
            "wire [{top}:0] entering_{slot} = {entering};\nwire [{top}:0] compared_{slot} = {compared};\n",
            top = bits - 1
        );
        for byte in 0..bits / 8 {
            let (low, position) = (8 * byte, slot * bits / 8 + byte);
            let (top, sign) = (low + 7, 8 * position + 7);
            let held = format!("window[{sign}:{}]", 8 * position);
            let enters = format!("entering_{slot}[{top}:{low}]");
            // Written as a subtraction it takes one carry chain; its sign decides.
            wires += &format!(
                "wire [8:0] excess_{position} = \
                 {{window[{sign}], {held}}} - {{compared_{slot}[{top}], compared_{slot}[{top}:{low}]}};\n"
            );
            registers += &format!(
                "    if (enters[{slot}] && (!greater_only || excess_{position}[8])) {held} <= {enters};\n"
            );
        }
        [wires, registers]
    }
}

impl<const WB: usize> Logic for Window<WB> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.window.next = self.next_window();
            let source = (0..self.slots()).map(|slot| self.source(slot)).collect();
            self._decoded = Decoded { source, max: self.max.val() };
        }
    }

    fn connect(&mut self) {
        self.window.connect();
    }

    fn hdl(&self) -> Verilog {
        let slots = self.slots();
        let high = match self._chunk_bits {
            VECTOR => String::new(),
            _ => format!(
                "reg [{top}:0] high = {slots}'d0;\nreg [{top}:0] not_high = ~{slots}'d0;\n",
                top = slots - 1
            ),
        };
        let [wires, registers] = (0..slots).map(|slot| self.slot_text(slot)).fold(
            [String::new(), String::new()],
            |[wires, registers], [more_wires, more_registers]| {
                [wires + &more_wires, registers + &more_registers]
            },
        );
        verilog::leaf(
            &format!("window_{}_{}", WB / 8, self._chunk_bits / 8),
            &format!(
                "\
reg [{top}:0] enters = {slots}'d0;
{high}reg greater_only = 1'b0;
initial window = {WB}'d0;
{wires}always @(posedge clock) begin
    greater_only <= max;
{registers}end
",
                top = slots - 1,
            ),
        )
    }
}
