//! Weights stored in 4, 2 or 1 bits, made int8 on their way to the chip: an index each, looked up in the codebook.
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise there is no beat |
//! | `take`, `beat` | 1, 128 | in, a stored beat comes; only if `ready` |
//! | `width$i` | 2 | in, 1, 2, 3: its indices have 4, 2, 1 bits; stable until its last part has left. All are the same |
//! | `last` | 1 | in, the next part is the last one that is wanted |
//! | `ready` | 1 | out, there is a place for a stored beat |
//! | `valid`, `data` | 1, 128 | out, a part of it, expanded: 16 weights |
//! | `free` | 1 | in, a valid part leaves |
//! | `book_comes`, `book` | 1, 128 | in, the codebook, in the cycle after `book_comes`: value *i* in byte *i* |
//!
//! ```text
//! cycle   t     t+1   t+2   t+3       (width 1)
//! take    1           1
//! valid         1     1     1
//! ready   1     0     1     0
//! ```

use rust_hdl::prelude::*;

use crate::cells::{Fan, Hold, Reg, Select};
use crate::verilog;

/// Quarters of the stored beat.
const QUARTERS: usize = 4;
/// Copies of the width: one for each quarter of the stored beat, and for a quarter of the indices.
pub(super) const COPIES: usize = 2 * QUARTERS;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Expand {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub beat: Signal<In, Bits<128>>,
    pub width: [Signal<In, Bits<2>>; COPIES],
    pub last: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub valid: Signal<Out, Bit>,
    pub data: Signal<Out, Bits<128>>,
    pub free: Signal<In, Bit>,
    pub book_comes: Signal<In, Bit>,
    pub book: Signal<In, Bits<128>>,

    codebook: Hold<Bits<128>>,
    // The stored beat, shifted by each part that leaves. Its registers follow what comes while nothing stays in them.
    low: Reg<Bits<64>>,
    high: Reg<Bits<64>>,
    filled: Fan<Bit>,
    // Where the part began in it, in units of 16 bits: for all but the stored beat, and for its halves.
    part: Fan<Bits<3>>,
    parts: Parts,
    lookup: [Select<128, 4>; 16],
    bytes: Bytes,

    step: Signal<Local, Bits<3>>,
    final_part: Signal<Local, Bits<3>>,
    ends: [Signal<Local, Bit>; 3],
    stays: Signal<Local, Bit>,
    more: [Signal<Local, Bit>; 2],
    moves: [Signal<Local, Bit>; 2],
}

impl Default for Expand {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            take: Default::default(),
            beat: Default::default(),
            width: Default::default(),
            last: Default::default(),
            ready: Default::default(),
            valid: Default::default(),
            data: Default::default(),
            free: Default::default(),
            book_comes: Default::default(),
            book: Default::default(),
            codebook: Default::default(),
            low: Default::default(),
            high: Default::default(),
            filled: Fan::new(5),
            part: Fan::new(3),
            parts: Default::default(),
            lookup: Default::default(),
            bytes: Default::default(),
            step: Default::default(),
            final_part: Default::default(),
            ends: Default::default(),
            stays: Default::default(),
            more: Default::default(),
            moves: Default::default(),
        }
    }
}

