//! Generated files are what their generators make.

use std::path::Path;

/// To renew `onnx.rs` after a change of `onnx.proto`, copy what this test generates over it: it prints where that is.
#[test]
fn the_onnx_messages_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/proto");
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proto");
    std::fs::create_dir_all(&output).unwrap();
    let descriptors = protox::compile([folder.join("onnx.proto")], [&folder]).unwrap();
    prost_build::Config::new()
        // Weights stay in the one buffer that the file was read into.
        .bytes([".onnx.TensorProto.raw_data"])
        .disable_comments(["."])
        .out_dir(&output)
        .compile_fds(descriptors)
        .unwrap();
    let generated = std::fs::read_to_string(output.join("onnx.rs")).unwrap();
    let committed = std::fs::read_to_string(folder.join("onnx.rs")).unwrap();
    assert!(generated == committed, "onnx.rs is not what onnx.proto gives; see {}", output.display());
}
