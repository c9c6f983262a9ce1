"""How long ONNX Runtime takes for an image in int8, with one thread.

    ort_speed.py quantize MODEL.onnx IMAGES.npy INT8.onnx
    ort_speed.py run INT8.onnx RUNS

`quantize` writes the model with QDQ nodes, as ONNX Runtime's own quantizer makes them for processors with dot products of bytes:
activations without sign, weights with one and a scale for each channel. `run` prints the best time in milliseconds.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

# As `host zoo` writes them in the .toml beside a model.
MEAN = np.array([123.675, 116.28, 103.53], np.float32).reshape(1, 3, 1, 1)
STD = np.array([58.395, 57.12, 57.375], np.float32).reshape(1, 3, 1, 1)


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class Images(CalibrationDataReader):
    def __init__(self, name, images):
        self.name = name
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {self.name: (image[None].astype(np.float32) - MEAN) / STD}


def quantize(model, images, output):
    name = session(model).get_inputs()[0].name
    with tempfile.TemporaryDirectory() as folder:
        # Batch normalizations become part of the convolutions.
        folded = str(Path(folder) / "folded.onnx")
        quant_pre_process(model, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            output,
            Images(name, np.load(images)[:4]),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )


def run(model, runs):
    network = session(model)
    entry = network.get_inputs()[0]
    image = np.random.default_rng(1).standard_normal([1, *entry.shape[1:]]).astype(np.float32)
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        network.run(None, {entry.name: image})
        best = min(best, time.perf_counter() - start)
    print(f"{1e3 * best:.3f}")


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    if task == "quantize":
        quantize(*arguments)
    else:
        run(arguments[0], int(arguments[1]))
