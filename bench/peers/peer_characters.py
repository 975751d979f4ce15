#!/usr/bin/env python3
"""peer_characters.py MODEL.safetensors: character diffusion in PyTorch, eager and compiled.

chars_step is one evaluation of 256 characters; chars_block one block by the rule confidence 0.9,
whose evaluations are printed, too. The network is weights/train/characters/model.py."""
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights/train/characters"))

from model import CharDiffusion, Shape, sample  # noqa: E402

from common import REPEATS, THREADS, report  # noqa: E402

EVALUATIONS, LENGTH = 25, 256
CONTEXT = "And God said, Let"[:16]


def network(path):
    weights = load_file(path)
    vocabulary, width = weights["token_emb.weight"].shape
    layers = sum(name.endswith("attn.c_q.weight") for name in weights)
    net = CharDiffusion(Shape(layers=layers, width=width, heads=width // 64, length=LENGTH,
                              vocabulary=vocabulary, steps=len(weights["time_emb.weight"])))
    net.load_state_dict({name: w.float() for name, w in weights.items()})
    return net.eval()


def milliseconds(call):
    begin = time.perf_counter()
    result = call()
    return (time.perf_counter() - begin) * 1000, result


@torch.no_grad()
def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    net = network(sys.argv[1])
    ids = torch.randint(0, 128, (1, LENGTH))
    ids[torch.rand(ids.shape) < 0.5] = 0
    t = torch.tensor([64])
    for kind in ("eager", "compiled"):
        if kind == "compiled":
            net.forward = torch.compile(net.forward)
        for _ in range(3):
            net(ids, t)
        steps = sorted(milliseconds(lambda: net(ids, t))[0] for _ in range(EVALUATIONS))
        blocks = [milliseconds(lambda: sample(net, CONTEXT)) for _ in range(REPEATS)]
        best, (_, evaluations) = min(blocks)
        version = f"torch {torch.__version__} {kind}"
        report("chars_step", ms=steps[len(steps) // 2], version=version)
        report("chars_block", ms=best, version=f"{version}, {evaluations} evaluations")


if __name__ == "__main__":
    main()
