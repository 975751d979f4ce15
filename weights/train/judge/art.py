#!/usr/bin/env python3
"""Judges what `ascii-gen` draws: is the subject recognized, is the drawing whole, is it new?

    python art.py train --run DIR                                 # the network, and how good it is
    python art.py judge --run DIR --gen "ascii-gen --model X" --corpus corpus.jsonl   # art.json

README.md says what each figure means. The judge learns from drawings with numbers of its own, which
the corpus never has."""

import argparse
import concurrent.futures
import json
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "art"))
import corpus  # noqa: E402
import drawn  # noqa: E402
from hashes import ROOT, Near, shape_hash  # noqa: E402

# Names for one thing: either answer is right.
SAME = {"palm tree": "island"}
NAMES = sorted(set(corpus.SUBJECTS) - SAME.keys())
# Drawings of the other kind under the same name.
KEYS = [k for k in drawn.KEYS if k in NAMES]
SIDE = 48
OWN = 10**9  # the first number of the judge
PROMPTS = 200


def atlas():
    """Character -> its ink on 4 x 8 cells of the project's font, 0 to 1."""
    text = (ROOT / "engine/ascii/font_data.cpp").read_text()
    found = {}
    for code, rows in re.findall(r"\{0x([0-9A-F]+), \{([0-9,]+)\}\}", text):
        bits = np.array(
            [[int(v) >> (7 - x) & 1 for x in range(8)] for v in rows.split(",")], np.float32
        )
        found[chr(int(code, 16))] = bits.reshape(8, 2, 4, 2).mean((1, 3))
    full = np.ones((8, 4), np.float32)
    for c, box in {
        "▀": (0, 4, 0, 4),
        "▄": (4, 8, 0, 4),
        "▌": (0, 8, 0, 2),
        "▐": (0, 8, 2, 4),
        "█": (0, 8, 0, 4),
    }.items():
        found[c] = np.zeros((8, 4), np.float32)
        found[c][box[0] : box[1], box[2] : box[3]] = 1
    for i, q in enumerate([4, 8, 1, 13, 9, 7, 11, 2, 6, 14]):
        glyph = np.zeros((8, 4), np.float32)
        for bit, (y, x) in enumerate(((0, 0), (0, 2), (4, 0), (4, 2))):
            if q >> bit & 1:
                glyph[y : y + 4, x : x + 2] = 1
        found[chr(0x2596 + i)] = glyph
    return found, full * 0.4


ATLAS, UNKNOWN = atlas()


def rendered(lines):
    """The drawing in a square of SIDE x SIDE, its longer side filling it, 0 to 1: box means."""
    wide, high = max(map(len, lines)), len(lines)
    page = np.zeros((high * 8, wide * 4), np.float32)
    for y, line in enumerate(lines):
        for x, c in enumerate(line):
            if c != " ":
                page[y * 8 : y * 8 + 8, x * 4 : x * 4 + 4] = ATLAS.get(c, UNKNOWN)
    side = max(page.shape)
    square = np.zeros((side, side), np.float32)
    y, x = (side - page.shape[0]) // 2, (side - page.shape[1]) // 2
    square[y : y + page.shape[0], x : x + page.shape[1]] = page
    return np.asarray(area(area(square, 0), 1))


def area(a, axis):
    """Box means of any ratio along an axis."""
    n = a.shape[axis]
    at = np.arange(n)[None, :]
    cell = np.arange(SIDE)[:, None]
    share = (
        np.maximum(0, np.minimum((at + 1) * SIDE, (cell + 1) * n) - np.maximum(at * SIDE, cell * n))
        / n
    )
    return share.astype(np.float32) @ a if axis == 0 else a @ share.T.astype(np.float32)


def cut(lines, rng):
    """A part of it, as a window cuts it off: 15 to 45 % are gone at one side or two."""
    wide, high = max(map(len, lines)), len(lines)
    lines = [line.ljust(wide) for line in lines]
    for side in rng.sample("lrtb", rng.choice([1, 1, 2])):
        n = max(1, round((wide if side in "lr" else high) * rng.uniform(0.15, 0.45)))
        if side == "l":
            lines = [line[n:] for line in lines]
        elif side == "r":
            lines = [line[:-n] for line in lines]
        elif len(lines) > n:
            lines = lines[n:] if side == "t" else lines[:-n]
    return corpus.canonical(lines) or ["#"]