impl Logic for Expand {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, high);
        clock!(self, clock, codebook, filled, part);
        self.codebook.enable.next = self.book_comes.val();
        self.codebook.d.next = self.book.val();

        self.step.next = 1.into();
        self.final_part.next = 7.into();
        if self.width[0].val() == 1 {
            self.step.next = 4.into();
            self.final_part.next = 4.into();
        }
        if self.width[0].val() == 2 {
            self.step.next = 2.into();
            self.final_part.next = 6.into();
        }
        self.ends[0].next = (self.part.q[0].val() == self.final_part.val()) | self.last.val();
        self.ends[1].next = (self.part.q[1].val() == self.final_part.val()) | self.last.val();
        self.ends[2].next = (self.part.q[2].val() == self.final_part.val()) | self.last.val();
        self.valid.next = self.filled.q[0].val();
        self.stays.next = self.filled.q[0].val() & !(self.free.val() & self.ends[0].val());
        self.ready.next = !self.stays.val();
        self.filled.d.next = self.active.val() & (self.stays.val() | self.take.val());
        self.part.d.next = self.part.q[0].val();
        if self.free.val() {
            self.part.d.next = self.part.q[0].val() + self.step.val();
        }
        if !self.stays.val() {
            self.part.d.next = 0.into();
        }

        self.parts.low.next = self.low.q.val();
        self.parts.high.next = self.high.q.val();
        for i in 0..8 {
            self.parts.width[i].next = self.width[i].val();
        }
        self.more[0].next = self.filled.q[1].val() & !self.ends[1].val();
        self.more[1].next = self.filled.q[2].val() & !self.ends[2].val();
        self.moves[0].next = self.free.val() | !self.filled.q[3].val();
        self.moves[1].next = self.free.val() | !self.filled.q[4].val();
        if self.moves[0].val() {
            self.low.d.next = self.beat.val().get_bits::<64>(0);
            if self.more[0].val() {
                self.low.d.next = self.parts.low_behind.val();
            }
        }
        if self.moves[1].val() {
            self.high.d.next = self.beat.val().get_bits::<64>(64);
            if self.more[1].val() {
                self.high.d.next = self.parts.high_behind.val();
            }
        }

        for i in 0..16 {
            self.lookup[i].window.next = self.codebook.q.val();
            self.lookup[i].position.next = self.parts.index[i].val();
            self.bytes.byte[i].next = self.lookup[i].chosen.val();
        }
        self.data.next = self.bytes.data.val();
    }
}

/// The indices of the part at the beginning of a stored beat, and what is behind that part.
#[derive(Debug, Default, LogicBlock)]
struct Parts {
    pub low: Signal<In, Bits<64>>,
    pub high: Signal<In, Bits<64>>,
    pub width: [Signal<In, Bits<2>>; COPIES],
    pub low_behind: Signal<Out, Bits<64>>,
    pub high_behind: Signal<Out, Bits<64>>,
    pub index: [Signal<Out, Bits<4>>; 16],
}

impl Logic for Parts {
    fn update(&mut self) {
        let stored = bit_cast::<128, 64>(self.low.val()) | (bit_cast::<128, 64>(self.high.val()) << 64u64);
        let width = self.width[0].val();
        let bits = if width == 1 {
            4
        } else if width == 2 {
            2
        } else {
            1
        };
        let behind = stored >> (16 * bits);
        self.low_behind.next = behind.get_bits::<64>(0);
        self.high_behind.next = behind.get_bits::<64>(64);
        for (column, index) in self.index.iter_mut().enumerate() {
            index.next = stored.get_bits::<4>(column * bits as usize) & ((1u64 << bits) - 1);
        }
    }

    fn connect(&mut self) {
        self.low_behind.connect();
        self.high_behind.connect();
        for index in &mut self.index {
            index.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let behind = |quarter: usize| {
            let from = |bits: usize| {
                format!("stored[{}:{}]", 32 * quarter + 16 * bits + 31, 32 * quarter + 16 * bits)
            };
            let (out, low) = if quarter < 2 { ("low", 32 * quarter) } else { ("high", 32 * (quarter - 2)) };
            format!(
                "always @(*) {out}_behind[{}:{low}] = width${quarter} == 2'd1 ? {} : width${quarter} == 2'd2 ? {} : {};\n",
                low + 31,
                from(4),
                from(2),
                from(1)
            )
        };
        let index = |column: usize| {
            let copy = QUARTERS + column / QUARTERS;
            format!(
                "always @(*) index${column} = width${copy} == 2'd1 ? stored[{}:{}] : \
                 width${copy} == 2'd2 ? {{2'b0, stored[{}:{}]}} : {{3'b0, stored[{column}]}};\n",
                4 * column + 3,
                4 * column,
                2 * column + 1,
                2 * column
            )
        };
        let stored = "wire [191:0] stored = {64'd0, high, low};\n".to_owned();
        let behind: String = (0..QUARTERS).map(behind).collect();
        let indices: String = (0..16).map(index).collect();
        verilog::leaf("parts", &(stored + &behind + &indices))
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
