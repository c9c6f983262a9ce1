//! `Slice` of channels. The limits are attributes up to operator set 9, inputs from 10 on.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Channels, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "data")?;
    let needed = |name, index| {
        let missing = || node.unsupported(name, "(left out)", "limits of the slice are needed");
        node.integers_of(name, index, 10)?.ok_or_else(missing)
    };
    let (starts, ends) = (needed("starts", 1)?, needed("ends", 2)?);
    let all: Vec<i64> = (0..starts.len() as i64).collect();
    let axes = node.axes(&node.integers_of("axes", 3, 10)?.unwrap_or(all), shape.dims().len() + 1)?;
    let steps = match node.opset >= 10 {
        true => node.integers_of("steps", 4, 10)?,
        false => None,
    };
    let steps = steps.unwrap_or(vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err(node.usage(
            "has starts, ends, axes and steps of different lengths, or a step of 0".to_owned(),
            "check the model with onnx.checker.check_model",
        ));
    }
    let mut channels: Vec<usize> = (0..shape.dims()[0]).collect();
    for (index, &axis) in axes.iter().enumerate() {
        let size = if axis == 0 { 1 } else { shape.dims()[axis - 1] };
        let kept = positions(size, starts[index], ends[index], steps[index]);
        match axis {
            1 => channels = kept,
            _ if kept.iter().copied().eq(0..size) => {}
            _ => {
                return Err(node.unsupported(
                    "axes",
                    format!("{axes:?}"),
                    "only channels, axis 1, can be sliced",
                ));
            }
        }
    }
    Ok(Imported::Node(Op::Channels(Channels::pick("Slice", channels)), x))
}

/// What of `0..size` a slice keeps, in its order; limits beyond the ends are those of the ends.
fn positions(size: usize, start: i64, end: i64, step: i64) -> Vec<usize> {
    let length = size as i64;
    let from_start = |at: i64| if at < 0 { at.saturating_add(length) } else { at };
    let (start, end) = (from_start(start), from_start(end));
    let mut kept = Vec::new();
    if step > 0 {
        let mut at = start.clamp(0, length);
        while at < end.clamp(0, length) {
            kept.push(at as usize);
            at = at.saturating_add(step);
        }
    } else {
        let mut at = start.clamp(-1, length - 1);
        while at > end.clamp(-1, length - 1) {
            kept.push(at as usize);
            at = at.saturating_add(step);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn limits_count_from_either_end_and_stop_at_the_ends() {
        assert_eq!(positions(5, 1, 3, 1), [1, 2]);
        assert_eq!(positions(5, -2, i64::MAX, 1), [3, 4]);
        assert_eq!(positions(5, 0, -1, 2), [0, 2]);
        assert_eq!(positions(5, -1, i64::MIN, -2), [4, 2, 0]);
        assert_eq!(positions(5, 4, 9, i64::MAX), [4]);
        assert!(positions(5, 3, 2, 1).is_empty() && positions(5, 9, 20, 1).is_empty());
    }
}
