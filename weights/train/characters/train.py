#!/usr/bin/env python3
"""Trains the character diffusion that ships (weights/tiny-diffusion): 6 layers of 192, King James Bible.

    python train.py text | train | measure | export [--run DIR] [--minutes N] [--threads N]

Counts blocks of 256 characters. Each call goes on where the last one stopped: from RUN, else from
../state. `text` needs Debian's bible-kjv and bible-kjv-text."""

import argparse
import random
import re
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import model as characters  # noqa: E402
from stages import Run, weights_of  # noqa: E402

BATCH, HELD_OUT = 16, 20


def write_text(args):
    """A verse a line, without its number. The text is in the public domain, the packaging is GPL-2+."""
    args.run.mkdir(parents=True, exist_ok=True)
    verses = subprocess.run(
        ["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True
    ).stdout
    lines = [re.sub(r"^\S+\s", "", line).strip() for line in verses.splitlines() if line.strip()]
    (args.run / "bible.txt").write_text("\n".join(lines) + "\n", "ascii")


def split(args):
    """(training text, held-out text): every 20th piece of 8,192 characters is held out."""
    path = args.run / "bible.txt"
    if not path.exists():
        write_text(args)
    text = path.read_text("ascii")
    pieces = [text[i : i + 8192] for i in range(0, len(text), 8192)]
    held = "".join(pieces[HELD_OUT - 1 :: HELD_OUT])
    return "".join(p for i, p in enumerate(pieces) if i % HELD_OUT != HELD_OUT - 1), held


def as_ids(text):
    return torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8).long()


def windows(ids, length, count, batch):
    rng = random.Random(f"characters {count}")
    starts = [rng.randrange(len(ids) - length) for _ in range(batch)]
    return torch.stack([ids[s : s + length] for s in starts])


def held_out_loss(model, ids, batches=24):
    """Over the same windows and masks each time."""
    with torch.no_grad():
        losses = [
            characters.loss(
                model,
                windows(ids, model.shape.length, f"held out {i}", BATCH),
                torch.Generator().manual_seed(i),
            ).item()
            for i in range(batches)
        ]
    return sum(losses) / len(losses)


def build():
    torch.manual_seed(1)
    return characters.CharDiffusion()


def train(args):
    text, held = (as_ids(part) for part in split(args))
    net = build()
    run = Run(
        "characters", args, net, total=450_000, lr=1e-3, matrix_lr=1e-2, warm=3200, average=0.998
    )

    compiled = torch.compile(net)  # 1.35 times the speed on a processor

    def loss(count):
        ids = windows(text, net.shape.length, count, BATCH)
        return characters.loss(compiled, ids, torch.Generator().manual_seed(count))

    run.go(BATCH, loss, args.minutes)
    print("held out", held_out_loss(trained(args), held))


def trained(args):
    net = build()
    net.load_state_dict(weights_of(args, "characters"))
    return net.eval()


def measure(args):
    """Held-out loss, and the share of real words in ten sampled blocks."""
    text, held = split(args)
    net = trained(args)
    print("held-out loss", round(held_out_loss(net, as_ids(held)), 4))
    known = set(re.findall(r"[a-z]+", text.lower()))
    rng, right, all_words, evaluations = random.Random(7), 0, 0, 0
    for _ in range(10):
        start = rng.randrange(len(held) - 16)
        block, steps = characters.sample(net, held[start : start + 16])
        evaluations += steps
        words = re.findall(r"[a-z]+", block[16:].lower())[1:-1]
        right += sum(w in known for w in words)
        all_words += len(words)
        print(repr(block[:120]))
    print(f"{right} of {all_words} words are real: {right / all_words:.1%}; {evaluations} evaluations")


def export(args):
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in trained(args).state_dict().items()}, args.out)
    print(args.out)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=["text", "train", "measure", "export"])
    options.add_argument("--run", type=Path, default=Path("characters-run"))
    options.add_argument("--out", type=Path, default=Path("model.safetensors"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int)
    options.add_argument("--threads", type=int, default=1)
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    {"text": write_text, "train": train, "measure": measure, "export": export}[args.stage](args)


if __name__ == "__main__":
    main()
