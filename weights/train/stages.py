"""What all trainings share: a schedule that counts samples, checkpoints, small states for the tree.

A stage can be killed or stopped at any moment. `Run` keeps two things: a full checkpoint in the
working folder (weights, optimizer, count), and on `keep` a small state for weights/train/state:
6-bit weights and the count, from which another machine goes on with a fresh optimizer and a short
warm-up. Which sample is drawn depends on the count alone."""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from optimizer import MatricesApart

STATE = Path(__file__).resolve().parent / "state"
WEIGHTS = STATE.parents[1]
SHIPPED = {
    "exchange": WEIGHTS / "default/yent.gguf",
    "characters": WEIGHTS / "tiny-diffusion/model.gguf",
    "art": WEIGHTS / "ascii-transformer/model_int8.safetensors",
}


def shipped(name):
    """The weights of a stage's model that ships, {} without one: its state in the tree lacks what they hold."""
    if name not in SHIPPED or not SHIPPED[name].exists():
        return {}
    if SHIPPED[name].suffix == ".safetensors":
        return {k: whole(w) for k, w in load_file(SHIPPED[name]).items()}
    import voice_gguf  # needs gguf

    return {k: torch.tensor(w) for k, w in voice_gguf.read(SHIPPED[name]).items()}


def whole(stored):
    """The numbers of an ASCII transformer's tensor: rows of 32 signed bytes behind an f16 scale, or floats."""
    if stored.dtype != np.uint8:
        return torch.tensor(stored.astype(np.float32))
    blocks = np.ascontiguousarray(stored).reshape(len(stored), -1, 34)
    scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
    numbers = np.ascontiguousarray(blocks[..., 2:]).view(np.int8).astype(np.float32)
    return torch.tensor((scales * numbers).reshape(len(stored), -1))


def state_of(name):
    """(weights, samples seen) in the tree."""
    arrays = dict(np.load(STATE / f"{name}.npz"))
    count = int(arrays.pop("count"))
    return {**shipped(name), **unpack(arrays)}, count


def rate(count, total, since, warm):
    """Learning rate factor: warm-up over `warm` samples after each fresh start, flat until 60 % of
    `total`, then half a cosine down to 3 %."""
    up = min(1.0, (since + 1) / warm)
    done = min(1.0, max(0.0, (count / total - 0.6) / 0.4))
    return up * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))


def pack(state):
    """f32 tensors -> 6 bit with one f16 scale for 32 values; small tensors stay f32. The noise, 2 % of
    a weight, is gone after the warm-up; zip makes 0.7 bytes a weight of it."""
    out = {}
    for name, value in state.items():
        if not torch.is_floating_point(value):
            continue
        flat = value.detach().float().numpy().ravel()
        if flat.size < 1024 or flat.size % 32:
            out[name] = (
                value.detach().half().numpy()
                if flat.size % 32 and flat.size >= 1024
                else value.detach().float().numpy()
            )
            continue
        blocks = flat.reshape(-1, 32)
        scale = np.abs(blocks).max(1, keepdims=True) / 31 + 1e-12
        out[name + "@q"] = np.rint(blocks / scale).astype(np.int8).reshape(value.shape)
        out[name + "@s"] = scale[:, 0].astype(np.float16)
    return out


def unpack(arrays):
    out = {}
    for name in arrays:
        if name.endswith("@s"):
            continue
        if name.endswith("@q"):
            q = arrays[name]
            flat = (
                q.reshape(-1, 32).astype(np.float32)
                * arrays[name[:-2] + "@s"].astype(np.float32)[:, None]
            )
            out[name[:-2]] = torch.from_numpy(flat.reshape(q.shape))
        else:
            out[name] = torch.from_numpy(arrays[name].astype(np.float32))
    return out


