//! The container: header, section table and sections, with a checksum over every byte.

use super::error::FormatError;
use crate::Config;
use crate::field::{Record, record};
use crate::register::CONTRACT_VERSION;

/// The first eight bytes. As in PNG, they show transfers that strip the eighth bit or translate line ends.
pub const MAGIC: [u8; 8] = *b"\x89PLCH\r\n\x1a";
/// Version of the format. Any change of what is written increments it; the header keeps its form in all versions.
pub const FORMAT_VERSION: u32 = 6;
/// Sections begin at multiples of this; the bytes between them are 0.
pub const ALIGNMENT: usize = 16;

record! {
    /// Header, at the beginning of the file.
    Header, 8 {
        magic_low: u32 = 32 @ 0, "Bytes 89 50 4C 43: \"PLC\" after a byte that is not text";
        magic_high: u32 = 32 @ 32, "Bytes 48 0D 0A 1A: \"H\", both kinds of line end, end of text";
        format: u32 = 32 @ 64, "Version of this format";
        contract: u32 = 32 @ 96, "Version of the hardware contract: register VERSION";
        fingerprint: u32 = 32 @ 128, "Fingerprint of the configuration the model was compiled for: register FINGERPRINT";
        bytes: u32 = 32 @ 160, "Size of the whole file";
        sections: u32 = 32 @ 192, "Entries of the section table, which follows the header";
        crc: u32 = 32 @ 224, "CRC-32 of the header up to here and of the section table";
    }
}

record! {
    /// Entry of the section table.
    SectionEntry, 4 {
        tag: u32 = 32 @ 0, "Four letters that name the section";
        offset: u32 = 32 @ 32, "Offset in the file: the end of what is before it, rounded up to 16";
        bytes: u32 = 32 @ 64, "Size without padding";
        crc: u32 = 32 @ 96, "CRC-32 of the section";
    }
}

/// A section of the file.
pub struct Section {
    /// Its tag.
    pub tag: &'static str,
    /// What is in it.
    pub doc: &'static str,
}

/// The sections, all of which must be there in this order.
pub const SECTIONS: [Section; 4] = [
    Section {
        tag: "META",
        doc: "UTF-8 JSON: the configuration, the network without its weights, where the input and the outputs lie in segment 1, the layer table with predicted cycles, input preprocessing, labels, notes",
    },
    Section {
        tag: "PROG",
        doc: "The program: segment 0 with the command list and all that it loads, and the layer that each command works for",
    },
    Section {
        tag: "WGHT",
        doc: "int8 weights of the layers one after the other, each [out][in / groups][kernel_h][kernel_w]: what the golden model computes with",
    },
    Section {
        tag: "HOST",
        doc: "What the host computes before and behind the accelerator, in a form that only the host knows (ONNX graphs, which a note describes); may be empty",
    },
];

/// Bytes of a packed record.
pub const fn record_bytes<T: Record>() -> usize {
    4 * T::WORDS
}

/// Little-endian bytes of a record whose fields cannot overflow.
pub fn record_to_bytes(record: &impl Record) -> Vec<u8> {
    let words = record.pack().expect("fields of 32 bits, or values that have been checked");
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// A record from exactly its bytes.
pub fn record_from_bytes<T: Record>(bytes: &[u8]) -> T {
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("chunks of four bytes"));
    T::unpack(&bytes.chunks_exact(4).map(word).collect::<Vec<_>>())
}

fn tag_number(tag: &str) -> u32 {
    u32::from_le_bytes(tag.as_bytes().try_into().expect("tags have four letters"))
}

/// Bytes that the CRC of the header covers: the header without the CRC itself, and the table.
fn header_crc(header: &[u8], table: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..record_bytes::<Header>() - 4]);
    hasher.update(table);
    hasher.finalize()
}

