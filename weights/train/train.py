#!/usr/bin/env python3
"""Trains the embedded painter from nothing and writes weights/default: drawings, autoencoder,
vocabulary, text encoder, UNet, twice the size, export, a sheet of samples. Every stage leaves a file
in --run and is skipped (or, for the UNet, continued) when that file exists."""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import captions
import draw
import enlarge
import export
import painter
import text
import tokenizer
import vae

HERE = Path(__file__).resolve().parent
SIDE = draw.SIZE // 2  # of the pictures whose latents the UNet sees
SHEET = [("a cat", 1), ("a cyberpunk cat hacking into a burning television, street art, "
                        "spray paint, dripping graffiti", 2),
         ("a duck", 3), ("duck on fire, punk", 4),
         ("a broken heart", 5), ("a broken heart, dark symbolic painting", 6),
         ("a skeleton playing guitar on a sofa, oil painting, vivid colors", 7),
         ("a screaming face melting into a bathtub, street art", 8),
         ("a burning rose growing from a piano, bold surreal art", 9),
         ("a clock melting over a sleeping clerk, oil painting", 10),
         ("a cracked mirror reflecting a drunk king, punk zine collage", 11),
         ("an explosion of broken umbrellas, bold surreal art", 12)]


def vocabulary(path):
    """Learned on a sample of captions; kept as merges.txt."""
    if not (path / "merges.txt").exists():
        words, rng = captions.Captions(0), random.Random(1)
        texts = [words.draw(rng.choice(list(draw.SUBJECTS)), rng.choice(draw.STYLES), rng)
                 for _ in range(16000)] + [captions.NEGATIVE] * 50
        tokenizer.Tokenizer(tokenizer.learn(texts, 2700)).write(path)
    lines = (path / "merges.txt").read_text("utf-8").splitlines()[1:]
    return tokenizer.Tokenizer([tuple(line.split(" ")) for line in lines])


def autoencoder(path, scaling=1.0):
    model = vae.build(scaling)
    model.load_state_dict(torch.load(path))
    return model.eval()


def latents(run, count):
    """Scaled latents and labels of the drawings: the only thing the UNet ever sees."""
    if not (run / "latents.npy").exists():
        drawn, subjects, styles = vae.pictures(count, "set")
        small = vae.halved(drawn)
        found = vae.encode(autoencoder(run / "vae.pt"), small)
        np.save(run / "pictures.npy", small.astype(np.uint8))
        np.save(run / "drawings.npy", drawn)
        (run / "labels.json").write_text(json.dumps(dict(subjects=subjects, styles=styles)))
        (run / "scaling.txt").write_text(str(1 / found.astype(np.float32).std()))
        np.save(run / "latents.npy", found)
    scaling = float((run / "scaling.txt").read_text())
    scaled = np.load(run / "latents.npy").astype(np.float32) * scaling
    return scaled.astype(np.float16), json.loads((run / "labels.json").read_text()), scaling


def reader(run, steps=0):
    """The painter before training: a trained text encoder and an untrained UNet. Leaves the
    encoder's states of many captions in the run folder, so that the workers never run it."""
    words = vocabulary(run / "tokenizer")
    if not (run / "text.pt").exists():
        text.train(run / "text.pt", words, steps=steps)
    model = painter.Painter(words)
    model.text.load_state_dict(torch.load(run / "text.pt"))
    if not (run / "states.npy").exists():
        np.save(run / "states.npy", painter.caption_states(model.eval(), seed=3))
    return model


def worker(rank, world, run, minutes, seed, meeting):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank,
                                         world_size=world)
    known, labels, _ = latents(run, 0)
    states = np.load(run / "states.npy", mmap_mode="r")
    painter.train(run / "painter.pt", reader(run), known, labels, states, minutes,
                  batch=8, lr=1.3e-3, seed=seed, rank=rank, world=world)


def refined(run, minutes):
    """Trains the decoder on exactly these pictures. The encoder no longer changes."""
    if not (run / "refined.pt").exists():
        vae.refine(run / "refined.pt", torch.load(run / "vae.pt"),
                   np.load(run / "pictures.npy", mmap_mode="r"), np.load(run / "latents.npy"),
                   minutes)
    return run / "refined.pt"


def enlarged(run, minutes):
    """The autoencoder that makes pictures twice as large from the same latents."""
    if not (run / "enlarged.pt").exists():
        enlarge.train(run / "enlarged.pt", torch.load(refined(run, 0)),
                      np.load(run / "drawings.npy", mmap_mode="r"), np.load(run / "latents.npy"),
                      minutes)
    return run / "enlarged.pt"


def write(run, out):
    from PIL import Image
    model = painter.Painter(vocabulary(run / "tokenizer"))
    model.load_state_dict(torch.load(run / "painter.pt.average"))
    model.eval()
    scaling = float((run / "scaling.txt").read_text())
    auto = enlarge.build(scaling)
    auto.load_state_dict(torch.load(run / "enlarged.pt"))
    export.export(out, model, auto, SIDE // 8)
    found = torch.cat([painter.sample(model, [text], seed, size=SIDE // 8)
                       for text, seed in SHEET])
    Image.fromarray(draw.sheet(list(painter.decode(auto, found)), 4)).save(run / "samples.png")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--run", type=Path, default=Path("painter-run"), help="working folder")
    options.add_argument("--out", type=Path, default=HERE.parent / "default")
    options.add_argument("--pictures", type=int, default=4000)
    options.add_argument("--vae-minutes", type=float, default=15)
    options.add_argument("--text-steps", type=int, default=700)
    options.add_argument("--decoder-minutes", type=float, default=30)
    options.add_argument("--enlarge-minutes", type=float, default=11)
    options.add_argument("--minutes", type=float, default=70, help="for the UNet")
    options.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    args.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if not (args.run / "vae.pt").exists():
        vae.train(args.run / "vae.pt", args.vae_minutes, min(800, args.pictures), seed=args.seed)
    latents(args.run, args.pictures)
    refined(args.run, args.decoder_minutes)
    enlarged(args.run, args.enlarge_minutes)
    reader(args.run, args.text_steps)
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(worker, (args.workers, args.run, args.minutes, args.seed,
                                             f"{folder}/meeting"), args.workers)
    write(args.run, args.out)


if __name__ == "__main__":
    sys.exit(main())
