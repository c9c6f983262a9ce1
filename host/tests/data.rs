//! Data sets in every format, whole and broken, and the `.toml` beside a model.

use miette::Diagnostic;
use ndarray::{Array1, Array2, Array3, Array4, s};
use ndarray_npy::{NpzWriter, write_npy};
use pleach_host::data::{DataError, DataSet, Expected, Input, Pictures, Resize, Sidecar, load};
use pleach_spec::network::MapShape;
use std::fs::{self, File};
use std::path::Path;
use tempfile::{TempDir, tempdir};

const GREY: MapShape = MapShape { channels: 1, height: 3, width: 2 };
const COLOUR: MapShape = MapShape { channels: 3, height: 4, width: 4 };

/// Pixels as they are.
fn raw() -> Input {
    Input { mean: vec![0.0], std: vec![1.0] }
}

fn open(path: &Path, shape: MapShape) -> Result<DataSet, DataError> {
    load(path, Expected { shape, classes: &[], pictures: Pictures::default() })
}

fn images(set: &DataSet) -> Vec<Array3<f32>> {
    set.images(&raw()).collect::<Result<_, _>>().unwrap()
}

/// Message, without the folder, and help.
fn refusal(folder: &TempDir, result: Result<DataSet, DataError>) -> String {
    let error = result.unwrap_err();
    let help = error.help().expect("every error has a remedy").to_string();
    let message = error.to_string().replace(&folder.path().display().to_string(), "DIR");
    assert!(message.starts_with("DIR"), "the file is named first: {message}");
    format!("{message}\n{help}")
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
}

/// An IDX file's bytes.
fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
    bytes.extend(data);
    bytes
}

#[test]
fn idx_files_and_folders() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("train-images-idx3-ubyte");
    fs::write(&path, idx(&[2, 3, 2], &(0..12).collect::<Vec<u8>>())).unwrap();
    assert_eq!(open(&path, GREY).unwrap().labels, None);
    fs::write(folder.path().join("train-labels-idx1-ubyte"), idx(&[2], &[7, 3])).unwrap();
    for path in [path.as_path(), folder.path()] {
        let set = open(path, GREY).unwrap();
        assert_eq!(set.labels, Some(vec![7, 3]));
        assert_eq!(images(&set)[1][[0, 2, 1]], 11.0);
    }
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), idx(&[0, 3, 2], &[])).unwrap();
    says(&refusal(&folder, open(folder.path(), GREY)), &["holds 2 data sets", "name one of"]);
}

#[test]
fn broken_idx_files() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("images-idx3-ubyte");
    let of = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        refusal(&folder, open(&path, GREY))
    };
    let whole = idx(&[2, 3, 2], &[0; 12]);
    says(&of(&whole[..20]), &["needs 12 bytes of data, has 4", "truncated"]);
    says(&of(&whole[..9]), &["ends within its header"]);
    says(&of(b"\x1f\x8b\x08\0"), &["it begins with [1f, 8b, 08, 00] instead of [00, 00, 08, 03]", ".gz"]);
    says(&of(b""), &["it begins with []"]);
    says(&of(&idx(&[u32::MAX; 3], &[])), &["needs 18446744073709551615 bytes"]);
    says(&of(&idx(&[1, 4, 2], &[0; 8])), &["has images of 1x4x2, the network's input is 1x3x2"]);
    says(&of(&idx(&[0, 3, 2], &[])), &["holds no image"]);
    fs::write(&path, &whole).unwrap();
    fs::write(folder.path().join("labels-idx1-ubyte"), idx(&[3], &[0, 1, 2])).unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["2 images, but 3 labels"]);
}

#[test]
fn cifar_files() {
    let shape = MapShape { channels: 3, height: 32, width: 32 };
    let folder = tempdir().unwrap();
    let record = |label: u8| [vec![label], vec![label + 100; 3072]].concat();
    let path = folder.path().join("data_batch_1.bin");
    fs::write(&path, [record(3), record(9)].concat()).unwrap();
    fs::write(folder.path().join("data_batch_2.bin"), record(1)).unwrap();
    let set = open(folder.path(), shape).unwrap();
    assert_eq!(set.labels, Some(vec![3, 9, 1]));
    assert_eq!(images(&set)[1][[2, 31, 31]], 109.0);
    assert_eq!(open(&path, shape).unwrap().len(), 2);

    says(&refusal(&folder, open(&path, COLOUR)), &["has images of 3x32x32, the network's input is 3x4x4"]);
    fs::write(folder.path().join("test_batch.bin"), record(1)).unwrap();
    says(&refusal(&folder, open(folder.path(), shape)), &["training and test images", "name one"]);
    fs::write(&path, &record(1)[..3000]).unwrap();
    says(&refusal(&folder, open(&path, shape)), &["3000 bytes are no multiple of the record length 3073"]);
    fs::write(&path, record(12)).unwrap();
    says(&refusal(&folder, open(&path, shape)), &["it has a label 12"]);
}

