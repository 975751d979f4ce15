#!/usr/bin/env python3
"""Trains a style: a LoRA file of rank 8 for the default painter or for any SD1.x / BK-SDM folder.

    python lora.py graffiti --painter weights/default --out weights/styles/graffiti.safetensors
    python lora.py mine --painter bk-sdm-tiny --images FOLDER --suffix ", in my style" --out mine.safetensors

Without --images the style is one of the project's five: drawings in that look (../next/drawings). With
--images, FOLDER holds pictures and, beside each, a .txt with its caption. Needs diffusers, peft, torch;
the file is what diffusers' load_lora_weights and `yent --lora` read."""

import argparse
import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from transformers import CLIPTextModel, CLIPTokenizer

HERE = Path(__file__).resolve().parent
RANK = 8
TARGETS = [
    "to_q",
    "to_k",
    "to_v",
    "to_out.0",
    "ff.net.0.proj",
    "ff.net.2",
    "proj_in",
    "proj_out",
    "conv2",
]


def drawings(style, count, size):
    """(picture, caption) of the project's own drawings in this style."""
    sys.path.insert(0, str(HERE.parent / "next"))
    import captions
    from drawings.scene import render

    source = captions.Captions()
    for i in range(count):
        rng = random.Random(f"style {style} {i}")
        text, scene, _ = source.draw(rng)
        for suffixes in captions.SUFFIXES.values():
            for suffix in suffixes:
                text = text.removesuffix(suffix)
        scene.style = style
        yield render(scene, size), text + captions.exchanges.TABLES["styles"][style]


def photographs(folder, suffix, size):
    from PIL import Image

    for path in sorted(folder.glob("*.*")):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            text = path.with_suffix(".txt")
            caption = text.read_text("utf-8").strip() if text.exists() else ""
            yield np.asarray(Image.open(path).convert("RGB").resize((size, size))), caption + suffix


@torch.no_grad()
def encoded(args, pairs):
    """All latents and text states at once: the painter's other parts are not needed after that."""
    vae = AutoencoderKL.from_pretrained(args.painter, subfolder="vae").eval()
    text = CLIPTextModel.from_pretrained(args.painter, subfolder="text_encoder").eval()
    words = CLIPTokenizer.from_pretrained(args.painter, subfolder="tokenizer")
    latents, states = [], []
    for picture, caption in pairs:
        x = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents.append(vae.encode(x).latent_dist.mean * vae.config.scaling_factor)
        ids = words(
            caption, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        states.append(text(ids).last_hidden_state)
    return torch.cat(latents), torch.cat(states)


def train(args):
    torch.manual_seed(args.seed)
    unet = UNet2DConditionModel.from_pretrained(args.painter, subfolder="unet").requires_grad_(
        False
    )
    schedule = DDPMScheduler.from_pretrained(args.painter, subfolder="scheduler")
    vae = json.loads((args.painter / "vae/config.json").read_text())
    size = args.size or unet.config.sample_size << (len(vae["block_out_channels"]) - 1)
    pairs = (
        photographs(args.images, args.suffix, size)
        if args.images
        else drawings(args.style, args.count, size)
    )
    latents, states = encoded(args, pairs)
    unet.add_adapter(
        LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=TARGETS)
    )
    trained = [p for p in unet.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(trained, lr=args.lr, weight_decay=1e-3)
    for step in range(args.steps):
        for group in opt.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 20, 1.05 - step / args.steps)
        at = torch.randint(0, len(latents), (args.batch,))
        x0, noise, t = (
            latents[at],
            torch.randn_like(latents[at]),
            torch.randint(0, len(schedule.alphas_cumprod), (args.batch,)),
        )
        target = (
            schedule.get_velocity(x0, noise, t)
            if schedule.config.prediction_type == "v_prediction"
            else noise
        )
        loss = F.mse_loss(unet(schedule.add_noise(x0, noise, t), t, states[at]).sample, target)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        if step % 50 == 0 or step == args.steps - 1:
            print(f"{args.style} step {step}  loss {loss.item():.4f}", flush=True)
    layers = {
        k: v.half()
        for k, v in convert_state_dict_to_diffusers(get_peft_model_state_dict(unet)).items()
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    StableDiffusionPipeline.save_lora_weights(
        args.out.parent, unet_lora_layers=layers, weight_name=args.out.name
    )
    print(args.out, args.out.stat().st_size, "bytes")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("style")
    options.add_argument("--painter", type=Path, required=True, help="a diffusers folder")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--images", type=Path)
    options.add_argument("--suffix", default="")
    options.add_argument("--count", type=int, default=600, help="drawings")
    options.add_argument("--size", type=int)
    options.add_argument("--steps", type=int, default=800)
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--lr", type=float, default=1e-3)
    options.add_argument("--seed", type=int, default=1)
    train(options.parse_args())


if __name__ == "__main__":
    main()
