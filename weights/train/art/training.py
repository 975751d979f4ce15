#!/usr/bin/env python3
"""Trains the ASCII transformer that ships (weights/ascii-transformer), preset `tiny`.

    python training.py train | sample | export [--corpus FILE] [--run DIR] [--minutes N] [--threads N]

`corpus.py` writes the corpus: a piece a line of JSON. Counts pieces. Each call goes on where the last
one stopped: from RUN, else from ../state."""

import argparse
import functools
import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import network  # noqa: E402
from stages import Run, weights_of  # noqa: E402

BATCH, GROUP, FREE, BLANK_WEIGHT, HELD_OUT = 8, 16, 0.1, 0.3, 50
MARGINS = [(4, 2), (4, 2), (16, 6)]  # columns and rows: people ask for any size
USUAL, USUAL_SHARE = (64, 32), 0.08  # what is drawn where no size is asked for; without it, next to nothing
MIRROR = str.maketrans("/\\()[]{}<>`'d", "\\/)(][}{><'`b")
SMALL = 1400  # tokens of a piece; larger ones cost too much on a processor
# Hearing is taught directly: after this block, each place of the grid has to tell what is drawn. What the
# prompt says is 5 % of the loss of the characters, and 41,000 pieces without this drew well and anything.
# The output that tells it is not exported. Subjects of fewer pieces are lettering, which spells its prompt.
HEARD_AFTER, HEARD_WEIGHT, SUBJECT_PIECES = 1, 0.3, 8


class Corpus:
    """The pieces to train on and those held out: every 50th by the hash of its text."""

    def __init__(self, path):
        self.pieces, self.held_out = [], []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                piece = json.loads(line)
                if (piece["width"] + 1) * piece["height"] > SMALL:
                    continue
                digest = hashlib.sha256(piece["text"].encode()).digest()
                held = int.from_bytes(digest[:4], "little") % HELD_OUT == 0
                (self.held_out if held else self.pieces).append(piece)
        found = Counter(p["title"] for p in self.pieces)
        titles = sorted(t for t, n in found.items() if n >= SUBJECT_PIECES)
        self.subject_of = {title: i for i, title in enumerate(titles)}


def padded(text):
    lines = text.rstrip("\n").split("\n")
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines]


def within(lines, margins):
    """The drawing with blanks at its left, right, above and below."""
    left, right, above, below = margins
    lines = [" " * left + line + " " * right for line in lines]
    blank = " " * len(lines[0])
    return [blank] * above + lines + [blank] * below


