//! A module as collected from a block: plain data, without rust-hdl.

/// Direction of a port, seen from the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Towards {
    /// An input.
    Inside,
    /// An output.
    Outside,
}

/// A port of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Verilog name.
    pub name: String,
    /// Input or output.
    pub towards: Towards,
    /// Width in bits.
    pub width: usize,
    /// Whether it is a two's complement number.
    pub signed: bool,
}

/// One instance with everything in it.
#[derive(Debug)]
pub(super) struct Module {
    /// Name of the instance in its parent.
    pub instance: String,
    /// What the module calls itself, where it does.
    pub kind: Option<String>,
    pub ports: Vec<Port>,
    /// Signals of a kernel that are not ports.
    pub locals: Vec<Net>,
    /// Constants by name, with their value in Verilog.
    pub constants: Vec<(String, String)>,
    pub children: Vec<Module>,
    pub body: Body,
    /// Signals without a driver.
    pub undriven: Vec<String>,
}

/// A declared signal.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub name: String,
    pub width: usize,
    pub signed: bool,
}

/// What a module does beside its instances.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Destination and source of each net: an input of an instance or an output of the module, and what drives it.
    pub wires: Vec<(String, String)>,
    /// Processes, translated from a kernel or hand-written.
    pub text: String,
}

impl Module {
    /// All ports of all instances, by the names they have in this module.
    pub fn instance_ports(&self) -> impl Iterator<Item = (String, &Port)> {
        self.children.iter().flat_map(|child| {
            child.ports.iter().map(move |port| (format!("{}${}", child.instance, port.name), port))
        })
    }
}
