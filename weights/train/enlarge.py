"""Gives the autoencoder one more level: pictures twice as large from the same latents.

The painter is trained on 16 x 16 latents of 128 x 128 pictures: two cores cannot train more.
`enlarge` puts a level of 16 channels in front of the encoder and behind the decoder, so that the
same latents become 256 x 256 pictures (factor 16). The level begins as plain halving and doubling
and is then trained on the full-size drawings. The latents keep their meaning: the decoder
learns from the cached ones, the encoder learns to give them back.
"""

import numpy as np
import torch
from diffusers import AutoencoderKL

import draw
import vae as small

WIDTH = 16


def build(scaling_factor=1.0):
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=draw.SIZE,
        down_block_types=("DownEncoderBlock2D",) * 5, up_block_types=("UpDecoderBlock2D",) * 5,
        block_out_channels=(WIDTH, 16, 32, 64, 64), layers_per_block=1, norm_num_groups=8,
        scaling_factor=scaling_factor)


def identity(conv, kernel):
    """Every channel is filtered by the same 3 x 3 kernel on its own."""
    conv.weight.zero_()
    conv.bias.zero_()
    for channel in range(WIDTH):
        conv.weight[channel, channel] = kernel


@torch.no_grad()
def from_small(state):
    """The larger autoencoder that begins as the small one between halving and doubling."""
    model = build()
    moved = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "down_blocks"]:
            parts[2] = str(int(parts[2]) + 1)
        moved[".".join(parts)] = value
    missing, unexpected = model.load_state_dict(moved, strict=False)
    assert not unexpected and all("down_blocks.0." in n or "up_blocks.4." in n
                                  or "up_blocks.3.upsamplers" in n for n in missing), missing
    centre, box = torch.zeros(3, 3), torch.zeros(3, 3)
    centre[1, 1], box[:2, :2] = 1, 0.25
    identity(model.encoder.down_blocks[0].downsamplers[0].conv, box)
    identity(model.decoder.up_blocks[3].upsamplers[0].conv, centre)
    for block in (model.encoder.down_blocks[0], model.decoder.up_blocks[4]):
        for resnet in block.resnets:
            resnet.conv2.weight.zero_()
            resnet.conv2.bias.zero_()
    return model


def train(path, state, drawn, latents, minutes, batch=2, lr=1e-3, seed=2):
    """`drawn` are full-size drawings, `latents` those of their halves (vae.encode)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = from_small(state)
    spread = 0.08 * float(latents[:500].astype(np.float32).std())

    def loss_of(step):
        which = np.sort(rng.integers(0, len(drawn), batch))
        z = torch.from_numpy(latents[which].astype(np.float32))
        x = small.normalized(np.asarray(drawn[which]))
        loss = small.difference(model.decode(z + spread * torch.randn_like(z)).sample, x)
        if step % 3 == 0:  # the encoder has less to learn
            seen = model.encode(x).latent_dist
            loss = loss + (seen.mean - z).square().mean() + 1e-3 * seen.logvar.add(6).square().mean()
        return loss

    small.fit("enlarged", path, model, [*model.parameters()], loss_of, minutes, lr)