class Run:
    """One stage: `model` is trained by `step_loss(count)` until `count` reaches `total`. `args` has the
    working folder `run` and may have another `total`. With `matrix_lr`, matrices are trained by Muon."""

    def __init__(self, name, args, model, total, lr, warm, average=0.0, matrix_lr=0.0):
        self.name, self.model, self.warm, self.decay = name, model, warm, average
        self.total = args.total or total
        args.run.mkdir(parents=True, exist_ok=True)
        self.path = args.run / f"{name}.pt"
        self.opt = (
            MatricesApart(model, lr, matrix_lr)
            if matrix_lr
            else torch.optim.AdamW(
                model.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.01
            )
        )
        self.lrs = [group["lr"] for group in self.opt.param_groups]
        self.count, self.since, self.smooth, self.log, self.mean = 0, 0, None, [], None
        if self.path.exists():
            saved = torch.load(self.path, weights_only=False)
            model.load_state_dict(saved["model"])
            self.opt.load_state_dict(saved["opt"])
            for key in ("count", "since", "smooth", "log", "mean"):
                setattr(self, key, saved[key])
            return
        if (STATE / f"{name}.npz").exists():
            stored, self.count = state_of(name)
            self.log = json.loads((STATE / f"{name}.json").read_text())["curve"]
            now = {k: v.shape for k, v in model.state_dict().items()}
            kept = {k: v for k, v in stored.items() if now.get(k) == v.shape}
            model.load_state_dict(kept, strict=False)
        self.begin_as(model)

    def begin_as(self, other):
        """The weights of `other`, also as the average."""
        if other is not self.model:
            self.model.load_state_dict(other.state_dict())
        if self.decay:
            self.mean = {k: v.detach().clone() for k, v in other.state_dict().items()}

    def average(self):
        """The model with its averaged weights."""
        self.model.load_state_dict(self.mean)
        return self.model

    def finish_as(self, other):
        """Keeps the weights of `other` as the stage's result."""
        self.begin_as(other)
        self.save()

    def save(self):
        new = self.path.with_suffix(".new")
        torch.save(
            dict(
                model=self.model.state_dict(),
                opt=self.opt.state_dict(),
                count=self.count,
                since=self.since,
                smooth=self.smooth,
                log=self.log,
                mean=self.mean,
            ),
            new,
        )
        new.replace(self.path)

    def update_mean(self, steps):
        keep = min(self.decay, (1 + steps) / (10 + steps))
        for k, v in self.model.state_dict().items():
            if torch.is_floating_point(v):
                self.mean[k].lerp_(v, 1 - keep)
            else:
                self.mean[k].copy_(v)

    def go(self, batch, step_loss, minutes=1e9, every=180):
        """Trains; `step_loss(count)` uses the samples count .. count + batch - 1."""
        began, saved, start, steps, cpu = (
            time.time(),
            time.time(),
            self.count,
            0,
            time.process_time(),
        )
        while self.count < self.total and time.time() - began < 60 * minutes:
            now = rate(self.count, self.total, self.since, self.warm)
            for group, lr in zip(self.opt.param_groups, self.lrs):
                group["lr"] = lr * now
            loss = step_loss(self.count)
            self.opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()
            steps += 1
            self.count += batch
            self.since += batch
            if self.decay:
                self.update_mean(self.since // batch)
            self.smooth = (
                loss.item() if self.smooth is None else 0.98 * self.smooth + 0.02 * loss.item()
            )
            if time.time() - saved > every:
                self.log.append([self.count, round(self.smooth, 5)])
                self.save()
                wall, work = time.time() - began, time.process_time() - cpu
                print(
                    f"{self.name} {self.count} of {self.total}  loss {self.smooth:.4f}  "
                    f"{(self.count - start) / wall:.1f} a second, {(self.count - start) / work:.1f} a second of one core",
                    flush=True,
                )
                saved = time.time()
        self.log.append([self.count, round(self.smooth or 0, 5)])
        self.save()


def weights_of(args, name):
    """A finished (or interrupted) stage's weights, from its working folder or from the tree."""
    if (args.run / f"{name}.pt").exists():
        saved = torch.load(args.run / f"{name}.pt", weights_only=False)
        return saved["mean"] or saved["model"]
    return state_of(name)[0]


def alike(a, b):
    """Whether they differ by no more than 6 bits make of them."""
    return b is not None and a.shape == b.shape and bool((a - b).norm() <= 0.05 * a.norm())


def keep(run_folder, name, target):
    """Writes the small state of a stage for the tree, less what the model that ships holds as exactly."""
    saved = torch.load(Path(run_folder) / f"{name}.pt", weights_only=False)
    weights = saved["mean"] if saved["mean"] is not None else saved["model"]
    held = shipped(name)
    weights = {k: v for k, v in weights.items() if not alike(v, held.get(k))}
    np.savez_compressed(target, count=saved["count"], **pack(weights))
    log = Path(target).with_suffix(".json")
    log.write_text(json.dumps(dict(stage=name, count=saved["count"], curve=saved["log"])) + "\n")
