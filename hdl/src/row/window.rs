//! The window register of a row: W activations in W/G slots of G, filled from staged vectors of 16.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `take` | 2 | in: chunks that enter the window: 0 none, 1 the low half, 2 the high half, 3 all |
//! | `slot` | 2 | in: where the first of them goes |
//! | `staged` | 128 | in |
//! | `window` | WB = 8 W | out, 1 cycle later; position *i* at bit 8 *i* |
//!
//! With G = 8 a vector is two chunks, and `take` = 3 puts the low one into `slot` and the high one into the slot after
//! it (modulo W/G). With G = 16 it is one, and only 0 and 3 occur. Slots that nothing goes into keep what they hold.

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
    /// Where they come from.
    pub staged: Signal<In, Bits<VECTOR>>,
    /// All activations.
    pub window: Signal<Out, Bits<WB>>,
    _chunk_bits: usize,
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
            staged: Default::default(),
            window: Default::default(),
            _chunk_bits: bits,
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

    /// The Verilog of a slot.
    fn slot_text(&self, slot: usize) -> String {
        let bits = self._chunk_bits;
        let (top, low) = (bits * (slot + 1) - 1, bits * slot);
        if bits == VECTOR {
            return format!("    if (take != 2'd0 && slot == 2'd{slot}) window[{top}:{low}] <= staged;\n");
        }
        let before = (slot + self.slots() - 1) % self.slots();
        format!(
            "\
    if (take == 2'd3 && slot == 2'd{before} || take == 2'd2 && slot == 2'd{slot})
        window[{top}:{low}] <= staged[127:64];
    else if (take != 2'd0 && slot == 2'd{slot})
        window[{top}:{low}] <= staged[63:0];
"
        )
    }
}

impl<const WB: usize> Logic for Window<WB> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let mut window = self.window.val();
            let bits = self._chunk_bits;
            for slot in 0..self.slots() {
                let Some(source) = self.source(slot) else { continue };
                for bit in 0..bits {
                    window = window.replace_bit(bits * slot + bit, self.staged.val().get_bit(source + bit));
                }
            }
            self.window.next = window;
        }
    }

    fn connect(&mut self) {
        self.window.connect();
    }

    fn hdl(&self) -> Verilog {
        let slots: String = (0..self.slots()).map(|slot| self.slot_text(slot)).collect();
        verilog::leaf(
            &format!("window_{}_{}", WB / 8, self._chunk_bits / 8),
            &format!("initial window = {WB}'d0;\nalways @(posedge clock) begin\n{slots}end\n"),
        )
    }
}
