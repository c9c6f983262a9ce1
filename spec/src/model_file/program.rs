//! Section PROG: the runs of a program, every part a multiple of 16 bytes.
//!
//! A [`ProgramHead`]; for each run a [`RunHead`]; for each of its passes what [`PASS_PARTS`] lists.

use super::container::{ALIGNMENT, record_bytes, record_from_bytes, record_to_bytes};
use crate::Config;
use crate::command::{GatherEntry, Parameter};
use crate::field::{Record, record};
use crate::program::{Pass, Run};
use crate::stream::{Encoding, WordStream};

record! {
    /// Beginning of section PROG.
    ProgramHead, 4 {
        runs: u32 = 32 @ 0, "Runs of the program, which follow";
    }
}

record! {
    /// Beginning of a run.
    RunHead, 4 {
        passes: u32 = 32 @ 0, "Passes of the run, which follow";
    }
}

record! {
    /// Beginning of a pass.
    PassHead, 4 {
        layer: u32 = 32 @ 0, "Index of its layer in the network of META";
        loads: u32 = 32 @ 32, "Entries of its load list";
        words: u32 = 32 @ 64, "Slot words";
        encoding: u32 = 32 @ 96, "Encoding of the slot words: 0 dense where that is possible, 1 sparse";
    }
}

/// The parts of a pass, in order: name and size. For the documentation.
pub const PASS_PARTS: [(&str, &str); 8] = [
    ("PassHead", "16"),
    ("Walk", "32"),
    ("Gather", "16"),
    ("Issue", "16"),
    ("Scatter", "32"),
    ("GatherEntry, one for each load, then zeros", "4 * loads, rounded up to 16"),
    ("Parameter, one for each column", "16 * C"),
    ("packed slot words", "see below"),
];

/// Bytes of the runs, which have been checked.
pub fn encode(runs: &[Run], config: &Config) -> Vec<u8> {
    let mut bytes = record_to_bytes(&ProgramHead { runs: runs.len() as u32 });
    for run in runs {
        bytes.extend(record_to_bytes(&RunHead { passes: run.passes.len() as u32 }));
        for pass in &run.passes {
            encode_pass(pass, config, &mut bytes);
        }
    }
    bytes
}

fn encode_pass(pass: &Pass, config: &Config, bytes: &mut Vec<u8>) {
    let encoding = pass.words.encoding(config);
    bytes.extend(record_to_bytes(&PassHead {
        layer: pass.layer as u32,
        loads: pass.loads.len() as u32,
        words: pass.words.len() as u32,
        encoding: encoding as u32,
    }));
    bytes.extend(record_to_bytes(&pass.walk));
    bytes.extend(record_to_bytes(&pass.gather));
    bytes.extend(record_to_bytes(&pass.issue));
    bytes.extend(record_to_bytes(&pass.scatter));
    bytes.extend(pass.loads.iter().flat_map(record_to_bytes));
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes.extend(pass.parameters.iter().flat_map(record_to_bytes));
    bytes.extend(pass.words.pack(encoding, config));
}

/// The runs in a section. Every count is checked against the bytes left before anything is allocated for it. What was read
/// must be exactly what [`encode`] would write, so no bit of the section is without meaning.
pub fn decode(section: &[u8], config: &Config) -> Result<Vec<Run>, String> {
    let mut reader = Reader { left: section };
    let head: ProgramHead = reader.record()?;
    let mut runs = Vec::new();
    for run in 0..head.runs {
        let RunHead { passes: count } = reader.record().map_err(|e| format!("run {run}: {e}"))?;
        let mut passes = Vec::new();
        for pass in 0..count {
            passes
                .push(decode_pass(&mut reader, config).map_err(|e| format!("run {run}, pass {pass}: {e}"))?);
        }
        runs.push(Run { passes, ..Run::default() });
    }
    if !reader.left.is_empty() {
        return Err(format!("{} bytes follow the last pass", reader.left.len()));
    }
    Ok(runs)
}

fn decode_pass(reader: &mut Reader, config: &Config) -> Result<Pass, String> {
    let head: PassHead = reader.record()?;
    let (loads, words) = (head.loads as usize, head.words as usize);
    // These bounds also keep the sizes below from overflowing.
    for (what, count, depth) in
        [("load list entries", loads, config.load_depth), ("slot words", words, config.word_depth)]
    {
        if count > depth {
            return Err(format!("it has {count} {what}, but the configuration holds {depth}"));
        }
    }
    let encoding = match head.encoding {
        0 => Encoding::Dense,
        1 => Encoding::Sparse,
        other => return Err(format!("the encoding of its slot words is {other}, but must be 0 or 1")),
    };
    let start = reader.left;
    let pass = Pass {
        layer: head.layer as usize,
        walk: reader.record()?,
        gather: reader.record()?,
        issue: reader.record()?,
        scatter: reader.record()?,
        loads: reader.records::<GatherEntry>(loads)?,
        parameters: reader.records::<Parameter>(config.columns)?,
        second: None,
        words: {
            let bytes = reader.take(WordStream::packed_bytes(words, encoding, config))?;
            WordStream::unpack(bytes, words, encoding, config)
        },
    };
    let read = &start[..start.len() - reader.left.len()];
    let mut written = Vec::with_capacity(record_bytes::<PassHead>() + read.len());
    encode_pass(&pass, config, &mut written);
    match written[record_bytes::<PassHead>()..] == *read && pass.words.encoding(config) == encoding {
        true => Ok(pass),
        false => Err("bits without a meaning are set, or its slot words could be encoded as dense".into()),
    }
}

/// What has not been read yet.
struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], String> {
        let (taken, left) = self
            .left
            .split_at_checked(bytes)
            .ok_or_else(|| format!("{bytes} bytes are needed, but {} are left", self.left.len()))?;
        self.left = left;
        Ok(taken)
    }

    fn record<T: Record>(&mut self) -> Result<T, String> {
        Ok(record_from_bytes(self.take(record_bytes::<T>())?))
    }

    /// Records one after the other, padded to the alignment.
    fn records<T: Record>(&mut self, count: usize) -> Result<Vec<T>, String> {
        let bytes = count * record_bytes::<T>();
        let packed = self.take(bytes.next_multiple_of(ALIGNMENT))?;
        Ok(packed[..bytes].chunks_exact(record_bytes::<T>()).map(record_from_bytes).collect())
    }
}
