"""The painter's autoencoder: 512 x 512 pictures, latents of 16 x 16 x 16 (factor 32).

It is trained from the inside out, because two cores cannot train the whole at once. The inner part
(factor 16) learns on drawings of 256 x 256; then its latents never change again and the UNet can
start. The outer level is trained afterwards (`outer`), with the whole decoder, on drawings of 512 x
512: encoder and decoder keep the meaning of the latents.

Tensors stay in PyTorch's own order: with so few channels the channels-last one is slower (1.9 instead
of 2.4 drawings a second of a core, AMD EPYC 7003).
"""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

CHANNELS = 16
INNER = (16, 32, 64, 96, 96)
WHOLE = (16, *INNER)


def build(widths, scaling_factor=1.0):
    n = len(widths)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=CHANNELS,
        sample_size=16 << (n - 1),
        down_block_types=("DownEncoderBlock2D",) * n,
        up_block_types=("UpDecoderBlock2D",) * n,
        block_out_channels=widths,
        layers_per_block=1,
        norm_num_groups=8,
        scaling_factor=scaling_factor,
    )


def normalized(pictures):
    """0..255 [n,h,w,3] -> float [n,3,h,w] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def difference(y, x):
    """Colours, and the outlines by which a subject is recognized, at two sizes."""
    loss = F.l1_loss(y, x) + 0.5 * F.mse_loss(y, x)
    for k in (1, 2):
        if k > 1:
            y, x = F.avg_pool2d(y, k), F.avg_pool2d(x, k)
        loss = loss + 0.4 * (
            F.l1_loss(y[..., 1:, :] - y[..., :-1, :], x[..., 1:, :] - x[..., :-1, :])
            + F.l1_loss(y[..., 1:] - y[..., :-1], x[..., 1:] - x[..., :-1])
        )
    return loss


def inner_loss(model, x):
    posterior = model.encode(x).latent_dist
    y = model.decode(posterior.sample()).sample
    cells = CHANNELS * x.shape[-1] * x.shape[-2] / 256
    return difference(y, x) + 2e-4 * posterior.kl().mean() / cells


def outer_loss(model, teacher, x, spread, encoder):
    """For crops `x` of 512 x 512 pictures. The teacher, the inner encoder, says what their latents are."""
    with torch.no_grad():
        z = teacher.encode(F.avg_pool2d(x, 2)).latent_dist.mean.float()
    y = model.decode(z + spread * torch.randn_like(z)).sample.float()
    loss = difference(y, x)
    if encoder:
        seen = model.encode(x).latent_dist
        loss = loss + (seen.mean - z).square().mean() + 1e-3 * (seen.logvar + 6).square().mean()
    return loss


def _moved(state):
    """The inner part's tensors under the names that they have in the whole."""
    out = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "down_blocks"]:
            parts[2] = str(int(parts[2]) + 1)
        out[".".join(parts)] = value
    return out


def _same(conv, kernel):
    with torch.no_grad():
        conv.weight.zero_()
        conv.bias.zero_()
        for c in range(conv.weight.shape[0]):
            conv.weight[c, c] = kernel


def whole_from_inner(state):
    """The whole, begun as the inner part between halving and doubling."""
    model = build(WHOLE)
    missing, unexpected = model.load_state_dict(_moved(state), strict=False)
    assert not unexpected and all(
        "down_blocks.0." in n or "up_blocks.5." in n or "up_blocks.4.upsamplers" in n
        for n in missing
    ), (missing, unexpected)
    centre, box = torch.zeros(3, 3), torch.zeros(3, 3)
    centre[1, 1], box[:2, :2] = 1, 0.25
    _same(model.encoder.down_blocks[0].downsamplers[0].conv, box)
    _same(model.decoder.up_blocks[4].upsamplers[0].conv, centre)
    with torch.no_grad():
        for block in (model.encoder.down_blocks[0], model.decoder.up_blocks[5]):
            for resnet in block.resnets:
                resnet.conv2.weight.zero_()
                resnet.conv2.bias.zero_()
    return model


@torch.no_grad()
def encode(model, pictures, batch=8):
    """Latent means, not yet scaled: float16 [n,16,16,16]."""
    model.eval()
    return np.concatenate(
        [
            model.encode(normalized(pictures[i : i + batch])).latent_dist.mean.half().numpy()
            for i in range(0, len(pictures), batch)
        ]
    )