def sample(number, filter_=None):
    """Drawing `number` of the judge: lines, index of its name, whether it is whole. With the filter one in
    four comes from it."""
    rng = random.Random(f"judge art {number}")
    if filter_ and number % 4 == 3:
        name = rng.choice(KEYS)
        lines = drawn.art(
            filter_, name, OWN + number, rng.choices(["line", "solid", "shaded"], [6, 2, 1])[0]
        )[0]
    else:
        name = rng.choice(NAMES)
        lines = corpus.subject_canvas(name, OWN + number)[0].text().split("\n")[:-1]
    lines = corpus.canonical(lines)
    whole = rng.random() < 0.7
    return (lines if whole else cut(lines, rng)), NAMES.index(name), whole


class Net(nn.Module):
    """What is it, and is it whole?"""

    def __init__(self):
        super().__init__()
        widths, layers = [1, 24, 48, 96, 128], []
        for a, b in zip(widths, widths[1:]):
            layers += [nn.Conv2d(a, b, 5 if a == 1 else 3, 2 if a == 1 else 1, padding=2 if a == 1 else 1),
                       nn.BatchNorm2d(b), nn.ReLU()]  # fmt: skip
            if a > 1:
                layers.append(nn.MaxPool2d(2))
        self.body = nn.Sequential(*layers)
        self.name = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(128 * 9, 192),
            nn.ReLU(),
            nn.Linear(192, len(NAMES)),
        )
        self.whole = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 9, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, x):
        h = self.body(x)
        return self.name(h), self.whole(h)[:, 0]


def tensors(samples):
    x = torch.from_numpy(np.stack([rendered(lines) for lines, _, _ in samples]))[:, None]
    return (
        x * 2 - 0.3,
        torch.tensor([i for _, i, _ in samples]),
        torch.tensor([float(w) for _, _, w in samples]),
    )


def shifted(x, rng):
    """Moved by a pixel or two, in training only."""
    return torch.roll(x, (rng.randint(-2, 2), rng.randint(-2, 2)), (2, 3))


@torch.no_grad()
def answers(model, x):
    out = [model(x[i : i + 200]) for i in range(0, len(x), 200)]
    return torch.cat([n for n, _ in out]), torch.cat([w for _, w in out])


def train(a):
    torch.manual_seed(1)
    filter_ = drawn.Filter(a.filter)
    made = [sample(n, filter_) for n in range(a.drawings)]
    x, names, whole = tensors(made)
    print(f"{len(made)} drawings of {len(NAMES)} names", flush=True)
    model, rng = Net(), random.Random(1)
    steps = a.epochs * len(x) // 64
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for step in range(steps):
        pick = torch.randint(len(x), (64,), generator=torch.Generator().manual_seed(step))
        said, judged = model(shifted(x[pick], rng))
        loss_name = (
            F.cross_entropy(said, names[pick], reduction="none") * (0.2 + 0.8 * whole[pick])
        ).mean()
        loss = loss_name + 0.5 * F.binary_cross_entropy_with_logits(judged, whole[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0 or step == steps - 1:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)
    model.eval()
    a.run.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), a.run / "art-judge.pt")
    print(json.dumps(held_out(model, filter_, a.run), indent=1))


def held_out(model, filter_, folder):
    """How often it is right on drawings that it did not see, by kind."""
    result = {}
    kinds = {"procedural": [n for n in range(2 * 10**6, 2 * 10**6 + 2400) if n % 4 != 3][:1500],
             "through the filter": [n for n in range(3 * 10**6, 3 * 10**6 + 4000) if n % 4 == 3][:1000]}  # fmt: skip
    wrong = {}
    for kind, numbers in kinds.items():
        made = [sample(n, filter_) for n in numbers]
        x, names, whole = tensors(made)
        said, judged = answers(model, x)
        is_whole = whole > 0.5
        hit = said.argmax(1) == names
        result[kind] = {
            "named right, of the whole ones": round(hit[is_whole].float().mean().item(), 4),
            "whole ones taken for cut": round((judged[is_whole] < 0).float().mean().item(), 4),
            "cut ones found": round((judged[~is_whole] < 0).float().mean().item(), 4),
        }
        for i in torch.nonzero(is_whole & ~hit)[:, 0].tolist():
            pair = f"{NAMES[names[i]]} as {NAMES[said[i].argmax()]}"
            wrong[pair] = wrong.get(pair, 0) + 1
    result["commonest errors"] = dict(sorted(wrong.items(), key=lambda kv: -kv[1])[:12])
    (folder / "art-judge.json").write_text(json.dumps(result, indent=1))
    return result


