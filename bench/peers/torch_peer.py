#!/usr/bin/env python3
"""torch_peer.py FOLDER: the shapes of BK-SDM-Tiny in plain PyTorch, fp16, on the same GPU.

Channels-last, scaled_dot_product_attention, eager and torch.compile, timed with CUDA events after a
warm-up. Modules carry the checkpoint's names, so FOLDER's own weights (diffusers layout) are loaded;
without FOLDER they are random. Prints one line a stage: the median in ms.
"""
import json
import struct
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


def norm(channels, eps=1e-5):
    return nn.GroupNorm(32, channels, eps=eps)


class ResBlock(nn.Module):
    def __init__(self, cin, cout, time, eps=1e-5):
        super().__init__()
        self.norm1, self.conv1 = norm(cin, eps), nn.Conv2d(cin, cout, 3, padding=1)
        if time:
            self.time_emb_proj = nn.Linear(time, cout)
        self.norm2, self.conv2 = norm(cout, eps), nn.Conv2d(cout, cout, 3, padding=1)
        if cin != cout:
            self.conv_shortcut = nn.Conv2d(cin, cout, 1)

    def forward(self, x, time=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if time is not None:
            h = h + self.time_emb_proj(F.silu(time))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    def __init__(self, width, heads, text=None, bias=False):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=bias)
        self.to_k = nn.Linear(text or width, width, bias=bias)
        self.to_v = nn.Linear(text or width, width, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x, text=None):
        text = x if text is None else text
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        a = F.scaled_dot_product_attention(split(self.to_q(x)), split(self.to_k(text)),
                                           split(self.to_v(text)))
        return self.to_out[0](a.transpose(1, 2).flatten(2))


class Geglu(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, -1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.ModuleList([Geglu(width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class Block(nn.Module):
    def __init__(self, width, text):
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, 8)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, 8, text)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)

    def forward(self, x, text):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), text)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, width, text):
        super().__init__()
        self.norm, self.proj_in = norm(width, 1e-6), nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([Block(width, text)])
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x, text):
        h = self.proj_in(self.norm(x))
        tokens = self.transformer_blocks[0](h.flatten(2).transpose(1, 2), text)
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, h.shape[2:]))


class Sampler(nn.Module):
    def __init__(self, width, stride):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, 1)
        self.stride = stride

    def forward(self, x):
        return self.conv(x if self.stride == 2 else F.interpolate(x, scale_factor=2.0))


class Stage(nn.Module):
    def __init__(self, resnets, attentions, down=None, up=None):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        if attentions:
            self.attentions = nn.ModuleList(attentions)
        if down:
            self.downsamplers = nn.ModuleList([down])
        if up:
            self.upsamplers = nn.ModuleList([up])


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, 4 * width)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class UNet(nn.Module):
    """BK-SDM-Tiny: three levels, one resnet each on the way down, two on the way up, no middle."""

    def __init__(self, channels=(320, 640, 1280), text=768):
        super().__init__()
        time = 4 * channels[0]
        self.time_embedding = TimeEmbedding(channels[0])
        self.conv_in = nn.Conv2d(4, channels[0], 3, padding=1)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        skips, width = [channels[0]], channels[0]
        for i, c in enumerate(channels):
            last = i + 1 == len(channels)
            self.down_blocks.append(Stage([ResBlock(width, c, time)], [Transformer(c, text)],
                                          down=None if last else Sampler(c, 2)))
            width = c
            skips += [c] if last else [c, c]
        for i, c in enumerate(reversed(channels)):
            resnets, attentions = [], []
            for _ in range(2):
                resnets.append(ResBlock(width + skips.pop(), c, time))
                attentions.append(Transformer(c, text))
                width = c
            self.up_blocks.append(Stage(resnets, attentions,
                                        up=None if i + 1 == len(channels) else Sampler(c, 1)))
        self.conv_norm_out = norm(channels[0])
        self.conv_out = nn.Conv2d(channels[0], 4, 3, padding=1)

    def forward(self, x, sinusoid, text):
        time = self.time_embedding(sinusoid)
        x = self.conv_in(x)
        skips = [x]
        for stage in self.down_blocks:
            x = stage.attentions[0](stage.resnets[0](x, time), text)
            skips.append(x)
            if hasattr(stage, "downsamplers"):
                x = stage.downsamplers[0](x)
                skips.append(x)
        for stage in self.up_blocks:
            for resnet, attention in zip(stage.resnets, stage.attentions):
                x = attention(resnet(torch.cat([x, skips.pop()], 1), time), text)
            if hasattr(stage, "upsamplers"):
                x = stage.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class MidAttention(Attention):
    def __init__(self, width):
        super().__init__(width, 1, bias=True)
        self.group_norm = norm(width, 1e-6)

    def forward(self, x):
        tokens = super().forward(self.group_norm(x).flatten(2).transpose(1, 2))
        return x + tokens.transpose(1, 2).unflatten(2, x.shape[2:])


