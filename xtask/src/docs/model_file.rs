//! The chapter on `model.bin`, byte by byte.

use super::markdown::{code, table};
use pleach_spec::model_file::{
    ALIGNMENT, FORMAT_VERSION, Header, META_KEYS, PROGRAM_PARTS, ProgramHead, SECTIONS, SectionEntry,
    record_bytes,
};
use pleach_spec::stream::{Encoding, PACKED_BLOCKS, WordStream};
use pleach_spec::{Config, Record};

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
             A ProgramHead and the parts below, in this order.\n\n";
    text += &table(["part", "bytes"], PROGRAM_PARTS.map(|(part, bytes)| [part, bytes].map(str::to_owned)));
    text += &layout::<ProgramHead>();
    text += &packed_words();
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

fn packed_words() -> String {
    let blocks = PACKED_BLOCKS.map(|(block, bytes, doc)| [block, bytes, doc].map(str::to_owned));
    let mut text = "### Packed slot words\n\n\
                    n words in up to three blocks, each filled up with zeros to a multiple of 16 bytes.\n\n"
        .to_owned();
    text += &table(["block", "bytes", "contents"], blocks);
    text += "Worked out: bytes of 1000 slot words, and bits a weight where no column idles.\n\n";
    let row = |(name, _): &(&str, &str)| {
        let config = Config::resolve(name).expect("a built-in configuration");
        let bytes = |encoding| WordStream::packed_bytes(1000, encoding, &config);
        let bits = |encoding| format!("{:.1}", bytes(encoding) as f64 * 8.0 / (1000 * config.columns) as f64);
        [
            code(name),
            bytes(Encoding::Dense).to_string(),
            bits(Encoding::Dense),
            bytes(Encoding::Sparse).to_string(),
            bits(Encoding::Sparse),
        ]
    };
    let heads = ["configuration", "dense", "bits a weight", "sparse", "bits a weight"];
    text + &table(heads, Config::BUILT_IN.iter().map(row))
}
