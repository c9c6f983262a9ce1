#!/usr/bin/env python3
"""Render the traffic signs: 32x32 colour images in 43 classes, the same from the same seed.

Each sign is turned, seen in perspective, put before a crop of a photograph, partly hidden, blurred, lit and given noise.
The photographs are the public samples that scikit-learn and scikit-image ship inside of their packages.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from skimage import data as samples
from sklearn.datasets import load_sample_images

from signs import NAMES, draw

SIZE = 32
SCENE = 2 * SIZE  # everything before the camera is drawn twice as large
BOARD = 96  # pixels of the drawn signs
TRAIN, TEST = 20_000, 4_300


def photographs():
    """Colour photographs, at least 256 pixels high and wide."""
    images = list(load_sample_images().images)
    images += [samples.astronaut(), samples.chelsea(), samples.coffee(), samples.rocket()]
    return [np.ascontiguousarray(image[..., :3]) for image in images]


class Renderer:
    def __init__(self):
        self.boards = [draw(name, BOARD) for name in NAMES]
        self.photographs = photographs()

    def backdrop(self, rng):
        """A crop of a photograph, of 64 to 256 pixels, scaled to the scene."""
        photograph = self.photographs[rng.integers(len(self.photographs))]
        height, width, _ = photograph.shape
        side = int(rng.integers(SCENE, 257))
        top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        crop = Image.fromarray(photograph[top : top + side, left : left + side])
        if rng.random() < 0.5:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return crop.resize((SCENE, SCENE), Image.Resampling.BILINEAR)

    def image(self, label, rng):
        """One image of a class, uint8 [3, 32, 32]."""
        scene = self.backdrop(rng)
        board = self.boards[label].transform(
            (SCENE, SCENE), Image.Transform.PERSPECTIVE, perspective(rng), Image.Resampling.BILINEAR
        )
        scene.paste(board, (0, 0), board)
        if rng.random() < 0.4:
            hide(scene, self.backdrop(rng), rng)
        blur = rng.uniform(0, 1.9) if rng.random() < 0.85 else rng.uniform(1.9, 3.0)
        scene = scene.filter(ImageFilter.GaussianBlur(blur))
        pixels = np.asarray(scene.reduce(SCENE // SIZE), dtype=np.float32)
        return light(pixels, rng).transpose(2, 0, 1)


def perspective(rng):
    """The eight coefficients that map the scene's pixels to the board's."""
    half = SCENE * rng.uniform(0.31, 0.48)
    center = SCENE / 2 + rng.uniform(-1, 1, 2) * (SCENE / 2 - half + 3)
    angle = np.radians(np.clip(rng.normal(0, 7), -20, 20))
    squeeze = 1 - abs(rng.normal(0, 0.12, 2)).clip(0, 0.4)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    corners = corners * squeeze + rng.uniform(-0.09, 0.09, (4, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = corners @ turn.T * half + center
    drawn = [(0, 0), (BOARD, 0), (BOARD, BOARD), (0, BOARD)]
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, drawn):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows), np.array(values)).tolist()


def hide(scene, other, rng):
    """Puts a piece of another picture over an edge of the scene, up to 35 % of it."""
    mask = Image.new("L", scene.size, 0)
    depth = SCENE * rng.uniform(0.05, 0.35, 2)
    ImageDraw.Draw(mask).polygon([(0, 0), (SCENE, 0), (SCENE, depth[0]), (0, depth[1])], fill=255)
    mask = mask.rotate(90 * int(rng.integers(4)))
    scene.paste(other, (0, 0), mask)


def light(pixels, rng):
    """Exposure, contrast, the colour of the light, a shadow's edge, and the camera's noise."""
    contrast, level = rng.uniform(0.42, 1.15), rng.uniform(0.42, 1.15)
    pixels = (pixels - 128) * contrast + 128
    pixels *= level * (1 + rng.normal(0, 0.07, 3).astype(np.float32))
    if rng.random() < 0.3:
        y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        dark = x * np.cos(angle) + y * np.sin(angle) > rng.uniform(-0.3, 0.3)
        pixels *= np.where(dark, rng.uniform(0.35, 0.8), 1.0)[..., None]
    pixels += rng.normal(0, rng.uniform(1, 12), pixels.shape)
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


def render(count, seed):
    """`count` images as uint8 [count, 3, 32, 32] and their labels, all classes as often as each other, in random order."""
    rng = np.random.default_rng(seed)
    renderer = Renderer()
    labels = rng.permutation(np.arange(count) % len(NAMES))
    images = np.stack([renderer.image(label, rng) for label in labels])
    return images, labels.astype(np.uint8)


def training_and_test(seed, folder):
    """Both sets: from `folder`, or rendered and kept there. They have seeds of their own and share no crop."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for part, (name, count) in enumerate((("train", TRAIN), ("test", TEST))):
        file = folder / f"{name}-{seed}.npz"
        if not file.exists():
            images, labels = render(count, [seed, part])
            np.savez(file, images=images, labels=labels)
        with np.load(file) as kept:
            parts.append((kept["images"], kept["labels"]))
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where train-SEED.npz and test-SEED.npz go, unless they are there")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="also write a sheet with two images a class")
    args = parser.parse_args()
    start = time.time()
    (images, labels), _ = training_and_test(args.seed, args.folder)
    print(f"{len(images)} training images, {TEST} test images, {time.time() - start:.0f} s")
    if args.sheet:
        chosen = np.concatenate([np.flatnonzero(labels == label)[:2] for label in range(len(NAMES))])
        tiles = [images[i].transpose(1, 2, 0) for i in chosen] + [np.zeros((SIZE, SIZE, 3), np.uint8)] * 4
        rows = [np.concatenate(tiles[row : row + 10], 1) for row in range(0, 90, 10)]
        Image.fromarray(np.concatenate(rows, 0)).resize((10 * 96, 9 * 96), Image.Resampling.NEAREST).save(args.sheet)


if __name__ == "__main__":
    main()
