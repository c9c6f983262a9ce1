"""Accuracies of a float network, of what ONNX Runtime's static quantizer makes of it, and of other quantized files of it.

    quantize.py MODEL.onnx TEST FOLDER FILE...

Images are fed and calibrated on as the .toml beside the model says. ONNX Runtime's files go to FOLDER. Prints the percentage of right
answers on TEST, a line each, for the model, ONNX Runtime's min-max and entropy, and the FILEs. Everything runs in ONNX Runtime without
optimisations, so that no processor's instructions saturate where others do not.
"""

import sys
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CALIBRATION_IMAGES = 256
BATCH = 100


def idx(path):
    """The array of an IDX file of bytes."""
    content = path.read_bytes()
    shape = np.frombuffer(content, ">i4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def data(path):
    """Images [N, C, H, W] and labels of an .npz, or of a folder with one, or with a set in IDX."""
    if path.is_dir():
        archives = sorted(path.glob("*.npz"))
        if not archives:
            images, labels = next(path.glob("*images-idx3-ubyte")), next(path.glob("*labels-idx1-ubyte"))
            return idx(images)[:, None], idx(labels)
        path = archives[0]
    with np.load(path) as archive:
        return archive["images"], archive["labels"]


class Reader(CalibrationDataReader):
    def __init__(self, name, images):
        self.name = name
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {self.name: image[None]}


def accuracy(file, images, labels):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    parts = range(0, len(images), BATCH)
    outputs = [session.run(None, {name: images[first : first + BATCH]})[0] for first in parts]
    return 100.0 * np.mean(np.concatenate(outputs).reshape(len(images), -1).argmax(1) == labels)


def quantized(model, images, folder):
    """The files of ONNX Runtime's quantizer, with the choices that are its defaults but for scales for each channel."""
    name = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    # Batch normalizations become part of the convolutions.
    folded = folder / "folded.onnx"
    quant_pre_process(model, folded, skip_symbolic_shape=True)
    for method in (CalibrationMethod.MinMax, CalibrationMethod.Entropy):
        output = folder / f"{method.name.lower()}.onnx"
        quantize_static(
            folded,
            output,
            Reader(name, images),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            calibrate_method=method,
        )
        yield output


def main():
    model, test, folder = map(Path, sys.argv[1:4])
    folder.mkdir(parents=True, exist_ok=True)
    sidecar = tomllib.loads(model.with_suffix(".toml").read_text())
    mean, std = (np.array(sidecar["input"][key], np.float32).reshape(-1, 1, 1) for key in ("mean", "std"))
    calibration, _ = data(model.parent / sidecar["data"]["calibrate"])
    calibration = (calibration[:CALIBRATION_IMAGES].astype(np.float32) - mean) / std
    images, labels = data(test)
    images = (images.astype(np.float32) - mean) / std
    for file in [model, *quantized(model, calibration, folder), *sys.argv[4:]]:
        print(f"{accuracy(file, images, labels):.4f}", flush=True)


if __name__ == "__main__":
    main()
