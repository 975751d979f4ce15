"""Models of few steps: LCM-LoRA and the tiny autoencoder, as diffusers runs them.

Run as `python tests/golden/few_steps.py` with what tools/golden/requirements.txt names. Writes
lcm_lora.safetensors, an adapter with the targets and the key names of latent-consistency's LCM-LoRA
for toy_painter; few_steps.safetensors, the last latents of toy_painter with it, and of a picture that
the tiny autoencoder has encoded; vae_tiny.safetensors, that autoencoder both ways. Its weights are
seeded, like those of tools/golden.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import (AutoencoderKL, AutoencoderTiny, EulerDiscreteScheduler, LCMScheduler,
                       StableDiffusionImg2ImgPipeline, StableDiffusionPipeline, TCDScheduler,
                       UNet2DConditionModel)
from PIL import Image
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tools/golden"))

import models  # noqa: E402
import nets  # noqa: E402
from store import inputs, save  # noqa: E402

TOY = HERE / "toy_painter"
TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
           "conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv",
           "time_emb_proj")
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
STEPS, SEED, RANK, SIZE = 4, 11, 2, 32
TINY = {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "scaling_factor": 1.0,
        "encoder_block_out_channels": [16, 16, 16], "decoder_block_out_channels": [24, 24, 24],
        "num_encoder_blocks": [1, 2, 1], "num_decoder_blocks": [2, 1, 1], "act_fn": "relu",
        "upsampling_scaling_factor": 2, "latent_magnitude": 3, "latent_shift": 0.5}


def tiny(config, seed):
    made = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    return nets.fill(AutoencoderTiny(**made), seed)


def adapter(unet):
    random = np.random.default_rng(3)
    tensors = {}
    for path, module in unet.named_modules():
        if not path.endswith(TARGETS):
            continue
        out, into, *window = module.weight.shape
        fan_in = into * int(np.prod(window))
        key = "lora_unet_" + path.replace(".", "_")
        tensors[f"{key}.lora_down.weight"] = random.standard_normal((RANK, into, *window)) / fan_in**0.5
        tensors[f"{key}.lora_up.weight"] = random.standard_normal((out, RANK, *([1] * len(window)))) / 4
        tensors[f"{key}.alpha"] = np.array(1.0)
    tensors = {k: torch.from_numpy(np.asarray(v)).half() for k, v in tensors.items()}
    save_file(tensors, HERE / "lcm_lora.safetensors")
    return len(tensors) // 3


def pipeline(cls, vae, scheduler):
    unet = UNet2DConditionModel.from_pretrained(TOY / "unet").eval()
    made = cls(vae, None, None, unet, scheduler, None, None, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    made.scheduler = scheduler  # the pipeline has changed its steps_offset
    return made


def distilled(tensors, random):
    tensors |= {"cond": torch.randn(5, 32, generator=random),
                "uncond": torch.randn(5, 32, generator=random)}
    vae = AutoencoderKL.from_pretrained(TOY / "vae").eval()
    # The pipeline passes its own eta, 0, where TCDScheduler alone has 0.3.
    for name, cls, eta in (("lcm", LCMScheduler, 0.0), ("tcd", TCDScheduler, 0.3)):
        painter = pipeline(StableDiffusionPipeline, vae, cls(**SD))
        painter.load_lora_weights(load_file(HERE / "lcm_lora.safetensors"))
        for guidance in (1.0, 2.0):
            tensors[f"{name} {guidance}"] = painter(
                prompt_embeds=tensors["cond"][None], negative_prompt_embeds=tensors["uncond"][None],
                width=SIZE, height=SIZE, num_inference_steps=STEPS, guidance_scale=guidance,
                eta=eta, output_type="latent", generator=torch.Generator().manual_seed(SEED)).images


def from_picture(tensors):
    small = TINY | {k: v[:2] for k, v in TINY.items() if isinstance(v, list)}  # of toy_painter's factor
    scheduler = EulerDiscreteScheduler(**SD, timestep_spacing="trailing")
    painter = pipeline(StableDiffusionImg2ImgPipeline, tiny(small, 29), scheduler)
    tensors["picture"] = painter(
        prompt_embeds=tensors["cond"][None], negative_prompt_embeds=tensors["uncond"][None],
        image=Image.open(HERE / "toy_input.png").convert("RGB").resize((SIZE, SIZE), Image.LANCZOS),
        strength=0.6, num_inference_steps=5, guidance_scale=3.0, output_type="latent",
        generator=torch.Generator().manual_seed(SEED)).images
    return small


def both_ways():
    random = np.random.default_rng(27)
    model = tiny(TINY, 27)
    decode = {"decode_even": {"latent": inputs(random, 1, 4, 4, 4) * 2},
              "decode_odd": {"latent": inputs(random, 2, 4, 3, 5)}}
    encode = {"encode_even": {"pixels": inputs(random, 1, 3, 16, 16).clamp(-1, 1)},
              "encode_odd": {"pixels": inputs(random, 1, 3, 11, 14).clamp(-1, 1)}}
    images, errors = models.run_cases(model, decode, lambda m, c: m.decode(c["latent"]).sample)
    latents, more = models.run_cases(model, encode, lambda m, c: m.encode(c["pixels"]).latents)
    outputs = {f"{key}.image": v for key, v in images.items()}
    outputs |= {f"{key}.moments": v for key, v in latents.items()}
    made = models.about("vae", 27, TINY | {"_class_name": "AutoencoderTiny"}, model)
    save("vae_tiny", models.file_of(decode | encode, outputs), made | {
        "cases": [*decode, *encode], "torch_f32_error": errors | more})


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    both_ways()
    unet = UNet2DConditionModel.from_pretrained(TOY / "unet")
    layers = adapter(unet)
    tensors = {}
    distilled(tensors, torch.Generator().manual_seed(2))
    small = from_picture(tensors)
    config = {"size": SIZE, "steps": STEPS, "seed": SEED, "layers": layers,
              "tiny": small | {"_class_name": "AutoencoderTiny"}, "tiny_seed": 29}
    save_file({name: t.contiguous() for name, t in tensors.items()}, HERE / "few_steps.safetensors",
              {"config": json.dumps(config)})


main()
