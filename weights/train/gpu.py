#!/usr/bin/env python3
"""The whole painter on one GPU in ten minutes: the same stages as painter.py, by the clock.

    python gpu.py --out DIR [--seconds inner=120,text=45,unet=260,guide=25,outer=80] [--device cuda]

Every processor draws pictures of 512 x 512 with captions all the time; they stay in the GPU's memory.
Each stage ends by writing its state (7 bit, under 15 MB) to --out, in the format of weights/train/state,
so that painter.py exports it or goes on. Parts that --out or the tree already holds are begun from.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import threading
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import autoencoder
import captions
import denoiser
import reader
from drawings.scene import render
from stages import STATE, pack, unpack


def draw_forever(worker, workers, first, out, words):
    """A process that draws: (pictures uint8 [n,512,512,3], token ids, labels)."""
    torch.set_num_threads(1)
    os.nice(5)
    source, number = captions.Captions(), first + worker
    while True:
        drawn = []
        for _ in range(16):
            text, scene, told = source.draw(random.Random(f"unet {number}"))
            drawn.append((render(scene, 512), words.encode(text), reader.labels(told)))
            number += workers
        pictures, ids, labels = zip(*drawn)
        out.put((np.stack(pictures), np.array(ids, np.int16), np.array(labels, np.int16)))


class Store:
    """What was drawn so far, on the device. Pictures first, then only their latents."""

    def __init__(self, device, words, workers, most):
        self.device, self.most, self.n, self.kept = device, most, 0, 0
        self.pictures = torch.empty((most, 512, 512, 3), dtype=torch.uint8, device=device)
        self.latents, self.ids, self.labels = [], [], []
        self.coder, self.lock = None, threading.Lock()
        context = multiprocessing.get_context("spawn")
        self.queue = context.Queue(64)
        for w in range(workers):
            context.Process(
                target=draw_forever, args=(w, workers, 0, self.queue, words), daemon=True
            ).start()
        threading.Thread(target=self.fill, daemon=True).start()

    def fill(self):
        while True:
            pictures, ids, labels = self.queue.get()
            pictures = torch.from_numpy(pictures).to(self.device)
            with self.lock:
                if self.kept + len(pictures) <= self.most:
                    self.pictures[self.kept : self.kept + len(pictures)] = pictures
                    self.kept += len(pictures)
                    self.ids.append(torch.from_numpy(ids))
                    self.labels.append(torch.from_numpy(labels))
                    if self.coder is not None:
                        self.latents.append(self.encode(pictures))
                elif self.coder is not None:
                    self.ids.append(torch.from_numpy(ids))
                    self.labels.append(torch.from_numpy(labels))
                    self.latents.append(self.encode(pictures))
                self.n = sum(len(i) for i in self.ids)

    def sample(self, size, count):
        """`count` pictures as float [n,3,size,size]."""
        while self.kept < count:
            time.sleep(0.1)
        at = torch.randint(0, self.kept, (count,), device=self.device)
        x = self.pictures[at].permute(0, 3, 1, 2).float() / 127.5 - 1
        x = x if size == 512 else F.avg_pool2d(x, 512 // size)
        return x.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def encode(self, pictures):
        x = F.avg_pool2d(pictures.permute(0, 3, 1, 2).float() / 127.5 - 1, 2)
        return self.coder.encode(x).latent_dist.mean.half()

    def begin_latents(self, coder):
        """From now on everything is encoded as it comes."""
        with self.lock:
            self.coder = coder
            self.latents = [self.encode(self.pictures[i : i + 16]) for i in range(0, self.kept, 16)]

    def all(self):
        with self.lock, torch.autocast(self.device, enabled=False):
            return (
                torch.cat(self.latents).float() if self.latents else None,
                torch.cat(self.ids).long().to(self.device),
                torch.cat(self.labels).long().to(self.device),
            )


class Stages:
    """Model after model, each for its seconds."""

    def __init__(self, args):
        self.args, self.device, self.large = args, args.device, args.device == "cuda"
        reader.learn_words()
        self.words = reader.tokenizer()
        self.store = Store(args.device, self.words, args.workers, args.pictures)
        self.known, self.known_at = None, -1000

    def cast(self):
        return torch.autocast(self.device, torch.bfloat16)

    def begun(self, name, model):
        """The model with the weights of --out or of the tree, if there are any."""
        for folder in (self.args.out, STATE):
            if (folder / f"{name}.npz").exists():
                arrays = dict(np.load(folder / f"{name}.npz"))
                arrays.pop("count")
                model.load_state_dict(unpack(arrays), strict=False)
                print(name, "begins from", folder, flush=True)
                break
        return model.to(self.device)

    def timed(self, name, model, lr, batch, loss_of, average=0.99):
        """Trains for the stage's seconds, writes the averaged weights and gives the model with them."""
        seconds = self.args.seconds[name]
        opt = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.01)
        mean = {k: v.detach().clone().float() for k, v in model.state_dict().items()}
        began, last, step, curve = time.time(), time.time(), 0, []
        while (done := (time.time() - began) / max(seconds, 1e-9)) < 1:
            down = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * max(0, (done - 0.3) / 0.7)))
            for group in opt.param_groups:
                group["lr"] = lr * min(1, (step + 1) / 100) * down
            with self.cast():
                loss = loss_of(step)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            step += 1
            keep = min(average, (1 + step) / (10 + step))
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    mean[k].lerp_(v.float(), 1 - keep)
            if time.time() - last > 10:
                last = time.time()
                curve.append([step * batch, round(loss.item(), 5)])
                speed = step * batch / (last - began)
                print(
                    f"{name} {last - began:.0f} s  {speed:.0f} a second  loss {loss.item():.4f}",
                    flush=True,
                )
        self.trained = step * batch
        if step:
            model.load_state_dict({k: v.to(self.device) for k, v in mean.items()})
            self.write(name, model, self.trained)
            about = dict(stage=name, count=self.trained, curve=curve)
            (self.args.out / f"{name}.json").write_text(json.dumps(about) + "\n")
        return model.eval().requires_grad_(False)

    def write(self, name, model, count):
        state = {k: v.float().cpu() for k, v in model.state_dict().items()}
        np.savez_compressed(self.args.out / f"{name}.npz", count=count, **pack(state))

    def inner(self):
        batch = 32 if self.large else 2
        model = self.begun("inner", autoencoder.begin(autoencoder.build(autoencoder.INNER)))

        def loss(_):
            x = self.store.sample(256, batch)
            return autoencoder.inner_loss(x, *(part.float() for part in autoencoder.coded(model, x)))

        self.coder = self.timed("inner", model, 1e-3, batch, loss)
        self.store.begin_latents(self.coder)
        if self.trained:
            autoencoder.standardize(self.coder, self.store.all()[0][:2000])
            self.write("inner", self.coder, self.trained)
            self.store.begin_latents(self.coder)
        self.scaling = 1 / float(self.store.all()[0][:2000].std())
        (self.args.out / "scaling.txt").write_text(f"{self.scaling:.6f}\n")

    def text(self):
        model, batch = self.begun("text", reader.Reader(self.words)), 256 if self.large else 8
        _, ids, labels = self.store.all()
        end = self.words.ids["<|endoftext|>"]

        def loss(_):
            at = torch.randint(0, len(ids), (batch,), device=self.device)
            return reader.loss_of(model, ids[at], labels[at], end)

        self.reader = self.timed("text", model, 1e-3, batch, loss)
        texts = ("", captions.NEGATIVE)
        self.none = torch.tensor([self.words.encode(t) for t in texts], device=self.device)

    def states(self, ids):
        with torch.no_grad():
            return self.reader.text(input_ids=ids).last_hidden_state

    def any_none(self, n):
        return self.none[torch.randint(0, 2, (n,), device=self.device)]

    def batch(self, step, size):
        """(latents, states, labels, told); some captions are dropped, the others `told`."""
        if abs(step - self.known_at) > 400:  # what was drawn meanwhile joins
            self.known, self.known_at = self.store.all(), step
        latents, ids, labels = self.known
        at = torch.randint(0, len(latents), (size,), device=self.device)
        ids, told = ids[at], torch.rand(size, device=self.device) >= 0.12
        ids[~told] = self.any_none(int((~told).sum()))
        return latents[at] * self.scaling, self.states(ids), labels[at], told

    def unet(self):
        model = self.begun("unet", denoiser.unet(learning=True))
        size = 512 if self.large else 4
        self.old = self.timed(
            "unet",
            model,
            1e-3,
            size,
            lambda step: denoiser.unet_loss(model, *self.batch(step, size)),
            0.999,
        )

    def guide(self):
        model, size = denoiser.unet().to(self.device), 512 if self.large else 4
        model.load_state_dict(self.old.state_dict(), strict=False)

        def loss(step):
            nothing = self.states(self.any_none(size))
            return denoiser.guide_loss(model, self.old, *self.batch(step, size)[:2], nothing)

        self.timed("guide", model, 2e-4, size, loss)

    def outer(self):
        state = {k: v.cpu() for k, v in self.coder.state_dict().items()}
        model = self.begun("outer", autoencoder.whole_from_inner(state))
        batch = 8 if self.large else 1

        def loss(step):
            r, c = 32 * random.randint(0, 8), 32 * random.randint(0, 8)
            x = self.store.sample(512, batch)[..., r : r + 256, c : c + 256]
            call, spread = (lambda part, x: part(x)), 0.06 / self.scaling
            return autoencoder.outer_loss(call, model, self.coder, x, spread, step % 4 == 0)

        self.timed("outer", model, 1e-3, batch, loss)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--seconds", default="inner=120,text=45,unet=260,guide=25,outer=80")
    options.add_argument("--device", default="cuda")
    options.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    options.add_argument("--pictures", type=int, default=60_000, help="kept, 0.8 MB each")
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    args.seconds = {k: float(v) for k, v in (p.split("=") for p in args.seconds.split(","))}
    stages = Stages(args)
    for name in ("inner", "text", "unet", "guide", "outer"):
        getattr(stages, name)()
    print("drawn", stages.store.n, flush=True)
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(0)  # without waiting for the thread that fills the store


if __name__ == "__main__":
    main()
