#!/usr/bin/env bash
# A UNet saved while a LoRA is attached loses the LoRA's alpha, and its folder no longer loads whole.
#
# Expected: save_pretrained() of a diffusers UNet after add_adapter() writes a folder that
# from_pretrained() reads back, or an error says that the adapter must be fused or removed first.
# Happens: the folder holds `to_q.base_layer.weight`, `to_q.lora_A.NAME.weight` and
# `to_q.lora_B.NAME.weight`. lora_alpha is written nowhere: not in config.json, not as a tensor.
# from_pretrained() returns a model after a warning. The wrapped weights themselves are "newly
# initialized": they stay on the meta device, so they have no values at all; with
# low_cpu_mem_usage=False they hold whatever the memory held (zeros, huge numbers or NaN).
# Versions: diffusers 0.42.1, peft 0.21.0, transformers 5.24.0, torch 2.15.0.
# Why it matters: such folders are shared, and look like plain models. A reader must put
# `base_layer` back in its place, and can only guess the strength of the adapter.
# yent: reads the folder as base and adapter, takes alpha to be the rank and says so in one line.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 peft==0.21.0 transformers==5.24.0 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.utils import logging
from peft import LoraConfig
from safetensors.torch import load_file

print(*(f"{p} {version(p)}" for p in ("diffusers", "peft", "transformers", "torch")), sep=", ")
logging.set_verbosity_error()
torch.manual_seed(0)
unet = UNet2DConditionModel(
    sample_size=8, block_out_channels=(32,), down_block_types=("CrossAttnDownBlock2D",),
    up_block_types=("CrossAttnUpBlock2D",), layers_per_block=1, cross_attention_dim=16,
    attention_head_dim=8, norm_num_groups=8)
unet.add_adapter(LoraConfig(r=4, lora_alpha=12, target_modules=["to_q"]), "style")
unet.save_pretrained("folder")

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
saved = load_file("folder/diffusion_pytorch_model.safetensors")
files = sorted(p.name for p in Path("folder").iterdir())
names = sorted(n.removeprefix(LAYER) for n in saved if n.startswith(LAYER))
alpha = any("alpha" in n for n in saved) or "alpha" in Path("folder/config.json").read_text()
print("files:", *files)
print("of one to_q:", *names)
print("alpha recorded:", alpha)

plain = UNet2DConditionModel.from_pretrained("folder")
weight = plain.get_submodule(LAYER).weight
print("from_pretrained: to_q.weight on device", weight.device)
whole = UNet2DConditionModel.from_pretrained("folder", low_cpu_mem_usage=False)
same = torch.equal(whole.get_submodule(LAYER).weight, saved[LAYER + ".base_layer.weight"])
print("low_cpu_mem_usage=False: to_q.weight is the saved one:", same)

if alpha or names != [".base_layer.weight", ".lora_A.style.weight", ".lora_B.style.weight"]:
    raise SystemExit("changed: other names are saved, or the alpha is")
if not weight.is_meta or same:
    raise SystemExit("changed: the folder loads")
PY
