#!/usr/bin/env python3
"""The whole painter on one GPU in ten minutes: the same stages as painter.py, by the clock.

    python gpu.py --out DIR [--seconds inner=120,text=45,unet=260,guide=25,outer=80] [--device cuda]

Every processor draws pictures of 512 x 512 with captions all the time; they stay in the GPU's memory.
Each stage ends by writing its state (7 bit, under 15 MB) to --out, in the format of weights/train/state,
so that painter.py exports it or goes on. Parts that --out or the tree already holds are begun from.
"""

import argparse
import math
import multiprocessing
import os
import queue
import random
import threading
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import autoencoder
import painter
from stages import pack, unpack


def draw_forever(worker, workers, first, out, words):
    """A process that draws: (pictures uint8 [n,512,512,3], token ids, labels)."""
    torch.set_num_threads(1)
    os.nice(5)
    source, number = painter.captions.Captions(), first + worker
    while True:
        drawn = []
        for _ in range(16):
            text, scene, told = source.draw(random.Random(f"unet {number}"))
            drawn.append((painter.render(scene, 512), words.encode(text), painter.labels(told)))
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
        with self.lock:
            return (
                torch.cat(self.latents).float() if self.latents else None,
                torch.cat(self.ids).long().to(self.device),
                torch.cat(self.labels).long().to(self.device),
            )


def timed(name, args, model, seconds, lr, loss_of, average=0.0, batch=1):
    """Trains for `seconds`; gives the (averaged) weights and writes them."""
    trained = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.99), weight_decay=0.01)
    mean = {k: v.detach().clone().float() for k, v in model.state_dict().items()}
    began, step, curve, last = time.time(), args.count.get(name, 0), [], time.time()
    start, smooth = step, None
    while (done := (time.time() - began) / seconds) < 1:
        for group in opt.param_groups:
            group["lr"] = (
                lr
                * min(1, (step - start + 1) / 100)
                * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * max(0, (done - 0.3) / 0.7))))
            )
        loss = loss_of(step)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        step += 1
        keep = min(average, (1 + step - start) / (10 + step - start))
        if step % 4 == 0 or not average:
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    (
                        mean[k].lerp_(v.float(), 1 - keep)
                        if v.is_floating_point()
                        else mean[k].copy_(v)
                    )
        if time.time() - last > 10:
            smooth = loss.item()
            curve.append([step * batch, round(smooth, 5)])
            print(
                f"{name} {done * seconds:.0f} s  step {step}  {(step - start) * batch / (time.time() - began):.0f} a second  loss {smooth:.4f}",
                flush=True,
            )
            last = time.time()
    state = {k: v.cpu() for k, v in mean.items()}
    np.savez_compressed(args.out / f"{name}.npz", count=step * batch, **pack(state))
    (args.out / f"{name}.json").write_text(
        painter.json.dumps(dict(stage=name, count=step * batch, curve=curve)) + "\n"
    )
    model.load_state_dict({k: v.to(args.device) for k, v in mean.items()})
    return model.eval().requires_grad_(False)


def begun(name, args, model):
    """The model with the weights of --out or of the tree, if there are any."""
    for folder in (args.out, painter.STATE):
        if (folder / f"{name}.npz").exists():
            arrays = dict(np.load(folder / f"{name}.npz"))
            args.count[name] = 0
            arrays.pop("count")
            model.load_state_dict(unpack(arrays), strict=False)
            print(name, "begins from", folder, flush=True)
            break
    return model.to(args.device)


