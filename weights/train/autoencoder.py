"""The painter's autoencoder: 512 x 512 pictures, latents of 16 x 16 x 16 (factor 32).

It is trained from the inside out, because two cores cannot train the whole at once. The inner part
(factor 16) learns on drawings of 256 x 256; then its latents never change again and the UNet can
start. The outer level is trained afterwards (`outer`), with the whole decoder, on drawings of 512 x
512: encoder and decoder keep the meaning of the latents.

A picture's colours have a straight way through it from the first step (`begin`), and all norms have
one group: groups of few channels take away the mean of what they normalize, which is the colour. With
eight groups, random weights and no loss of their own the colours were not learned in 13,000 drawings
(mean difference 22 of 255, of 16 x 16 pixels' means 15); this way 1,000 drawings are at 17 and 3.
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
        norm_num_groups=1,
        scaling_factor=scaling_factor,
    ).to(memory_format=torch.channels_last)


def _pass(conv, kernel=None, scale=1.0):
    """The first three channels leave as they come."""
    conv.weight[:3] = 0
    conv.bias[:3] = 0
    for c in range(3):
        if kernel is None:
            conv.weight[c, c, conv.weight.shape[2] // 2, conv.weight.shape[3] // 2] = scale
        else:
            conv.weight[c, c] = kernel * scale


LIFT = 4.0  # SiLU is nearly the identity there


def _pass_norm(norm, conv, before, steady, scale=1.0):
    """The first three channels pass norm, SiLU and `conv`: the last `steady` channels of the block
    `before` are constants of both signs, beside which mean and deviation hardly depend on the picture."""
    channels = len(norm.weight)
    for k in range(steady):
        before.conv2.bias[channels - steady + k] = LIFT if k % 2 else -LIFT
    deviation = (LIFT**2 * steady / channels + 0.5) ** 0.5
    norm.bias[:3] = LIFT
    _pass(conv, scale=scale * deviation)
    conv.bias[:3] = -scale * deviation * LIFT / (1 + np.exp(-LIFT))


@torch.no_grad()
def begin(model):
    """Initial weights by which the latents' first three channels are the means of the colours, twice as
    large, and the picture is their smooth enlargement. All else is random and weak."""
    box, soft = torch.zeros(3, 3), torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    box[:2, :2] = 0.25
    coder, decoder = model.encoder, model.decoder
    parts = [*coder.down_blocks, coder.mid_block, decoder.mid_block, *decoder.up_blocks]
    for block in [r for part in parts for r in part.resnets]:
        block.conv2.weight.mul_(0.3)
        block.conv2.weight[:3] = 0
        block.conv2.bias.zero_()
        if block.conv_shortcut is not None:
            _pass(block.conv_shortcut)
    for part in (coder.mid_block, decoder.mid_block):
        out = part.attentions[0].to_out[0]
        out.weight.mul_(0.3)
        out.weight[:3] = 0
        out.bias.zero_()
    _pass(coder.conv_in)
    for part in coder.down_blocks[:-1]:
        _pass(part.downsamplers[0].conv, box)
    last, channels = coder.mid_block.resnets[-1], len(coder.conv_norm_out.weight)
    _pass_norm(coder.conv_norm_out, coder.conv_out, last, channels // 3, scale=2.0)
    coder.conv_out.weight[CHANNELS:] *= 0.1
    coder.conv_out.bias[CHANNELS:] = -4  # logarithm of the variance
    for conv in (model.quant_conv, model.post_quant_conv):
        conv.weight[:, :, 0, 0] = torch.eye(len(conv.weight))
        conv.bias.zero_()
    _pass(decoder.conv_in, scale=0.5)
    for part in decoder.up_blocks[:-1]:
        _pass(part.upsamplers[0].conv, soft)
    last, channels = decoder.up_blocks[-1].resnets[-1], len(decoder.conv_norm_out.weight)
    _pass_norm(decoder.conv_norm_out, decoder.conv_out, last, channels // 3)
    decoder.conv_out.weight[:, 3:] *= 0.3
    return model


def normalized(pictures):
    """0..255 [n,h,w,3] -> float [n,3,h,w] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def difference(y, x):
    """Details, the outlines by which a subject is recognized, and the colours of larger and larger parts."""
    loss = F.l1_loss(y, x) + 0.5 * F.mse_loss(y, x)
    for k in (1, 2):
        if k > 1:
            y, x = F.avg_pool2d(y, k), F.avg_pool2d(x, k)
        loss = loss + 0.4 * (
            F.l1_loss(y[..., 1:, :] - y[..., :-1, :], x[..., 1:, :] - x[..., :-1, :])
            + F.l1_loss(y[..., 1:] - y[..., :-1], x[..., 1:] - x[..., :-1])
        )
    for k in (2, 4):  # of 4 x 4 pixels, of 16 x 16
        y, x = F.avg_pool2d(y, k), F.avg_pool2d(x, k)
        loss = loss + F.l1_loss(y, x)
    return loss


def coded(model, x):
    """(the picture again, mean and logarithm of the variance of its latents); to be compiled."""
    mean, logvar = model.quant_conv(model.encoder(x)).chunk(2, 1)
    z = mean + (0.5 * logvar).exp() * torch.randn_like(mean)
    return model.decoder(model.post_quant_conv(z)), mean, logvar


def inner_loss(x, y, mean, logvar):
    """Of pictures and what `coded` makes of them."""
    kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
    return difference(y, x) + 2e-4 * kl


@torch.no_grad()
def standardize(model, latents):
    """Makes latents [n, channels, h, w] of mean 0 and deviation 1 in every channel, so that the UNet takes
    all of them as seriously. The two convolutions of one tap beside the latents take up the factors."""
    mean, spread = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    before, after = model.quant_conv, model.post_quant_conv
    after.bias += (after.weight[:, :, 0, 0] * mean).sum(1)
    after.weight *= spread[None, :, None, None]
    before.weight[:CHANNELS] /= spread[:, None, None, None]
    before.bias[:CHANNELS] = (before.bias[:CHANNELS] - mean) / spread
    before.bias[CHANNELS:] -= 2 * spread.log()


def outer_loss(run, model, teacher, x, spread, encoder):
    """For crops `x` of 512 x 512 pictures. The teacher, the inner encoder, says what their latents are.
    `run(part, input)` calls a part of the model."""
    with torch.no_grad():
        z = run(teacher.encoder, F.avg_pool2d(x, 2))
        z = teacher.quant_conv(z.float())[:, :CHANNELS]
    y = run(model.decoder, model.post_quant_conv(z + spread * torch.randn_like(z)))
    loss = difference(y.float(), x)
    if encoder:
        mean, logvar = model.quant_conv(run(model.encoder, x).float()).chunk(2, 1)
        loss = loss + (mean - z).square().mean() + 1e-3 * (logvar + 6).square().mean()
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
