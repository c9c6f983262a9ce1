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

/// Copies of width and part, each for as many columns.
pub(super) const COPIES: usize = 4;
/// Columns of a copy.
const COPY_COLUMNS: usize = 16 / COPIES;

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
    // The stored beat. Its registers follow what comes while nothing stays in them.
    low: Reg<Bits<64>>,
    high: Reg<Bits<64>>,
    filled: Fan<Bit>,
    part: Fan<Bits<3>>,
    indices: Indices,
    lookup: [Select<128, 4>; 16],
    bytes: Bytes,

    part_ends: Signal<Local, Bit>,
    leaves: Signal<Local, Bit>,
    empties: Signal<Local, Bit>,
    stays: [Signal<Local, Bit>; 3],
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
            filled: Fan::new(3),
            part: Fan::new(COPIES),
            indices: Default::default(),
            lookup: Default::default(),
            bytes: Default::default(),
            part_ends: Default::default(),
            leaves: Default::default(),
            empties: Default::default(),
            stays: Default::default(),
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

        self.part_ends.next = self.part.q[0].val() == 7;
        if self.width[0].val() == 1 {
            self.part_ends.next = self.part.q[0].val().get_bit(0);
        }
        if self.width[0].val() == 2 {
            self.part_ends.next = self.part.q[0].val().get_bits::<2>(0).all();
        }
        self.valid.next = self.filled.q[0].val();
        self.leaves.next = self.filled.q[0].val() & self.free.val();
        self.empties.next = self.free.val() & (self.part_ends.val() | self.last.val());
        self.stays[0].next = self.filled.q[0].val() & !self.empties.val();
        self.stays[1].next = self.filled.q[1].val() & !self.empties.val();
        self.stays[2].next = self.filled.q[2].val() & !self.empties.val();
        self.ready.next = !self.stays[0].val();

        self.filled.d.next = self.active.val() & (self.stays[0].val() | self.take.val());
        self.part.d.next = 0.into();
        if self.stays[0].val() {
            self.part.d.next = self.part.q[0].val();
            if self.leaves.val() {
                self.part.d.next = self.part.q[0].val() + 1;
            }
        }
        if !self.stays[1].val() {
            self.low.d.next = self.beat.val().get_bits::<64>(0);
        }
        if !self.stays[2].val() {
            self.high.d.next = self.beat.val().get_bits::<64>(64);
        }

        self.indices.low.next = self.low.q.val();
        self.indices.high.next = self.high.q.val();
        for i in 0..4 {
            self.indices.width[i].next = self.width[i].val();
            self.indices.part[i].next = self.part.q[i].val();
        }
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
    pub low: Signal<In, Bits<64>>,
    pub high: Signal<In, Bits<64>>,
    pub width: [Signal<In, Bits<2>>; COPIES],
    pub part: [Signal<In, Bits<3>>; COPIES],
    pub index: [Signal<Out, Bits<4>>; 16],
}

impl Logic for Indices {
    fn update(&mut self) {
        let stored = bit_cast::<128, 64>(self.low.val()) | (bit_cast::<128, 64>(self.high.val()) << 64u64);
        for (column, index) in self.index.iter_mut().enumerate() {
            let copy = column / COPY_COLUMNS;
            let part = self.part[copy].val().index();
            let width = self.width[copy].val();
            index.next = if width == 1 {
                stored.get_bits::<4>(64 * (part % 2) + 4 * column)
            } else if width == 2 {
                bit_cast::<4, 2>(stored.get_bits::<2>(32 * (part % 4) + 2 * column))
            } else {
                bit_cast::<4, 1>(stored.get_bits::<1>(16 * part + column))
            };
        }
    }

    fn connect(&mut self) {
        for index in &mut self.index {
            index.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let index = |column: usize| {
            let copy = column / COPY_COLUMNS;
            let of = |bits: usize| part_of(column * bits, bits, &format!("part${copy}"));
            let (four, two, one) = (of(4), of(2), of(1));
            format!(
                "always @(*) index${column} = width${copy} == 2'd1 ? {four} : \
                 width${copy} == 2'd2 ? {{2'b0, {two}}} : {{3'b0, {one}}};\n"
            )
        };
        let stored = "wire [127:0] stored = {high, low};\n".to_owned();
        verilog::leaf("indices", &(stored + &(0..16).map(index).collect::<String>()))
    }
}

/// The `bits` bits from `first` on in the part that the lower bits of `part` say, each part having 16 such.
fn part_of(first: usize, bits: usize, part: &str) -> String {
    let parts = (0..8 / bits).map(|index| index * 16 * bits + first);
    let mut choices: Vec<String> = parts.map(|low| format!("stored[{}:{low}]", low + bits - 1)).collect();
    for bit in 0.. {
        if choices.len() == 1 {
            break;
        }
        let pairs = choices.chunks(2);
        choices = pairs.map(|pair| format!("({part}[{bit}] ? {} : {})", pair[1], pair[0])).collect();
    }
    choices.remove(0)
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