def drawn(piece, rng):
    """A piece as training sees it: mirrored half of the time unless it is writing, a prompt of its title,
    caption or tags, now and then with a margin or without a size."""
    lines = padded(piece["text"])
    style = piece.get("style", 0)
    if style != network.STYLES.index("lettering") and rng.random() < 0.5 and piece.get("flips", True):
        lines = [line[::-1].translate(MIRROR) for line in lines]
    x = rng.random()
    wide, high = USUAL[0] - len(lines[0]), USUAL[1] - len(lines)
    if x < USUAL_SHARE and wide >= 0 and high >= 0:
        left, above = rng.randint(wide // 4, wide - wide // 4), rng.randint(high // 4, high - high // 4)
        lines = within(lines, (left, wide - left, above, high - above))
    elif x < 0.4:
        wide, high = rng.choice(MARGINS)
        lines = within(lines, [rng.randint(0, most) for most in (wide, wide, high, high)])
    x = rng.random()
    tags = piece.get("tags") or [piece["title"]]
    prompt = piece["title"] if x < 0.5 else piece.get("caption") or piece["title"]
    if x > 0.85:
        prompt = rng.choice(tags)
    if rng.random() < FREE:
        style = 0
    return network.sequence(lines, prompt, style, (rng.random() < FREE, rng.random() < FREE))


@functools.lru_cache(maxsize=1)
def group_of(seed, corpus):
    """GROUP batches of pieces of like size, because padding costs as much as characters: (sequence,
    number of the subject or None)."""
    rng = random.Random(f"art {seed}")
    chosen = rng.choices(corpus.pieces, k=GROUP * BATCH)
    found = [(drawn(p, rng), corpus.subject_of.get(p["title"])) for p in chosen]
    found.sort(key=lambda f: len(f[0].ids))
    batches = [found[i : i + BATCH] for i in range(0, len(found), BATCH)]
    return rng.sample(batches, GROUP)


def batch_of(corpus, count):
    return group_of(count // (GROUP * BATCH), corpus)[count // BATCH % GROUP]


def tensors(sequences):
    longest = max(len(s.ids) for s in sequences)

    def stack(name, empty):
        rows = [getattr(s, name) + [empty] * (longest - len(s.ids)) for s in sequences]
        return torch.tensor(rows)

    return (
        stack("ids", network.PAD),
        stack("rows", 0),
        stack("columns", 0),
        stack("payload", (-1, -1, -1)),
        stack("edges", (-1, -1)),
    )


def loss_of(net, sequences, between=None):
    ids, *rest = tensors(sequences)
    logits = net(ids[:, :-1], *(r[:, :-1] for r in rest), between)
    weights = torch.zeros(ids.shape)
    for k, s in enumerate(sequences):
        weights[k, s.prompt_end : len(s.ids)] = 1
    weights[ids == 32] *= BLANK_WEIGHT
    losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    weights = weights[:, 1:].flatten()
    return (losses * weights).sum() / weights.sum()


class Hearing:
    """The loss of what each place of the grid tells of the subject."""

    def __init__(self, net, subjects):
        self.output, self.right = torch.nn.Linear(net.shape.n_embd, subjects), []
        net.heard = self.output  # trained and kept with the rest

    def loss(self, state, pieces):
        told, subjects = [], []
        for row, (s, subject) in zip(state, pieces):
            if subject is not None:
                told.append(row[s.prompt_end - 1 : len(s.ids) - 1])
                subjects.append(torch.full((len(told[-1]),), subject))
        if not told:
            return 0.0
        told, subjects = torch.cat(told), torch.cat(subjects)
        told = self.output(F.rms_norm(told, told.shape[-1:]))
        self.right.append((told.argmax(1) == subjects).float().mean().item())
        if len(self.right) % 100 == 0:
            print(f"heard: {sum(self.right[-100:]) / 100:.3f} of the places", flush=True)
        return F.cross_entropy(told, subjects)


def build(args):
    torch.manual_seed(1)
    return network.AsciiTransformer(network.PRESETS[args.preset])


def train(args):
    corpus = Corpus(args.corpus)
    print(len(corpus.pieces), "pieces,", len(corpus.held_out), "held out", flush=True)
    net = build(args)
    hearing = Hearing(net, len(corpus.subject_of))
    run = Run("art", args, net, total=160_000, lr=2e-3, matrix_lr=6e-3, warm=800, average=0.998)
    compiled = torch.compile(net, dynamic=True)  # 1.2 times the speed on a processor

    def loss(count):
        pieces, between = batch_of(corpus, count), []
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            drawing = loss_of(compiled, [s for s, _ in pieces], between)
            return drawing + HEARD_WEIGHT * hearing.loss(between[HEARD_AFTER], pieces)

    run.go(BATCH, loss, args.minutes)
    print("held out", held_out_loss(trained(args), corpus.held_out))


@torch.no_grad()
def held_out_loss(net, held):
    rng = random.Random(1)
    chosen = sorted((drawn(p, rng) for p in held[:160]), key=lambda s: len(s.ids))
    losses = [loss_of(net, chosen[i : i + 8]).item() for i in range(0, len(chosen), 8)]
    return sum(losses) / len(losses)


def trained(args):
    net = build(args)
    weights = weights_of(args, "art")
    net.load_state_dict({k: v for k, v in weights.items() if not k.startswith("heard.")})
    return net.eval()


@torch.no_grad()
def sample(args):
    """Draws each of the given prompts, 32 x 16, to look at while it learns."""
    net = trained(args)
    generator = torch.Generator().manual_seed(1)
    w, h = 32, 16
    for prompt in args.words or ["cat", "house", "tree", "fish"]:
        whole = network.sequence([" " * w] * h, prompt)
        ids, *rest = tensors([whole])
        for at in range(whole.prompt_end, len(whole.ids)):
            if whole.ids[at] != 32:
                continue
            logits = net(ids[:, :at], *(r[:, :at] for r in rest))[0, -1] / 0.7
            logits[:32], logits[127:] = -torch.inf, -torch.inf
            best = logits.topk(20)
            chosen = torch.multinomial(best.values.softmax(0), 1, generator=generator)
            ids[0, at] = best.indices[chosen]
        text = "".join(network.character_of(i) if i != network.EOL else "\n" for i in ids[0].tolist()[whole.prompt_end : -1])
        print(f"--- {prompt}\n{text}", flush=True)


def export(args):
    from safetensors.torch import save

    net = trained(args)
    data = save({k: v.contiguous() for k, v in net.state_dict().items()})
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.safetensors").write_bytes(data)
    saved = torch.load(args.run / "art.pt", weights_only=False)
    digest = hashlib.sha256(data).hexdigest()
    text = json.dumps(network.config(net.shape, saved["count"] // BATCH, digest), indent=1)
    (args.out / "config.json").write_text(text + "\n")
    print(args.out)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=["train", "sample", "export"])
    options.add_argument("words", nargs="*")
    options.add_argument("--corpus", type=Path, default=Path("corpus.jsonl"))
    options.add_argument("--preset", choices=network.PRESETS, default="tiny")
    options.add_argument("--run", type=Path, default=Path("art-run"))
    options.add_argument("--out", type=Path, default=Path("art-model"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--bf16", action="store_true", help="1.4 times as fast where a processor has it")
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    {"train": train, "sample": sample, "export": export}[args.stage](args)


if __name__ == "__main__":
    main()
