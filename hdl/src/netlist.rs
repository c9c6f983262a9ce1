//! Structural modules: a wire is written down once and serves simulation, checks and Verilog.
//!
//! rust-hdl translates an `update()` kernel by its text, and that text cannot index a `Vec` with a computed index. A
//! module whose size is a run-time value therefore implements [`Structure`]: one function, [`Structure::wires`], says
//! what drives what in plain Rust (loops, `Vec`, any index). rust-hdl's three questions are answered from it:
//!
//! | rust-hdl asks | answer |
//! |---|---|
//! | `update()`: move values | [`Structure::drive`] |
//! | `connect()`: which signals have a driver | [`Structure::record`] |
//! | `hdl()`: the Verilog | [`Structure::netlist`] |
//!
//! Wires are remembered by the signals' identity; their Verilog names are looked up in the module itself when the
//! Verilog is asked for, so there is no string to get wrong. Blocks must be *built*, never cloned: rust-hdl's `clone`
//! copies the identity too.
//!
//! ```
//! use pleach_hdl::{cells::Reg, netlist::{Net, Readable, Structure, Wiring}};
//! use rust_hdl::prelude::*;
//!
//! /// Eight bits, delayed by as many cycles as there are registers.
//! #[derive(LogicBlock)]
//! struct Chain {
//!     pub clock: Signal<In, Clock>,
//!     pub first: Signal<In, Bits<8>>,
//!     pub last: Signal<Out, Bits<8>>,
//!     stage: Vec<Reg<Bits<8>>>,
//!     wiring: Wiring,
//! }
//!
//! impl Structure for Chain {
//!     fn wiring(&self) -> &Wiring {
//!         &self.wiring
//!     }
//!     fn wires(&mut self, net: &mut Net) {
//!         for i in 0..self.stage.len() {
//!             net.wire(self.clock.tap(), &mut self.stage[i].clock);
//!             let from = if i == 0 { self.first.tap() } else { self.stage[i - 1].q.tap() };
//!             net.wire(from, &mut self.stage[i].d);
//!         }
//!         let end = self.stage.len() - 1;
//!         net.wire(self.stage[end].q.tap(), &mut self.last);
//!     }
//! }
//!
//! impl Logic for Chain {
//!     fn update(&mut self) {
//!         self.drive();
//!     }
//!     fn connect(&mut self) {
//!         self.record();
//!     }
//!     fn hdl(&self) -> Verilog {
//!         self.netlist()
//!     }
//! }
//! ```

use std::cell::RefCell;
use std::collections::HashMap;

use rust_hdl::core::ast::{VerilogExpression, VerilogStatement};
use rust_hdl::prelude::*;

use crate::verilog;

/// A module that only instantiates others and wires them up.
pub trait Structure: Block + Sized {
    /// Where this module keeps the record of its wires.
    fn wiring(&self) -> &Wiring;

    /// Every wire of the module, each driven once.
    fn wires(&mut self, net: &mut Net);

    /// Moves values along all wires: the body of `Logic::update`.
    fn drive(&mut self) {
        self.wires(&mut Net { record: None });
    }

    /// Marks what is driven and remembers the wires: the body of `Logic::connect`.
    fn record(&mut self) {
        let mut net = Net { record: Some(Vec::new()) };
        self.wires(&mut net);
        self.wiring().wires.replace(net.record.unwrap_or_default());
    }

    /// The recorded wires as Verilog assignments: the body of `Logic::hdl`.
    fn netlist(&self) -> Verilog {
        let names = Names::of(self);
        let assignments = self
            .wiring()
            .wires
            .borrow()
            .iter()
            .map(|(source, destination)| {
                VerilogStatement::Assignment(
                    VerilogExpression::Signal(names.get(*destination)),
                    VerilogExpression::Signal(source.text(&names)),
                )
            })
            .collect();
        verilog::structure(type_name::<Self>(), assignments)
    }
}

/// The record of a module's wires; a field of every [`Structure`].
#[derive(Clone, Debug, Default)]
pub struct Wiring {
    wires: RefCell<Vec<(Source, usize)>>,
}

impl Logic for Wiring {
    fn update(&mut self) {}
}