#[test]
fn npy_files() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let half = Input { mean: vec![0.0], std: vec![2.0] };
    write_npy(&path, &Array4::from_elem((5, 1, 3, 2), 8u8)).unwrap();
    let set = open(&path, GREY).unwrap();
    assert_eq!((set.len(), set.image(4, &half).unwrap()[[0, 0, 0]]), (5, 4.0));
    write_npy(&path, &Array3::from_elem((5, 3, 2), 8i64)).unwrap();
    assert_eq!(open(&path, GREY).unwrap().image(4, &half).unwrap()[[0, 0, 0]], 4.0);
    write_npy(&path, &Array3::from_elem((3, 4, 4), 8f32)).unwrap();
    let set = open(&path, COLOUR).unwrap();
    assert_eq!((set.len(), set.image(0, &half).unwrap()[[2, 3, 3]]), (1, 8.0));
    write_npy(&path, &Array1::from_elem(6, 0.5f64)).unwrap();
    assert_eq!(open(&path, MapShape { channels: 6, height: 1, width: 1 }).unwrap().len(), 1);
    // Fortran order is turned into C order.
    let turned = Array3::from_shape_fn((2, 3, 1), |(c, y, _)| (10 * c + y) as f32).reversed_axes();
    write_npy(&path, &turned).unwrap();
    assert_eq!(images(&open(&path, GREY).unwrap())[0][[0, 2, 1]], 12.0);
}

#[test]
fn broken_npy_files() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.npy");
    write_npy(&path, &Array4::from_elem((5, 1, 2, 2), 0f32)).unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["has images of 5x1x2x2, the network's input is 1x3x2"]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["is not a NumPy array of images"]);
    fs::write(&path, b"hello").unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["is not a NumPy array of images"]);
    write_npy(&path, &Array3::from_elem((1, 3, 2), 256i64)).unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["integers outside 0 to 255"]);
    write_npy(&path, &Array3::from_elem((1, 3, 2), true)).unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["none of uint8, int64, float32 and float64"]);
}

#[test]
fn npz_files() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let write = |images: &str, labels: &Array1<i64>| {
        let mut npz = NpzWriter::new_compressed(File::create(&path).unwrap());
        npz.add_array(images, &Array4::from_elem((2, 1, 3, 2), 9u8)).unwrap();
        npz.add_array("labels", labels).unwrap();
        npz.finish().unwrap();
    };
    write("images", &Array1::from(vec![4, 5]));
    let set = open(&path, GREY).unwrap();
    assert_eq!((set.len(), set.labels), (2, Some(vec![4, 5])));
    write("images", &Array1::from(vec![4, -5]));
    says(&refusal(&folder, open(&path, GREY)), &["negative labels"]);
    write("x", &Array1::from(vec![4, 5]));
    says(&refusal(&folder, open(&path, GREY)), &["it has no array 'images', only x"]);
    fs::write(&path, b"PK").unwrap();
    says(&refusal(&folder, open(&path, GREY)), &["is not an .npz file"]);
}

/// A picture of one colour with a black frame of a third of its width on either side.
fn picture(path: &Path, colour: [u8; 3]) {
    let pixel = |x, _| image::Rgb(if (4..8).contains(&x) { colour } else { [0; 3] });
    image::RgbImage::from_fn(12, 4, pixel).save(path).unwrap();
}

#[test]
fn pictures_are_cut_around_their_centre() {
    let folder = tempdir().unwrap();
    for name in ["a.png", "b.jpg"] {
        picture(&folder.path().join(name), [200, 100, 50]);
    }
    let set = open(folder.path(), COLOUR).unwrap();
    assert_eq!((set.len(), &set.labels), (2, &None));
    assert!(
        images(&set)[0]
            .outer_iter()
            .zip([200.0, 100.0, 50.0])
            .all(|(plane, value)| plane.iter().all(|&p| p == value))
    );
    let grey = MapShape { channels: 1, ..COLOUR };
    let one = open(&folder.path().join("a.png"), grey).unwrap();
    assert!((images(&one)[0][[0, 1, 1]] - 117.0).abs() < 3.0);
    let scaled = open(folder.path(), MapShape { channels: 3, height: 8, width: 8 }).unwrap();
    assert_eq!(images(&scaled)[0].dim(), (3, 8, 8));
}

