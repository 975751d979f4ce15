#!/usr/bin/env python3
"""How far the UNet's training is: the share of the pictures of a checkpoint whose subject the judge names.

    python progress.py RUN --judge DIR [--seeds 4] [--guidance 4] [--sheet FILE]

Pictures of 256 x 256 by the inner autoencoder, 25 steps of DDIM, the subjects' names without a style; for
weights that are not written as a painter yet. drawing.py measures the painter itself."""

import argparse
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

import classifier  # puts the trainings' folder on the path
import denoiser
import painter
from drawings.scene import sheet

NAMES = classifier.NAMES[:-1]  # without "other"


def judge(run):
    model = classifier.Net(len(classifier.NAMES)).eval()
    saved = torch.load(run / "judge-subject.pt", weights_only=False)
    model.load_state_dict(saved["mean"])
    return lambda p: model(torch.stack([classifier.small(x) for x in p])).argmax(1)


@torch.no_grad()
def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("run", type=Path)
    options.add_argument("--judge", type=Path, required=True)
    options.add_argument("--seeds", type=int, default=4)
    options.add_argument("--guidance", type=float, default=4)
    options.add_argument("--sheet", type=Path)
    options.add_argument("--bf16", action="store_true")
    args = options.parse_args()
    torch.set_num_threads(1)
    named, stage = judge(args.judge), SimpleNamespace(run=args.run, bf16=args.bf16)
    unet, name = painter.trained_unet(stage)
    source = painter.Source(stage, "progress")
    states = source.states(NAMES)
    nothing = source.none[1:].expand_as(states)
    pictures, right = [], torch.zeros(len(NAMES), dtype=int)
    for k in range(args.seeds):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            found = denoiser.sample(unet, states, nothing, 100 * k + 1, guidance=args.guidance)
        drawn = painter.pixels(source.coder.decode(found.float() / source.scaling).sample)
        pictures += list(drawn)
        right += named(drawn) == torch.arange(len(NAMES))
    for subject, count in zip(NAMES, right.tolist()):
        print(f"{subject}: {count} of {args.seeds}")
    print(f"{name}: {right.sum() / len(pictures):.1%} of {len(pictures)} pictures")
    if args.sheet:
        from PIL import Image

        Image.fromarray(sheet(pictures, len(NAMES))).save(args.sheet)


if __name__ == "__main__":
    main()
