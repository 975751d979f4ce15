#!/usr/bin/env python3
"""Trains a style: a LoRA file for the default painter or for any SD1.x / BK-SDM folder.

    python lora.py graffiti --painter weights/default --out weights/styles/graffiti.safetensors
    python lora.py mine --painter bk-sdm-tiny --images FOLDER --suffix ", in my style" --out mine.safetensors

Without --images the style is one of the project's five: drawings in that look (../drawings). With
--images, FOLDER holds pictures and, beside each, a .txt with its caption. Needs diffusers, peft, torch,
and skia-python for the project's drawings. The file is what diffusers' load_lora_weights and
`yent-run --lora` read; its metadata say `base` (the painter), `rank` and `suffix`.

A painter that was trained for guidance (the default one) answers a caption with a part of the way from
its answer to no caption; `--share` says which part, so that the style learns to go as far. Some captions
are dropped, so that the answer to no caption takes on the style, too; guidance would exaggerate it else."""

import argparse
import itertools
import random
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

HERE = Path(__file__).resolve().parent
# All products of the transformers, and each residual block's second convolution.
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
WARM_UP = 20  # steps
DROPPED = 0.12  # share of the captions
JUDGED = 64  # fixed samples of the loss that is printed


def shipped_styles():
    """Names and suffixes, and the module that captions drawings."""
    sys.path.insert(0, str(HERE.parent))
    import captions

    return captions.exchanges.TABLES["styles"], captions


def drawings(style, suffix, size):
    """(picture, caption) of the project's own drawings in this style, without end."""
    _, captions = shipped_styles()
    from drawings.scene import render

    source = captions.Captions()
    for i in itertools.count():
        text, scene, _ = source.draw(random.Random(f"style {style} {i}"))
        for known in itertools.chain(*captions.SUFFIXES.values()):
            text = text.removesuffix(known)
        scene.style = style
        yield render(scene, size), text + suffix


def photographs(folder, suffix, size):
    from PIL import Image

    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            text = path.with_suffix(".txt")
            caption = text.read_text("utf-8").strip() if text.exists() else ""
            yield np.asarray(Image.open(path).convert("RGB").resize((size, size))), caption + suffix


