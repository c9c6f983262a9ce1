//! Forms of operators that tract takes for others, and computes something else for: they are refused.

use super::CpuError;
use crate::import::proto::{AttributeProto, NodeProto};

/// An attribute that tract does not know.
struct Limit {
    operators: &'static [&'static str],
    attribute: &'static str,
    is_wrong: fn(&AttributeProto) -> bool,
    remedy: &'static str,
}

const LIMITS: [Limit; 3] = [
    Limit {
        operators: &["RNN", "LSTM", "GRU"],
        attribute: "direction",
        is_wrong: |attribute| attribute.s.as_deref() == Some(b"reverse"),
        remedy: "reverse the sequence, or export it bidirectional",
    },
    Limit {
        operators: &["SpaceToDepth"],
        attribute: "mode",
        is_wrong: |attribute| attribute.s.as_deref().is_some_and(|mode| mode != b"DCR"),
        remedy: "the mode DCR runs; write others as Reshape, Transpose, Reshape",
    },
    Limit {
        operators: &["Swish"],
        attribute: "alpha",
        is_wrong: |attribute| attribute.f.is_some_and(|alpha| alpha != 1.0),
        remedy: "1 runs; write others as Mul and Sigmoid",
    },
];

/// Refuses a node that would be computed wrongly.
pub(super) fn check(node: &NodeProto) -> Result<(), CpuError> {
    for attribute in &node.attribute {
        let limit = LIMITS
            .iter()
            .find(|limit| limit.attribute == attribute.name() && limit.operators.contains(&node.op_type()));
        if let Some(limit) = limit.filter(|limit| (limit.is_wrong)(attribute)) {
            return Err(CpuError::Attribute {
                node: crate::import::display_name(node).to_owned(),
                operator: node.op_type().to_owned(),
                name: limit.attribute,
                remedy: limit.remedy,
            });
        }
    }
    Ok(())
}
