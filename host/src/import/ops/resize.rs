//! `Resize` by whole factors, to nearest neighbours or with linear interpolation.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window;
use crate::graph::Op;
use pleach_spec::network::{Interpolation, Sampling};

/// Largest factor; beyond it a file is damaged.
const MAX_FACTOR: f32 = 64.0;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, size) = window::map(node, "X")?;
    let mode = node.text("mode", "nearest")?;
    if !matches!(mode.as_str(), "nearest" | "linear") {
        return Err(node.unsupported("mode", mode, "only nearest and linear are supported"));
    }
    let factor = factors(node, size)?;
    // Operator set 10 had neither attribute.
    let newer = node.opset >= 11;
    let transform =
        node.text("coordinate_transformation_mode", if newer { "half_pixel" } else { "asymmetric" })?;
    if mode == "linear" {
        return Ok(Imported::Node(Op::Interpolate(interpolation(node, factor, &transform)?), x));
    }
    let rounding = node.text("nearest_mode", if newer { "round_prefer_floor" } else { "floor" })?;
    for axis in 0..2 {
        let outputs = size[axis] * factor[axis];
        let repeats = (0..outputs)
            .all(|at| source(&transform, &rounding, at, size[axis], outputs) == Some(at / factor[axis]));
        if !repeats {
            let value = format!("{transform} with nearest_mode {rounding}");
            let remedy =
                "each pixel must be repeated: asymmetric with floor, or half_pixel with round_prefer_floor";
            return Err(node.unsupported("coordinate_transformation_mode", value, remedy));
        }
    }
    Ok(Imported::Node(Op::Resize(factor), x))
}

/// Linear interpolation with the mode of the node.
fn interpolation(node: &Node<'_>, factor: [usize; 2], transform: &str) -> Result<Interpolation, Problem> {
    let sampling = match transform {
        // Factors are whole, so that these three agree; a single pixel is repeated in all of them.
        "half_pixel" | "pytorch_half_pixel" | "half_pixel_symmetric" => Sampling::HalfPixel,
        "asymmetric" => Sampling::Asymmetric,
        other => {
            let remedy = "linear interpolation is supported with half_pixel, pytorch_half_pixel and asymmetric: export with \
                          align_corners=False";
            return Err(node.unsupported("coordinate_transformation_mode", other, remedy));
        }
    };
    let interpolation = Interpolation { factor, sampling };
    match interpolation.fits() {
        true => Ok(interpolation),
        false => {
            let remedy =
                "linear interpolation is supported up to a product of the factors of 31: use several steps";
            Err(node.unsupported("scales", format!("{factor:?}"), remedy))
        }
    }
}

/// Vertical and horizontal factor, from scales or sizes.
fn factors(node: &Node<'_>, size: [usize; 2]) -> Result<[usize; 2], Problem> {
    let scales_index = if node.opset < 11 { 1 } else { 2 };
    let by_sizes = node.opset >= 11 && node.has_input(3);
    let (name, given) = match by_sizes {
        true => ("sizes", node.integers(3, "sizes")?.iter().map(|&size| size as f32).collect()),
        false => ("scales", node.finite(scales_index, "scales")?.iter().copied().collect::<Vec<f32>>()),
    };
    let axes = node.axes(node.ints("axes").unwrap_or(&[0, 1, 2, 3]), 4)?;
    let mut factors = [1.0; 4];
    let channels = node.activation(0, "X")?.1.dims()[0];
    let before = [1, channels, size[0], size[1]].map(|size| size as f32);
    for (&axis, &value) in axes.iter().zip(&given) {
        factors[axis] = if by_sizes { value / before[axis] } else { value };
    }
    checked(node, name, &given, factors)
}

/// The factors of height and width, where they are whole and those of the other axes 1.
pub(super) fn checked(
    node: &Node<'_>,
    name: &'static str,
    given: &[f32],
    factors: [f32; 4],
) -> Result<[usize; 2], Problem> {
    let whole = |factor: f32| (1.0..=MAX_FACTOR).contains(&factor) && factor.fract() == 0.0;
    match factors {
        [1.0, 1.0, vertical, horizontal] if whole(vertical) && whole(horizontal) => {
            Ok([vertical as usize, horizontal as usize])
        }
        _ => {
            let remedy = format!("height and width can grow by whole factors up to {MAX_FACTOR}");
            Err(node.unsupported(name, format!("{given:?}"), &remedy))
        }
    }
}

/// The input position that ONNX reads for output position `at`; `None` for an unknown mode.
fn source(transform: &str, rounding: &str, at: usize, inputs: usize, outputs: usize) -> Option<usize> {
    let (at, scale) = (at as f64, outputs as f64 / inputs as f64);
    let position = match transform {
        "half_pixel" | "half_pixel_symmetric" => (at + 0.5) / scale - 0.5,
        "pytorch_half_pixel" if outputs > 1 => (at + 0.5) / scale - 0.5,
        "pytorch_half_pixel" => 0.0,
        "align_corners" if outputs > 1 => at * (inputs - 1) as f64 / (outputs - 1) as f64,
        "align_corners" => 0.0,
        "asymmetric" => at / scale,
        _ => return None,
    };
    let rounded = match rounding {
        "round_prefer_floor" => (position - 0.5).ceil(),
        "round_prefer_ceil" => (position + 0.5).floor(),
        "floor" => position.floor(),
        "ceil" => position.ceil(),
        _ => return None,
    };
    Some(rounded.clamp(0.0, (inputs - 1) as f64) as usize)
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn positions_are_those_of_the_specification() {
        let of = |transform, rounding| -> Vec<usize> {
            (0..6).map(|at| source(transform, rounding, at, 3, 6).unwrap()).collect()
        };
        assert_eq!(of("half_pixel", "round_prefer_floor"), [0, 0, 1, 1, 2, 2]);
        assert_eq!(of("asymmetric", "floor"), [0, 0, 1, 1, 2, 2]);
        assert_eq!(of("asymmetric", "ceil"), [0, 1, 1, 2, 2, 2]);
        assert_eq!(of("asymmetric", "round_prefer_ceil"), [0, 1, 1, 2, 2, 2]);
        assert_eq!(of("align_corners", "round_prefer_floor"), [0, 0, 1, 1, 2, 2]);
        assert_eq!(source("tf_crop_and_resize", "floor", 0, 3, 6), None);
    }
}
