"""The ASCII transformer in plain PyTorch: vocabulary, sequence, network. Parameters have the names of
its file, so what is written here is read by `ascii-gen`.

A sequence is BOS WIDTH HEIGHT STYLE, the prompt's characters, GRID, then rows of characters that end
in EOL, then END. Every token has a row and a column; heads turn their first half by the row, their
second half by the column. Grid tokens also know how far the border is."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

PAD, BOS, GRID, EOL, END, UNK, WIDTH, HEIGHT, STYLE = range(9)
STYLES = ["any", "line", "shaded", "solid", "box", "lettering", "oneliner", "sketch"]
EDGE = 64


def id_of(character):
    code = ord(character)
    if 32 <= code < 127 or (160 <= code < 256 and code != 173):
        return code
    if 0x2580 <= code <= 0x259F:
        return code - 0x2580 + 128
    if 0x2500 <= code <= 0x257F:
        return code - 0x2500 + 256
    return UNK


def character_of(i):
    if 128 <= i < 160:
        return chr(i - 128 + 0x2580)
    if i >= 256:
        return chr(i - 256 + 0x2500)
    return chr(i)


@dataclass(frozen=True)
class Shape:
    n_layer: int = 4
    n_head: int = 3
    n_embd: int = 192
    ffn: int = 512
    block_size: int = 4096
    vocab: int = 384
    rope_base: float = 1000.0
    rms_eps: float = 1e-5
    max_width: int = 256
    max_height: int = 256
    edge: int = EDGE
    styles: int = 16


PRESETS = {
    "test": Shape(2, 1, 64, 192),
    "tiny": Shape(),
    "small": Shape(6, 6, 384, 1024),
    "medium": Shape(8, 8, 512, 1408),
    "large": Shape(10, 10, 640, 1728),
}


def config(shape, steps, digest):
    return {
        "format": "ascii-grid-transformer",
        "version": 1,
        **asdict(shape),
        "weights_sha256": digest,
        "trained_steps": steps,
    }


@dataclass
class Sequence:
    """One picture as columns of numbers, a row a token. A payload of -1 is none."""

    ids: list
    rows: list
    columns: list
    payload: list  # (width, height, style) of the token, -1 where it is none of these
    edges: list  # (row, column) index into the edge tables, -1 outside the grid
    prompt_end: int  # where the loss begins


def sequence(lines, prompt, style=0, free=(False, False)):
    """`lines` are of equal length. `free` hides width and height from the model."""
    h, w = len(lines), len(lines[0])
    known_w, known_h = (0 if free[0] else w), (0 if free[1] else h)
    s = Sequence([], [], [], [], [], 0)

    def add(i, row, column, payload=(-1, -1, -1), edge=(-1, -1)):
        s.ids.append(i)
        s.rows.append(row)
        s.columns.append(column)
        s.payload.append(payload)
        s.edges.append(edge)

    add(BOS, 0, 0)
    add(WIDTH, 0, 0, (known_w, -1, -1))
    add(HEIGHT, 0, 0, (-1, known_h, -1))
    add(STYLE, 0, 0, (-1, -1, style))
    for k, c in enumerate(prompt[:128]):
        add(id_of(c), 0, k)
    add(GRID, 0, len(prompt[:128]))
    s.prompt_end = len(s.ids)

    def edge(r, c):
        return (min(max(h - r, 0), EDGE) if known_h else 0, min(w - c, EDGE) if known_w else 0)

    for r, line in enumerate(lines, 1):
        for c, x in enumerate(line):
            add(id_of(x), r, c, edge=edge(r, c))
        add(EOL, r, w, edge=edge(r, w))
    add(END, h + 1, 0, edge=edge(h + 1, 0))
    return s


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def turn(x, cos, sin):
    """Standard direction; the pairs are (x[i], x[i + n / 2])."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        for name in "qkvo":
            setattr(self, name, nn.Linear(shape.n_embd, shape.n_embd, bias=False))

    def forward(self, x, angles):
        heads = lambda y: y.unflatten(-1, (self.shape.n_head, -1)).transpose(1, 2)  # noqa: E731
        q, k, v = heads(self.q(x)), heads(self.k(x)), heads(self.v(x))

        def both(y):
            by_row, by_column = y.chunk(2, dim=-1)
            y = torch.cat([turn(by_row, *angles[0]), turn(by_column, *angles[1])], dim=-1)
            return F.rms_norm(y, y.shape[-1:], None, self.shape.rms_eps)

        a = F.scaled_dot_product_attention(both(q), both(k), v, is_causal=True)
        return self.o(a.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate = nn.Linear(shape.n_embd, shape.ffn, bias=False)
        self.up = nn.Linear(shape.n_embd, shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.n_embd, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.attn_norm = RMSNorm(shape.n_embd, shape.rms_eps)
        self.attn = Attention(shape)
        self.mlp_norm = RMSNorm(shape.n_embd, shape.rms_eps)
        self.mlp = MLP(shape)

    def forward(self, x, angles):
        x = x + self.attn(self.attn_norm(x), angles)
        return x + self.mlp(self.mlp_norm(x))


class AsciiTransformer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, d = shape, shape.n_embd
        self.tok_embed = nn.Embedding(shape.vocab, d)
        self.cond = nn.ModuleDict(
            {
                "width": nn.Embedding(shape.max_width + 1, d),
                "height": nn.Embedding(shape.max_height + 1, d),
                "style": nn.Embedding(shape.styles, d),
            }
        )
        self.edge = nn.ModuleDict(
            {"row": nn.Embedding(shape.edge + 1, d), "col": nn.Embedding(shape.edge + 1, d)}
        )
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        self.norm = RMSNorm(d, shape.rms_eps)
        self.head = nn.Linear(d, shape.vocab, bias=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                into_residual = name.endswith(("attn.o.weight", "mlp.down.weight"))
                scale = (2 * shape.n_layer) ** -0.5 if into_residual else 1.0
                table = "embed" in name or name.startswith(("cond", "edge"))
                nn.init.normal_(p, std=0.02 if table else scale * p.shape[1] ** -0.5)
        axis = shape.n_embd // shape.n_head // 2
        i = torch.arange(axis // 2, dtype=torch.float64)
        angle = torch.outer(
            torch.arange(260, dtype=torch.float64), shape.rope_base ** (-2 * i / axis)
        )
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def forward(self, ids, rows, columns, payload, edges, between=None):
        """ids, rows, columns [n, t], payload [n, t, 3], edges [n, t, 2] -> logits [n, t, vocab].
        `between`, a list, gets the state after each block [n, t, n_embd]."""

        def optional(table, i):
            return F.embedding(i.clamp(min=0), table.weight) * (i >= 0)[..., None]

        x = self.tok_embed(ids)
        for k, name in enumerate(("width", "height", "style")):
            # These tokens stand at places 1, 2 and 3, nowhere else.
            part = optional(self.cond[name], payload[:, k + 1, k])
            x = torch.cat([x[:, : k + 1], (x[:, k + 1] + part)[:, None], x[:, k + 2 :]], 1)
        for k, name in enumerate(("row", "col")):
            x = x + optional(self.edge[name], edges[..., k])
        angles = [(self.cos[p][:, None], self.sin[p][:, None]) for p in (rows, columns)]
        for block in self.blocks:
            x = block(x, angles)
            if between is not None:
                between.append(x)
        return self.head(self.norm(x))
