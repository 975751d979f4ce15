#!/usr/bin/env python3
"""The classifiers that judge the painter, trained on drawings that the painter never saw.

    python classifier.py train subject|attribute|style [--run DIR] [--minutes N]
    python drawing.py --judge "python3 classifier.py answer --run DIR"      # see README.md

A drawing's number decides its side: every fifth is held out. Both must reach 95 % there before they
may judge; `train` prints it. Drawings of this judge have their own seeds."""

import argparse
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import captions  # noqa: E402
from drawings.catalog import COLORS, KEYS  # noqa: E402
from drawings.looks import STYLES  # noqa: E402
from drawings.scene import FIVE, OTHERS, Item, Scene, random_scene, render  # noqa: E402
from stages import Run  # noqa: E402

SUBJECTS = {
    "a cat": Item("cat"),
    "a duck": Item("duck"),
    "a burning rose": Item("rose", fire=True),
    "a clock": Item("clock"),
    "a skeleton": Item("skeleton"),
    "a chair": Item("chair"),
    "a heart": Item("heart"),
    "a face": Item("face"),
    "a city": Item("city"),
    "a mirror": Item("mirror"),
    "an umbrella": Item("umbrella"),
    "a dog": Item("dog"),
}
NAMES = list(SUBJECTS) + ["other"]
OTHER = [
    k
    for k in KEYS
    if k not in {i.key for i in SUBJECTS.values()}
    and k
    not in (
        "cyberpunk cat",
        "mechanical duck",
        "duck in a general's uniform",
        "melting clock",
        "two glitching hearts",
        "broken heart",
        "cracked mirror",
        "broken umbrella",
        "bulldog in boxing gloves",
        "skeleton playing guitar",
        "wilting flower",
        "flower",
        "screaming face",
        "throne",
        "skull",
        "man",
        "woman",
        "baby",
        "old man",
    )
]
ATTRIBUTES = [
    "red",
    "green",
    "blue",
    "three",
    "wearing a hat",
    "on a chair",
    "on fire",
    "over a city",
    "a duck and a cat",
]
# The nine suffixes in the looks that the painter learns, and the five styles.
STYLE_NAMES = [*captions.SUFFIX_LOOKS, *(f"style {name}" for name in STYLES)]
SIDE = 96


def look_of(rng):
    return rng.choice(FIVE) if rng.random() < 0.75 else rng.choice(OTHERS)


def subject_scene(rng):
    name = rng.choice(NAMES)
    item = Item(rng.choice(OTHER)) if name == "other" else replace(SUBJECTS[name])
    if rng.random() < 0.3:
        item.color = rng.choice(list(COLORS))
    return Scene(item, look_of(rng), seed=rng.getrandbits(48)), NAMES.index(name)


def attribute_scene(rng):
    """A scene and the index of an attribute, with it or without it."""
    which, has = rng.randrange(len(ATTRIBUTES)), rng.random() < 0.5
    name = ATTRIBUTES[which]
    s = Scene(Item("cat"), rng.choice(FIVE), seed=rng.getrandbits(48))
    if name in ("red", "green"):
        s.subject.color = name if has else rng.choice([None, *(c for c in COLORS if c != name)])
    elif name in ("blue", "on fire"):
        s.subject = Item("duck", color="blue", fire=True)
        if not has and name == "blue":
            s.subject.color = rng.choice(
                [None, *(c for c in COLORS if c not in ("blue", "purple"))]
            )
        if not has and name == "on fire":
            s.subject.fire = False
    elif name == "three":
        s.subject.color, s.subject.count = "red", 3 if has else rng.choice([1, 2, 4, 5])
    elif name == "wearing a hat":
        s.subject.wear = "hat" if has else None
    elif name == "on a chair":
        s.relation, s.object = (
            ("on", Item("chair"))
            if has
            else rng.choice([(None, None), ("on", Item("table")), ("on", Item("sofa"))])
        )
    elif name == "over a city":
        s.subject = Item("clock", melting=True)
        s.relation, s.object = (
            ("over", Item("city")) if has else rng.choice([(None, None), ("over", Item("table"))])
        )
    else:
        s.subject, s.relation, s.object = (
            Item("duck", color="yellow"),
            "beside",
            Item("cat", color="black"),
        )
        if not has:
            s.subject, s.object = rng.choice(
                [
                    (s.subject, Item("dog")),
                    (s.subject, None),
                    (Item("cat", color="black"), None),
                    (Item("bird"), s.object),
                ]
            )
            s.relation = s.object and "beside"
    return s, (which, int(has))


def style_scene(rng):
    scene, which = random_scene(rng), rng.randrange(len(STYLE_NAMES))
    name = STYLE_NAMES[which]
    if name in captions.SUFFIX_LOOKS:
        scene.look = captions.SUFFIX_LOOKS[name]
    else:
        scene.style = name.removeprefix("style ")
    return scene, which


