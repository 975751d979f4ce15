"""Trains the painter's autoencoder on crops of the drawings and caches their latents.

`train` teaches encoder and decoder on crops. `refine` goes on with the decoder alone, on whole
pictures and their cached latents, which therefore stay what the UNet was trained on.
"""

import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

import draw

CROP = 64


def build(scaling_factor=1.0):
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=draw.SIZE,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 64), layers_per_block=1, norm_num_groups=8,
        scaling_factor=scaling_factor)


def normalized(pictures):
    """0..255 [n,h,w,3] -> float [n,3,h,w] in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def edges(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def difference(y, x):
    """Colours, and the outlines on which recognition hangs."""
    return (F.l1_loss(y, x) + 0.5 * F.mse_loss(y, x)
            + 0.5 * sum(F.l1_loss(a, b) for a, b in zip(edges(y), edges(x))))


def pictures(count, seed):
    """`count` drawings, subjects by weight and styles evenly: (pictures, subjects, styles)."""
    rng = random.Random(seed)
    names = list(draw.SUBJECTS)
    odds = [draw.SUBJECTS[name][0] for name in names]
    subjects = rng.choices(names, odds, k=count)
    styles = [draw.STYLES[i % len(draw.STYLES)] for i in range(count)]
    drawn = np.empty((count, draw.SIZE, draw.SIZE, 3), np.uint8)
    for i in range(count):
        drawn[i] = draw.draw(subjects[i], styles[i], f"{seed}.{i}")
    return drawn, subjects, styles


def set_rate(opt, lr, step, done):
    """Warm-up, then half a cosine over the time allowed."""
    for group in opt.param_groups:
        group["lr"] = lr * min(1, (step + 1) / 50) * (0.51 + 0.49 * math.cos(math.pi * done))


def train(path, minutes, pool=800, batch=8, lr=2e-3, seed=1):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn, _, _ = pictures(pool, f"vae{seed}")
    vae = build()
    if path.exists():
        vae.load_state_dict(torch.load(path))
    opt = torch.optim.AdamW(vae.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=1e-4)
    start, saved, step, smooth = time.time(), time.time(), 0, None
    while (spent := (time.time() - start) / 60) < minutes:
        set_rate(opt, lr, step, spent / minutes)
        which = rng.integers(0, pool, batch)
        # Mostly at the painter's size; some at twice it, where learning to see is easier.
        chosen = drawn[which] if rng.random() < 0.3 else halved(drawn[which])
        corners = rng.integers(0, (chosen.shape[1] - CROP) // 8 + 1, (batch, 2)) * 8
        x = normalized(np.stack([p[r:r + CROP, c:c + CROP]
                                 for p, (r, c) in zip(chosen, corners)]))
        posterior = vae.encode(x).latent_dist
        y = vae.decode(posterior.sample()).sample
        # The divergence is weak, but enough to keep the latents' neighbourhoods smooth.
        loss = difference(y, x) + 2e-4 * posterior.kl().mean() / (4 * (CROP // 8) ** 2)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        opt.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            print(f"vae {spent:5.1f} min  step {step}  loss {smooth:.4f}", flush=True)
        if time.time() - saved > 60:
            torch.save(vae.state_dict(), path)
            saved = time.time()
    torch.save(vae.state_dict(), path)
    print(f"vae done: {step} steps of {batch} crops, loss {smooth:.4f}", flush=True)


def refine(path, drawn, latents, minutes, batch=2, lr=1e-3, seed=1):
    """Trains only the decoder, from float latents with a little noise, because the painter's own
    latents are never exact."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vae = build()
    vae.load_state_dict(torch.load(path))
    trained = [*vae.post_quant_conv.parameters(), *vae.decoder.parameters()]
    opt = torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.99), weight_decay=1e-4)
    spread = 0.08 * float(latents[:500].astype(np.float32).std())
    start, saved, step, smooth = time.time(), time.time(), 0, None
    while (spent := (time.time() - start) / 60) < minutes:
        set_rate(opt, lr, step, spent / minutes)
        which = rng.integers(0, len(drawn), batch)
        z = torch.from_numpy(latents[which].astype(np.float32))
        x = normalized(drawn[which])
        loss = difference(vae.decode(z + spread * torch.randn_like(z)).sample, x)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            print(f"decoder {spent:5.1f} min  step {step}  loss {smooth:.4f}", flush=True)
        if time.time() - saved > 60:
            torch.save(vae.state_dict(), path)
            saved = time.time()
    torch.save(vae.state_dict(), path)
    print(f"decoder done: {step} steps of {batch} pictures, loss {smooth:.4f}", flush=True)


def halved(drawn):
    """The drawings at the painter's size."""
    n, h, w, c = drawn.shape
    return drawn.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4), dtype=np.float32)


@torch.no_grad()
def encode(vae, drawn, batch=8):
    """Latent means, not yet scaled: float16 [n,4,h/8,w/8]."""
    out = [vae.encode(normalized(drawn[i:i + batch])).latent_dist.mean.half().numpy()
           for i in range(0, len(drawn), batch)]
    return np.concatenate(out)
