"""The voice: a small LLaMA in plain PyTorch, arithmetic as the engine's engine/models/llama.

Grouped-query attention, RMSNorm, SwiGLU, half-split RoPE rotated by minus the angle (conjugate),
weightless RMS-normalization of q and k after RoPE, output matrix tied to the embedding. Parameters
carry the names of their GGUF tensors.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    vocab: int
    layers: int = 6
    width: int = 256
    heads: int = 8
    kv_heads: int = 4
    ffn: int = 768
    context: int = 512
    theta: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self):
        return self.width // self.heads


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


def rotate(x, cos, sin):
    """x: [batch, heads, time, head]; the pairs are (x[i], x[i + head/2])."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos + b * sin, b * cos - a * sin], dim=-1)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        kv = shape.kv_heads * shape.head
        self.attn_norm = RMSNorm(shape.width, shape.epsilon)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, kv, bias=False)
        self.attn_v = nn.Linear(shape.width, kv, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = RMSNorm(shape.width, shape.epsilon)
        self.ffn_gate = nn.Linear(shape.width, shape.ffn, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.ffn, bias=False)
        self.ffn_down = nn.Linear(shape.ffn, shape.width, bias=False)

    def heads(self, x, count):
        return x.unflatten(-1, (count, self.shape.head)).transpose(1, 2)

    def forward(self, x, cos, sin):
        s = self.shape
        h = self.attn_norm(x)
        q = rotate(self.heads(self.attn_q(h), s.heads), cos, sin)
        k = rotate(self.heads(self.attn_k(h), s.kv_heads), cos, sin)
        v = self.heads(self.attn_v(h), s.kv_heads)
        q = F.rms_norm(q, (s.head,), None, s.epsilon)
        k = F.rms_norm(k, (s.head,), None, s.epsilon)
        group = s.heads // s.kv_heads
        k, v = (t.repeat_interleave(group, dim=1) for t in (k, v))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_output(a.transpose(1, 2).flatten(2))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Voice(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocab, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape.width, shape.epsilon)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                into_residual = name.endswith(("attn_output.weight", "ffn_down.weight"))
                scale = (2 * shape.layers) ** -0.5 if into_residual else 1.0
                nn.init.normal_(
                    parameter, std=0.02 if "embd" in name else scale * parameter.shape[1] ** -0.5
                )
        i = torch.arange(shape.head // 2, dtype=torch.float64)
        angle = torch.outer(
            torch.arange(shape.context, dtype=torch.float64), shape.theta ** (-2 * i / shape.head)
        )
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def forward(self, ids, between=None):
        """ids [batch, time] -> logits [batch, time, vocab]. `between`, a list, gets the state after
        each block [batch, time, width]."""
        x = self.token_embd(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blk:
            x = block(x, cos, sin)
            if between is not None:
                between.append(x)
        return F.linear(self.output_norm(x), self.token_embd.weight)
