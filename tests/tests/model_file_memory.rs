//! No count in a `model.bin` makes its reader allocate much more than the file is long.

use pleach_spec::model_file::ModelFile;
use pleach_tests::memory::Counting;
use pleach_tests::model_file::{section, sign, small_model, with_section};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// Most bytes that reading a file allocates beyond what was there before.
fn most_allocated(bytes: &[u8]) -> usize {
    // Accepted or refused: that is the matter of other tests.
    ALLOCATOR.most_allocated(|| drop(ModelFile::from_bytes(bytes, None)))
}

// The only test of this file: others would count too.
#[test]
fn memory_stays_in_proportion_to_the_file() {
    let bytes = small_model().to_bytes().expect("it can be written");
    // The list checker keeps what the small on-chip memories hold: as much for every file of a configuration.
    let usual = most_allocated(&bytes);
    assert!(usual < 2 << 20, "{usual} bytes for a good file");
    let limit = usual + 16 * bytes.len();
    for at in section(&bytes, 1).step_by(4) {
        for value in [0x7fff_ffff, 0xffff_ffff, 0x0010_0000, 0x0000_ffff, 8192] {
            let mut tampered = bytes.clone();
            tampered[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            sign(&mut tampered);
            let most = most_allocated(&tampered);
            assert!(most < limit, "{most} bytes for {value:#x} at {at}");
        }
    }
    let numbers = numbers(&bytes[section(&bytes, 0)]);
    assert!(numbers.len() > 50, "META has {} numbers", numbers.len());
    for digits in numbers {
        let tampered = with_number(&bytes, digits, b"1048576");
        let most = most_allocated(&tampered);
        assert!(most < limit, "{most} bytes for a large number at {digits:?} of META");
    }
}

/// Where the unsigned integers of a JSON text are: first byte and length.
fn numbers(json: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < json.len() {
        let length = json[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length > 0
            && matches!(json[at - 1], b':' | b',' | b'[')
            && matches!(json[at + length], b',' | b']' | b'}')
        {
            found.push((at, length));
        }
        at += length.max(1);
    }
    found
}

/// The file with another number in META, and all that follows from its new length.
fn with_number(bytes: &[u8], (at, length): (usize, usize), number: &[u8]) -> Vec<u8> {
    let mut meta = bytes[section(bytes, 0)].to_vec();
    meta.splice(at..at + length, number.iter().copied());
    with_section(bytes, 0, &meta)
}
