//! Where the results of a pass go.

use super::buffer::Buffer;
use super::kernel::COLUMNS;
use pleach_spec::VECTOR;
use pleach_spec::command::Scatter;

/// Writes the vectors of a pass, `[pixel][columns / 16]`, of which only `columns` bytes are if there are fewer than 16.
pub fn write(scatter: &Scatter, columns: usize, results: &[[i8; COLUMNS]], buffer: &mut Buffer) {
    let mask = i64::from(buffer.mask());
    let lane = scatter.lane as usize % VECTOR;
    let bytes = columns.min(VECTOR - lane);
    let planes = [0, i64::from(scatter.plane)];
    for (address, vectors) in scatter.addresses().zip(results.chunks_exact(columns.div_ceil(COLUMNS))) {
        for (vector, plane) in vectors.iter().zip(planes) {
            let address = ((address + plane) & mask) as usize;
            match bytes {
                VECTOR => buffer.put(address, 0, vector),
                _ => buffer.put(address, lane, &vector[..bytes]),
            }
        }
    }
}
