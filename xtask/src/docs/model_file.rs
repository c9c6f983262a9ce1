//! The chapter on `model.bin`, byte by byte.

use super::markdown::{code, table};
use pleach_spec::Record;
use pleach_spec::model_file::{
    ALIGNMENT, FORMAT_VERSION, Header, META_KEYS, PROGRAM_PARTS, ProgramHead, SECTIONS, SectionEntry,
    record_bytes,
};

/// The chapter.
pub fn chapter() -> String {
    let mut text = format!(
        "## model.bin\n\n\
         What `host compile` writes and `host run` takes: version {FORMAT_VERSION} of the format. All numbers are \
         little-endian. There is exactly one file for each model: a reader refuses padding that is not 0, bits without a \
         meaning, other checksums, and bytes after the end. CRC-32 is that of zlib and PNG (polynomial 0x04c11db7, \
         reflected).\n\n\
         | offset | bytes | what |\n| --- | --- | --- |\n\
         | 0 | {header} | Header |\n\
         | {header} | {entry} for each section | SectionEntry |\n\
         | {table_end} | as the table says | the sections, each at the next multiple of {ALIGNMENT}, with zeros between |\n\n",
        header = record_bytes::<Header>(),
        entry = record_bytes::<SectionEntry>(),
        table_end = record_bytes::<Header>() + SECTIONS.len() * record_bytes::<SectionEntry>(),
    );
    text += &layout::<Header>();
    text += &layout::<SectionEntry>();
    text += "### Sections\n\nAll of them are there, in this order.\n\n";
    text += &table(["tag", "contents"], SECTIONS.map(|section| [code(section.tag), section.doc.to_owned()]));
    text += "### META\n\n\
             One JSON object. Numbers with a fraction are f32, written with as many digits as bring back the same bits.\n\n";
    text += &table(["key", "value"], META_KEYS.map(|(key, doc)| [code(key), doc.to_owned()]));
    text += "### PROG\n\n\
             The parts below, one after the other. Commands are those of [Commands](#commands). Before anything runs, the list is \
             checked: a file whose program could hang, leave its memory, or depend on who is quick, is refused.\n\n";
    text += &table(["part", "bytes"], PROGRAM_PARTS.map(|(part, bytes)| [part, bytes].map(str::to_owned)));
    text += &layout::<ProgramHead>();
    text
}

/// A record of the file, with byte offsets: its fields are whole 32-bit words.
fn layout<T: Record>() -> String {
    debug_assert!(T::FIELDS.iter().all(|field| field.width == 32), "{} has smaller fields", T::NAME);
    let doc: Vec<&str> = T::DOC.lines().map(str::trim).collect();
    let row = |field: &pleach_spec::Field| {
        let bytes = format!("{}..{}", field.low / 8, (field.low + field.width) / 8);
        [bytes, code(field.name), field.doc.to_owned()]
    };
    let rows = table(["bytes", "field", "meaning"], T::FIELDS.iter().map(row));
    let size = record_bytes::<T>();
    format!("### {}\n\n{} {size} bytes; those not listed are 0.\n\n{rows}", T::NAME, doc.join(" ").trim_end())
}
