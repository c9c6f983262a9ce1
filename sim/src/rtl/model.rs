//! A running model.

use std::ffi::{CString, c_void};
use std::path::Path;
use std::sync::Arc;

use super::library::PortEntry;
use super::ports::Direction;
use super::{Error, Library};

/// The name of the clock in every module of ours.
const CLOCK: &str = "clock";

/// A port of a [`Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    index: u32,
    width: u32,
    direction: Direction,
}

impl Port {
    /// Width in bits.
    pub fn width(self) -> u32 {
        self.width
    }

    /// 32-bit words that its value takes, least significant first.
    pub fn words(self) -> usize {
        self.width.div_ceil(32) as usize
    }
}

/// One instance of a Verilated module, at its initial state when made.
///
/// Inputs keep their value until they are set again. Outputs are seen as the next clock edge would see them:
/// after an edge, and with the current inputs.
pub struct Model {
    instance: *mut c_void,
    library: Arc<Library>,
}

// SAFETY: the instance owns all it refers to, and only this `Model` refers to it.
unsafe impl Send for Model {}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: made by `new` and deleted here only.
        unsafe { (self.library.functions.delete)(self.instance) }
    }
}

impl Model {
    /// A new instance.
    pub fn new(library: &Arc<Library>) -> Self {
        let clock = library.ports.iter().position(|port| port.name == CLOCK && port.width == 1);
        let clock = clock.unwrap_or(library.ports.len()) as u32;
        // SAFETY: the number of ports stands for no clock.
        let instance = unsafe { (library.functions.new)(clock) };
        Self { instance, library: library.clone() }
    }

    /// The port called `name`.
    pub fn port(&self, name: &str) -> Result<Port, Error> {
        let ports = &self.library.ports;
        let index = ports.iter().position(|port| port.name == name).ok_or_else(|| Error::NoPort {
            top: self.library.top.clone(),
            name: name.to_owned(),
            ports: ports.iter().map(|port| port.name.clone()).collect(),
        })?;
        let PortEntry { width, direction, .. } = ports[index];
        Ok(Port { index: index as u32, width, direction })
    }

    /// Drives the low 64 bits of an input, and zeros above them. Bits above the port's width are dropped.
    pub fn set(&mut self, port: Port, value: u64) {
        let low = [value as u32, (value >> 32) as u32];
        if port.words() <= 2 {
            return self.set_words(port, &low[..port.words()]);
        }
        let mut words = vec![0; port.words()];
        words[..2].copy_from_slice(&low);
        self.set_words(port, &words);
    }

    /// Drives an input of any width.
    ///
    /// # Panics
    /// If `words` is not [`Port::words`] long, or the port is an output.
    pub fn set_words(&mut self, port: Port, words: &[u32]) {
        assert_eq!(words.len(), port.words(), "words of a value of {} bits", port.width);
        assert_eq!(port.direction, Direction::Input, "only inputs can be driven");
        // SAFETY: the length is right.
        unsafe { (self.library.functions.set)(self.instance, port.index, words.as_ptr()) }
    }

    /// The low 64 bits of a port.
    pub fn get(&mut self, port: Port) -> u64 {
        if port.words() > 2 {
            let words = self.get_words(port);
            return u64::from(words[0]) | u64::from(words[1]) << 32;
        }
        let mut words = [0; 2];
        // SAFETY: there is room for the two words at most that the port has.
        unsafe { (self.library.functions.get)(self.instance, port.index, words.as_mut_ptr()) }
        u64::from(words[0]) | u64::from(words[1]) << 32
    }

    /// The value of a port of any width.
    pub fn get_words(&mut self, port: Port) -> Vec<u32> {
        let mut words = vec![0; port.words()];
        // SAFETY: the length is right.
        unsafe { (self.library.functions.get)(self.instance, port.index, words.as_mut_ptr()) }
        words
    }

    /// Clock cycles since the instance was made.
    pub fn cycles(&self) -> u64 {
        // SAFETY: a plain read.
        unsafe { (self.library.functions.cycles)(self.instance) }
    }

    /// Runs `count` cycles with the inputs as they are.
    pub fn step(&mut self, count: u64) {
        self.assert_clocked();
        // SAFETY: there is a clock.
        unsafe { (self.library.functions.step)(self.instance, count) }
    }

    /// Runs until the bits `mask` of a port's first word equal `value`, and returns the cycles made; `None` after
    /// `limit` cycles without success.
    pub fn run_until(&mut self, port: Port, mask: u32, value: u32, limit: u64) -> Option<u64> {
        self.assert_clocked();
        // SAFETY: there is a clock, and the port is one of ours.
        let made =
            unsafe { (self.library.functions.run_until)(self.instance, port.index, mask, value, limit) };
        (self.get_words(port)[0] & mask == value).then_some(made)
    }

    /// Runs one cycle for each group of words in `stimulus`, which drives `inputs` in their order, and returns the
    /// `outputs` of each cycle likewise: as the edge at the end of that cycle sees them.
    ///
    /// # Panics
    /// If `inputs` is empty or `stimulus` is not a whole number of cycles.
    pub fn play(&mut self, inputs: &[Port], stimulus: &[u32], outputs: &[Port]) -> Vec<u32> {
        self.assert_clocked();
        let words_in: usize = inputs.iter().map(|port| port.words()).sum();
        let words_out: usize = outputs.iter().map(|port| port.words()).sum();
        assert!(inputs.iter().all(|port| port.direction == Direction::Input), "only inputs can be driven");
        assert_eq!(stimulus.len() % words_in, 0, "a whole number of cycles");
        let count = stimulus.len() / words_in;
        let indices = |ports: &[Port]| ports.iter().map(|port| port.index).collect::<Vec<_>>();
        let (input_indices, output_indices) = (indices(inputs), indices(outputs));
        let mut response = vec![0; count * words_out];
        // SAFETY: the lengths were computed from the same ports just above.
        unsafe {
            (self.library.functions.play)(
                self.instance,
                count as u64,
                input_indices.as_ptr(),
                inputs.len() as u32,
                stimulus.as_ptr(),
                output_indices.as_ptr(),
                outputs.len() as u32,
                response.as_mut_ptr(),
            );
        }
        response
    }

    /// Writes all signals from now on to a VCD file. The model must have been built with
    /// [`Checks::Full`](super::Checks::Full).
    pub fn trace(&mut self, path: &Path) -> Result<(), Error> {
        let not_traced = || Error::NotTraced { top: self.library.top.clone() };
        let text = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| not_traced())?;
        // SAFETY: a C string.
        let opened = unsafe { (self.library.functions.trace)(self.instance, text.as_ptr()) };
        if opened == 0 { Err(not_traced()) } else { Ok(()) }
    }

    fn assert_clocked(&self) {
        assert!(self.library.ports.iter().any(|port| port.name == CLOCK), "the module has no clock");
    }
}
