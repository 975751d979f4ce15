"""Trains the painter's autoencoder on crops of the drawings and caches their latents.

`train` teaches encoder and decoder on crops. `refine` goes on with the decoder alone, on whole
pictures and their cached latents, so the UNet's training data stays the same.
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
    """The loss of colours, and of the outlines by which a subject is recognised."""
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


def fit(name, path, model, trained, loss_of, minutes, lr):
    """Minimizes `loss_of(step)` over the parameters `trained` for `minutes`: warm-up, then half a
    cosine. Writes the model's weights to `path`; until then they are in another file, from which an
    interrupted run continues."""
    part = path.with_name(path.name + ".part")
    if part.exists():
        model.load_state_dict(torch.load(part))
    opt = torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.99), weight_decay=1e-4)
    start, saved, step, smooth = time.time(), time.time(), 0, None
    while (spent := (time.time() - start) / 60) < minutes:
        done = spent / minutes
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * (0.51 + 0.49 * math.cos(math.pi * done))
        loss = loss_of(step)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            print(f"{name} {spent:5.1f} min  step {step}  loss {smooth:.4f}", flush=True)
        if time.time() - saved > 30:
            torch.save(model.state_dict(), part)
            saved = time.time()
    torch.save(model.state_dict(), part)
    part.replace(path)
    if step:
        print(f"{name} done: {step} steps, loss {smooth:.4f}", flush=True)


def train(path, minutes, pool=800, batch=8, lr=2e-3, seed=1):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn, _, _ = pictures(pool, f"vae{seed}")
    vae = build()

    def loss_of(_):
        which = rng.integers(0, pool, batch)
        # Mostly at the painter's size; some at twice the size, where learning is easier.
        chosen = drawn[which] if rng.random() < 0.3 else halved(drawn[which])
        corners = rng.integers(0, (chosen.shape[1] - CROP) // 8 + 1, (batch, 2)) * 8
        x = normalized(np.stack([p[r:r + CROP, c:c + CROP]
                                 for p, (r, c) in zip(chosen, corners)]))
        posterior = vae.encode(x).latent_dist
        y = vae.decode(posterior.sample()).sample
        # The divergence has a small weight, which is enough to keep the latents smooth.
        return difference(y, x) + 2e-4 * posterior.kl().mean() / (4 * (CROP // 8) ** 2)

    fit("vae", path, vae, [*vae.parameters()], loss_of, minutes, lr)


def refine(path, state, drawn, latents, minutes, batch=2, lr=1e-3, seed=1):
    """Trains only the decoder, from float latents with a little noise, because the painter's own
    latents are never exact."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vae = build()
    vae.load_state_dict(state)
    trained = [*vae.post_quant_conv.parameters(), *vae.decoder.parameters()]
    spread = 0.08 * float(latents[:500].astype(np.float32).std())

    def loss_of(_):
        which = rng.integers(0, len(drawn), batch)
        z = torch.from_numpy(latents[which].astype(np.float32))
        y = vae.decode(z + spread * torch.randn_like(z)).sample
        return difference(y, normalized(drawn[which]))

    fit("decoder", path, vae, trained, loss_of, minutes, lr)


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
