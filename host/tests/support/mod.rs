//! `host` in a folder of its own, with a model in it.

use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{read_npy, write_npy};
use pleach_host::import::proto::ModelProto;
use prost::Message;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The folder, and what runs there.
pub struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    /// With the model as `net.onnx`.
    pub fn new(model: &ModelProto) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("net.onnx"), model.encode_to_vec()).unwrap();
        Self { folder }
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes an array of floats.
    pub fn write(&self, name: &str, dims: &[usize], values: Vec<f32>) {
        write_npy(self.path(name), &ArrayD::from_shape_vec(IxDyn(dims), values).unwrap()).unwrap();
    }

    /// Reads one.
    pub fn read(&self, name: &str) -> ArrayD<f32> {
        read_npy(self.path(name)).unwrap()
    }

    /// Runs `host`.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1").output().unwrap()
    }

    /// What it prints with `--json`.
    #[track_caller]
    pub fn report(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}
