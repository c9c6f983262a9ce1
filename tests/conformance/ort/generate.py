"""Writes all cases: models, inputs, and ONNX Runtime's outputs with its optimisations and without.

usage: generate.py FOLDER
"""

import json
import pathlib
import sys
import zlib

import numpy as np
import onnx
import onnxruntime as ort

from forms import Model
import cases
import drawn
import networks


def run(data, level, feeds):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, feeds)


def write(folder, name, operator, proto, feeds):
    case = folder / name
    case.mkdir(parents=True, exist_ok=True)
    data = proto.SerializeToString()
    try:
        readings = {
            "optimized": run(data, ort.GraphOptimizationLevel.ORT_ENABLE_ALL, feeds),
            "plain": run(data, ort.GraphOptimizationLevel.ORT_DISABLE_ALL, feeds),
        }
    except Exception as error:  # ONNX Runtime has no kernel for some types: no case then.
        print(f"{name}: no case for ONNX Runtime: {str(error).splitlines()[0][:150]}", file=sys.stderr)
        return None
    (case / "model.onnx").write_bytes(data)
    for index, array in enumerate(feeds.values()):
        np.save(case / f"input{index}.npy", array)
    for reading, arrays in readings.items():
        for index, array in enumerate(arrays):
            np.save(case / f"{reading}{index}.npy", array)
    outputs = [output.name for output in proto.graph.output]
    return {"name": name, "operator": operator, "inputs": list(feeds), "outputs": outputs}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, operator, build, options in cases.CASES + networks.CASES + drawn.CASES:
        model = Model(zlib.crc32(name.encode()), options.get("opset", 13))
        try:
            built = build(model)
        except Exception as error:  # The quantizer has combinations of options that it cannot do.
            print(f"{name}: not made: {str(error).splitlines()[0][:150]}", file=sys.stderr)
            continue
        proto = model.proto() if built is None else built
        entry = write(folder, name, operator, proto, model.feeds)
        if entry:
            listed.append(entry)
    (folder / "cases.json").write_text(json.dumps(listed))
    print(f"{len(listed)} cases", file=sys.stderr)


main()
