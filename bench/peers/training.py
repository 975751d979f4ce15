#!/usr/bin/env python3
"""Steps of training character diffusion, PyTorch beside `yent-diffuse train`: the same shape, batch
and optimizer, one thread each, in turns. Prints the processor time of a step, least and median.

    python bench/peers/training.py build/bin/yent-diffuse [--rounds N] [--compile]"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights/train/characters"))

import model  # noqa: E402

LAYERS, WIDTH, BATCH, LENGTH = 6, 192, 16, 256


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def own():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def ours(program, text, steps):
    """Processor seconds of so many steps, start and end included."""
    with tempfile.TemporaryDirectory() as out:
        before = children()
        command = [program, "train", "--text", text, "--out", out, "-q", "-t1", "--steps", steps]
        command += ["--layers", LAYERS, "--width", WIDTH, "--batch", BATCH, "--seed", 1]
        subprocess.run([str(c) for c in command], check=True)
        return children() - before


class Torch:
    def __init__(self, compiled):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        self.net = model.CharDiffusion(model.Shape(LAYERS, WIDTH, WIDTH // 64))
        self.run = torch.compile(self.net) if compiled else self.net
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=3e-4, weight_decay=0.01, fused=True)
        self.generator = torch.Generator().manual_seed(1)
        self.text = torch.randint(32, 127, (100_000,), generator=self.generator)

    def step(self):
        at = torch.randint(100_000 - LENGTH, (BATCH,), generator=self.generator)
        ids = self.text[at[:, None] + torch.arange(LENGTH)]
        self.optimizer.zero_grad()
        model.loss(self.run, ids, self.generator).backward()
        self.optimizer.step()

    def seconds(self, steps):
        before = own()
        for _ in range(steps):
            self.step()
        return (own() - before) / steps


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--compile", action="store_true")
    args = options.parse_args()
    letters = random.Random(1)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as text:
        text.write("".join(chr(letters.randint(32, 126)) for _ in range(5000)))  # nothing held out
        text.flush()
        peer = Torch(args.compile)
        peer.step()
        times = {"yent": [], "torch": []}
        for _ in range(args.rounds):
            # Two runs of different length: their difference has neither start nor end.
            times["yent"].append((ours(args.program, text.name, 5) - ours(args.program, text.name, 1)) / 4)
            times["torch"].append(peer.seconds(4))
        for name, seconds in times.items():
            print(f"{name}: {min(seconds) * 1e3:.0f} ms, median {statistics.median(seconds) * 1e3:.0f}")
        print(f"torch / yent: {statistics.median(times['torch']) / statistics.median(times['yent']):.2f}")


if __name__ == "__main__":
    main()
