"""The UNet, its losses and DDIM sampling. It predicts v at latents of 16 x 16 x 16."""

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

import autoencoder
import reader

SIDE, STEPS = 16, 1000
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
ABAR = torch.cumprod(1 - BETAS, 0).float()
FIRST_STEP = 961  # where 25 steps begin
HEARING = 0.1  # how much it counts that the middle of the UNet knows the caption
GUIDANCE, EFFECT = 7.5, 3.0  # the default, and what it is made to act like


def unet(learning=False):
    model = UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=autoencoder.CHANNELS,
        out_channels=autoencoder.CHANNELS,
        layers_per_block=1,
        block_out_channels=(96, 160),
        norm_num_groups=32,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        cross_attention_dim=reader.WIDTH,
        attention_head_dim=4,
    ).to(memory_format=torch.channels_last)
    # Products and a softmax that the compiler fuses; torch's own attention takes three times as long
    # for heads of 24 and 40 values on a processor, and most of it backward.
    model.set_attn_processor(AttnProcessor())
    if learning:
        model.mid_block = Ear(model.config.block_out_channels[-1])
    return model


class Ear(torch.nn.Module):
    """Stands in the middle of the UNet while it learns: from every place there, the scene that the caption
    tells must be known. Changes nothing; thrown away in the end. Without it the attention to the text has
    little to gain for a long time, since what a caption says is a small part of the loss."""

    def __init__(self, width):
        super().__init__()
        self.heads = torch.nn.Conv2d(width, sum(reader.CLASSES), 1)
        self.heard = None

    def forward(self, x, time):
        self.heard = x
        return x

    def loss(self, known, told):
        """Over the pictures whose captions were `told`; `known` are their reader.labels."""
        logits = self.heads(self.heard[told]).float().flatten(2).split(reader.CLASSES, 1)
        target = known[told].T[:, :, None].expand(-1, -1, logits[0].shape[2])
        return sum(F.cross_entropy(part, right) for part, right in zip(logits, target)) / 4


def run(model, x, t, states):
    return model(x.contiguous(memory_format=torch.channels_last), t, states, return_dict=False)[0]


def noised(x0):
    """(x, v, t): t is evenly spread, with more at the noisy end, because the shape is decided there.
    At the first step of sampling, x is sometimes noise alone."""
    n, device = len(x0), x0.device
    abar = ABAR.to(device)
    even = (torch.rand(1, device=device) + torch.arange(n, device=device) / n) % 1
    t = (even**0.6 * STEPS).long().clamp(max=STEPS - 1)[torch.randperm(n, device=device)]
    noise, ab = torch.randn_like(x0), abar[t].view(-1, 1, 1, 1)
    x, v = ab.sqrt() * x0 + (1 - ab).sqrt() * noise, ab.sqrt() * noise - (1 - ab).sqrt() * x0
    alone, first = torch.rand(n, device=device) < 0.05, abar[FIRST_STEP]
    t[alone] = FIRST_STEP
    x[alone], v[alone] = noise[alone], (first.sqrt() * noise - (1 - first).sqrt() * x0)[alone]
    return x, v, t


def velocity_loss(model, x0, states):
    x, v, t = noised(x0)
    out = run(model, x, t, states).float()
    ab = ABAR.to(x0.device)[t]
    snr = ab / (1 - ab)
    return ((snr + 1).clamp(max=6) / (snr + 1) * (out - v).square().mean((1, 2, 3))).mean()


def unet_loss(model, x0, states, known, told):
    """Of a UNet that is `learning`; `known` and `told` are what its ear needs."""
    velocity = velocity_loss(model, x0, states)
    return velocity + HEARING * model.mid_block.loss(known, told)


def guide_loss(model, old, x0, states, nothing):
    """Guidance 7.5 is made to act as guidance 3 of the `old` model did: the answer to a caption is drawn
    toward the answer to no caption, until 7.5 times the difference is 3 times the old one. The answer to
    no caption stays."""
    x, _, t = noised(x0)
    with torch.no_grad():
        base, cond = (
            run(old, torch.cat([x, x]), torch.cat([t, t]), torch.cat([nothing, states]))
            .float()
            .chunk(2)
        )
    wanted, q = base + EFFECT / GUIDANCE * (cond - base), max(1, len(x) // 4)
    out = run(
        model, torch.cat([x, x[:q]]), torch.cat([t, t[:q]]), torch.cat([states, nothing[:q]])
    ).float()
    return (out - torch.cat([wanted, base[:q]])).square().mean() * 10


@torch.no_grad()
def sample(model, states, nothing, seed=0, steps=25, guidance=GUIDANCE):
    """DDIM; picture k has the seed `seed + k`."""
    n = len(states)
    x = torch.cat(
        [
            torch.randn(
                1,
                autoencoder.CHANNELS,
                SIDE,
                SIDE,
                generator=torch.Generator().manual_seed(seed + k),
            )
            for k in range(n)
        ]
    )
    both, ratio = torch.cat([nothing, states]), STEPS // steps
    for i in reversed(range(steps)):
        t = i * ratio + 1
        base, cond = run(model, torch.cat([x, x]), torch.full((2 * n,), t), both).chunk(2)
        v = base + guidance * (cond - base)
        now, then = ABAR[t], ABAR[max(t - ratio, 0)]
        x0, noise = now.sqrt() * x - (1 - now).sqrt() * v, now.sqrt() * v + (1 - now).sqrt() * x
        x = then.sqrt() * x0 + (1 - then).sqrt() * noise
    return x
