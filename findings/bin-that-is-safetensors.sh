#!/usr/bin/env bash
# The same call writes a pickle in diffusers and a safetensors file in transformers.
#
# Expected: save_pretrained(folder, safe_serialization=False, variant="fp16") writes a .bin file in
# both libraries, or the library that can no longer do so says it.
# Happens: diffusers writes diffusion_pytorch_model.fp16.bin. transformers 5 ignores
# safe_serialization, without a warning, and writes model.fp16.safetensors.
# Versions: transformers 5.24.0, diffusers 0.42.1, torch 2.15.0.
# Why it matters: one pipeline, saved by one call, holds files of two kinds. A script or a reader
# that looks for pytorch_model.fp16.bin beside diffusion_pytorch_model.fp16.bin finds nothing.
# yent: looks for the safetensors name and the .bin name in each part of a folder by itself.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 transformers==5.24.0 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version
from pathlib import Path

from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel
from transformers.utils import logging

print(*(f"{p} {version(p)}" for p in ("transformers", "diffusers", "torch")), sep=", ")
logging.disable_progress_bar()
text = CLIPTextModel(CLIPTextConfig(
    vocab_size=10, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
    bos_token_id=0, eos_token_id=1))
unet = UNet2DConditionModel(
    sample_size=8, block_out_channels=(32,), down_block_types=("DownBlock2D",),
    up_block_types=("UpBlock2D",), layers_per_block=1, cross_attention_dim=16, norm_num_groups=8)
found = {}
for name, model in (("text_encoder", text), ("unet", unet)):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.save_pretrained(name, safe_serialization=False, variant="fp16")
    found[name] = sorted(p.name for p in Path(name).iterdir() if p.suffix != ".json")
    print(f"{name}: {found[name]}, warnings: {[str(w.message) for w in said]}")
if found != {"text_encoder": ["model.fp16.safetensors"],
             "unet": ["diffusion_pytorch_model.fp16.bin"]}:
    raise SystemExit("changed: other files are written")
PY
