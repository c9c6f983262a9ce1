#!/usr/bin/env python3
"""Train the digit classifier of the examples and write everything the other tools read.

Writes, beside this script unless --out says otherwise:

  ../digits.onnx           the float network, batch normalization not folded
  train/, test/            images and labels as IDX files (the format of MNIST)
  reference-logits.npy     ONNX Runtime's logits for the test images, float32 [360, 10]

Nothing is downloaded: scikit-learn ships the images. One seed fixes the weights, the batches and the
augmentation; the split has a seed of its own, so that another network is still judged on the same images.
"""

import argparse
import math
import os
import struct
import sys
import time
from pathlib import Path

# One thread and the CPU: with several threads the order of the sums, and with it the weights, may change from
# run to run. Must be set before jax is imported.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent

SPLIT_SEED = 2024
TEST_IMAGES = 360

# name, output channels, stride; every convolution is 3x3 with a padding of 1.
CONVS = [("1", 16, 1), ("2", 32, 1), ("3", 64, 2), ("4", 64, 1)]
CLASSES = 10
BN_EPSILON = 1e-5
BN_MOMENTUM = 0.9  # share of the old running statistics kept at each step

BATCH = 64
WARM_UP = 0.05  # share of the steps in which the learning rate rises
SHIFT = 1.0  # augmentation: at most so many pixels in x and in y, ...
ROTATE = math.radians(10)  # ... this angle, ...
ZOOM = 0.08  # ... and this relative change of size


# ------------------------------------------------------------------------------------------------------------
# Data


def load_images():
    """The 1,797 images as 8x8 bytes, and their labels."""
    digits = load_digits()
    levels = digits.images.astype(np.int64)
    assert levels.min() == 0 and levels.max() == 16
    # The source has 17 grey levels (ink counted in 4x4 blocks). Spread over a byte they are what any image
    # reader expects, and rounding back gives the level again, so nothing is lost.
    pixels = np.round(levels * 255 / 16).astype(np.uint8)
    assert np.array_equal(np.round(pixels.astype(np.float64) * 16 / 255).astype(np.int64), levels)
    return pixels, digits.target.astype(np.uint8)


def split(pixels, labels, held_out, seed):
    """Stratified: both parts have the same share of each digit. Both returned as (pixels, labels)."""
    a, b, la, lb = train_test_split(pixels, labels, test_size=held_out, stratify=labels, random_state=seed)
    return (a, la), (b, lb)


def write_idx(path, array):
    """IDX: two zero bytes, the type (8 = unsigned byte), the rank, the big-endian sizes, then the bytes."""
    assert array.dtype == np.uint8
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def write_images(folder, part):
    folder.mkdir(parents=True, exist_ok=True)
    write_idx(folder / "images-idx3-ubyte", part[0])
    write_idx(folder / "labels-idx1-ubyte", part[1])


def to_input(pixels):
    """What digits.toml tells the host to do: (pixel - 0) / 255, as [n, 1, 8, 8]."""
    return (pixels.astype(np.float32) / np.float32(255))[:, None]


# ------------------------------------------------------------------------------------------------------------
# Network. Parameters carry the names of the ONNX initializers. Inside, images are [n, y, x, channel] and
# kernels [y, x, in, out], which XLA runs faster on a CPU; the export turns them round.


def initial_parameters(rng):
    params, stats, cin = {}, {}, 1
    for name, cout, _ in CONVS:
        params[f"conv{name}.weight"] = rng.normal(0, math.sqrt(2 / (9 * cin)), (3, 3, cin, cout))
        params[f"bn{name}.scale"] = np.ones(cout)
        params[f"bn{name}.bias"] = np.zeros(cout)
        stats[f"bn{name}.mean"] = np.zeros(cout)
        stats[f"bn{name}.var"] = np.ones(cout)
        cin = cout
    features = cin * 4 * 4
    params["fc.weight"] = rng.normal(0, math.sqrt(1 / features), (CLASSES, features))
    params["fc.bias"] = np.zeros(CLASSES)
    as_f32 = lambda tree: {k: jnp.asarray(v, jnp.float32) for k, v in tree.items()}
    return as_f32(params), as_f32(stats)


