"""The loss of both trained networks over 300 steps of PyTorch, from weights and batches that are
formulas (tests/training/test_training_network.cpp has the same ones). Writes training.json.

    python tests/golden/training.py
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

STEPS, BATCH = 300, 4
ALL = 2**64 - 1


def mix(seed, number):
    x = (seed + (number + 1) * 0x9E3779B97F4A7C15) & ALL
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & ALL
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & ALL
    return x ^ (x >> 31)


def uniform(stream, shape, deviation):
    count = math.prod(shape)
    values = [(mix(stream, i) >> 40) * 2.0**-23 - 1 for i in range(count)]
    return torch.tensor(values).reshape(shape) * math.sqrt(3) * deviation


def parameters(shapes, table_deviation):
    """`shapes`: name -> (role, shape), in the order of the streams."""
    made = {}
    for stream, (name, (role, shape)) in enumerate(shapes.items(), 100):
        if role == "gain":
            made[name] = torch.ones(shape)
        else:
            deviation = {"table": table_deviation, "outward": 0.02}.get(role, shape[-1] ** -0.5)
            made[name] = uniform(stream, shape, deviation)
        made[name].requires_grad_()
    return made


def rms(x, gain=None, eps=1e-5):
    return F.rms_norm(x, x.shape[-1:], gain, eps)


def turn(x, positions, base, sign):
    """Pairs (i, i + half) by position * base^(-i / half)."""
    half = x.shape[-1] // 2
    angle = positions[:, None].double() * base ** (-torch.arange(half).double() / half)
    cos, sin = angle.cos().float(), sign * angle.sin().float()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class CharDiffusion:
    layers, heads, width, length = 2, 2, 32, 48

    def __init__(self):
        w = self.width
        shapes = {"tok": ("table", (128, w)), "time": ("table", (128, w))}
        for i in range(self.layers):
            for name in "qkv":
                shapes[f"{i}.{name}"] = ("inward", (w, w))
            shapes[f"{i}.o"] = ("outward", (w, w))
            shapes[f"{i}.fc"] = ("inward", (4 * w, w))
            shapes[f"{i}.proj"] = ("outward", (w, 4 * w))
        shapes["head"] = ("outward", (128, w))
        self.p = parameters(shapes, 1)

    def groups(self):
        return [{"params": list(self.p.values()), "weight_decay": 0.01}]

    def loss(self, step):
        losses = []
        for b in range(BATCH):
            n = step * BATCH + b
            at, time = mix(12, n) % 1000, mix(13, n) % 128
            target = [32 + mix(11, (at + i) % 13) % 64 for i in range(self.length)]
            masked = [i >= 4 and mix(14, n * self.length + i) % 128 < time + 1 for i in range(self.length)]
            target, masked = torch.tensor(target), torch.tensor(masked)
            logits = self.forward(torch.where(masked, 0, target), time)
            losses.append(F.cross_entropy(logits, target, reduction="none")[masked])
        losses = torch.cat(losses)
        return losses.sum() / len(losses)

    def forward(self, ids, time):
        p, eps = self.p, 1.1920929e-7
        positions = torch.arange(len(ids))
        x = rms(p["tok"][ids] + p["time"][time], None, eps)
        for i in range(self.layers):
            n = rms(x, None, eps)
            q, k, v = ((n @ p[f"{i}.{c}"].T).unflatten(-1, (self.heads, -1)).transpose(0, 1) for c in "qkv")
            q, k = (rms(turn(y, positions, 10000.0, -1), None, eps) for y in (q, k))
            a = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)
            x = x + a @ p[f"{i}.o"].T
            x = x + F.relu(rms(x, None, eps) @ p[f"{i}.fc"].T).square() @ p[f"{i}.proj"].T
        return rms(x, None, eps) @ p["head"].T


class AsciiTransformer:
    layers, heads, width, hidden = 2, 2, 32, 128

    def __init__(self):
        w, f = self.width, self.hidden
        tables = {"tok": 384, "width": 257, "height": 257, "style": 16, "row": 65, "col": 65}
        shapes = {name: ("table", (rows, w)) for name, rows in tables.items()}
        for i in range(self.layers):
            shapes[f"{i}.norm1"] = ("gain", (w,))
            for name in "qkv":
                shapes[f"{i}.{name}"] = ("inward", (w, w))
            shapes[f"{i}.o"] = ("outward", (w, w))
            shapes[f"{i}.norm2"] = ("gain", (w,))
            shapes[f"{i}.gate"] = ("inward", (f, w))
            shapes[f"{i}.up"] = ("inward", (f, w))
            shapes[f"{i}.down"] = ("outward", (w, f))
        shapes["norm"] = ("gain", (w,))
        shapes["head"] = ("outward", (384, w))
        self.p = parameters(shapes, 0.02)
        self.tables = set(tables)

    def groups(self):
        decayed = [v for k, v in self.p.items() if k not in self.tables and v.ndim == 2]
        others = [v for k, v in self.p.items() if k in self.tables or v.ndim == 1]
        return [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]

    def sequence(self, n):
        """(token, row, column, width, height, style, edge row, edge column) of every token."""
        kind, w, h = mix(23, n) % 3, 4 + mix(21, n) % 4, 3 + mix(22, n) % 3
        known_w = 0 if mix(24, n) % 4 == 0 else w
        head = [1, 6, 7, 8, ord("a") + kind, 32, ord("b"), 2]
        tokens = [[t, 0, max(i - 4, 0), -1, -1, -1, -1, -1] for i, t in enumerate(head)]
        tokens[1][3], tokens[2][4], tokens[3][5] = known_w, h, kind

        def grid(token, r, c):
            column = min(w - c, 64) if known_w else 0
            tokens.append([token, r, c, -1, -1, -1, max(0, min(h - r, 64)), column])

        for r in range(h):
            for c in range(w):
                cell = 32 if (r + c + kind) % 3 == 0 else 33 + (kind * 7 + r * c + c) % 40
                grid(cell, r + 1, c)
            grid(3, r + 1, w)
        grid(4, h + 1, 0)
        return torch.tensor(tokens), len(head)

    def loss(self, step):
        losses, weights = [], []
        for b in range(BATCH):
            tokens, head = self.sequence(step * BATCH + b)
            target = tokens[1:, 0]
            weight = torch.where(target == 32, 0.3, 1.0)
            weight[: head - 1] = 0
            losses.append(F.cross_entropy(self.forward(tokens[:-1]), target, reduction="none") * weight)
            weights.append(weight)
        return torch.cat(losses).sum() / torch.cat(weights).sum()

    def forward(self, tokens):
        p = self.p
        x = 0
        for table, column in (("tok", 0), ("width", 3), ("height", 4), ("style", 5), ("row", 6), ("col", 7)):
            ids = tokens[:, column]
            x = x + p[table][ids.clamp(min=0)] * (ids >= 0)[:, None]
        for i in range(self.layers):
            n = rms(x, p[f"{i}.norm1"])
            q, k, v = ((n @ p[f"{i}.{c}"].T).unflatten(-1, (self.heads, -1)).transpose(0, 1) for c in "qkv")

            def both(y):
                by_row, by_column = y.chunk(2, -1)
                y = torch.cat([turn(by_row, tokens[:, 1], 1000.0, 1), turn(by_column, tokens[:, 2], 1000.0, 1)], -1)
                return rms(y)

            a = F.scaled_dot_product_attention(both(q), both(k), v, is_causal=True)
            x = x + a.transpose(0, 1).flatten(1) @ p[f"{i}.o"].T
            n = rms(x, p[f"{i}.norm2"])
            x = x + (F.silu(n @ p[f"{i}.gate"].T) * (n @ p[f"{i}.up"].T)) @ p[f"{i}.down"].T
        return rms(x, p["norm"]) @ p["head"].T


def rate(step, warm_up, final):
    warm = math.ceil(warm_up * STEPS)
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / (STEPS - warm)
    return final + (1 - final) * (0.5 + 0.5 * math.cos(math.pi * done))


def curve(network, betas, clip, warm_up, final):
    optimizer = torch.optim.AdamW(network.groups(), lr=3e-3, betas=betas)
    losses = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * rate(step, warm_up, final)
        loss = network.loss(step)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(network.p.values(), clip)
        optimizer.step()
        losses.append(round(loss.item(), 6))
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {
        "char_diffusion": curve(CharDiffusion(), (0.9, 0.999), 0, 0, 1),
        "ascii_transformer": curve(AsciiTransformer(), (0.9, 0.95), 1, 0.02, 0.1),
    }
    (Path(__file__).parent / "training.json").write_text(json.dumps(result) + "\n")
    for name, losses in result.items():
        print(name, losses[::50], losses[-1])
