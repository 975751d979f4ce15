#!/usr/bin/env python3
"""Trains the painter (weights/default without the voice). See ../README.md for the stages.

    python painter.py inner | words | text | unet | guide | outer | coder | sheet | export [--run DIR]

Each stage goes on where it stopped: from a full checkpoint in --run, else from weights/train/state.
"""

import argparse
import random
from collections import deque
from pathlib import Path

import numpy as np
import torch

import autoencoder
import captions
import denoiser
import reader
from drawings.scene import random_scene, render, sheet
from reader import STATE
from stages import Run, weights_of


# --- the autoencoder -----------------------------------------------------------------------------


def crops(stage, numbers, size, each, rng):
    """Random halves (in width and height) of drawings, whole latent cells apart."""
    cell, found = size // 16, []
    for i in numbers:
        picture = render(random_scene(random.Random(f"{stage} {i}")), size)
        for _ in range(each):
            r, c = cell * rng.randint(0, 8), cell * rng.randint(0, 8)
            found.append(picture[r : r + size // 2, c : c + size // 2])
    return autoencoder.normalized(np.stack(found))


def inner(args):
    """Two crops of each drawing of 256 x 256. Counts drawings."""
    torch.manual_seed(1)
    model = autoencoder.begin(autoencoder.build(autoencoder.INNER))
    total = dict(total=24_000, lr=5e-4, matrix_lr=5e-4, warm=400, average=0.998)
    run, coded = Run("inner", args, model, **total), torch.compile(autoencoder.coded)

    def loss(count):
        rng = random.Random(f"crops {count}")
        x = crops("inner", range(count, count + 4), 256, 2, rng)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            found = coded(model, x)
        return autoencoder.inner_loss(x, *(part.float() for part in found))

    run.go(4, loss, args.minutes)
    if run.count >= run.total:
        run.finish_as(standardized(run.average()))


def some_latents(model):
    drawn = [render(random_scene(random.Random(f"scaling {i}")), 256) for i in range(96)]
    return autoencoder.encode(model, np.stack(drawn)).astype(np.float32)


def standardized(model):
    autoencoder.standardize(model, torch.from_numpy(some_latents(model)))
    return model


def inner_model(args):
    model = autoencoder.build(autoencoder.INNER)
    model.load_state_dict(weights_of(args, "inner"), strict=False)
    return model.eval().requires_grad_(False)


def scaling(model):
    """1 / standard deviation of the latents; written down once, because the UNet depends on it."""
    path = STATE / "scaling.txt"
    if not path.exists():
        spread = some_latents(model).std()
        path.write_text(f"{1 / spread:.6f}\n")
    return float(path.read_text())


def outer(args):
    """The whole autoencoder on crops of drawings of 512 x 512. Counts drawings."""
    torch.manual_seed(2)
    teacher = inner_model(args)
    model = autoencoder.whole_from_inner(teacher.state_dict())
    total = dict(total=40_000, lr=5e-4, matrix_lr=5e-4, warm=200, average=0.998)
    run, spread = Run("outer", args, model, **total), 0.06 / scaling(teacher)
    call = torch.compile(lambda part, x: part(x))

    def forward(part, x):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            return call(part, x)

    def loss(count):
        x = crops("outer", range(count, count + 2), 512, 1, random.Random(f"outer {count}"))
        encoder = count // 2 % 4 == 0
        return autoencoder.outer_loss(forward, model, teacher, x, spread, encoder)

    run.go(2, loss, args.minutes)


def whole(args):
    try:
        model = autoencoder.build(autoencoder.WHOLE)
        model.load_state_dict(weights_of(args, "outer"), strict=False)
    except FileNotFoundError:
        model = autoencoder.whole_from_inner(inner_model(args).state_dict())
    return model.eval()


# --- the text encoder ----------------------------------------------------------------------------


def text(args):
    """Counts captions."""
    reader.learn_words()
    torch.manual_seed(3)
    words, source, batch = reader.tokenizer(), captions.Captions(), 32
    model = reader.Reader(words)
    run = Run("text", args, model, total=110_000, lr=1e-3, warm=2000)

    def loss(count):
        drawn = [source.draw(random.Random(f"caption {count + i}")) for i in range(batch)]
        ids = torch.tensor([words.encode(d[0]) for d in drawn])
        known = torch.tensor([reader.labels(d[2]) for d in drawn])
        return reader.loss_of(model, ids, known, words.ids["<|endoftext|>"])

    run.go(batch, loss, args.minutes)


def text_model(args, words):
    model = reader.text_encoder(words)
    state = {k[5:]: v for k, v in weights_of(args, "text").items() if k.startswith("text.")}
    model.load_state_dict(state, strict=False)
    return model.eval().requires_grad_(False)


# --- the UNet ------------------------------------------------------------------------------------


NEW = 16  # one picture in so many is new
DRAFTS = 8  # one batch in so many is of half the width and height


class Source:
    """Latents and text states of drawings, drawn anew from their numbers, for whole pictures (512 x 512)
    and drafts (256 x 256). One picture of a batch is new, the others come from the last ones, because drawing
    and encoding cost more than training."""

    def __init__(self, args, stage, held=2048):
        self.words, self.captions, self.stage = reader.tokenizer(), captions.Captions(), stage
        self.text, self.coder = text_model(args, self.words), inner_model(args)
        self.scaling, self.bf16 = scaling(self.coder), args.bf16
        self.ring = deque(maxlen=held)
        self.none = self.states(["", captions.NEGATIVE])

    @torch.no_grad()
    def states(self, texts):
        ids = torch.tensor([self.words.encode(t) for t in texts])
        return self.text(input_ids=ids).last_hidden_state

    def latents(self, scenes, size):
        pictures = np.stack([render(scene, size) for scene in scenes])
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            found = autoencoder.encode(self.coder, pictures)
        return torch.from_numpy(found.astype(np.float32)) * self.scaling

    def new(self, numbers):
        drawn = [self.captions.draw(random.Random(f"{self.stage} {i}")) for i in numbers]
        texts, scenes, told = zip(*drawn)
        # The inner autoencoder's pictures are half as large.
        whole, draft = self.latents(scenes, 256), self.latents(scenes, 128)
        known = torch.tensor([reader.labels(scene) for scene in told])
        return list(zip(whole, draft, self.states(texts), known))

    def batch(self, count, size):
        """(latents, states, labels, told), of drafts in one batch of `DRAFTS`; some captions are dropped,
        the others `told`."""
        rng, start = random.Random(f"batch {count}"), count // NEW
        fresh = self.new(range(start, (count + size) // NEW))
        while len(self.ring) < 16 * size:
            before = start - len(self.ring)
            self.ring.extend(self.new(range(before - size, before)))
        rows = fresh + rng.sample(list(self.ring), size - len(fresh))
        self.ring.extend(fresh)
        draft = count // size % DRAFTS == DRAFTS - 1
        latents, states, known = (torch.stack([r[k] for r in rows]) for k in (int(draft), 2, 3))
        told = torch.tensor([rng.random() >= 0.12 for _ in range(size)])
        for i in (~told).nonzero():
            states[i] = self.none[rng.randrange(2)]
        return latents, states, known, told


def unet(args):
    """Counts pictures seen."""
    torch.manual_seed(4)
    source, batch, model = Source(args, "unet"), 16, denoiser.unet(learning=True)
    run = Run("unet", args, model, total=1_600_000, lr=8e-4, warm=4000, average=0.999)
    compiled = torch.compile(model, dynamic=False)

    def loss(count):
        drawn = source.batch(count, batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            return denoiser.unet_loss(compiled, *drawn)

    run.go(batch, loss, args.minutes)


def guide(args):
    """The last stage of the UNet. Counts pictures."""
    torch.manual_seed(5)
    source, batch, model, old = Source(args, "guide"), 16, denoiser.unet(), denoiser.unet()
    old.load_state_dict(weights_of(args, "unet"), strict=False)
    old.eval().requires_grad_(False)
    run = Run("guide", args, model, total=60_000, lr=2e-4, warm=2000, average=0.998)
    if run.count == 0:
        run.begin_as(old)
    model, old = (torch.compile(part, dynamic=False) for part in (model, old))

    def loss(count):
        x0, states, _, _ = source.batch(count, batch)
        nothing = source.none[torch.randint(0, 2, (batch,))]
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            return denoiser.guide_loss(model, old, x0, states, nothing)

    run.go(batch, loss, args.minutes)


def trained_unet(args):
    """The guided UNet, or the unguided one if there is no other."""
    places = (args.run / "guide.pt", STATE / "guide.npz")
    name = "guide" if any(p.exists() for p in places) else "unet"
    model = denoiser.unet()
    model.load_state_dict(weights_of(args, name), strict=False)
    return model.eval(), name


# --- looking and writing -------------------------------------------------------------------------

PROMPTS = [
    "a cat", "a red cat", "three red cats", "a cat wearing a hat", "a cat on a chair",
    "a blue duck on fire", "a clock melting over a city", "a yellow duck and a black cat",
    "a skeleton", "a burning rose", "a mirror", "a face",
    "a fat orange cat sitting on TV sets, street art, spray paint, dripping graffiti",
    "a surreal painting of a banker teaching a goldfish to sign cheques, oil painting, vivid colors",
    "an empty chair staring at two red hearts, punk zine collage, torn paper, neon pink", "a dog",
]  # fmt: skip


def pixels(out):
    return ((out.clamp(-1, 1).permute(0, 2, 3, 1) + 1) * 127.5).round().numpy().astype(np.uint8)


@torch.no_grad()
def coder(args):
    """Drawings and what the inner autoencoder makes of them: RUN/coder.png."""
    from PIL import Image

    model = inner_model(args)
    drawn = np.stack([render(random_scene(random.Random(f"test {i}")), 256) for i in range(12)])
    again = pixels(
        model.decode(model.encode(autoencoder.normalized(drawn)).latent_dist.mean).sample
    )
    print("mean difference of 255:", np.abs(again.astype(float) - drawn).mean().round(2))
    rows = [*drawn[:6], *again[:6], *drawn[6:], *again[6:]]
    Image.fromarray(sheet(rows, 6)).save(args.run / "coder.png")


@torch.no_grad()
def samples(args):
    """A sheet of samples: RUN/sheet-STAGE.png."""
    from PIL import Image

    model, name = trained_unet(args)
    source, n = Source(args, "sheet"), len(PROMPTS)
    nothing = source.none[1:].expand(n, -1, -1)
    found = denoiser.sample(model, source.states(PROMPTS), nothing, 1, guidance=args.guidance)
    pictures = pixels(inner_model(args).decode(found / source.scaling).sample)
    Image.fromarray(sheet(list(pictures), 4)).save(args.run / f"sheet-{name}.png")


def export(args):
    import export as writer

    words = reader.tokenizer()
    vae = whole(args)
    vae.register_to_config(scaling_factor=scaling(inner_model(args)))
    parts = dict(tokenizer=words, unet=trained_unet(args)[0], text=text_model(args, words))
    writer.export(args.out, type("Parts", (), parts), vae, denoiser.SIDE)
    print("written", args.out)


STAGES = dict(
    inner=inner, text=text, unet=unet, guide=guide, outer=outer, coder=coder, sheet=samples,
    export=export, words=lambda args: reader.learn_words(),
)  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=STAGES)
    options.add_argument("--run", type=Path, default=Path("painter-run"))
    options.add_argument("--out", type=Path, default=Path("painter"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int, help="samples of the whole stage")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--guidance", type=float, default=denoiser.GUIDANCE)
    options.add_argument("--bf16", action="store_true")
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    STAGES[args.stage](args)


if __name__ == "__main__":
    main()
