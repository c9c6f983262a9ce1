//! Each leaf cell: its Verilog under Verilator against its Rust simulation, with random inputs.

mod support;

use pleach_hdl::cells::{Decode, Delay, DualRam, Fan, Hold, LutRam, Mac, QueueRam, Ram, Reg, Select};
use rust_hdl::prelude::*;
use support::{compare, words};

#[test]
fn reg() {
    compare(
        "reg",
        Reg::<Bits<12>>::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            block.d.next = random.bits();
            vec![words(block.d.next)]
        },
        |block| vec![words(block.q.val())],
    );
}

#[test]
fn fan() {
    compare(
        "fan",
        Fan::<Bits<12>>::new(3),
        Some(|block| &mut block.clock),
        |block, random| {
            block.d.next = random.bits();
            vec![words(block.d.next)]
        },
        |block| block.q.iter().map(|copy| words(copy.val())).collect(),
    );
}

#[test]
fn hold() {
    compare(
        "hold",
        Hold::<Bits<12>>::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            block.enable.next = random.below(3) == 0;
            block.d.next = random.bits();
            vec![vec![block.enable.next.into()], words(block.d.next)]
        },
        |block| vec![words(block.q.val())],
    );
}

#[test]
fn delay() {
    for depth in [0, 1, 2, 7] {
        compare(
            &format!("delay{depth}"),
            Delay::<Bits<9>>::new(depth),
            Some(|block| &mut block.clock),
            |block, random| {
                block.d.next = random.bits();
                vec![words(block.d.next)]
            },
            |block| vec![words(block.q.val())],
        );
    }
}

#[test]
fn ram() {
    let mut written = 0;
    compare(
        "ram",
        Ram::<8, 72>::new(32),
        Some(|block| &mut block.clock),
        |block, random| {
            // Fill it first: contents at power-up are not defined. Read only what is there, and half of the time what
            // is being written.
            let fill = written < 32;
            let at = if fill { written } else { random.below(32) };
            written += usize::from(fill);
            let read = if written < 32 || random.below(2) == 0 { at } else { random.below(32) };
            block.write_enable.next = fill || random.below(2) == 0;
            block.write_address.next = (at as u64).into();
            block.write_data.next = random.bits();
            block.read_address.next = (read.min(written.saturating_sub(2)) as u64).into();
            vec![
                vec![block.write_enable.next.into()],
                words(block.write_address.next),
                words(block.write_data.next),
                words(block.read_address.next),
            ]
        },
        |block| vec![words(block.read_data.val())],
    );
}

#[test]
fn dual_ram() {
    let mut written = 0;
    compare(
        "dual_ram",
        DualRam::<4, 64, 8>::new(16),
        Some(|block| &mut block.clock),
        |block, random| {
            let fill = written < 16;
            let at = if fill { written } else { random.below(16) };
            written += usize::from(fill);
            // Port A does not read what port B writes.
            let read = random.below(16);
            let read = if read == at { (read + 1) % 16 } else { read };
            block.read_address.next = (if fill { 0 } else { read } as u64).into();
            block.address.next = (at as u64).into();
            block.write_mask.next = if fill { 0xFF.into() } else { random.bits() };
            block.write_data.next = random.bits();
            vec![
                words(block.read_address.next),
                words(block.address.next),
                words(block.write_mask.next),
                words(block.write_data.next),
            ]
        },
        |block| vec![words(block.read_data.val()), words(block.data.val())],
    );
}

#[test]
fn lut_ram() {
    let mut written = 0;
    compare(
        "lut_ram",
        LutRam::<5, 40>::new(8),
        Some(|block| &mut block.clock),
        |block, random| {
            let fill = written < 8;
            let at = if fill { written } else { random.below(8) };
            written += usize::from(fill);
            let read = random.below(8).min(written.saturating_sub(2));
            block.write_enable.next = fill || random.below(2) == 0;
            block.write_address.next = (at as u64).into();
            block.write_data.next = random.bits();
            block.read_address.next = (read as u64).into();
            vec![
                vec![block.write_enable.next.into()],
                words(block.write_address.next),
                words(block.write_data.next),
                words(block.read_address.next),
            ]
        },
        |block| vec![words(block.read_data.val())],
    );
}

/// Deep and wide enough for several copies of the read address.
#[test]
fn queue_ram() {
    for depth in [8, 128] {
        queue_ram_of(depth);
    }
}

fn queue_ram_of(depth: usize) {
    // Words written up to this cycle, and where this cycle writes: first each word, then any.
    let (mut written, mut at) = (0, 0);
    compare(
        &format!("queue_ram{depth}"),
        QueueRam::<8, 130>::new(depth),
        Some(|block| &mut block.clock),
        |block, random| {
            let fill = written < depth;
            written += usize::from(fill);
            let next = if written < depth { written } else { random.below(depth) };
            // What is being written, half of the time.
            let read = if random.below(2) == 0 { at } else { random.below(depth).min(written - 1) };
            block.write_enable.next = fill || random.below(2) == 0;
            block.next_write_address.next = (next as u64).into();
            block.write_data.next = random.bits();
            block.next_read_address.next = (read as u64).into();
            at = next;
            vec![
                vec![block.write_enable.next.into()],
                words(block.next_write_address.next),
                words(block.write_data.next),
                words(block.next_read_address.next),
            ]
        },
        |block| vec![words(block.read_data.val())],
    );
}

#[test]
fn mac() {
    compare(
        "mac",
        Mac::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            // Extreme operands often, so that -128 * -128 and its sums occur.
            let mut operand = || match random.below(4) {
                0 => 0x80.into(),
                _ => random.bits(),
            };
            block.activation.next = operand();
            block.weight.next = operand();
            block.first.next = random.below(16) == 0;
            vec![words(block.activation.next), words(block.weight.next), vec![block.first.next.into()]]
        },
        |block| vec![words(block.sum.val())],
    );
}

#[test]
fn select() {
    fn one<const WB: usize, const P: usize>() {
        compare(
            &format!("select{WB}"),
            Select::<WB, P>::default(),
            None,
            |block, random| {
                block.window.next = random.bits();
                block.position.next = random.bits();
                vec![words(block.window.next), words(block.position.next)]
            },
            |block| vec![words(block.chosen.val())],
        );
    }
    one::<128, 4>();
    one::<256, 5>();
}

#[test]
fn decode() {
    compare(
        "decode",
        Decode::<4, 12>::default(),
        None,
        |block, random| {
            block.enable.next = random.below(4) != 0;
            block.index.next = random.bits();
            vec![vec![block.enable.next.into()], words(block.index.next)]
        },
        |block| vec![words(block.hot.val())],
    );
}
