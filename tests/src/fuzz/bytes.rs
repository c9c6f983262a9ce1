//! Changes of bytes, whatever they mean.

use super::Seeds;
use crate::random::Random;

/// Bytes at the ends of ranges, of varints, and of protobuf's lengths.
const BYTES: [u8; 10] = [0x00, 0x01, 0x08, 0x0a, 0x12, 0x3a, 0x7f, 0x80, 0xfe, 0xff];

/// A copy with one to four changes.
pub(super) fn changed(seed: &[u8], seeds: &Seeds, random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        change(&mut bytes, seeds, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &Seeds, random: &mut Random) {
    if bytes.is_empty() {
        return bytes.push(0);
    }
    let at = random.below(bytes.len());
    let length = 1 + random.below(16.min(bytes.len() - at));
    match random.below(8) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = BYTES[random.below(BYTES.len())],
        2 => bytes[at] = random.byte() as u8,
        3 => drop(bytes.drain(at..at + length)),
        4 => bytes.truncate(at),
        // A number that takes ten bytes, the most that protobuf knows.
        5 => drop(bytes.splice(at..at + length, [0xff; 9].into_iter().chain([1]))),
        6 => {
            let piece = bytes[at..at + length].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        _ => {
            let other = seeds.onnx_bytes(random);
            let from = random.below(other.len());
            let piece = &other[from..(from + 1 + random.below(64)).min(other.len())];
            bytes.splice(at..at + length, piece.iter().copied());
        }
    }
}
