//! Section PROG: what the accelerator runs, every part a multiple of 16 bytes.

use super::container::{ALIGNMENT, record_bytes, record_from_bytes, record_to_bytes};
use crate::field::record;
use crate::list::{BEAT_BYTES, Beat, Image};

record! {
    /// Beginning of section PROG.
    ProgramHead, 8 {
        beats: u32 = 32 @ 0, "Beats of segment 0";
        list_first: u32 = 32 @ 32, "First of them that belongs to the command list";
        list_beats: u32 = 32 @ 64, "Beats of the command list";
        commands: u32 = 32 @ 96, "Commands of the list";
        data_vectors: u32 = 32 @ 128, "Vectors of segment 1 that the program uses";
        warm_first: u32 = 32 @ 160, "First beat of segment 0 that belongs to the command list of a run that starts warm";
        warm_beats: u32 = 32 @ 192, "Beats of that list; 0, and `warm_first` too, if every run loads all it needs";
    }
}

/// The parts of section PROG, in order: name and size. For the documentation.
pub const PROGRAM_PARTS: [(&str, &str); 3] = [
    ("ProgramHead", "32"),
    (
        "segment 0: the command list, and the words, entries, parameters and tables that it loads",
        "16 * beats",
    ),
    (
        "for each command the index of the layer that it works for (32 bits), then zeros",
        "4 * commands, rounded up to 16",
    ),
];

/// Bytes of a program, which has been checked.
pub fn encode(image: &Image, owners: &[u32]) -> Result<Vec<u8>, String> {
    let size = |what: &str, count: usize| {
        u32::try_from(count).map_err(|_| format!("{count} {what} are more than 32 bits can count"))
    };
    let warm = image.warm.clone().unwrap_or_default();
    let mut bytes = record_to_bytes(&ProgramHead {
        beats: size("beats", image.model.len())?,
        list_first: size("beats", image.list.start)?,
        list_beats: size("beats of the list", image.list.len())?,
        commands: size("commands", owners.len())?,
        data_vectors: size("vectors", image.data_vectors)?,
        warm_first: size("beats", warm.start)?,
        warm_beats: size("beats of the warm list", warm.len())?,
    });
    bytes.extend(image.model.iter().flatten().flat_map(|word| word.to_le_bytes()));
    bytes.extend(owners.iter().flat_map(|owner| owner.to_le_bytes()));
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    Ok(bytes)
}

/// The program in a section: the image, and the layer of each command. Every count is checked against the bytes there are before
/// anything is allocated for it, and no bit of the section is without meaning.
pub fn decode(section: &[u8]) -> Result<(Image, Vec<u32>), String> {
    let head_bytes = record_bytes::<ProgramHead>();
    let (head, rest) = section
        .split_at_checked(head_bytes)
        .ok_or_else(|| format!("it has {} bytes, but its head alone takes {head_bytes}", section.len()))?;
    let read: ProgramHead = record_from_bytes(head);
    if record_to_bytes(&read) != head {
        return Err("bits without a meaning are set in its head".into());
    }
    let [beats, commands, list_first, list_beats] =
        [read.beats, read.commands, read.list_first, read.list_beats].map(u64::from);
    let owner_bytes = (4 * commands).next_multiple_of(ALIGNMENT as u64);
    let needed = beats * BEAT_BYTES as u64 + owner_bytes;
    if needed != rest.len() as u64 {
        return Err(format!(
            "{beats} beats and {commands} commands take {needed} bytes, but there are {}",
            rest.len()
        ));
    }
    let [warm_first, warm_beats] = [read.warm_first, read.warm_beats].map(u64::from);
    if list_first + list_beats > beats || warm_first + warm_beats > beats {
        return Err("a command list ends behind segment 0".into());
    }
    if warm_beats == 0 && warm_first != 0 {
        return Err("a list without a beat begins somewhere".into());
    }
    let (model, owners) = rest.split_at(beats as usize * BEAT_BYTES);
    let (owners, padding) = owners.split_at(4 * commands as usize);
    if padding.iter().any(|&byte| byte != 0) {
        return Err("bits without a meaning are set behind the layers of the commands".into());
    }
    let list = list_first as usize..(list_first + list_beats) as usize;
    let model = model.chunks_exact(BEAT_BYTES).map(beat).collect();
    let warm = (warm_beats > 0).then(|| warm_first as usize..(warm_first + warm_beats) as usize);
    let image = Image { model, list, warm, data_vectors: read.data_vectors as usize };
    Ok((image, words(owners).collect()))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")))
}

fn beat(bytes: &[u8]) -> Beat {
    let mut beat = Beat::default();
    beat.iter_mut().zip(words(bytes)).for_each(|(place, word)| *place = word);
    beat
}
