"""80 steps of DDPM as the users of Inkpunk paint: tests/golden/inkpunk.safetensors.

Run as `python tests/golden/inkpunk.py` with diffusers 0.42.1 and Pillow 12 or newer. A small painter
of SD 1.5's shape with seeded weights, rounded to f16 as in its file, goes through diffusers' own
pipelines in float32. Stored are the last latents:

    text       text to image, timesteps 948, 936, ..., 0
    picture    image to image, strength 0.8, from t = 756, fitted by Pillow's default filter
    diffusers  the same as diffusers does it: from t = 757, the picture's own size, Lanczos

diffusers sets steps_offset to 1 where a scheduler says 0; it is set back where 0 is meant.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import (DDPMScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline)
from PIL import Image
from safetensors.torch import save_file

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools" / "golden"))

import models  # noqa: E402
import nets  # noqa: E402
from clip_words import clip_tokenizer  # noqa: E402

SEED, STEPS, GUIDANCE, STRENGTH, SIDE = 81, 80, 7.5, 0.8, 64
PROMPT, NEGATIVE = "nvinkpunk a crow on a lighthouse", "blurry, watermark"
UNET = models.UNET | models.unet_blocks(4, True) | {
    "sample_size": 64, "block_out_channels": [32, 32, 64, 64], "layers_per_block": 2,
    "mid_block_type": "UNetMidBlock2DCrossAttn", "cross_attention_dim": 64,
    "attention_head_dim": 8}
VAE = models.vae_config({"block_out_channels": [32, 32, 32, 32], "layers_per_block": 2})
CLIP = {"vocab_size": 49408, "max_position_embeddings": 77, "hidden_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 128,
        "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "bos_token_id": 49406,
        "eos_token_id": 49407, "pad_token_id": 49407}
DDPM = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "clip_sample": False, "timestep_spacing": "leading"}


def rounded(model):
    return model.half().float().eval()


def main():
    parts = {"vae": rounded(nets.vae(VAE, SEED)), "text_encoder": rounded(nets.clip(CLIP, SEED)),
             "unet": rounded(nets.unet(UNET, SEED)), "safety_checker": None,
             "tokenizer": clip_tokenizer(ROOT / "weights" / "clip", model_max_length=77),
             "feature_extractor": None, "requires_safety_checker": False}

    def paint(pipeline, offset, **more):
        pipe = pipeline(scheduler=DDPMScheduler(**DDPM, steps_offset=1), **parts)
        pipe.scheduler = DDPMScheduler(**DDPM, steps_offset=offset)
        pipe.set_progress_bar_config(disable=True)
        latent = pipe(PROMPT, negative_prompt=NEGATIVE, num_inference_steps=STEPS,
                      guidance_scale=GUIDANCE, output_type="latent",
                      generator=torch.Generator().manual_seed(42), **more).images
        print(pipeline.__name__, offset, pipe.scheduler.timesteps[:1], tuple(latent.shape),
              f"rms {latent.square().mean().sqrt():.3f}")
        return latent.contiguous()

    source = Image.open(HERE / "toy_input.png")
    latents = {
        "text": paint(StableDiffusionPipeline, 0, width=SIDE, height=SIDE),
        "picture": paint(StableDiffusionImg2ImgPipeline, 0, image=source.resize((SIDE, SIDE)),
                         strength=STRENGTH),
        "diffusers": paint(StableDiffusionImg2ImgPipeline, 1, image=source, strength=STRENGTH)}
    save_file(latents, HERE / "inkpunk.safetensors", metadata={"config": json.dumps({
        "weights_seed": SEED, "unet": UNET, "vae": VAE, "text": CLIP, "prompt": PROMPT,
        "negative": NEGATIVE, "side": SIDE, "strength": STRENGTH})})


if __name__ == "__main__":
    main()
