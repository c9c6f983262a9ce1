//! From bytes to the protobuf model.

use super::error::Problem;
use super::proto::ModelProto;
use prost::Message;
use prost::bytes::Bytes;
use prost::encoding::{WireType, decode_key, decode_varint};
use std::path::Path;

/// Reads and decodes a model file. Weights stay in the file's one buffer.
pub(super) fn read(path: &Path) -> Result<ModelProto, Problem> {
    let bytes = Bytes::from(std::fs::read(path).map_err(Problem::Read)?);
    decode(bytes)
}

/// Decodes a model.
pub(super) fn decode(bytes: Bytes) -> Result<ModelProto, Problem> {
    scan(&bytes)?;
    let model = ModelProto::decode(bytes).map_err(|error| Problem::NotOnnx { reason: error.to_string() })?;
    if model.graph.is_none() {
        return Err(Problem::Incomplete { part: "graph" });
    }
    Ok(model)
}

/// Walks over the outermost fields. Protobuf has no magic number and its decoder tells a text file and a truncated
/// download apart no better than by "buffer underflow"; the fields do.
fn scan(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.is_empty() {
        return Err(Problem::NotOnnx { reason: "it is empty".to_owned() });
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let (field, wire) =
            decode_key(&mut rest).ok().filter(|(field, _)| is_model_field(*field)).ok_or_else(|| {
                Problem::NotOnnx { reason: format!("no field of a model begins at byte {offset}") }
            })?;
        let offset = bytes.len() - rest.len();
        let needed = match wire {
            // A number that does not end goes on behind the end of the file.
            WireType::Varint => decode_varint(&mut rest).map_or(rest.len() as u64 + 1, |_| 0),
            WireType::LengthDelimited => decode_varint(&mut rest).unwrap_or(rest.len() as u64 + 1),
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::StartGroup | WireType::EndGroup => {
                return Err(Problem::NotOnnx { reason: format!("field {field} is not of a model's kind") });
            }
        };
        let step = usize::try_from(needed).ok().filter(|&step| step <= rest.len());
        let Some(step) = step else {
            return Err(Problem::Truncated { offset, needed, available: rest.len() });
        };
        rest = &rest[step..];
    }
    Ok(())
}

/// The fields of `ModelProto`, with room for those of later versions of the format.
fn is_model_field(number: u32) -> bool {
    matches!(number, 1..=8 | 14 | 20 | 25..=40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_foreign_from_truncated() {
        let of = |bytes: &[u8]| decode(Bytes::copy_from_slice(bytes)).unwrap_err();
        assert!(matches!(of(b""), Problem::NotOnnx { .. }));
        assert!(matches!(of(b"# Not a model\n"), Problem::NotOnnx { .. }));
        assert!(matches!(of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Problem::NotOnnx { .. }));
        assert!(matches!(of(&[0x08, 0x08]), Problem::Incomplete { part: "graph" }));
        // ir_version 8, then a graph of 100 bytes of which two are there.
        let cut = of(&[0x08, 0x08, 0x3a, 100, 0x12, 0x00]);
        assert!(matches!(cut, Problem::Truncated { needed: 100, available: 2, offset: 3 }), "{cut}");
    }
}
