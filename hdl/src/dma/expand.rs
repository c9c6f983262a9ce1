//! Weights stored in 4, 2 or 1 bits, made int8 on their way to the chip: an index each, looked up in the codebook.
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise there is no beat |
//! | `take`, `beat` | 1, 128 | in, a stored beat comes; only if `ready` |
//! | `width` | 2 | in, 1, 2, 3: its indices have 4, 2, 1 bits; stable until its last part has left |
//! | `last` | 1 | in, the next part is the last one that is wanted |
//! | `ready` | 1 | out, there is a place for a stored beat |
//! | `valid`, `data` | 1, 128 | out, a part of it, expanded: 16 weights |
//! | `free` | 1 | in, a valid part leaves |
//! | `book_write`, `book` | 1, 128 | in, the codebook: value *i* in byte *i* |
//!
//! ```text
//! cycle   t     t+1   t+2   t+3       (width 1)
//! take    1           1
//! valid         1     1     1
//! ready   1     0     1     0
//! ```

use rust_hdl::prelude::*;

use crate::cells::{Reg, Select};
use crate::verilog;

/// See the module.
#[derive(Debug, Default, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Expand {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub beat: Signal<In, Bits<128>>,
    pub width: Signal<In, Bits<2>>,
    pub last: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub valid: Signal<Out, Bit>,
    pub data: Signal<Out, Bits<128>>,
    pub free: Signal<In, Bit>,
    pub book_write: Signal<In, Bit>,
    pub book: Signal<In, Bits<128>>,

    codebook: Reg<Bits<128>>,
    /// What is left of the stored beat, the next part lowest.
    stored: Reg<Bits<128>>,
    filled: Reg<Bit>,
    part: Reg<Bits<3>>,
    indices: Indices,
    lookup: [Select<128, 4>; 16],
    bytes: Bytes,

    part_ends: Signal<Local, Bit>,
    leaves: Signal<Local, Bit>,
    empties: Signal<Local, Bit>,
}

impl Logic for Expand {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, codebook, stored, filled, part);
        if self.book_write.val() {
            self.codebook.d.next = self.book.val();
        }

        self.part_ends.next = self.part.q.val() == 7;
        if self.width.val() == 1 {
            self.part_ends.next = self.part.q.val().get_bit(0);
        }
        if self.width.val() == 2 {
            self.part_ends.next = self.part.q.val().get_bits::<2>(0).all();
        }
        self.valid.next = self.filled.q.val();
        self.leaves.next = self.filled.q.val() & self.free.val();
        self.empties.next = self.leaves.val() & (self.part_ends.val() | self.last.val());
        self.ready.next = !self.filled.q.val() | self.empties.val();

        // The beat is taken over whether it is for this unit or not: `filled` says so.
        if !self.filled.q.val() | self.empties.val() {
            self.filled.d.next = self.take.val();
            self.stored.d.next = self.beat.val();
            self.part.d.next = 0.into();
        } else if self.leaves.val() {
            self.part.d.next = self.part.q.val() + 1;
            self.stored.d.next = self.stored.q.val() >> 16;
            if self.width.val() == 1 {
                self.stored.d.next = self.stored.q.val() >> 64;
            }
            if self.width.val() == 2 {
                self.stored.d.next = self.stored.q.val() >> 32;
            }
        }
        if !self.active.val() {
            self.filled.d.next = false;
        }

        self.indices.stored.next = self.stored.q.val().get_bits::<64>(0);
        self.indices.width.next = self.width.val();
        for i in 0..16 {
            self.lookup[i].window.next = self.codebook.q.val();
            self.lookup[i].position.next = self.indices.index[i].val();
            self.bytes.byte[i].next = self.lookup[i].chosen.val();
        }
        self.data.next = self.bytes.data.val();
    }
}

/// The indices of a part: where they are depends on their width.
#[derive(Debug, Default, LogicBlock)]
struct Indices {
    pub stored: Signal<In, Bits<64>>,
    pub width: Signal<In, Bits<2>>,
    pub index: [Signal<Out, Bits<4>>; 16],
}

impl Logic for Indices {
    fn update(&mut self) {
        let (stored, width) = (self.stored.val(), self.width.val());
        for (column, index) in self.index.iter_mut().enumerate() {
            index.next = if width == 1 {
                stored.get_bits::<4>(4 * column)
            } else if width == 2 {
                bit_cast::<4, 2>(stored.get_bits::<2>(2 * column))
            } else {
                bit_cast::<4, 1>(stored.get_bits::<1>(column))
            };
        }
    }

    fn connect(&mut self) {
        for index in &mut self.index {
            index.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let lines: String = (0..16)
            .map(|column| {
                format!(
                    "always @(*) index${column} = width == 2'd1 ? stored[{}:{}] : \
                     width == 2'd2 ? {{2'b0, stored[{}:{}]}} : {{3'b0, stored[{column}]}};\n",
                    4 * column + 3,
                    4 * column,
                    2 * column + 1,
                    2 * column,
                )
            })
            .collect();
        verilog::leaf("indices", &lines)
    }
}

/// Sixteen bytes as one beat.
#[derive(Debug, Default, LogicBlock)]
struct Bytes {
    pub byte: [Signal<In, Bits<8>>; 16],
    pub data: Signal<Out, Bits<128>>,
}

impl Logic for Bytes {
    fn update(&mut self) {
        let bytes = self.byte.iter().rev();
        self.data.next =
            bytes.fold(Bits::<128>::default(), |data, byte| (data << 8u64) | bit_cast::<128, 8>(byte.val()));
    }

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let bytes: Vec<String> = (0..16).rev().map(|byte| format!("byte${byte}")).collect();
        verilog::leaf("bytes", &format!("always @(*) data = {{{}}};\n", bytes.join(", ")))
    }
}
