//! Window and the parts of a lane: Verilog under Verilator against their Rust simulation, which uses `pleach_spec`.

mod support;

use pleach_hdl::requant::{Blend, Multiply, Round};
use pleach_hdl::row::Window;
use rust_hdl::prelude::*;
use support::{Random, compare, words};

fn window<const WB: usize>(chunk: usize) {
    compare(
        &format!("window{}_{chunk}", WB / 8),
        Window::<WB>::new(chunk),
        Some(|block| &mut block.clock),
        |block, random| {
            let take = if chunk == 8 { random.below(4) } else { 3 * random.below(2) };
            block.take.next = (take as u64).into();
            block.slot.next = (random.below(WB / 8 / chunk) as u64).into();
            block.max.next = random.below(3) != 0;
            block.staged.next = random.bits();
            // Equal bytes, and the ends of the range.
            for byte in 0..16 {
                let value = match random.below(8) {
                    0 => block.window.val().get_bits::<8>(8 * byte),
                    1 => 0x80.into(),
                    2 => 0x7F.into(),
                    _ => continue,
                };
                block.staged.next.set_bits(8 * byte, value);
            }
            vec![
                words(block.take.next),
                words(block.slot.next),
                vec![block.max.next.into()],
                words(block.staged.next),
            ]
        },
        |block| vec![words(block.window.val())],
    );
}

#[test]
fn windows_of_two_and_four_slots_fill_by_halves() {
    window::<128>(8);
    window::<256>(8);
}

#[test]
fn windows_of_one_and_two_slots_fill_by_vectors() {
    window::<128>(16);
    window::<256>(16);
}

#[test]
fn multiply() {
    compare(
        "multiply",
        Multiply::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            block.sum.next = extreme(random, 1 << 31);
            block.bias.next = extreme(random, 1 << 31);
            block.multiplier.next = extreme(random, 1 << 23);
            vec![words(block.sum.next), words(block.bias.next), words(block.multiplier.next)]
        },
        |block| vec![words(block.product.val())],
    );
}

/// Random bits, but often 0, all ones, or the sign bit alone.
fn extreme<const N: usize>(random: &mut Random, sign: u64) -> Bits<N> {
    match random.below(8) {
        0 => 0.into(),
        1 => Bits::mask(),
        2 => sign.into(),
        _ => random.bits(),
    }
}

/// A product around a number of halves: ties, and what is next to them, on both sides of zero and of every clamp.
fn near_tie(random: &mut Random, shift: u32, bits: u32) -> i64 {
    let halves = random.below(1200) as i64 - 600;
    let product = (i128::from(halves) << shift >> 1) + random.below(3) as i128 - 1;
    let limit = 1i128 << (bits - 2);
    product.clamp(-limit, limit) as i64
}

/// All parameters change in every cycle: each must be taken in its own.
fn round<const N: usize>(shifts: usize) {
    compare(
        &format!("round{N}"),
        Round::<N, 1>::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            let shift = 1 + random.below(shifts) as u32;
            let product = match random.below(3) {
                0 => {
                    ((u64::from(random.word()) << 32 | u64::from(random.word())) as i64)
                        >> (64 - N + 1 + random.below(N - 16))
                }
                _ => near_tie(random, shift, N as u32),
            };
            let mut clamp = [random.word() as i8, random.word() as i8];
            clamp.sort_unstable();
            if random.below(2) == 0 {
                clamp = [i8::MIN, i8::MAX];
            }
            let byte = |value: i8| u64::from(value as u8).into();
            block.product.next = (product as u64 & Bits::<N>::mask().to_u64()).into();
            block.shift.next = u64::from(shift).into();
            block.zero_point.next = random.bits();
            block.low.next = byte(clamp[0]);
            block.high.next = byte(clamp[1]);
            vec![
                words(block.product.next),
                words(block.shift.next),
                words(block.zero_point.next),
                words(block.low.next),
                words(block.high.next),
            ]
        },
        |block| vec![words(block.value.val()), words(block.again.val())],
    );
}

#[test]
fn round_a_scaled_sum() {
    round::<56>(62);
}

#[test]
fn round_a_blend() {
    round::<34>(40);
}

#[test]
fn blend() {
    compare(
        "blend",
        Blend::default(),
        Some(|block| &mut block.clock),
        |block, random| {
            block.first.next = extreme(random, 1 << 7);
            block.first_zero.next = extreme(random, 1 << 7);
            block.first_factor.next = extreme(random, 1 << 23);
            block.second.next = extreme(random, 1 << 7);
            block.second_zero.next = extreme(random, 1 << 7);
            block.second_factor.next = extreme(random, 1 << 23);
            vec![
                words(block.first.next),
                words(block.first_zero.next),
                words(block.first_factor.next),
                words(block.second.next),
                words(block.second_zero.next),
                words(block.second_factor.next),
            ]
        },
        |block| vec![words(block.sum.val())],
    );
}
