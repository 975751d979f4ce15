#!/usr/bin/env python3
"""Trains the painter (weights/default without the voice). See README.md for the stages.

    python painter.py inner | outer | text | unet [--run DIR] [--minutes N]

Each stage goes on where it stopped, by a full checkpoint in --run or by weights/train/state."""

import argparse
import random
from pathlib import Path

import numpy as np
import torch

import autoencoder
from drawings.scene import random_scene, render
from stages import Run

HERE = Path(__file__).resolve().parent
STATE = HERE.parent / "state"


def scene_of(stage, number):
    return random_scene(random.Random(f"{stage} {number}"))


def inner(args):
    """Two crops of 128 x 128 of each drawing of 256 x 256."""
    torch.manual_seed(1)
    run = Run("inner", args.run, autoencoder.build(autoencoder.INNER), args.total or 13000, 2e-3, 400,
              state=STATE / "inner.npz")
    batch = 4

    def loss(count):
        rng = random.Random(f"crops {count}")
        crops = []
        for i in range(count, count + batch):
            picture = render(scene_of("inner", i), 256)
            for _ in range(2):
                r, c = 16 * rng.randint(0, 8), 16 * rng.randint(0, 8)
                crops.append(picture[r:r + 128, c:c + 128])
        x = autoencoder.normalized(np.stack(crops)).contiguous(memory_format=torch.channels_last)
        return autoencoder.inner_loss(run.model, x)
    run.go(batch, loss, args.minutes)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=["inner"])
    options.add_argument("--run", type=Path, default=Path("painter-run"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int, help="samples of the whole stage")
    options.add_argument("--threads", type=int, default=1)
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    {"inner": inner}[args.stage](args)


if __name__ == "__main__":
    main()
