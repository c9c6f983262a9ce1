//! The model segment: what LOAD finds where.

use crate::compile::CompileError;
use pleach_spec::Config;
use pleach_spec::beats;
use pleach_spec::codebook::Codebook;
use pleach_spec::command::{Combination, GatherEntry, Parameter};
use pleach_spec::list::{self, Beat, Command, Image};
use pleach_spec::stream::WordStream;
use std::collections::HashMap;
use std::ops::Range;

/// Beats of weights that a codebook costs: its beat, its command, and the cycles that LOAD takes for one more of them.
const CODEBOOK_COST: usize = 8;

/// Where the words of a part are, and how.
#[derive(Clone, Copy, Debug)]
pub struct StoredWords {
    /// First beat of the weights.
    pub weights: usize,
    /// `width` of the loads of weights.
    pub width: u32,
    /// Beat of the codebook, if the weights need one.
    pub codebook: Option<usize>,
    /// First beat of the positions; meaningless for dense words.
    pub positions: usize,
}

/// Some beats in a row.
#[derive(Debug)]
enum Content<'a> {
    Beats(Vec<Beat>),
    /// Weights of words, as indices into a codebook if there is one, of a width.
    Weights(&'a WordStream, Option<(Codebook, u32)>),
    /// Positions of words.
    Positions(&'a WordStream),
}

/// The contents so far; everything is in it once. Words, which are most of it, are packed at the end: most lists that are begun are
/// given up for want of room.
#[derive(Debug)]
pub struct Model<'a> {
    config: &'a Config,
    contents: Vec<Content<'a>>,
    /// Beats of all contents.
    length: usize,
    words: HashMap<(usize, usize, usize), StoredWords>,
    codebooks: HashMap<Codebook, usize>,
    lists: HashMap<Vec<GatherEntry>, usize>,
    parameters: HashMap<Vec<Parameter>, usize>,
    added: HashMap<(Vec<Parameter>, Vec<Parameter>, Combination), usize>,
    tables: HashMap<usize, usize>,
}

impl<'a> Model<'a> {
    /// An empty segment.
    pub fn new(config: &'a Config) -> Self {
        Self {
            config,
            contents: Vec::new(),
            length: 0,
            words: HashMap::new(),
            codebooks: HashMap::new(),
            lists: HashMap::new(),
            parameters: HashMap::new(),
            added: HashMap::new(),
            tables: HashMap::new(),
        }
    }

    fn append(&mut self, beats: Vec<Beat>) -> usize {
        let count = beats.len();
        self.append_content(Content::Beats(beats), count)
    }

    /// Contents of so many beats; returns the first one.
    fn append_content(&mut self, content: Content<'a>, count: usize) -> usize {
        let first = self.length;
        self.contents.push(content);
        self.length += count;
        first
    }

    /// The words of a part of a tile of a step and its twins, by these numbers. `common` is a codebook for all weights of the step, if there is
    /// one: used where it is as narrow as one of the part's own, it need not be loaded again.
    pub fn words(
        &mut self,
        key: (usize, usize, usize),
        words: &'a WordStream,
        dense: bool,
        common: Option<(Codebook, u32)>,
    ) -> StoredWords {
        if let Some(&found) = self.words.get(&key) {
            return found;
        }
        let count = words.len() * beats::beats_per_word(self.config);
        let own = Codebook::covering(&words.weights);
        let book = common.filter(|(_, width)| own.is_some_and(|(_, own)| own == *width)).or(own);
        let stored = |width: u32| count.div_ceil(1 << width);
        let narrow = book.filter(|&(_, width)| stored(width) + CODEBOOK_COST < count);
        let width = narrow.map_or(0, |(_, width)| width);
        let weights = self.append_content(Content::Weights(words, narrow), stored(width));
        let codebook = narrow.map(|(book, _)| self.codebook(book));
        let positions = if dense { weights } else { self.append_content(Content::Positions(words), count) };
        let stored = StoredWords { weights, width, codebook, positions };
        self.words.insert(key, stored);
        stored
    }

    fn codebook(&mut self, book: Codebook) -> usize {
        if let Some(&found) = self.codebooks.get(&book) {
            return found;
        }
        let at = self.append(vec![book.beat()]);
        self.codebooks.insert(book, at);
        at
    }

    /// First beat of a gather list.
    pub fn list(&mut self, entries: &[GatherEntry]) -> Result<usize, CompileError> {
        if let Some(&found) = self.lists.get(entries) {
            return Ok(found);
        }
        let first = self.append(beats::records(entries)?);
        self.lists.insert(entries.to_vec(), first);
        Ok(first)
    }

    /// First beat of the parameters of one operand.
    pub fn parameters(&mut self, parameters: &[Parameter]) -> Result<usize, CompileError> {
        if let Some(&found) = self.parameters.get(parameters) {
            return Ok(found);
        }
        let first = self.append(beats::records(parameters)?);
        self.parameters.insert(parameters.to_vec(), first);
        Ok(first)
    }

    /// First beat of the parameters of two operands and what combines them.
    pub fn combined(
        &mut self,
        first: Vec<Parameter>,
        second: Vec<Parameter>,
        combination: Combination,
    ) -> Result<usize, CompileError> {
        let key = (first, second, combination);
        if let Some(&found) = self.added.get(&key) {
            return Ok(found);
        }
        let mut beats = beats::records(&key.0)?;
        beats.extend(beats::records(&key.1)?);
        beats.extend(beats::records(&vec![combination; self.config.columns])?);
        let at = self.append(beats);
        self.added.insert(key, at);
        Ok(at)
    }

    /// First beat of the table of a step.
    pub fn table(&mut self, step: usize, table: &[i8]) -> usize {
        if let Some(&found) = self.tables.get(&step) {
            return found;
        }
        let vectors = table.chunks(pleach_spec::VECTOR).map(|part| {
            let mut vector = [0; pleach_spec::VECTOR];
            vector[..part.len()].copy_from_slice(part);
            beats::vector_beat(&vector)
        });
        let first = self.append(vectors.collect());
        self.tables.insert(step, first);
        first
    }

    /// The segment, with the lists at its end.
    pub fn finish(mut self, cold: &[Command], warm: Option<&[Command]>) -> Result<Image, CompileError> {
        let list = self.append_list(cold)?;
        let warm = warm.map(|commands| self.append_list(commands)).transpose()?;
        Ok(Image { model: self.packed(), list, warm, data_vectors: 0 })
    }

    fn packed(&self) -> Vec<Beat> {
        let mut model = Vec::with_capacity(self.length);
        for content in &self.contents {
            match content {
                Content::Beats(beats) => model.extend(beats),
                Content::Weights(words, narrow) => {
                    let weights = beats::weights(words, self.config);
                    model.extend(match narrow {
                        Some((book, width)) => book.compress(&weights, *width),
                        None => weights,
                    });
                }
                Content::Positions(words) => model.extend(beats::positions(words, self.config)),
            }
        }
        debug_assert_eq!(model.len(), self.length);
        model
    }

    fn append_list(&mut self, commands: &[Command]) -> Result<Range<usize>, CompileError> {
        let first = self.append(list::encode(commands)?);
        Ok(first..self.length)
    }
}
