//! Where the results of a pass go.

use super::Activations;
use super::kernel::COLUMNS;
use pleach_spec::VECTOR;
use pleach_spec::command::Scatter;

/// Writes the vectors of a pass, `[pixel][columns / 16]`, of which only `columns` bytes are if there are fewer than 16.
pub fn write(scatter: &Scatter, columns: usize, results: &[[i8; COLUMNS]], activations: &mut Activations) {
    let mask = activations.len() as i64 - 1;
    let lane = scatter.lane as usize % VECTOR;
    let bytes = lane..VECTOR.min(lane + columns);
    let blocks = columns.div_ceil(COLUMNS);
    for (address, vectors) in scatter.addresses().zip(results.chunks_exact(blocks)) {
        let planes = [0, i64::from(scatter.plane)];
        for (vector, plane) in vectors.iter().zip(planes) {
            let target = &mut activations[((address + plane) & mask) as usize];
            match bytes.len() {
                VECTOR => *target = *vector,
                count => target[bytes.clone()].copy_from_slice(&vector[..count]),
            }
        }
    }
}