def forward(params, stats, x, training):
    """Logits of x [n, 1, 8, 8], and when training the statistics of this batch, which then normalize it."""
    x = x.transpose(0, 2, 3, 1)
    seen = {}
    for name, _, stride in CONVS:
        x = jax.lax.conv_general_dilated(
            x,
            params[f"conv{name}.weight"],
            (stride, stride),
            [(1, 1), (1, 1)],
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        mean, var = stats[f"bn{name}.mean"], stats[f"bn{name}.var"]
        if training:
            seen[f"bn{name}.mean"] = mean = x.mean((0, 1, 2))
            seen[f"bn{name}.var"] = var = x.var((0, 1, 2))
        x = (x - mean) / jnp.sqrt(var + BN_EPSILON) * params[f"bn{name}.scale"] + params[f"bn{name}.bias"]
        x = jax.nn.relu(x)
    # ONNX flattens [channel, y, x].
    x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
    return x @ params["fc.weight"].T + params["fc.bias"], seen


# ------------------------------------------------------------------------------------------------------------
# Training


def augment(key, x):
    """Shift, rotate and zoom each image a little, bilinearly, with black outside.

    On 8x8 pixels a bilinear warp is a 64x64 matrix: source pixel s contributes to target pixel t as far as
    the point that t looks at lies within one pixel of s.
    """
    n = x.shape[0]
    k1, k2, k3 = jax.random.split(key, 3)
    shift = jax.random.uniform(k1, (n, 2, 1), minval=-SHIFT, maxval=SHIFT)
    angle = jax.random.uniform(k2, (n, 1), minval=-ROTATE, maxval=ROTATE)
    zoom = 1 + jax.random.uniform(k3, (n, 1), minval=-ZOOM, maxval=ZOOM)
    y, x0 = jnp.mgrid[0:8, 0:8].reshape(2, 64).astype(jnp.float32) - 3.5  # from the middle of the image
    look_y = (jnp.cos(angle) * y - jnp.sin(angle) * x0) * zoom + shift[:, 0]
    look_x = (jnp.sin(angle) * y + jnp.cos(angle) * x0) * zoom + shift[:, 1]
    near = lambda look, at: jnp.maximum(0, 1 - jnp.abs(look[:, :, None] - at))
    warp = near(look_y, y) * near(look_x, x0)  # [n, target, source]
    return jnp.einsum("nts,ns->nt", warp, x.reshape(n, 64)).reshape(x.shape)


def decays(name):
    """Weight decay is for weights: pulling at biases and at BN's scales only costs accuracy."""
    return name.endswith(".weight")


def make_step(steps, rate, decay, with_augmentation):
    """One step of AdamW, with a short linear warm-up and then a cosine down to zero."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    warm_up = max(1, int(steps * WARM_UP))

    def loss(params, stats, x, labels):
        logits, seen = forward(params, stats, x, training=True)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
        return -chosen.mean(), seen

    @jax.jit
    def step(params, stats, m, v, t, key, x, labels):
        if with_augmentation:
            x = augment(jax.random.fold_in(key, t), x)
        (value, seen), grads = jax.value_and_grad(loss, has_aux=True)(params, stats, x, labels)
        stats = {k: BN_MOMENTUM * stats[k] + (1 - BN_MOMENTUM) * s for k, s in seen.items()}
        now = t + 1.0
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * jnp.maximum(0, now - warm_up) / max(1, steps - warm_up)))
        lr = rate * jnp.minimum(now / warm_up, cosine)
        m = {k: beta1 * m[k] + (1 - beta1) * g for k, g in grads.items()}
        v = {k: beta2 * v[k] + (1 - beta2) * g * g for k, g in grads.items()}
        params = {
            k: p
            - lr * (m[k] / (1 - beta1**now)) / (jnp.sqrt(v[k] / (1 - beta2**now)) + epsilon)
            - (lr * decay * p if decays(k) else 0)
            for k, p in params.items()
        }
        return params, stats, m, v, value

    return step


def train(part, args):
    pixels, labels = part
    x, labels = to_input(pixels), labels.astype(np.int32)
    rng = np.random.default_rng(args.seed)
    key = jax.random.key(args.seed)
    params, stats = initial_parameters(rng)
    m = {k: jnp.zeros_like(p) for k, p in params.items()}
    v = dict(m)
    # What does not fill a batch waits for the next epoch's shuffle: every step then has the same shape.
    batches = len(x) // BATCH
    step = make_step(args.epochs * batches, args.rate, args.decay, args.augment)
    start, t = time.time(), 0
    for epoch in range(args.epochs):
        order, total = rng.permutation(len(x)), 0.0
        for b in range(batches):
            chosen = order[b * BATCH : (b + 1) * BATCH]
            params, stats, m, v, value = step(params, stats, m, v, t, key, x[chosen], labels[chosen])
            total, t = total + value, t + 1
        if epoch % 10 == 9 or epoch + 1 == args.epochs:
            print(
                f"epoch {epoch + 1:3}  loss {total / batches:.4f}  {time.time() - start:5.1f} s",
                file=sys.stderr,
            )
    return params, stats


def logits_of(params, stats, pixels):
    return np.asarray(jax.jit(lambda x: forward(params, stats, x, training=False)[0])(to_input(pixels)))


def describe(logits, labels):
    right = int((logits.argmax(1) == labels).sum())
    return f"{100 * right / len(labels):6.2f} %  ({right} of {len(labels)})"


def prune_in_one_shot(params, stats, share, pixels):
    """Zero that share of each convolution's weights, the smallest ones, and measure BN's statistics anew.

    No weight is trained after it: this compares how well recipes lend themselves to pruning, it is no pruning
    method.
    """
    pruned = dict(params)
    for name, _, _ in CONVS[1:]:  # conv1 has 144 weights: nothing to gain there
        w = params[f"conv{name}.weight"]
        pruned[f"conv{name}.weight"] = jnp.where(jnp.abs(w) >= jnp.quantile(jnp.abs(w), share), w, 0)
    return pruned, forward(pruned, stats, to_input(pixels), training=True)[1]


# ------------------------------------------------------------------------------------------------------------
# Export


def to_onnx(params, stats):
    values = {k: np.asarray(a) for k, a in {**params, **stats}.items()}
    nodes, initializers, x = [], [], "image"

    def constant(name):
        a = values[name]
        if a.ndim == 4:
            a = a.transpose(3, 2, 0, 1)  # [y, x, in, out] -> [out, in, y, x]
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(a), name))
        return name

    def add(op, name, inputs, output=None, **attributes):
        output = output or f"{name}_out"
        nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    for n, _, stride in CONVS:
        conv = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, stride])
        x = add("Conv", f"conv{n}", [x, constant(f"conv{n}.weight")], **conv)
        bn = [constant(f"bn{n}.{what}") for what in ("scale", "bias", "mean", "var")]
        x = add("BatchNormalization", f"bn{n}", [x, *bn], epsilon=BN_EPSILON)
        x = add("Relu", f"relu{n}", [x])
    x = add("Flatten", "flatten", [x], axis=1)
    add("Gemm", "fc", [x, constant("fc.weight"), constant("fc.bias")], output="logits", transB=1)

    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        initializers,
    )
    model = helper.make_model(
        graph,
        # IR 8 is the oldest that goes with opset 17: what onnx writes by default, older readers refuse.
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="pleach examples/digits/train.py",
        doc_string="Handwritten digits, 8x8. image = pixel / 255. Data: UCI, DOI 10.24432/C50P49, CC BY 4.0.",
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def run_onnx(model, pixels):
    """The graph as it is written: without ONNX Runtime's fusions, and in one thread."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"image": to_input(pixels)})[0]


# ------------------------------------------------------------------------------------------------------------


def validate(part, args):
    """For choosing a recipe: train on four fifths of the training images, judge on the others, write nothing."""
    inner, held_out = split(*part, held_out=0.2, seed=args.seed)
    params, stats = train(inner, args)
    print(f"held out            {describe(logits_of(params, stats, held_out[0]), held_out[1])}")
    for share in (0.5, 0.75):
        pruned, measured = prune_in_one_shot(params, stats, share, inner[0])
        logits = logits_of(pruned, measured, held_out[0])
        print(f"  with {100 * share:.0f} % zeros   {describe(logits, held_out[1])}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the model here and the data into DIR/digits"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="weights, batches, augmentation (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=80, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--decay", type=float, default=2.0, help="weight decay (default: %(default)s)")
    parser.add_argument(
        "--no-augment", dest="augment", action="store_false", help="train on the images as they are"
    )
    parser.add_argument(
        "--validate",
        action="store_true",
        help="judge a recipe on a fifth of the training images (another one for each --seed); writes "
        "nothing and never looks at the test images",
    )
    args = parser.parse_args()

    training, test = split(*load_images(), held_out=TEST_IMAGES, seed=SPLIT_SEED)
    if args.validate:
        validate(training, args)
        return

    out = args.out or HERE.parent
    write_images(out / "digits" / "train", training)
    write_images(out / "digits" / "test", test)

    params, stats = train(training, args)
    model = to_onnx(params, stats)
    (out / "digits.onnx").write_bytes(model)
    reference = run_onnx(model, test[0])
    np.save(out / "digits" / "reference-logits.npy", reference)

    ours = logits_of(params, stats, test[0])
    print(f"train accuracy      {describe(logits_of(params, stats, training[0]), training[1])}")
    print(f"test accuracy       {describe(reference, test[1])}")
    print(f"trainer vs ONNX     {np.abs(ours - reference).max():.2e}  (largest difference of a logit)")
    print(f"digits.onnx         {len(model)} bytes")


if __name__ == "__main__":
    main()
