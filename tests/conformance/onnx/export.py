"""Writes the ONNX project's operator tests and light models: models, inputs and stored outputs.

usage: export.py FOLDER

Of each operator test there are three models. `model.onnx` is the test as it is, all whose tensors are inputs; `constant.onnx` has one
input, all else being initializers, as in users' files; `network.onnx` is that again with a batch of single images. Of a single node a
batch of several becomes an open one: the importer must refuse what mixes images. Where the operator knows no axes, a batch is put
before a tensor that has none.
"""

import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.model import collect_testcases
from onnx.backend.test.loader import load_model_tests

# Operators that do to a tensor of any rank the same as to one with a further axis before it.
WITHOUT_AXES = set(
    "Abs Add Ceil Celu Clip Div Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Max Mean Min Mish Mul "
    "Neg PRelu Pow QuantizeLinear DequantizeLinear Reciprocal Relu Round Selu Shrink Sigmoid Sign Softplus Softsign Sqrt Sub Sum "
    "Swish Tanh ThresholdedRelu".split()
)

# Operators whose input says a shape.
SHAPES = {"ConstantOfShape", "Range"}


def array(value):
    """What a test holds, as numpy has it; None for texts, sequences and what is left out."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    value = None if value is None or isinstance(value, (list, tuple)) else np.asarray(value)
    return None if value is None or value.dtype.kind in "OUS" else value


def operator(node):
    """Its name, with the domain if it is a foreign one."""
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


def operators(graph):
    """Names of all operators, those of inner graphs too."""
    names = set()
    for node in graph.node:
        names.add(operator(node))
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                names |= operators(inner)
    return names


def constant(model, values):
    """The model with one input, and the input's index; None where there is no such model."""
    graph = model.graph
    if not graph.input or any(value is None for value in values):
        return None
    found = onnx.ModelProto()
    found.CopyFrom(model)
    names = [info.name for info in graph.input]
    reads = next(iter(graph.node[0].input), "")
    index = names.index(reads) if reads in names else 0
    shapes = operators(graph) <= SHAPES
    del found.graph.input[:]
    if not shapes:
        found.graph.input.append(graph.input[index])
    given = [(name, value) for at, (name, value) in enumerate(zip(names, values)) if shapes or at != index]
    found.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in given)
    return found, None if shapes else index


def network(model, values, index):
    """The model whose other inputs are constants, and whether its images are "whole", "single" or "added" to it."""
    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    batch = "whole"
    shape = values[index].shape
    dims = graph.input[0].type.tensor_type.shape.dim
    if len(shape) in (2, 4) and shape[0] > 1 and len(graph.node) == 1:
        batch = "single"
        dims[0].dim_param = "N"
    elif len(shape) in (1, 3) and operators(graph) <= WITHOUT_AXES and not longer(values, len(shape)):
        batch = "added"
        dims.insert(0, onnx.TensorShapeProto.Dimension(dim_value=1))
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    return found, batch


def longer(values, rank):
    return any(value.ndim > rank for value in values)


def save(folder, kind, values):
    for index, value in enumerate(values):
        if value is not None:
            np.save(folder / f"{kind}{index}.npy", value)


def subject(test, single):
    """The operator that a test is of: its only one, or the one that it is the expansion of; None for tests of several."""
    if len(test.model.graph.node) == 1:
        return single[test.name]
    base, expansion, _ = test.name.partition("_expanded")
    return single.get(base) if expansion else None


def node(folder, test, single):
    case = folder / test.name
    case.mkdir(parents=True)
    (inputs, outputs), = test.data_sets
    inputs, outputs = [array(value) for value in inputs], [array(value) for value in outputs]
    graph = test.model.graph
    # A test gives only those of the inputs that have a value.
    onnx.save(test.model, case / "model.onnx")
    save(case, "input", inputs)
    save(case, "output", outputs)
    entry = {
        "name": test.name,
        "subject": subject(test, single),
        "operators": sorted(operators(graph)),
        "inputs": [info.name for info in graph.input],
        "outputs": [info.name for info in graph.output],
        "rtol": test.rtol,
        "atol": test.atol,
        "constant": False,
        "network": None,
    }
    made = constant(test.model, inputs) if len(inputs) == len(graph.input) else None
    if made:
        proto, index = made
        onnx.save(proto, case / "constant.onnx")
        entry["constant"] = True
    if made and index is not None:
        proto, batch = network(proto, inputs, index)
        onnx.save(proto, case / "network.onnx")
        entry["network"] = {"input": entry["inputs"][index], "batch": batch}
    return entry


def light(folder, test):
    """A whole network; its input is made as onnx.backend.test.runner does."""
    case = folder / test.name
    case.mkdir(parents=True)
    path = pathlib.Path(onnx.__file__).parent.parent / test.url
    shutil.copy(path, case / "model.onnx")
    graph = onnx.load(path).graph
    constants = {tensor.name for tensor in graph.initializer}
    info, = [info for info in graph.input if info.name not in constants]
    shape = [dim.dim_value or 1 for dim in info.type.tensor_type.shape.dim]
    size = np.prod(shape)
    np.save(case / "input0.npy", (np.arange(size).reshape(shape) / size).astype(np.float32))
    stored = path.with_name(f"{path.stem}_output_0.pb").read_bytes()
    np.save(case / "output0.npy", numpy_helper.to_array(onnx.TensorProto.FromString(stored)))
    return {
        "name": test.name,
        "subject": None,
        "operators": sorted(operators(graph)),
        "inputs": [info.name],
        "outputs": [output.name for output in graph.output],
        "rtol": test.rtol,
        "atol": test.atol,
        "constant": False,
        "network": {"input": info.name, "batch": "whole"},
    }


def main():
    warnings.simplefilter("ignore")
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    tests = load_model_tests(kind="node")
    single = {test.name: operator(test.model.graph.node[0]) for test in tests if len(test.model.graph.node) == 1}
    nodes = [node(folder / "node", test, single) for test in tests]
    models = [light(folder / "light", test) for test in collect_testcases() if test.url]
    (folder / "cases.json").write_text(json.dumps({"node": nodes, "light": models}))
    print(f"{len(nodes)} operator tests and {len(models)} models of onnx {onnx.__version__}", file=sys.stderr)


main()