def small(picture):
    """uint8 [h, w, 3] -> float [3, SIDE, SIDE] in [-1, 1]: box means."""
    h = len(picture)
    edges = np.arange(SIDE + 1) * h // SIDE
    p = picture.astype(np.float32)
    for axis in (0, 1):
        shape = [1, 1, 1]
        shape[axis] = SIDE
        p = np.add.reduceat(p, edges[:-1], axis) / np.diff(edges).reshape(shape)
    return torch.from_numpy(p).float().permute(2, 0, 1) / 127.5 - 1


def spoiled(x, rng):
    """Blur, noise and colour shifts, in training only."""
    if rng.random() < 0.5:
        x = F.avg_pool2d(x[None], 3, 1, 1)[0]
    if rng.random() < 0.5:
        x = x * rng.uniform(0.8, 1.15) + torch.tensor([rng.gauss(0, 0.06) for _ in range(3)]).view(
            3, 1, 1
        )
    if rng.random() < 0.5:
        x = x + 0.08 * torch.randn_like(x)
    return x


class Net(nn.Module):
    def __init__(self, out):
        super().__init__()
        widths, layers = [3, 24, 48, 96, 128], []
        for a, b in zip(widths, widths[1:]):
            layers += [
                nn.Conv2d(a, b, 3, padding=1),
                nn.GroupNorm(8, b),
                nn.SiLU(),
                nn.Conv2d(b, b, 3, 2, 1),
                nn.GroupNorm(8, b),
                nn.SiLU(),
            ]
        self.body, self.head = nn.Sequential(*layers), nn.Linear(2 * 128, out)

    def forward(self, x):
        h = self.body(x)
        return self.head(torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1))


TASKS = {
    "subject": (subject_scene, len(NAMES)),
    "attribute": (attribute_scene, len(ATTRIBUTES)),
    "style": (style_scene, len(STYLE_NAMES)),
}


def numbered(task, number, train):
    """Drawing `number` of a task: (picture, label)."""
    scene, label = TASKS[task][0](random.Random(f"judge {task} {number}"))
    x = small(render(scene, 192))
    return (spoiled(x, random.Random(number)) if train else x), label


def loss_of(task, out, labels):
    if task != "attribute":
        return F.cross_entropy(out, torch.tensor(labels))
    which, has = (torch.tensor(v) for v in zip(*labels))
    return F.binary_cross_entropy_with_logits(out[torch.arange(len(which)), which], has.float())


def right(task, out, labels):
    if task != "attribute":
        return (out.argmax(1) == torch.tensor(labels)).float().mean().item()
    which, has = (torch.tensor(v) for v in zip(*labels))
    return ((out[torch.arange(len(which)), which] > 0) == has.bool()).float().mean().item()


def train(args):
    torch.manual_seed(1)
    run = Run(
        f"judge-{args.task}",
        args,
        Net(TASKS[args.task][1]),
        total=40_000,
        lr=1.5e-3,
        warm=1000,
        average=0.99,
    )
    batch = 32

    def loss(count):
        numbers = [
            n + n // 4 for n in range(count, count + batch)
        ]  # every fifth number is left out
        x, labels = zip(*(numbered(args.task, n, True) for n in numbers))
        return loss_of(args.task, run.model(torch.stack(x)), labels)

    run.go(batch, loss, args.minutes)
    model = Net(TASKS[args.task][1])
    model.load_state_dict(run.mean)
    with torch.no_grad():
        x, labels = zip(*(numbered(args.task, 5 * n + 4, False) for n in range(2000)))
        out = torch.cat([model(torch.stack(x[i : i + 50])) for i in range(0, 2000, 50)])
    print(f"{args.task}: {right(args.task, out, labels):.4f} of 2000 held-out drawings right")


@torch.no_grad()
def answer(args):
    from PIL import Image

    models = {}
    for line in sys.stdin:
        asked = json.loads(line)
        task = asked["task"]
        if task not in TASKS:
            print("unknown")
            continue
        if task not in models:
            models[task] = Net(TASKS[task][1]).eval()
            models[task].load_state_dict(
                torch.load(args.run / f"judge-{task}.pt", weights_only=False)["mean"]
            )
        out = models[task](small(np.asarray(Image.open(asked["file"]).convert("RGB")))[None])[0]
        if task == "attribute":
            print("yes" if out[ATTRIBUTES.index(asked["ask"])] > 0 else "no")
        else:
            print((NAMES if task == "subject" else STYLE_NAMES)[int(out.argmax())])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("what", choices=["train", "answer"])
    options.add_argument("task", nargs="?", choices=list(TASKS))
    options.add_argument("--run", type=Path, default=Path("judge-run"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int)
    args = options.parse_args()
    torch.set_num_threads(1)
    {"train": train, "answer": answer}[args.what](args)


if __name__ == "__main__":
    main()
