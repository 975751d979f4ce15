#!/usr/bin/env bash
# Two kinds of LyCORIS adapters write the same names; only the number of dimensions tells them apart.
#
# Expected: algo="diag-oft" and algo="boft" are different kinds, with names of their own, as LoRA,
# LoHa and LoKr have.
# Happens: both write `oft_blocks` and `alpha`, and no metadata of their own. A tensor of 3 dimensions
# is OFT, one of 4 is BOFT: a product of several rotations with permutations between them.
# Versions: lycoris-lora 4.1.3, torch 2.15.0.
# Why it matters: readers find the kind of an adapter by its names. One that knows OFT and reshapes
# BOFT's tensor to what it needs applies another rotation.
# yent: applies neither, and refuses the file as "OFT or BOFT".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  lycoris-lora==4.1.3 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
import logging
from importlib.metadata import version

import torch
from lycoris import LycorisNetwork, create_lycoris
from safetensors import safe_open

print(*(f"{p} {version(p)}" for p in ("lycoris-lora", "torch")), sep=", ")
logging.disable(logging.WARNING)
LycorisNetwork.apply_preset({"target_name": ["to_q"]})


def written(algo):
    model = torch.nn.Sequential()
    model.add_module("to_q", torch.nn.Linear(16, 16))
    network = create_lycoris(model, 1.0, linear_dim=4, algo=algo)
    network.apply_to()
    network.save_weights("adapter.safetensors", None, {})
    with safe_open("adapter.safetensors", "pt") as file:
        shapes = {name: tuple(file.get_tensor(name).shape) for name in file.keys()}
        print(f"{algo:9} {shapes}, metadata {file.metadata()}")
    return shapes


oft, boft = written("diag-oft"), written("boft")
if set(oft) != set(boft):
    raise SystemExit("changed: the names differ")
if [len(shapes["lycoris_to_q.oft_blocks"]) for shapes in (oft, boft)] != [3, 4]:
    raise SystemExit("changed: the shapes differ otherwise")
PY
