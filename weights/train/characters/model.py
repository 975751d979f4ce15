"""Character diffusion in plain PyTorch: the network, its masking, its loss, its sampler.

A bidirectional transformer over characters (ids 0 to 127, 0 is the mask): token and time embeddings,
RMS norms without weights, rotary positions turned by minus the angle, queries and keys normalized
after that, squared ReLU. Parameters have the names of the published checkpoint, so the file that is
written here is read by `yent-diffuse`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

MASK, CONTEXT = 0, 16
EPSILON = 1.1920929e-7


@dataclass(frozen=True)
class Shape:
    layers: int = 6
    width: int = 192
    heads: int = 3
    length: int = 256
    vocabulary: int = 128
    steps: int = 128

    @property
    def head(self):
        return self.width // self.heads


def rms(x):
    return F.rms_norm(x, x.shape[-1:], None, EPSILON)


def rotate(x, cos, sin):
    """x [batch, heads, time, head]; the pairs are (x[i], x[i + head / 2])."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos + b * sin, b * cos - a * sin], dim=-1)


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        for name in ("c_q", "c_k", "c_v", "c_proj"):
            setattr(self, name, nn.Linear(shape.width, shape.width, bias=False))

    def forward(self, x, cos, sin):
        q, k, v = (
            part(x).unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)
            for part in (self.c_q, self.c_k, self.c_v)
        )
        q, k = rms(rotate(q, cos, sin)), rms(rotate(k, cos, sin))
        a = F.scaled_dot_product_attention(q, k, v)
        return self.c_proj(a.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.c_fc = nn.Linear(shape.width, 4 * shape.width, bias=False)
        self.c_proj = nn.Linear(4 * shape.width, shape.width, bias=False)

    def forward(self, x):
        return self.c_proj(F.relu(self.c_fc(x)).square())


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.attn, self.mlp = Attention(shape), MLP(shape)

    def forward(self, x, cos, sin):
        x = x + self.attn(rms(x), cos, sin)
        return x + self.mlp(rms(x))


class CharDiffusion(nn.Module):
    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.token_emb = nn.Embedding(shape.vocabulary, shape.width)
        self.time_emb = nn.Embedding(shape.steps, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        for name, p in self.named_parameters():
            if "emb" in name:
                nn.init.normal_(p)
            elif "c_proj" in name or "output_head" in name:
                nn.init.zeros_(p)
            else:
                out, into = p.shape
                nn.init.normal_(p, std=min(1.0, (out / into) ** 0.5) / into**0.5)
        half = shape.head // 2
        rate = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.outer(torch.arange(512, dtype=torch.float64), rate)
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def forward(self, ids, t):
        """ids [batch, time], t [batch] -> logits [batch, time, vocabulary]."""
        x = rms(self.token_emb(ids) + self.time_emb(t)[:, None])
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.output_head(rms(x))


def masked(ids, steps, generator):
    """(input, which places are masked, t): t is spread evenly over the rows; the first 16 places stay."""
    n = len(ids)
    even = (torch.rand(1, generator=generator) + torch.arange(n) / n) % 1
    t = (even * steps).long().clamp(max=steps - 1)
    hidden = torch.rand(ids.shape, generator=generator) < ((t + 1) / steps)[:, None]
    hidden[:, :CONTEXT] = False
    return ids.masked_fill(hidden, MASK), hidden, t


def loss(model, ids, generator):
    """Cross-entropy over the masked places."""
    x, hidden, t = masked(ids, model.shape.steps, generator)
    return F.cross_entropy(model(x, t)[hidden].float(), ids[hidden])


@torch.no_grad()
def sample(model, context, threshold=0.9):
    """One block by the `confidence` rule. (text, evaluations)"""
    length = model.shape.length
    ids = torch.zeros(1, length, dtype=torch.long)
    open_ = torch.ones(length, dtype=torch.bool)
    ids[0, : len(context)] = torch.tensor([min(ord(c), 127) for c in context])
    open_[: len(context)] = False
    for step in range(length):
        if not open_.any():
            break
        p, token = model(ids, torch.tensor([min(step, model.shape.steps - 1)]))[0].softmax(1).max(1)
        chosen = open_ & (p >= threshold)
        if not chosen.any():
            chosen[torch.where(open_, p, -1).argmax()] = True
        ids[0, chosen] = token[chosen]
        open_ &= ~chosen
    return "".join(chr(i) for i in ids[0].tolist()), step
