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
//! | `free$i` | 1 | in, a valid part leaves. All are the same |
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
/// Copies of what says that a part leaves: one for each quarter of the stored beat, and the last one for all else.
pub(super) const FREE_COPIES: usize = QUARTERS + 1;
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
    pub free: [Signal<In, Bit>; FREE_COPIES],
    pub book_comes: Signal<In, Bit>,
    pub book: Signal<In, Bits<128>>,

    codebook: Hold<Bits<128>>,
    // The stored beat, shifted by each part that leaves. Its registers follow what comes while nothing stays in them.
    stored: [Reg<Bits<32>>; QUARTERS],
    // Copies as those of `free`.
    filled: Fan<Bit>,
    // Where the part began in it, in units of 16 bits.
    part: Fan<Bits<3>>,
    parts: Parts,
    lookup: [Select<128, 4>; 16],
    bytes: Bytes,

    step: Signal<Local, Bits<3>>,
    final_part: Signal<Local, Bits<3>>,
    ends: [Signal<Local, Bit>; FREE_COPIES],
    stays: Signal<Local, Bit>,
    moves: [Signal<Local, Bit>; QUARTERS],
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
            stored: Default::default(),
            filled: Fan::new(FREE_COPIES),
            part: Fan::new(FREE_COPIES),
            parts: Default::default(),
            lookup: Default::default(),
            bytes: Default::default(),
            step: Default::default(),
            final_part: Default::default(),
            ends: Default::default(),
            stays: Default::default(),
            moves: Default::default(),
        }
    }
}

impl Logic for Expand {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..4 {
            self.stored[i].clock.next = self.clock.val();
            self.stored[i].d.next = self.stored[i].q.val();
        }
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
        for i in 0..5 {
            self.ends[i].next = (self.part.q[i].val() == self.final_part.val()) | self.last.val();
        }
        self.valid.next = self.filled.q[4].val();
        self.stays.next = self.filled.q[4].val() & !(self.free[4].val() & self.ends[4].val());
        self.ready.next = !self.stays.val();
        self.filled.d.next = self.active.val() & (self.stays.val() | self.take.val());
        self.part.d.next = self.part.q[4].val();
        if self.free[4].val() {
            self.part.d.next = self.part.q[4].val() + self.step.val();
        }
        if !self.stays.val() {
            self.part.d.next = 0.into();
        }

        for i in 0..8 {
            self.parts.width[i].next = self.width[i].val();
        }
        self.parts.beat.next = self.beat.val();
        for i in 0..4 {
            self.parts.stored[i].next = self.stored[i].q.val();
            self.parts.more[i].next = self.filled.q[i].val() & !self.ends[i].val();
            self.moves[i].next = self.free[i].val() | !self.filled.q[i].val();
            if self.moves[i].val() {
                self.stored[i].d.next = self.parts.following[i].val();
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

/// The indices of the part at the beginning of a stored beat, and what follows that part: the rest, or the next beat.
#[derive(Debug, Default, LogicBlock)]
struct Parts {
    pub stored: [Signal<In, Bits<32>>; QUARTERS],
    pub beat: Signal<In, Bits<128>>,
    pub more: [Signal<In, Bit>; QUARTERS],
    pub width: [Signal<In, Bits<2>>; COPIES],
    pub following: [Signal<Out, Bits<32>>; QUARTERS],
    pub index: [Signal<Out, Bits<4>>; 16],
}

impl Logic for Parts {
    fn update(&mut self) {
        let stored = self.stored.iter().rev().fold(Bits::<128>::default(), |stored, quarter| {
            (stored << 32u64) | bit_cast::<128, 32>(quarter.val())
        });
        let width = self.width[0].val();
        let bits = if width == 1 {
            4
        } else if width == 2 {
            2
        } else {
            1
        };
        let following = if self.more[0].val() { stored >> (16 * bits as u64) } else { self.beat.val() };
        for (quarter, next) in self.following.iter_mut().enumerate() {
            next.next = following.get_bits::<32>(32 * quarter);
        }
        for (column, index) in self.index.iter_mut().enumerate() {
            index.next = stored.get_bits::<4>(column * bits) & ((1u64 << bits) - 1);
        }
    }

    fn connect(&mut self) {
        for next in &mut self.following {
            next.connect();
        }
        for index in &mut self.index {
            index.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let following = |quarter: usize| {
            let low = 32 * quarter;
            let behind = |bits: usize| format!("stored[{}:{}]", low + 16 * bits + 31, low + 16 * bits);
            format!(
                "always @(*) following${quarter} = !more${quarter} ? beat[{}:{low}] : \
                 width${quarter} == 2'd1 ? {} : width${quarter} == 2'd2 ? {} : {};\n",
                low + 31,
                behind(4),
                behind(2),
                behind(1)
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
        let stored = "wire [191:0] stored = {64'd0, stored$3, stored$2, stored$1, stored$0};\n".to_owned();
        let following: String = (0..QUARTERS).map(following).collect();
        let indices: String = (0..16).map(index).collect();
        verilog::leaf("parts", &(stored + &following + &indices))
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