def prompts():
    """(words, name, lines): every name as often, and a drawing of that name, whose size is asked for."""
    asked = []
    for n in range(PROMPTS):
        rng = random.Random(f"judge prompt {n}")
        name = NAMES[n % len(NAMES)] if n < len(NAMES) else rng.choice(NAMES)
        lines = corpus.canonical(corpus.subject_canvas(name, 4 * OWN + n)[0].text().split("\n"))
        if max(map(len, lines)) > 64 or len(lines) > 32:
            lines = corpus.canonical(corpus.SUBJECTS[name][1](rng, 0.3)[0].text().split("\n"))
        asked.append((rng.choice([name, name, corpus.article(name)]), name, lines))
    return asked


def drawing(command, number, words, lines):
    """What the program draws for these words in the size of these lines."""
    size = ["--width", str(max(map(len, lines))), "--height", str(len(lines))]
    done = subprocess.run(
        [
            *shlex.split(command),
            *size,
            "--style",
            "line",
            "--seed",
            str(number),
            "--json",
            "-q",
            words,
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr.strip()}")
    return corpus.canonical(json.loads(done.stdout.split("\n")[0])["text"].split("\n"))


class Corpus:
    """What was trained on: by shape, and character by character."""

    def __init__(self, path):
        self.near, self.texts = Near(), set()
        with open(path, encoding="utf-8") as file:
            for piece in map(json.loads, file):
                lines = piece["text"].split("\n")[:-1]
                self.near.add(piece["width"], piece["height"], shape_hash(lines), most=-1)
                self.texts.add(piece["text"])

    def is_near(self, lines):
        return not self.near.new(max(map(len, lines)), len(lines), shape_hash(lines))

    def has(self, lines):
        return "\n".join(lines) + "\n" in self.texts


def row_of(model, known, words, name, lines):
    if not lines:
        return {"prompt": words, "blank": True}
    said, whole = (v[0] for v in answers(model, tensors([(lines, 0, True)])[0]))
    best = [NAMES[i] for i in said.topk(3).indices.tolist()]
    return {
        "prompt": words,
        "said": best[0],
        "recognized": best[0] == name,
        "recognized in three": name in best,
        "closed": bool(whole > 0),
        "near a training piece": known.is_near(lines),
        "a training piece": known.has(lines),
        "blank": False,
    }


FIGURES = [
    "recognized",
    "recognized in three",
    "closed",
    "near a training piece",
    "a training piece",
    "blank",
]


def shares(rows):
    return {key: round(sum(bool(row.get(key)) for row in rows) / len(rows), 4) for key in FIGURES}


def judge(a):
    model = Net().eval()
    model.load_state_dict(torch.load(a.run / "art-judge.pt", weights_only=True))
    known, asked = Corpus(a.corpus), prompts()
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        drawn_ = list(
            pool.map(lambda n: drawing(a.gen, n, asked[n][0], asked[n][2]), range(len(asked)))
        )
    rows = [
        row_of(model, known, words, name, lines) for (words, name, _), lines in zip(asked, drawn_)
    ]
    # What the corpus maker itself would be given: the same figures of fresh drawings of its own.
    fresh = [row_of(model, known, words, name, lines) for words, name, lines in asked]
    result = {
        "prompts": len(rows),
        "drawn": shares(rows),
        "fresh drawings of the corpus maker": shares(fresh),
        "rows": rows,
    }
    (a.run / "art.json").write_text(json.dumps(result, indent=1))
    with open(a.run / "art.txt", "w", encoding="utf-8") as file:
        for row, lines in zip(rows, drawn_):
            marks = [
                row.get("said", "blank"),
                *(key for key in ("closed", "near a training piece") if row.get(key)),
            ]
            file.write(
                f"--- {row['prompt']}  [{', '.join(marks)}]\n" + "\n".join(lines or []) + "\n"
            )
    print(json.dumps({key: value for key, value in result.items() if key != "rows"}, indent=1))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=["train", "judge"])
    p.add_argument("--run", type=Path, default=Path("judge-run"))
    p.add_argument("--filter", default=drawn.FILTER)
    p.add_argument("--drawings", type=int, default=24000)
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--gen", default="ascii-gen")
    p.add_argument("--corpus", default="corpus.jsonl")
    p.add_argument("--jobs", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(1)
    {"train": train, "judge": judge}[a.what](a)


if __name__ == "__main__":
    main()
