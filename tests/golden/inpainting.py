"""Repainting a part of a picture: tests/golden/inpainting.safetensors and toy_mask.png.

Run as `python tests/golden/inpainting.py` with diffusers 0.42.1. StableDiffusionInpaintPipeline
paints with tests/golden/toy_painter, whose UNet has 4 input channels, and with the same UNet with 9
(`conv_in.weight` is stored). What is stored of every run is its last latent.
"""

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
                       HeunDiscreteScheduler, PNDMScheduler, StableDiffusionInpaintPipeline,
                       UNet2DConditionModel)
from PIL import Image
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
TOY = HERE / "toy_painter"
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = SD | {"timestep_spacing": "leading", "steps_offset": 1}
TRAILING = SD | {"timestep_spacing": "trailing"}
SCHEDULERS = {
    "ddim": (DDIMScheduler, LEADING | {"set_alpha_to_one": False, "clip_sample": False}),
    "pndm": (PNDMScheduler, LEADING | {"skip_prk_steps": True}),
    "ddpm": (DDPMScheduler, LEADING | {"clip_sample": False}),
    "euler": (EulerDiscreteScheduler, TRAILING),
    "euler-a": (EulerAncestralDiscreteScheduler, TRAILING),
    "heun": (HeunDiscreteScheduler, TRAILING),
    "dpm++2m": (DPMSolverMultistepScheduler, TRAILING | {"final_sigmas_type": "zero"}),
}
SIZE, STEPS, GUIDANCE, SEED = 32, 5, 3.0, 7


def painter(channels, conv_in):
    config = json.loads((TOY / "unet/config.json").read_text()) | {"in_channels": channels}
    unet = UNet2DConditionModel.from_config(config)
    weights = load_file(TOY / "unet/diffusion_pytorch_model.safetensors")
    if channels == 9:
        weights["conv_in.weight"] = conv_in
    unet.load_state_dict(weights)
    vae = AutoencoderKL.from_pretrained(TOY / "vae")
    return unet.eval(), vae.eval()


def mask_picture():
    """Of another size than what is painted, with grey borders and a colour in it."""
    y, x = np.mgrid[0:21, 0:27]
    grey = np.clip(255 * (7.5 - np.hypot(x - 15, y - 9)) / 5 + 128, 0, 255).astype(np.uint8)
    rgb = np.stack([grey, grey, np.maximum(grey, 60)], -1)
    rgb[16:20, 2:9] = (255, 255, 40)
    rgb[1:4, 1:5] = (255, 30, 200)  # less than half bright
    Image.fromarray(rgb).save(HERE / "toy_mask.png", optimize=True)
    return Image.open(HERE / "toy_mask.png")


def cases():
    for channels in (4, 9):
        for sampler in ("ddim", "pndm", "euler", "euler-a", "heun"):
            yield channels, sampler, 1.0
        for sampler in ("ddim", "ddpm", "euler", "dpm++2m"):
            yield channels, sampler, 0.6


@torch.no_grad()
def main():
    random = torch.Generator().manual_seed(1)
    tensors = {"cond": torch.randn(5, 32, generator=random),
               "uncond": torch.randn(5, 32, generator=random),
               "conv_in.weight": torch.randn(32, 9, 3, 3, generator=random) * 0.2}
    picture, mask = Image.open(HERE / "toy_input.png").convert("RGB"), mask_picture()
    for channels, sampler, strength in cases():
        unet, vae = painter(channels, tensors["conv_in.weight"])
        cls, fields = SCHEDULERS[sampler]
        pipeline = StableDiffusionInpaintPipeline(vae, None, None, unet, cls(**fields), None, None,
                                                  requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        pipeline.scheduler = cls(**fields)  # the pipeline has changed its steps_offset
        tensors[f"{channels} {sampler} {strength}"] = pipeline(
            prompt_embeds=tensors["cond"][None], negative_prompt_embeds=tensors["uncond"][None],
            image=picture, mask_image=mask, width=SIZE, height=SIZE, strength=strength,
            num_inference_steps=STEPS, guidance_scale=GUIDANCE, output_type="latent",
            generator=torch.Generator().manual_seed(SEED)).images
    config = {"size": SIZE, "steps": STEPS, "guidance": GUIDANCE, "seed": SEED,
              "runs": [{"channels": c, "sampler": s, "strength": x, "name": f"{c} {s} {x}"}
                       for c, s, x in cases()],
              "schedulers": {name: {"_class_name": cls.__name__} | fields
                             for name, (cls, fields) in SCHEDULERS.items()}}
    save_file({name: t.contiguous() for name, t in tensors.items()}, HERE / "inpainting.safetensors",
              {"config": json.dumps(config)})


main()