@torch.no_grad()
def encoded(painter, pairs, none):
    """All latents and text states at once, and the states of `none`, the texts that say nothing: the
    painter's other parts are not needed after that."""
    # transformers computes in the type of the file, which is f16 in many folders.
    vae = AutoencoderKL.from_pretrained(painter, subfolder="vae").float().eval()
    text = CLIPTextModel.from_pretrained(painter, subfolder="text_encoder").float().eval()
    words = CLIPTokenizer.from_pretrained(painter, subfolder="tokenizer")

    def read(caption):
        ids = words(
            caption,
            padding="max_length",
            max_length=text.config.max_position_embeddings,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return text(ids).last_hidden_state

    latents, states = [], []
    for picture, caption in pairs:
        x = torch.tensor(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents.append(vae.encode(x).latent_dist.mean * vae.config.scaling_factor)
        states.append(read(caption))
    return torch.cat(latents), torch.cat(states), torch.cat([read(t) for t in none])


def picture_size(painter, unet):
    vae = AutoencoderKL.load_config(painter, subfolder="vae")
    return unet.config.sample_size << (len(vae["block_out_channels"]) - 1)


class Task:
    """What the painter was trained for: the loss of its prediction."""

    def __init__(self, painter, unet, latents, states, none, share):
        self.unet, self.latents, self.states, self.none = unet, latents, states, none
        self.share = share
        self.schedule = DDPMScheduler.from_pretrained(painter, subfolder="scheduler")
        self.kind = self.schedule.config.prediction_type
        if self.kind not in ("epsilon", "v_prediction"):
            raise SystemExit(f"{painter} predicts {self.kind}, expected epsilon or v_prediction")

    def sample(self, count):
        at = torch.randint(0, len(self.latents), (count,))
        t = torch.randint(0, len(self.schedule.alphas_cumprod), (count,))
        return at, torch.randn_like(self.latents[at]), t

    def loss(self, at, noise, t, dropped=0.0):
        x0, states = self.latents[at], self.states[at]
        v = self.kind == "v_prediction"
        target = self.schedule.get_velocity(x0, noise, t) if v else noise
        noised = self.schedule.add_noise(x0, noise, t)
        nothing = self.none[torch.randint(0, len(self.none), (len(at),))]
        drop = (torch.rand(len(at)) < dropped)[:, None, None]
        if self.share < 1:
            with torch.no_grad():
                base = self.unet(noised, t, nothing).sample
            target = torch.where(drop[..., None], target, base + self.share * (target - base))
        return F.mse_loss(self.unet(noised, t, torch.where(drop, nothing, states)).sample, target)

    @torch.no_grad()
    def judged(self, samples, batch):
        parts = zip(*(values.split(batch) for values in samples))
        return sum(self.loss(*part).item() * len(part[0]) for part in parts) / len(samples[0])


def train(args):
    torch.manual_seed(args.seed)
    unet = UNet2DConditionModel.from_pretrained(args.painter, subfolder="unet").float()
    unet.requires_grad_(False)
    size = args.size or picture_size(args.painter, unet)
    pairs = (
        photographs(args.images, args.suffix, size)
        if args.images
        else itertools.islice(drawings(args.style, args.suffix, size), args.count)
    )
    none = ["", shipped_styles()[1].NEGATIVE] if not args.images else [""]
    task = Task(args.painter, unet, *encoded(args.painter, pairs, none), args.share)
    unet.add_adapter(
        LoraConfig(
            r=args.rank,
            lora_alpha=args.rank,
            init_lora_weights="gaussian",
            target_modules=TARGETS,
        )
    )
    trained = [p for p in unet.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(trained, lr=args.lr, weight_decay=1e-3)
    fixed = task.sample(JUDGED)
    before = task.judged(fixed, args.batch)
    for step in range(args.steps):
        for group in opt.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / WARM_UP, 1.05 - step / args.steps)
        loss = task.loss(*task.sample(args.batch), dropped=DROPPED)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        if step % 50 == 0:
            print(f"{args.style} step {step}  loss {loss.item():.4f}", flush=True)
    after = task.judged(fixed, args.batch)
    print(f"{args.style}: loss on {JUDGED} fixed samples {before:.4f} -> {after:.4f}")
    return unet


def save(args, unet):
    tensors = {
        f"unet.{name}": value.half().contiguous()
        for name, value in get_peft_model_state_dict(unet).items()
    }
    metadata = {
        "format": "pt",
        "base": args.painter.resolve().name,
        "rank": str(args.rank),
        "suffix": args.suffix,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, args.out, metadata)
    print(args.out, args.out.stat().st_size, "bytes")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("style")
    options.add_argument("--painter", type=Path, required=True, help="a diffusers folder")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--images", type=Path)
    options.add_argument("--suffix", help="words behind every caption; of the five, their own")
    options.add_argument("--count", type=int, default=600, help="drawings")
    options.add_argument("--size", type=int, help="of pictures; the painter's own")
    options.add_argument("--rank", type=int, default=8)
    options.add_argument("--steps", type=int, default=800)
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--lr", type=float, default=1e-3)
    options.add_argument("--share", type=float, default=1.0, help="see above; 0.4 for weights/default")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, help="of the processor")
    args = options.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if not args.images:
        suffixes, _ = shipped_styles()
        if args.style not in suffixes:
            options.error(f"{args.style} has no drawings: --images, or one of {', '.join(suffixes)}")
        args.suffix = suffixes[args.style] if args.suffix is None else args.suffix
    args.suffix = args.suffix or ""
    save(args, train(args))


if __name__ == "__main__":
    main()
