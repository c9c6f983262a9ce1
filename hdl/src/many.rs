//! Ports and instances by the dozen.

/// `count` new values. Blocks must not be cloned (see [`crate::netlist`]), so `vec![...; count]` will not do.
pub(crate) fn many<T: Default>(count: usize) -> Vec<T> {
    (0..count).map(|_| T::default()).collect()
}
