//! The host's side of the machine as tests use it: a register port and a memory port instead of AXI and the engines that
//! fetch, load and store.
//!
//! | module | what |
//! |---|---|
//! | [`registers`] | register port: start and end of a run, counters |
//! | [`memory_port`] | memory port: the way into all memories |
//! | [`read_mux`] | the register that is read |

pub mod memory_port;
pub mod read_mux;
pub mod registers;
