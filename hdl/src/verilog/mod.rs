//! Verilog from rust-hdl blocks.
//!
//! rust-hdl's own generator writes one module for every *instance*, names it by its path and panics where a check
//! fails. [`emit`] goes over the same blocks and writes the text itself:
//!
//! ```text
//! block ──collect──> tree of instances ──check──> errors
//!                          └──merge──> distinct modules, named ──print──> text
//! ```
//!
//! - Modules with equal ports and equal bodies are one module; the text depends on nothing but the blocks.
//! - Names: a leaf cell says its own (see [`leaf`]), a structural module is called by its type, an `#[hdl_gen]` kernel
//!   by the field that holds it first. All but the top are prefixed with `pleach_`.
//! - Plain connections, clocks above all, print as nets in the port lists of instances; see `kernel`.

mod check;
mod collect;
mod kernel;
mod merge;
mod module;
mod print;

use rust_hdl::core::ast::{VerilogExpression, VerilogStatement};
use rust_hdl::prelude::*;

pub use module::{Port, Towards};

/// Why a block has no Verilog.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Signals that nothing drives.
    #[error("nothing drives {}", .0.join(", "))]
    Undriven(Vec<String>),
    /// Signals with more than one driver in a structural module.
    #[error("more than one driver for {}", .0.join(", "))]
    DrivenTwice(Vec<String>),
    /// Signals that depend on themselves within one cycle, by the reading order of a kernel.
    #[error("{} read before written", .0.join(", "))]
    Loop(Vec<String>),
    /// Inputs a module writes to itself.
    #[error("a module writes to its own input: {}", .0.join(", "))]
    WritesInput(Vec<String>),
    /// A block of a kind that is not translated.
    #[error("{path}: {what} is not supported")]
    Unsupported {
        /// Where the block is.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// rust-hdl panicked while it translated a kernel.
    #[error("{path}: {message}")]
    Kernel {
        /// The block whose kernel it was.
        path: String,
        /// What the panic said.
        message: String,
    },
}

/// The Verilog of `top` and everything in it, with the top module called `name`.
pub fn emit(top: &mut impl Block, name: &str) -> Result<String, Error> {
    top.connect_all();
    let tree = collect::collect(top, name)?;
    check::check(top, &tree, name)?;
    Ok(print::print(&merge::merge(tree, name)))
}

/// The ports of `top`, in the order of its Verilog.
pub fn ports(top: &mut impl Block) -> Result<Vec<Port>, Error> {
    top.connect_all();
    Ok(collect::collect(top, "top")?.ports)
}

/// First line of what [`leaf`] and [`structure`] hand to [`emit`] through rust-hdl.
const NAME: &str = "pleach module ";

/// The `hdl()` of a hand-written leaf cell: `body` is what stands between the port list and `endmodule`.
///
/// `name` must say all that `body` depends on (`reg_8`, `ram_512x128`). Output ports are declared `reg`, so the body
/// drives them from `always` blocks.
pub fn leaf(name: &str, body: &str) -> Verilog {
    Verilog::Custom(format!("{NAME}{name}\n{body}"))
}

/// The `hdl()` of a structural module.
pub(crate) fn structure(name: String, assignments: Vec<VerilogStatement>) -> Verilog {
    let mut block = vec![VerilogStatement::Comment(format!("{NAME}{name}"))];
    debug_assert!(assignments.iter().all(|statement| matches!(
        statement,
        VerilogStatement::Assignment(VerilogExpression::Signal(_), VerilogExpression::Signal(_))
    )));
    block.extend(assignments);
    Verilog::Combinatorial(block)
}