/// Puts the sections, given in the order of [`SECTIONS`], into a file.
pub fn assemble(config: &Config, sections: [Vec<u8>; SECTIONS.len()]) -> Result<Vec<u8>, FormatError> {
    let table_end = record_bytes::<Header>() + SECTIONS.len() * record_bytes::<SectionEntry>();
    let mut body = Vec::new();
    let mut table = Vec::new();
    for (Section { tag, .. }, section) in SECTIONS.iter().zip(&sections) {
        body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
        let (offset, bytes) = (table_end + body.len(), section.len());
        if u32::try_from(offset + bytes).is_err() {
            let bytes =
                table_end + sections.iter().map(|s| s.len().next_multiple_of(ALIGNMENT)).sum::<usize>();
            return Err(FormatError::TooLarge { bytes: bytes as u64 });
        }
        table.extend(record_to_bytes(&SectionEntry {
            tag: tag_number(tag),
            offset: offset as u32,
            bytes: bytes as u32,
            crc: crc32fast::hash(section),
        }));
        body.extend(section);
    }
    let [magic_low, magic_high] = magic_words();
    let mut header = Header {
        magic_low,
        magic_high,
        format: FORMAT_VERSION,
        contract: CONTRACT_VERSION,
        fingerprint: config.fingerprint(),
        bytes: (table_end + body.len()) as u32,
        sections: SECTIONS.len() as u32,
        crc: 0,
    };
    header.crc = header_crc(&record_to_bytes(&header), &table);
    let mut file = record_to_bytes(&header);
    file.extend(table);
    file.extend(body);
    Ok(file)
}

fn magic_words() -> [u32; 2] {
    let word = |at: usize| u32::from_le_bytes(MAGIC[at..at + 4].try_into().expect("four bytes"));
    [word(0), word(4)]
}

/// Takes a file apart: its header, and its sections in the order of [`SECTIONS`]. All checksums have been checked.
pub fn disassemble(file: &[u8]) -> Result<(Header, [&[u8]; SECTIONS.len()]), FormatError> {
    check_magic(file)?;
    let header_end = record_bytes::<Header>();
    let truncated = |part: &str, end: usize| FormatError::Truncated {
        part: part.to_owned(),
        missing: end.saturating_sub(file.len()) as u64,
    };
    let header_bytes = file.get(..header_end).ok_or_else(|| truncated("the header", header_end))?;
    let header: Header = record_from_bytes(header_bytes);
    // An absurd number of sections is left to the checksum to refuse.
    let sections = header.sections.min(64) as usize;
    let table_end = header_end + sections * record_bytes::<SectionEntry>();
    let table = file
        .get(header_end..table_end)
        .ok_or_else(|| truncated("the section table", table_end.max(header.bytes as usize)))?;
    check_crc("the header", header_crc(header_bytes, table), header.crc)?;
    for (what, found, known) in [
        ("the model.bin format", header.format, FORMAT_VERSION),
        ("the hardware contract", header.contract, CONTRACT_VERSION),
    ] {
        if found != known {
            return Err(FormatError::Version { what, found, known });
        }
    }
    let entries: Vec<SectionEntry> =
        table.chunks_exact(record_bytes::<SectionEntry>()).map(record_from_bytes).collect();
    check_table(&header, &entries, table_end)?;
    if file.len() < header.bytes as usize {
        let cut = |entry: &SectionEntry| (entry.offset + entry.bytes) as usize > file.len();
        let section = entries.iter().position(cut).map_or("the padding".to_owned(), section_name);
        return Err(truncated(&section, header.bytes as usize));
    }
    if file.len() > header.bytes as usize {
        return Err(FormatError::Trailing { extra: file.len() as u64 - u64::from(header.bytes) });
    }
    let mut end = table_end;
    let mut sections = [&file[..0]; SECTIONS.len()];
    for (index, entry) in entries.iter().enumerate() {
        let offset = entry.offset as usize;
        if let Some(damaged) = file[end..offset].iter().position(|&byte| byte != 0) {
            return Err(FormatError::Padding { offset: end + damaged });
        }
        end = offset + entry.bytes as usize;
        sections[index] = &file[offset..end];
        check_crc(&section_name(index), crc32fast::hash(sections[index]), entry.crc)?;
    }
    Ok((header, sections))
}

fn section_name(index: usize) -> String {
    format!("section {}", SECTIONS[index].tag)
}