#[test]
fn the_sidecar_says_how_pictures_are_scaled() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("net.onnx");
    picture(&folder.path().join("a.png"), [200, 100, 50]);
    let sidecar = |text: &str| {
        fs::write(folder.path().join("net.toml"), text).unwrap();
        Sidecar::beside(&model)
    };
    let first = |text: &str| {
        let sidecar = sidecar(text).unwrap();
        let set =
            load(folder.path(), sidecar.expected(MapShape { channels: 3, height: 4, width: 4 })).unwrap();
        set.image(0, &Input { mean: vec![0.0], std: vec![1.0] })
            .map(|image| image.slice(s![0, .., ..]).to_owned())
    };
    assert_eq!(first("").unwrap(), Array2::from_elem((4, 4), 200.0));
    let stretched = first("[pictures]\nresize = \"stretch\"\n").unwrap();
    assert!(stretched[[0, 0]] < 50.0 && stretched[[0, 3]] < 50.0 && stretched[[0, 1]] > 100.0, "{stretched}");
    let fitting = first("[pictures]\nresize = \"fit\"\nfill = 7\n").unwrap();
    assert_eq!([fitting[[0, 0]], fitting[[3, 3]]], [7.0; 2]);
    assert_eq!(first("[pictures]\nshorter_side = 8\n").unwrap().dim(), (4, 4));
    let message = first("[pictures]\nshorter_side = 3\n").unwrap_err().to_string();
    assert!(message.contains("a.png") && message.contains("shorter side of 3 pixels"), "{message}");
    let message = sidecar("[pictures]\nresize = \"zoom\"\n").unwrap_err().to_string();
    assert!(message.contains("zoom") && message.contains("stretch"), "{message}");
    let found = sidecar("[pictures]\nresize = \"fit\"\nfill = 114\n").unwrap().pictures;
    assert_eq!(found, Pictures { resize: Resize::Fit, shorter_side: None, fill: 114 });
}

#[test]
fn sub_folders_are_classes() {
    let folder = tempdir().unwrap();
    for class in ["dog", "cat"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        picture(&folder.path().join(class).join("1.png"), [1, 2, 3]);
        fs::write(folder.path().join(class).join("readme.txt"), "no picture").unwrap();
    }
    assert_eq!(open(folder.path(), COLOUR).unwrap().labels, Some(vec![0, 1]));
    let classes = ["dog", "cow", "cat"].map(str::to_owned);
    let set =
        load(folder.path(), Expected { shape: COLOUR, classes: &classes, pictures: Pictures::default() })
            .unwrap();
    assert_eq!(set.labels, Some(vec![2, 0]));
    let error = load(
        folder.path(),
        Expected { shape: COLOUR, classes: &classes[..2], pictures: Pictures::default() },
    );
    says(&refusal(&folder, error), &["'cat' is not among the model's classes", "dog, cow"]);
}

#[test]
fn broken_pictures_and_paths() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.png");
    picture(&path, [1, 2, 3]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..40]).unwrap();
    let error = open(&path, COLOUR).unwrap().image(0, &raw()).map(|_| panic!("half a picture")).unwrap_err();
    says(&error.to_string(), &["a.png: is not a PNG or JPEG picture: "]);
    says(&refusal(&folder, open(&folder.path().join("b.png"), COLOUR)), &["DIR/b.png: cannot be read: "]);
    fs::write(folder.path().join("x.txt"), "x").unwrap();
    says(
        &refusal(&folder, open(&folder.path().join("x.txt"), COLOUR)),
        &["DIR/x.txt: is in no known format", ".npy"],
    );
    fs::remove_file(path).unwrap();
    says(
        &refusal(&folder, open(folder.path(), COLOUR)),
        &["DIR: holds no image", "a sub-folder of pictures a class"],
    );
}

#[test]
fn pixels_are_normalised_per_channel() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.npy");
    write_npy(&path, &Array3::from_elem((3, 4, 4), 100u8)).unwrap();
    let set = open(&path, COLOUR).unwrap();
    let input = Input { mean: vec![90.0, 100.0, 120.0], std: vec![10.0] };
    let image = set.image(0, &input).unwrap();
    assert_eq!([0, 1, 2].map(|c| image[[c, 3, 3]]), [1.0, 0.0, -2.0]);
    let wrong = Input { mean: vec![0.0; 2], std: vec![1.0] };
    says(
        &set.image(0, &wrong).unwrap_err().to_string(),
        &["images of 3 channels, the normalisation has 2 values"],
    );
}

#[test]
fn the_sidecar_is_optional_and_strict() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("net.onnx");
    assert_eq!(Sidecar::beside(&model).unwrap(), Sidecar::default());
    assert_eq!(Sidecar::default().input, Input { mean: vec![0.0], std: vec![255.0] });
    let of = |text: &str| {
        fs::write(folder.path().join("net.toml"), text).unwrap();
        Sidecar::beside(&model)
    };
    let sidecar =
        of("[input]\nmean = [1, 2.5]\n[data]\ntest = \"a/b\"\n[labels]\nnames = [\"x\"]\n").unwrap();
    assert_eq!((sidecar.input.mean, sidecar.input.std), (vec![1.0, 2.5], vec![255.0]));
    assert_eq!(sidecar.data.test, Some(folder.path().join("a/b")));
    assert_eq!((sidecar.data.calibrate, sidecar.labels.names), (None, vec!["x".to_owned()]));

    let refused = |text: &str| {
        let error = of(text).unwrap_err();
        assert!(error.help().is_some());
        error.to_string()
    };
    says(&refused("[input]\nmeen = [0.0]\n"), &["net.toml: ", "meen", "mean"]);
    says(&refused("[input\n"), &["net.toml: TOML parse error"]);
    says(&refused("[input]\nstd = [0.0]\n"), &["[input] std must be above zero"]);
    says(&refused("[input]\nmean = []\n"), &["must not be empty"]);
    says(&refused("[input]\nmean = [nan]\n"), &["must be finite"]);
}
