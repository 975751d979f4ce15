#!/usr/bin/env bash
# In a pipeline of diffusers TCDScheduler samples without noise: its own default never applies.
#
# Expected: StableDiffusionPipeline with a TCDScheduler and no further argument gives what the scheduler's
# default gives, eta = 0.3 (the paper's gamma), as the pipeline does for every other argument of a step.
# Happens: the pipeline has an eta of its own, 0.0, meant for DDIM, and hands it to any scheduler whose
# step takes a parameter of that name. There it is gamma: the sampling is deterministic.
# Versions: diffusers 0.42.1, torch 2.15.0, transformers 5.24.0.
# Why it matters: few-step pictures lose the noise that the method puts back between steps, and
# reference pictures made without `eta=0.3` are those of another sampler.
# yent: `tcd` always puts 0.3 of the way back, as the scheduler does by itself.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 torch==2.15.0 transformers==5.24.0
cd "$work"
venv/bin/python - 2>&1 <<'PY' | grep -v '^\[transformers\]'
import inspect
from importlib.metadata import version

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, TCDScheduler, UNet2DConditionModel

print(*(f"{p} {version(p)}" for p in ("diffusers", "torch", "transformers")), sep=", ")
torch.manual_seed(0)
unet = UNet2DConditionModel(
    sample_size=8, block_out_channels=(32, 32), layers_per_block=1, cross_attention_dim=16, attention_head_dim=8,
    down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
pipeline = StableDiffusionPipeline(
    vae=AutoencoderKL(block_out_channels=(32,), norm_num_groups=8), unet=unet,
    scheduler=TCDScheduler(beta_schedule="scaled_linear", steps_offset=1), text_encoder=None, tokenizer=None,
    safety_checker=None, feature_extractor=None, requires_safety_checker=False)
pipeline.set_progress_bar_config(disable=True)
words = torch.randn(1, 4, 16)


def latent(**more):
    return pipeline(prompt_embeds=words, num_inference_steps=4, guidance_scale=1, output_type="latent",
                    generator=torch.Generator().manual_seed(1), **more).images


own = inspect.signature(TCDScheduler.step).parameters["eta"].default
usual = latent()
differs = {eta: (latent(eta=eta) - usual).abs().max().item() for eta in (0.0, own)}
print(f"the scheduler's own eta: {own}")
for eta, difference in differs.items():
    print(f"without an argument against eta={eta}: differs by {difference:.3f}")
if own != 0.3 or differs[0.0] != 0 or differs[own] < 0.1:
    raise SystemExit("changed: the pipeline no longer takes the scheduler's noise away")
PY
