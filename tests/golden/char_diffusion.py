"""Character diffusion in PyTorch, for tests/characters/test_char_diffusion.cpp.
Usage: python char_diffusion.py FOLDER

    char_diffusion.safetensors  logits of a random network of odd sizes in float64, rows of 6, 77
                                and 512
    char_diffusion_small.safetensors  a network of all ids, to run the program with
    char_diffusion_toy.pt       the network of the published test vectors, as torch.save writes it

The weights are seeded by name (tools/golden/seeded.py)."""

import json
import math
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tools/golden"), str(ROOT / "weights/train/characters")]

from model import CharDiffusion, Shape  # noqa: E402
from seeded import seeded_values  # noqa: E402

SEED = 23


def seeded_network(shape):
    net = CharDiffusion(shape).eval()
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(torch.from_numpy(seeded_values(name, tuple(p.shape), SEED)))
    return net


def logits(folder):
    shape = Shape(layers=3, width=30, heads=3, vocabulary=37, steps=19)
    net = seeded_network(shape)
    random = np.random.default_rng(SEED)
    out, errors = {}, []
    for rows, length in [(3, 6), (2, 77), (1, 512)]:
        ids = random.integers(0, shape.vocabulary, (rows, length))
        ids[random.random((rows, length)) < 0.5] = 0
        times = random.integers(0, shape.steps, rows)
        with torch.no_grad():
            single = net.float()(torch.from_numpy(ids), torch.from_numpy(times))
            y = net.double()(torch.from_numpy(ids), torch.from_numpy(times))
        errors.append((single - y).norm().item() / y.norm().item())
        name = str(length)
        out[f"ids.{name}"] = torch.from_numpy(ids.astype(np.int32))
        out[f"times.{name}"] = torch.from_numpy(times.astype(np.int32))
        # Every fifth place tells as much.
        out[f"logits.{name}"] = y[:, ::5].float().contiguous()
    config = {"seed": SEED, "layers": shape.layers, "width": shape.width, "heads": shape.heads,
              "vocabulary": shape.vocabulary, "steps": shape.steps, "mlp_width": 4 * shape.width,
              "torch_f32_error": max(errors)}
    save_file(out, folder / "char_diffusion.safetensors", {"config": json.dumps(config)})


def small(folder):
    net = seeded_network(Shape(layers=2, width=16, heads=2, length=24, steps=16))
    save_file(net.state_dict(), folder / "char_diffusion_small.safetensors",
              {"heads": "2", "length": "24"})


def toy(folder):
    net = CharDiffusion(Shape(layers=2, width=8, heads=2, length=6, vocabulary=8, steps=4))
    seeds = {"token_emb": (1, 1.0), "time_emb": (2, 0.5), "output_head": (3, 1.0)}
    leaves = ["attn.c_q", "attn.c_k", "attn.c_v", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"]
    for block in range(2):
        for i, leaf in enumerate(leaves):
            seeds[f"blocks.{block}.{leaf}"] = (10 * (block + 1) + i, 0.4)
    with torch.no_grad():
        for name, p in net.named_parameters():
            seed, size = seeds[name.removesuffix(".weight")]
            values = [size * math.sin(seed + 0.37 * n) for n in range(p.numel())]
            p.copy_(torch.tensor(values, dtype=torch.float64).reshape(p.shape))
        print(net(torch.tensor([[3, 5, 0, 0, 0, 0]]), torch.tensor([0]))[0, [0, 2, 5]])
    torch.save(net.state_dict(), folder / "char_diffusion_toy.pt")


def main():
    folder = pathlib.Path(sys.argv[1])
    logits(folder)
    small(folder)
    toy(folder)


main()