impl Block for Wiring {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {}
    fn has_changed(&self) -> bool {
        false
    }
    fn accept(&self, _name: &str, _probe: &mut dyn Probe) {}
}

/// Collects the wires of one pass over a module.
pub struct Net {
    record: Option<Vec<(Source, usize)>>,
}

impl Net {
    /// Lets `source` drive `destination`: an input of an instance or an output of the module itself.
    pub fn wire<D: Direction, T: Synth>(&mut self, source: Tap<T>, destination: &mut Signal<D, T>) {
        match &mut self.record {
            Some(record) => {
                record.push((source.source, destination.id()));
                destination.connect();
            }
            None => destination.next = source.value,
        }
    }
}

/// What can be read from a signal: its value now, and where it comes from.
#[derive(Clone, Debug)]
pub struct Tap<T> {
    value: T,
    source: Source,
}

impl<T: Synth> Tap<T> {
    /// A constant.
    pub fn constant(value: T) -> Self {
        Self { value, source: Source::Constant(value.verilog()) }
    }

    /// The signal `signal`, whose value is `value`.
    fn signal(signal: &dyn Atom, value: T) -> Self {
        Self { value, source: Source::Signal(signal.id()) }
    }
}

impl Tap<Bit> {
    /// The bit as a number of one bit.
    pub fn number(self) -> Tap<Bits<1>> {
        Tap { value: u64::from(self.value).into(), source: self.source }
    }
}

impl<const N: usize> Tap<Bits<N>> {
    /// The `M` bits from bit `offset` up.
    ///
    /// # Panics
    /// If the bits are not all there, or if this is joined from parts.
    pub fn slice<const M: usize>(self, offset: usize) -> Tap<Bits<M>> {
        let value = self.value.get_bits(offset);
        let source = match self.source {
            Source::Constant(_) => Source::Constant(value.verilog()),
            _ => self.part(offset, M),
        };
        Tap { value, source }
    }

    /// Bit `offset`.
    ///
    /// # Panics
    /// If there is no such bit, or if this is a constant or joined from parts.
    pub fn bit(self, offset: usize) -> Tap<Bit> {
        Tap { value: self.value.get_bit(offset), source: self.part(offset, 1) }
    }

    fn part(&self, offset: usize, width: usize) -> Source {
        assert!(offset + width <= N, "bits {offset}..{} of {N}", offset + width);
        match self.source {
            Source::Signal(id) => Source::Slice { id, offset, width },
            Source::Slice { id, offset: low, .. } => Source::Slice { id, offset: low + offset, width },
            _ => panic!("only a signal or a part of it can be sliced"),
        }
    }

    /// `parts` side by side, the first at bit 0.
    ///
    /// # Panics
    /// If they do not make up `N` bits.
    pub fn join<const M: usize>(parts: &[Tap<Bits<M>>]) -> Self {
        assert_eq!(parts.len() * M, N, "{} parts of {M} bits", parts.len());
        let mut value = Bits::default();
        for (i, part) in parts.iter().enumerate() {
            value.set_bits::<M>(i * M, part.value);
        }
        Self { value, source: Source::Join(parts.iter().map(|part| part.source.clone()).collect()) }
    }
}

/// A signal that can drive a wire.
pub trait Readable<T: Synth> {
    /// Reads the signal for [`Net::wire`].
    fn tap(&self) -> Tap<T>;
}

impl<T: Synth> Readable<T> for Signal<In, T> {
    fn tap(&self) -> Tap<T> {
        Tap::signal(self, self.val())
    }
}

impl<T: Synth> Readable<T> for Signal<Out, T> {
    fn tap(&self) -> Tap<T> {
        Tap::signal(self, self.val())
    }
}

#[derive(Clone, Debug)]
enum Source {
    Signal(usize),
    Slice { id: usize, offset: usize, width: usize },
    Join(Vec<Source>),
    Constant(VerilogLiteral),
}

impl Source {
    /// The source as Verilog, which rust-hdl hands on as it is.
    fn text(&self, names: &Names) -> String {
        match self {
            Self::Signal(id) => names.get(*id),
            Self::Slice { id, offset, width: 1 } => format!("{}[{offset}]", names.get(*id)),
            Self::Slice { id, offset, width } => {
                format!("{}[{}:{offset}]", names.get(*id), offset + width - 1)
            }
            Self::Join(parts) => {
                let parts: Vec<_> = parts.iter().rev().map(|part| part.text(names)).collect();
                format!("{{{}}}", parts.join(", "))
            }
            Self::Constant(value) => value.to_string(),
        }
    }
}