fn check_crc(part: &str, found: u32, expected: u32) -> Result<(), FormatError> {
    match found == expected {
        true => Ok(()),
        false => Err(FormatError::Damaged { part: part.to_owned(), found, expected }),
    }
}

/// The table must describe exactly the sections there are, one after the other, up to the end of the file.
fn check_table(header: &Header, entries: &[SectionEntry], table_end: usize) -> Result<(), FormatError> {
    let inconsistent = |reason: String| Err(FormatError::Inconsistent { section: "table", reason });
    if entries.len() != header.sections as usize || entries.len() != SECTIONS.len() {
        return inconsistent(format!("it has {} sections instead of {}", header.sections, SECTIONS.len()));
    }
    let mut end = table_end as u64;
    for (entry, Section { tag, .. }) in entries.iter().zip(&SECTIONS) {
        if entry.tag != tag_number(tag) {
            return inconsistent(format!("there is no section {tag} where it should be"));
        }
        if u64::from(entry.offset) != end.next_multiple_of(ALIGNMENT as u64) {
            return inconsistent(format!("section {tag} does not begin after what is before it"));
        }
        end = u64::from(entry.offset) + u64::from(entry.bytes);
    }
    match end == u64::from(header.bytes) {
        true => Ok(()),
        false => inconsistent("the file does not end with the last section".to_owned()),
    }
}

/// Refuses files that do not begin like a `model.bin`, and says what they are.
pub fn check_magic(file: &[u8]) -> Result<(), FormatError> {
    if file.starts_with(&MAGIC) {
        return Ok(());
    }
    if !file.is_empty() && MAGIC.starts_with(file) {
        let missing = (record_bytes::<Header>() - file.len()) as u64;
        return Err(FormatError::Truncated { part: "the header".into(), missing });
    }
    Err(FormatError::Foreign { found: foreign(file) })
}

/// What a file that is not a `model.bin` looks like.
fn foreign(file: &[u8]) -> String {
    const KNOWN: [(usize, &[u8], &str); 11] = [
        (0, b"PK\x03\x04", "it looks like a ZIP archive (.npz, or a PyTorch model)"),
        (0, b"\x93NUMPY", "it looks like a NumPy array"),
        (0, b"\x89PNG", "it looks like a PNG image"),
        (0, b"\xff\xd8\xff", "it looks like a JPEG image"),
        (0, b"\x89HDF", "it looks like an HDF5 file (Keras)"),
        (4, b"TFL3", "it looks like a TensorFlow Lite model"),
        (0, b"\x1f\x8b", "it is compressed with gzip"),
        (0, b"\x7fELF", "it is an ELF program"),
        (0, b"\0\0\x08\x01", "it looks like IDX labels"),
        (0, b"\0\0\x08\x03", "it looks like IDX images"),
        (0, b"\x00\x09\x0f\xf0\x0f\xf0", "it looks like a Xilinx bitstream"),
    ];
    let known = KNOWN.iter().find(|(at, magic, _)| file.get(*at..).is_some_and(|f| f.starts_with(magic)));
    if file.is_empty() {
        "it is empty".into()
    } else if let Some((_, _, name)) = known {
        (*name).into()
    } else if file.iter().zip(&MAGIC).filter(|(a, b)| a == b).count() >= 5 {
        "its first bytes are damaged, as by a transfer in text mode".into()
    } else if looks_like_onnx(file) {
        "it looks like an ONNX file".into()
    } else if std::str::from_utf8(&file[..file.len().min(64)]).is_ok_and(|text| !text.contains('\0')) {
        "it looks like text".into()
    } else {
        let hex: Vec<String> = file.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("it begins with the bytes {}", hex.join(" "))
    }
}

/// An ONNX model is a protobuf message that mostly begins with field 1, the IR version, a small number, and goes on with
/// another field of `ModelProto`.
fn looks_like_onnx(file: &[u8]) -> bool {
    const FIELDS: [u8; 8] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];
    matches!(file, [0x08, 1..=0x7f, field, ..] if FIELDS.contains(field))
}
