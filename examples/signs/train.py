#!/usr/bin/env python3
"""Train a network on the rendered traffic signs and write it as ONNX, batch normalization not folded."""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from render import training_and_test
from signs import NAMES

HERE = Path(__file__).resolve().parent
BATCH = 128


def conv_bn(inputs, outputs, size=3, stride=1, groups=1):
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Basic(nn.Module):
    """Two 3x3 convolutions and a shortcut, as in ResNet-20."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a, self.b = conv_bn(inputs, outputs, 3, stride), conv_bn(outputs, outputs)
        self.shortcut = conv_bn(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else None

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))) + (self.shortcut(x) if self.shortcut else x))

    def export(self, graph, name, x):
        y = graph.conv_bn(f"{name}.a", self.a, x)
        y = graph.conv_bn(f"{name}.b", self.b, graph.node("Relu", f"{name}.relu", [y]))
        shortcut = graph.conv_bn(f"{name}.shortcut", self.shortcut, x) if self.shortcut else x
        return graph.node("Relu", f"{name}.out", [graph.node("Add", f"{name}.add", [y, shortcut])])


class Inverted(nn.Module):
    """Expand, depthwise, project, as in MobileNetV2."""

    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        wide = inputs * expand
        self.a = conv_bn(inputs, wide, 1)
        self.b = conv_bn(wide, wide, 3, stride, groups=wide)
        self.c = conv_bn(wide, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.c(F.relu6(self.b(F.relu6(self.a(x)))))
        return x + y if self.adds else y

    def export(self, graph, name, x):
        y = graph.relu6(f"{name}.a6", graph.conv_bn(f"{name}.a", self.a, x))
        y = graph.relu6(f"{name}.b6", graph.conv_bn(f"{name}.b", self.b, y))
        y = graph.conv_bn(f"{name}.c", self.c, y)
        return graph.node("Add", f"{name}.add", [x, y]) if self.adds else y


class Network(nn.Module):
    def __init__(self, stem, blocks, last, six):
        super().__init__()
        self.stem, self.blocks, self.last, self.six = stem, nn.ModuleList(blocks), last, six
        features = (last or blocks[-1].b)[0].out_channels
        self.fc = nn.Linear(features, len(NAMES))

    def forward(self, x):
        x = F.relu6(self.stem(x)) if self.six else F.relu(self.stem(x))
        for block in self.blocks:
            x = block(x)
        if self.last:
            x = F.relu6(self.last(x))
        return self.fc(x.mean((2, 3)))


def resnet20():
    """ResNet-20 with a stem of stride 2: a quarter of the work."""
    sizes = [(16, 16, 1), (16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1)]
    return Network(conv_bn(3, 16, 3, 2), [Basic(*size) for size in sizes], None, six=False)


def mobilenetv2():
    sizes = [(16, 16, 1, 2), (16, 24, 2, 4), (24, 24, 1, 4), (24, 40, 2, 4), (40, 40, 1, 4), (40, 64, 2, 4), (64, 64, 1, 4)]
    return Network(conv_bn(3, 16, 3, 2), [Inverted(*size) for size in sizes], conv_bn(64, 256, 1), six=True)


class OnnxGraph:
    """Writes the modules as they are, operator by operator."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, values):
        array = values if isinstance(values, np.ndarray) else values.detach().numpy()
        if all(constant.name != name for constant in self.constants):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op, name, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"{name}.y"], name=name, **attributes))
        return f"{name}.y"

    def conv_bn(self, name, module, x):
        conv, norm = module
        pads, size, stride = [conv.padding[0]] * 4, list(conv.kernel_size), list(conv.stride)
        weight = self.constant(f"{name}.weight", conv.weight)
        y = self.node("Conv", name, [x, weight], kernel_shape=size, pads=pads, strides=stride, group=conv.groups)
        values = dict(scale=norm.weight, bias=norm.bias, mean=norm.running_mean, var=norm.running_var)
        inputs = [self.constant(f"{name}.bn.{what}", value) for what, value in values.items()]
        return self.node("BatchNormalization", f"{name}.bn", [y, *inputs], epsilon=norm.eps)

    def relu6(self, name, x):
        limits = [self.constant("zero", np.float32([0])[0:1].reshape(())), self.constant("six", np.float32([6]).reshape(()))]
        return self.node("Clip", name, [x, *limits])


def to_onnx(name, network):
    graph = OnnxGraph()
    x = graph.conv_bn("stem", network.stem, "image")
    x = graph.relu6("stem.relu", x) if network.six else graph.node("Relu", "stem.relu", [x])
    for index, block in enumerate(network.blocks):
        x = block.export(graph, f"block{index}", x)
    if network.last:
        x = graph.relu6("last.relu", graph.conv_bn("last", network.last, x))
    x = graph.node("Flatten", "flatten", [graph.node("GlobalAveragePool", "pool", [x])])
    weights = [graph.constant("fc.weight", network.fc.weight), graph.constant("fc.bias", network.fc.bias)]
    graph.nodes.append(helper.make_node("Gemm", [x, *weights], ["logits"], name="fc", transB=1))
    made = helper.make_graph(
        graph.nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(NAMES)])],
        graph.constants,
    )
    model = helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def normalised(images):
    """What the .toml beside the model says: (pixel - 128) / 64."""
    return (torch.from_numpy(images).float() - 128) / 64


def accuracy(network, images, labels):
    network.eval()
    with torch.no_grad():
        classes = [network(normalised(part)).argmax(1).numpy() for part in np.array_split(images, 20)]
    return 100 * float((np.concatenate(classes) == labels).mean())


def shifted(x):
    """Moves each batch by up to two pixels: the only augmentation."""
    down, right = torch.randint(-2, 3, (2,)).tolist()
    return torch.roll(x, (down, right), (2, 3))


def train(network, images, labels, epochs, rate):
    optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, epochs * steps, pct_start=0.2)
    targets, start = torch.from_numpy(labels).long(), time.time()
    for epoch in range(epochs):
        network.train()
        order, total = torch.randperm(len(images)), 0.0
        for chosen in order[: steps * BATCH].split(BATCH):
            x = shifted(normalised(images[chosen.numpy()])).to(memory_format=torch.channels_last)
            loss = F.cross_entropy(network(x), targets[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1:2}  loss {total / steps:.4f}  {time.time() - start:.0f} s", flush=True)


def pack(folder, name, images, labels, count):
    """Ships the first `count` images: they are in random order, with every class as often as each other."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / name / "images.npz", images=images[:count], labels=labels[:count])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["resnet20", "mobilenetv2"])
    parser.add_argument("--images", type=Path, required=True, help="folder for the rendered images")
    parser.add_argument("--out", type=Path, default=HERE, help="default: beside this script")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=0.2, help="peak learning rate (default: %(default)s)")
    args = parser.parse_args()
    # One thread: the order of the sums, and with it the weights, do not depend on the machine's load.
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    (images, labels), (test, test_labels) = training_and_test(1, args.images)
    pack(args.out, "calibrate", images, labels, 6 * len(NAMES))
    pack(args.out, "test", test, test_labels, 12 * len(NAMES))
    network = {"resnet20": resnet20, "mobilenetv2": mobilenetv2}[args.network]()
    network = network.to(memory_format=torch.channels_last)
    print(sum(parameter.numel() for parameter in network.parameters()), "parameters", flush=True)
    train(network, images, labels, args.epochs, args.rate)
    print(f"test accuracy {accuracy(network, test, test_labels):.2f} %")
    (args.out / f"{args.network}.onnx").write_bytes(to_onnx(args.network, network))


if __name__ == "__main__":
    main()
