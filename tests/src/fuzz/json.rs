//! Changes of numbers in JSON. The rest of the text stays as it is: readers of `model.bin` take META in one form only.

use crate::random::Random;
use std::ops::Range;

/// Ends of integer types, and what no float of 32 bits can be.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "255",
    "65536",
    "1048576",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "1e-45",
    "3.4028235e38",
    "1e300",
    "null",
];

/// A copy with one to three changes.
pub(super) fn changed(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=random.below(3) {
        let numbers = numbers(&text);
        if numbers.is_empty() {
            break;
        }
        let place = numbers[random.below(numbers.len())].clone();
        let other = other(&text[place.clone()], random);
        text.splice(place, other.into_bytes());
    }
    text
}

/// What stands in the place of a number: another one, or, in an array, one more.
fn other(number: &[u8], random: &mut Random) -> String {
    let number = String::from_utf8_lossy(number);
    match (number.parse::<i64>(), random.below(8)) {
        (Ok(whole), 0) => whole.wrapping_add(1).to_string(),
        (Ok(whole), 1) => whole.wrapping_sub(1).to_string(),
        (Ok(whole), 2) => whole.wrapping_mul(2).to_string(),
        (_, 3) => format!("{number},{number}"),
        (_, 4) => random.below(64).to_string(),
        (_, 5) => (1u64 << random.below(64)).to_string(),
        _ => NUMBERS[random.below(NUMBERS.len())].to_owned(),
    }
}

/// Where the numbers are.
fn numbers(text: &[u8]) -> Vec<Range<usize>> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'e' | b'+');
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| is_digit(byte)).count();
        let begins = at > 0 && matches!(text[at - 1], b':' | b',' | b'[');
        let ends = text.get(at + length).is_some_and(|byte| matches!(byte, b',' | b']' | b'}'));
        if length > 0 && begins && ends {
            found.push(at..at + length);
        }
        at += length.max(1);
    }
    found
}