/// The names by which a module's Verilog can refer to signals: its own ports, and those of its instances.
#[derive(Default)]
struct Names {
    scopes: Vec<String>,
    names: HashMap<usize, String>,
}

impl Names {
    fn of(module: &impl Structure) -> Self {
        let mut names = Self::default();
        module.accept("", &mut names);
        names
    }

    fn get(&self, id: usize) -> String {
        self.names
            .get(&id)
            .cloned()
            .expect("a wire ends at a signal that is neither a port of the module nor of an instance in it")
    }
}

impl Probe for Names {
    fn visit_start_scope(&mut self, name: &str, _node: &dyn Block) {
        self.scopes.push(name.to_owned());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let name = match self.scopes.as_slice() {
            [_module] => name.to_owned(),
            [_module, instance] => format!("{instance}${name}"),
            _ => return,
        };
        if let Some(other) = self.names.insert(signal.id(), name) {
            panic!("the signal {other} was cloned; build every block anew");
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.scopes.pop();
    }
}

/// `pleach_hdl::array::WindowArray<128, 4>` gives `window_array`.
fn type_name<T>() -> String {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    let name = path.rsplit("::").next().unwrap_or(path);
    let mut snake = String::with_capacity(name.len() + 4);
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Reg;

    #[derive(LogicBlock)]
    struct Nibbles {
        pub clock: Signal<In, Clock>,
        pub both: Signal<In, Bits<8>>,
        pub low: Signal<Out, Bits<4>>,
        pub high: Signal<Out, Bits<4>>,
        pub one: Signal<Out, Bit>,
        nibble: Vec<Reg<Bits<4>>>,
        wiring: Wiring,
    }

    impl Structure for Nibbles {
        fn wiring(&self) -> &Wiring {
            &self.wiring
        }
        fn wires(&mut self, net: &mut Net) {
            for (i, nibble) in self.nibble.iter_mut().enumerate() {
                net.wire(self.clock.tap(), &mut nibble.clock);
                net.wire(self.both.tap().slice(4 * i), &mut nibble.d);
            }
            net.wire(self.nibble[0].q.tap(), &mut self.low);
            net.wire(self.nibble[1].q.tap(), &mut self.high);
            net.wire(Tap::constant(true), &mut self.one);
        }
    }

    impl Logic for Nibbles {
        fn update(&mut self) {
            self.drive();
        }
        fn connect(&mut self) {
            self.record();
        }
        fn hdl(&self) -> Verilog {
            self.netlist()
        }
    }

    fn nibbles() -> Nibbles {
        Nibbles {
            clock: Default::default(),
            both: Default::default(),
            low: Default::default(),
            high: Default::default(),
            one: Default::default(),
            nibble: vec![Default::default(), Default::default()],
            wiring: Default::default(),
        }
    }

    #[test]
    fn values_follow_the_wires() {
        let mut top = nibbles();
        top.both.next = 0xA5.into();
        for level in [false, true] {
            top.clock.next = level.into();
            assert!(simulate(&mut top, 10));
        }
        assert_eq!(top.low.val(), 0x5);
        assert_eq!(top.high.val(), 0xA);
        assert!(top.one.val());
    }

    #[test]
    fn the_netlist_passes_rust_hdls_checks() {
        let mut top = nibbles();
        top.connect_all();
        check_all(&top).unwrap();
    }

    #[test]
    #[should_panic(expected = "was cloned")]
    fn cloned_blocks_are_noticed() {
        let mut top = nibbles();
        top.high = top.low.clone();
        top.connect_all();
        top.hdl();
    }

    #[test]
    fn type_names_become_module_names() {
        assert_eq!(type_name::<Nibbles>(), "nibbles");
        assert_eq!(type_name::<Vec<Option<u8>>>(), "vec");
        assert_eq!(type_name::<std::cell::RefCell<u8>>(), "ref_cell");
    }
}