class Decoder(nn.Module):
    def __init__(self, channels=(128, 256, 512, 512)):
        super().__init__()
        top = channels[-1]
        self.conv_in = nn.Conv2d(4, top, 3, padding=1)
        self.mid_block = Stage([ResBlock(top, top, 0, 1e-6) for _ in range(2)], [MidAttention(top)])
        self.up_blocks, width = nn.ModuleList(), top
        for i, c in enumerate(reversed(channels)):
            resnets = [ResBlock(width if j == 0 else c, c, 0, 1e-6) for j in range(3)]
            self.up_blocks.append(Stage(resnets, [],
                                        up=None if i + 1 == len(channels) else Sampler(c, 1)))
            width = c
        self.conv_norm_out = norm(width, 1e-6)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        x = self.mid_block.resnets[1](self.mid_block.attentions[0](self.mid_block.resnets[0](x)))
        for stage in self.up_blocks:
            for resnet in stage.resnets:
                x = resnet(x)
            if hasattr(stage, "upsamplers"):
                x = stage.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def load(module, folder, prefix=""):
    """Weights by name from the folder's safetensors file, if there is one."""
    files = sorted(Path(folder).glob("*.safetensors")) if folder else []
    if not files:
        return
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    with open(files[0], "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    state = module.state_dict()
    for name, own in state.items():
        t = header[prefix + name]
        begin, end = t["data_offsets"]
        own.copy_(torch.frombuffer(data[begin:end], dtype=types[t["dtype"]]).reshape(own.shape))


def measure(name, call, repeats=30):
    for _ in range(5):
        call()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    print(f"{name:32} {sorted(times)[len(times) // 2]:8.3f} ms", flush=True)


@torch.inference_mode()
def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    torch.backends.cudnn.benchmark = True
    print(torch.__version__, torch.cuda.get_device_name())
    half = dict(device="cuda", dtype=torch.float16)
    unet, decoder = UNet(), Decoder()
    load(unet, folder and folder / "unet")
    load(decoder, folder and folder / "vae", "decoder.")
    unet, decoder = (m.to(**half, memory_format=torch.channels_last) for m in (unet, decoder))
    image = dict(memory_format=torch.channels_last)
    x = torch.randn(2, 4, 64, 64, **half).to(**image)
    step = (x, torch.randn(2, 320, **half), torch.randn(2, 77, 768, **half))
    latent = torch.randn(1, 4, 64, 64, **half).to(**image)
    product = torch.randn(8192, 8192, **half)
    measure("8192^3 product", lambda: product @ product)
    measure("unet_step, eager", lambda: unet(*step))
    measure("vae_decode, eager", lambda: decoder(latent))
    fast_unet = torch.compile(unet, mode="max-autotune-no-cudagraphs")
    fast_decoder = torch.compile(decoder, mode="max-autotune-no-cudagraphs")
    for name, call in (("unet_step", lambda: fast_unet(*step)),
                       ("vae_decode", lambda: fast_decoder(latent))):
        measure(name + ", compiled", call)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            call()
        measure(name + ", compiled, one graph", graph.replay)


if __name__ == "__main__":
    main()
