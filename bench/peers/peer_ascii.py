#!/usr/bin/env python3
"""The ASCII transformer in plain PyTorch with a key-value cache, and its speed.

    python bench/peers/peer_ascii.py FOLDER [--width 64 --height 32 --threads 1 --compile]

FOLDER has config.json and model.safetensors, as ascii-export and bench --synthesize write them. One
drawing of exactly W x H is sampled as ascii-gen does it: forced tokens are fed without logits.
tests/golden/ascii_transformer.py makes the references of our tests with the same network.
"""
import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

PAD, BOS, GRID, EOL, END, UNK, WIDTH, HEIGHT, STYLE = range(9)
NOTHING = -1


def head(prompt, width, height, style):
    """Rows of (token, width, height, style, edge row, edge column, row, column), BOS to GRID."""
    tokens = [(BOS,), (WIDTH, width), (HEIGHT, NOTHING, height), (STYLE, NOTHING, NOTHING, style)]
    tokens += [(p,) for p in prompt] + [(GRID,)]
    return [t + (NOTHING,) * (6 - len(t)) + (0, max(0, i - 4)) for i, t in enumerate(tokens)]


def cell(token, row, column, width, height):
    edge_row = min(max(height - row, 0), 64) if height else 0
    edge_column = min(max(width - column, 0), 64) if width else 0
    return (token, NOTHING, NOTHING, NOTHING, edge_row, edge_column, row, column)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, self.heads, self.eps = c["n_embd"], c["n_head"], c["rms_eps"]
        self.attn_norm = nn.RMSNorm(d, self.eps)
        self.attn = nn.ModuleDict({k: nn.Linear(d, d, bias=False) for k in "qkvo"})
        self.mlp_norm = nn.RMSNorm(d, self.eps)
        self.mlp = nn.ModuleDict({"gate": nn.Linear(d, c["ffn"], bias=False),
                                  "up": nn.Linear(d, c["ffn"], bias=False),
                                  "down": nn.Linear(c["ffn"], d, bias=False)})

    def forward(self, x, turn, cache, at, mask):
        n, d = x.shape
        h = self.attn_norm(x)
        q, k, v = (self.attn[name](h).view(n, self.heads, d // self.heads) for name in "qkv")
        q, k = (F.rms_norm(rotate(t, turn), t.shape[-1:], eps=self.eps) for t in (q, k))
        cache[0, at:at + n], cache[1, at:at + n] = k, v
        keys, values = cache[:, :at + n].transpose(1, 2)
        a = F.scaled_dot_product_attention(q.transpose(0, 1), keys, values, attn_mask=mask)
        x = x + self.attn["o"](a.transpose(0, 1).reshape(n, d))
        h = self.mlp_norm(x)
        return x + self.mlp["down"](F.silu(self.mlp["gate"](h)) * self.mlp["up"](h))


def rotate(x, turn):
    """Half of every head turns by the row, the other half by the column; pairs (i, i + half)."""
    halves = []
    for part, (cos, sin) in zip(x.chunk(2, -1), turn):
        a, b = part.chunk(2, -1)
        halves += [a * cos - b * sin, b * cos + a * sin]
    return torch.cat(halves, -1)


class AsciiTransformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, self.config = c["n_embd"], c
        self.tok_embed = nn.Embedding(c["vocab"], d)
        self.cond = nn.ModuleDict({"width": nn.Embedding(c["max_width"] + 1, d),
                                   "height": nn.Embedding(c["max_height"] + 1, d),
                                   "style": nn.Embedding(c["styles"], d)})
        self.edge = nn.ModuleDict({"row": nn.Embedding(c["edge"] + 1, d),
                                   "col": nn.Embedding(c["edge"] + 1, d)})
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["n_layer"]))
        self.norm = nn.RMSNorm(d, c["rms_eps"])
        self.head = nn.Linear(d, c["vocab"], bias=False)

    def new_cache(self, context):
        c, like = self.config, self.head.weight
        shape = (c["n_layer"], 2, context, c["n_head"], c["n_embd"] // c["n_head"])
        return torch.zeros(shape, dtype=like.dtype)

    def forward(self, tokens, cache, at=0, logits=True):
        """tokens [n, 8]; the cache has `at` tokens already. Logits of all n."""
        x = self.tok_embed(tokens[:, 0])
        tables = [*self.cond.values(), *self.edge.values()]
        for column, table in enumerate(tables, 1):
            ids = tokens[:, column]
            x = x + table(ids.clamp(min=0)) * (ids >= 0).to(x.dtype)[:, None]
        axis = self.config["n_embd"] // self.config["n_head"] // 2
        frequency = self.config["rope_base"] ** (-2 * torch.arange(axis // 2, dtype=torch.float64) / axis)
        turn = []
        for column in (6, 7):
            angle = (tokens[:, column].double()[:, None] * frequency)[:, None, :]
            turn.append((angle.cos().to(x.dtype), angle.sin().to(x.dtype)))
        n = len(tokens)
        mask = torch.ones(n, at + n, dtype=torch.bool).tril(at) if n > 1 else None
        for layer, block in enumerate(self.blocks):
            x = block(x, turn, cache[layer], at, mask)
        return self.head(self.norm(x)) if logits else None


def load(folder):
    from safetensors.torch import load_file
    config = json.loads((Path(folder) / "config.json").read_text())
    network = AsciiTransformer(config).eval()
    network.load_state_dict({k: v.float() for k, v in
                             load_file(Path(folder) / "model.safetensors").items()})
    return network


@torch.inference_mode()
def draw(network, prompt, width, height, style=0, seed=0, temperature=0.8, top_k=40):
    generator = torch.Generator().manual_seed(seed)
    allowed = torch.full((384,), -torch.inf)
    allowed[32:127] = 0
    cache = network.new_cache(network.config["block_size"])
    fed, waiting, rows = 0, head(prompt, width, height, style), []
    for row in range(1, height + 1):
        line = []
        for column in range(width):
            logits = network(torch.tensor(waiting), cache, fed)[-1] + allowed
            fed += len(waiting)
            likely, ids = logits.topk(top_k)
            chance = torch.softmax(likely / temperature, -1)
            token = ids[torch.multinomial(chance, 1, generator=generator)].item()
            line.append(token)
            waiting = [cell(token, row, column, width, height)]
        waiting.append(cell(EOL, row, width, width, height))
        rows.append("".join(map(chr, line)))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--prompt", default="cat")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--height", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = load(options.folder)
    if options.compile:
        network.forward = torch.compile(network.forward, dynamic=True)
    prompt = [ord(c) for c in options.prompt]
    draw(network, prompt, 8, 2)  # a warm-up
    wall, cpu = [], []
    for _ in range(options.repeat):
        start = time.perf_counter(), time.process_time()
        draw(network, prompt, options.width, options.height)
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    result = {"engine": f"PyTorch {torch.__version__}", "threads": options.threads,
              "seconds": min(wall), "processor_seconds": min(cpu),
              "tokens_per_s": options.width * options.height / min(wall)}
    print(json.dumps(result) if options.json else result)


if __name__ == "__main__":
    main()