def run(args):
    device, cast = args.device, lambda: torch.autocast(args.device, torch.bfloat16)
    painter.learn_words(args)
    words = painter.tokenizer()
    store = Store(device, words, args.workers, args.pictures)
    end = words.ids["<|endoftext|>"]
    s = args.seconds

    coder = begun("inner", args, autoencoder.build(autoencoder.INNER))

    def inner(_):
        with cast():
            return autoencoder.inner_loss(coder, store.sample(256, 32 if device == "cuda" else 2))

    if s["inner"]:
        coder = timed("inner", args, coder, s["inner"], 2e-3, inner, 0.99, 32)
    coder.eval().requires_grad_(False)
    store.begin_latents(coder)
    scaling = 1 / float(store.all()[0][:2000].std())
    (args.out / "scaling.txt").write_text(f"{scaling:.6f}\n")

    reader = begun("text", args, painter.Reader(words))
    data = store.all()

    def text(step):
        n = 256 if device == "cuda" else 8
        at = torch.randint(0, len(data[1]), (n,), device=device)
        ids, known = data[1][at], data[2][at]
        first = (ids == end).int().argmax(1)
        with cast():
            states = reader.text(input_ids=ids).last_hidden_state
            after = (first + torch.randint(1, 8, (n,), device=device)).clamp(max=76)
            total = 0
            for place in (first, after):
                picked = states[torch.arange(n, device=device), place]
                for head, target in zip(reader.heads, known.T):
                    total = total + F.cross_entropy(head(picked).float(), target) / 4
        return total

    if s["text"]:
        reader = timed("text", args, reader, s["text"], 1e-3, text, 0.99, 256)
    reader.eval().requires_grad_(False)
    none = torch.tensor([words.encode(t) for t in ("", painter.captions.NEGATIVE)], device=device)

    model, size = begun("unet", args, painter.unet()), 512 if device == "cuda" else 4
    holder, abar = {"at": -1000}, painter.ABAR.to(device)

    def batch(step):
        if step - holder["at"] > 400:  # what was drawn meanwhile joins
            holder["at"], holder["data"] = step, store.all()
        latents, ids, _ = holder["data"]
        at = torch.randint(0, len(latents), (size,), device=device)
        ids = ids[at]
        drop = torch.rand(size, device=device) < 0.12
        ids[drop] = none[torch.randint(0, 2, (int(drop.sum()),), device=device)]
        with torch.no_grad(), cast():
            return latents[at] * scaling, reader.text(input_ids=ids).last_hidden_state

    def noised(x0):
        even = (torch.rand(1, device=device) + torch.arange(size, device=device) / size) % 1
        t = (even**0.75 * painter.STEPS).long().clamp(max=painter.STEPS - 1)
        noise, ab = torch.randn_like(x0), abar[t].view(-1, 1, 1, 1)
        x, v = ab.sqrt() * x0 + (1 - ab).sqrt() * noise, ab.sqrt() * noise - (1 - ab).sqrt() * x0
        alone = torch.rand(size, device=device) < 0.05
        t[alone], first = painter.FIRST_STEP, abar[painter.FIRST_STEP]
        x[alone], v[alone] = noise[alone], (first.sqrt() * noise - (1 - first).sqrt() * x0)[alone]
        return x, v, t

    def unet(step):
        x0, states = batch(step)
        x, v, t = noised(x0)
        with cast():
            out = painter.run_unet(model, x, t, states).float()
        snr = abar[t] / (1 - abar[t])
        return ((snr + 1).clamp(max=6) / (snr + 1) * (out - v).square().mean((1, 2, 3))).mean()

    if s["unet"]:
        model = timed("unet", args, model, s["unet"], 1e-3, unet, 0.999, size)
    model.eval().requires_grad_(False)

    guided = painter.unet().to(device)
    guided.load_state_dict(model.state_dict())

    def guide(step):
        x0, states = batch(step)
        x, _, t = noised(x0)
        with torch.no_grad(), cast():
            nothing = reader.text(
                input_ids=none[torch.randint(0, 2, (size,), device=device)]
            ).last_hidden_state
            base, cond = (
                painter.run_unet(
                    model, torch.cat([x, x]), torch.cat([t, t]), torch.cat([nothing, states])
                )
                .float()
                .chunk(2)
            )
        wanted, q = base + painter.EFFECT / painter.GUIDANCE * (cond - base), size // 4
        with cast():
            out = painter.run_unet(
                guided,
                torch.cat([x, x[:q]]),
                torch.cat([t, t[:q]]),
                torch.cat([states, nothing[:q]]),
            ).float()
        return (out - torch.cat([wanted, base[:q]])).square().mean() * 10

    if s["guide"]:
        timed("guide", args, guided, s["guide"], 2e-4, guide, 0.99, size)

    state = {k: v.cpu() for k, v in coder.state_dict().items()}
    large = autoencoder.whole_from_inner(state).to(device)
    large = begun("outer", args, large)

    def outer(step):
        x = store.sample(512, 8 if device == "cuda" else 1)
        r, c = (32 * random.randint(0, 8) for _ in range(2))
        x = x[..., r : r + 256, c : c + 256]
        with torch.no_grad(), cast():
            z = coder.encode(F.avg_pool2d(x, 2)).latent_dist.mean.float()
        with cast():
            total = autoencoder.difference(
                large.decode(z + 0.06 / scaling * torch.randn_like(z)).sample.float(), x
            )
            if step % 4 == 0:
                seen = large.encode(x).latent_dist
                total = (
                    total
                    + (seen.mean - z).square().mean()
                    + 1e-3 * (seen.logvar + 6).square().mean()
                )
        return total

    if s["outer"]:
        timed("outer", args, large, s["outer"], 1e-3, outer, 0.99, 8)
    print("drawn", store.n, flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--seconds", default="inner=120,text=45,unet=260,guide=25,outer=80")
    options.add_argument("--device", default="cuda")
    options.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    options.add_argument(
        "--pictures", type=int, default=60_000, help="kept at 512 x 512: 0.8 MB each"
    )
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    args.seconds = {k: float(v) for k, v in (p.split("=") for p in args.seconds.split(","))}
    args.count = {}
    run(args)
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(0)  # without waiting for the thread that fills the store


if __name__ == "__main__":
    main()
