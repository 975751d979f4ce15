#!/usr/bin/env bash
# "Drop the last block" of an OpenCLIP text encoder is "drop block number 23" in diffusers.
#
# Expected: diffusers leaves out the last text block of an SD 2.x single file, since SD 2.x uses the
# output of the block before it; of a shorter tower it leaves out the last block as well.
# Happens: the names of block 23 are in a fixed list. A tower of 24 blocks gives 23, as it should. A
# tower of 3 blocks keeps all three, and its last block is run. A tower of 25 blocks loses its
# block 23 and keeps block 24, so that a block is missing from the middle. No warning appears.
# Versions: diffusers 0.42.1, transformers 5.24.0, torch 2.15.0.
# Why it matters: small or pruned SD 2.x models in one file get a text encoder with a block too many
# here, and right values there; a test with a small toy file teaches a reader the wrong rule.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 transformers==5.24.0 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version

import torch
from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
from transformers import CLIPTextConfig, CLIPTextModel

print(*(f"{p} {version(p)}" for p in ("diffusers", "transformers", "torch")), sep=", ")
WIDTH = 8
SHAPES = {"attn.in_proj_weight": (3 * WIDTH, WIDTH), "attn.in_proj_bias": (3 * WIDTH,)}
for name in ("attn.out_proj", "mlp.c_fc", "mlp.c_proj"):
    SHAPES |= {f"{name}.weight": (WIDTH, WIDTH), f"{name}.bias": (WIDTH,)}
for name in ("ln_1", "ln_2"):
    SHAPES |= {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


def kept(blocks):
    single_file = {f"cond_stage_model.model.transformer.resblocks.{i}.{name}": torch.zeros(shape)
                   for i in range(blocks) for name, shape in SHAPES.items()}
    model = CLIPTextModel(CLIPTextConfig(
        vocab_size=10, hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=blocks,
        num_attention_heads=1, bos_token_id=0, eos_token_id=1))
    names = convert_open_clip_checkpoint(model, single_file)
    numbers = {int(n.split("layers.")[1].split(".")[0]) for n in names if "layers." in n}
    missing = sorted(set(range(blocks)) - numbers)
    print(f"{blocks} blocks: left out {missing}")
    return missing


if [kept(blocks) for blocks in (3, 24, 25)] != [[], [23], [23]]:
    raise SystemExit("changed: other blocks are left out")
PY
