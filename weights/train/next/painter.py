#!/usr/bin/env python3
"""Trains the painter (weights/default without the voice). See README.md for the stages.

    python painter.py inner | words | text | unet | guide | outer | sheet | export [--run DIR] [--minutes N]

Each stage goes on where it stopped: from a full checkpoint in --run, else from weights/train/state.
"""

import argparse
import json
import random
from collections import deque
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

import autoencoder
import captions
import clip_tokenizer
from drawings.catalog import COLORS, KEYS
from drawings.looks import LOOKS
from drawings.pen import EXPRESSIONS
from drawings.places import PLACES
from drawings.scene import RELATIONS, random_scene, render, sheet
from stages import Run, unpack

HERE = Path(__file__).resolve().parent
STATE = HERE.parent / "state"
WIDTH, SIDE, STEPS = 128, 16, 1000
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
ABAR = torch.cumprod(1 - BETAS, 0).float()
FIRST_STEP = 961  # where 25 steps begin
GUIDANCE, EFFECT = 7.5, 3.0


# --- the autoencoder -----------------------------------------------------------------------------


def inner(args):
    """Two crops of 128 x 128 of each drawing of 256 x 256. Counts drawings."""
    torch.manual_seed(1)
    run = Run(
        "inner",
        args.run,
        autoencoder.build(autoencoder.INNER),
        args.total or 13000,
        2e-3,
        400,
        state=STATE / "inner.npz",
    )
    batch = 4

    def loss(count):
        rng = random.Random(f"crops {count}")
        crops = []
        for i in range(count, count + batch):
            picture = render(random_scene(random.Random(f"inner {i}")), 256)
            for _ in range(2):
                r, c = 16 * rng.randint(0, 8), 16 * rng.randint(0, 8)
                crops.append(picture[r : r + 128, c : c + 128])
        x = autoencoder.normalized(np.stack(crops)).contiguous(memory_format=torch.channels_last)
        return autoencoder.inner_loss(run.model, x)

    run.go(batch, loss, args.minutes)


def weights_of(args, name):
    """A finished (or interrupted) stage's weights."""
    if (args.run / f"{name}.pt").exists():
        saved = torch.load(args.run / f"{name}.pt", weights_only=False)
        return saved["mean"] or saved["model"]
    arrays = dict(np.load(STATE / f"{name}.npz"))
    arrays.pop("count")
    return unpack(arrays)


def inner_model(args):
    model = autoencoder.build(autoencoder.INNER)
    model.load_state_dict(weights_of(args, "inner"), strict=False)
    return model.eval()


def scaling(args, model):
    """1 / standard deviation of the latents; written down once, because the UNet depends on it."""
    path = STATE / "scaling.txt"
    if not path.exists():
        drawn = np.stack(
            [render(random_scene(random.Random(f"scaling {i}")), 256) for i in range(96)]
        )
        path.write_text(f"{1 / autoencoder.encode(model, drawn).astype(np.float32).std():.6f}\n")
    return float(path.read_text())


def outer(args):
    """The whole autoencoder on crops of 256 x 256 of drawings of 512 x 512; the inner encoder, which
    never changes, says what the latents have to be. Counts drawings."""
    torch.manual_seed(2)
    teacher = inner_model(args)
    for p in teacher.parameters():
        p.requires_grad_(False)
    spread = 0.06 / scaling(args, teacher)
    run = Run(
        "outer",
        args.run,
        autoencoder.whole_from_inner(teacher.state_dict()),
        args.total or 40000,
        1e-3,
        200,
        average=0.995,
        state=STATE / "outer.npz",
    )
    batch = 2

    def loss(count):
        rng, crops = random.Random(f"outer {count}"), []
        for i in range(count, count + batch):
            picture = render(random_scene(random.Random(f"outer {i}")), 512)
            r, c = 32 * rng.randint(0, 8), 32 * rng.randint(0, 8)
            crops.append(picture[r : r + 256, c : c + 256])
        x = autoencoder.normalized(np.stack(crops)).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            z = teacher.encode(F.avg_pool2d(x, 2)).latent_dist.mean
        total = autoencoder.difference(run.model.decode(z + spread * torch.randn_like(z)).sample, x)
        if count // batch % 4 == 0:
            seen = run.model.encode(x).latent_dist
            total = (
                total + (seen.mean - z).square().mean() + 1e-3 * (seen.logvar + 6).square().mean()
            )
        return total

    run.go(batch, loss, args.minutes)


# --- the text encoder ----------------------------------------------------------------------------


def tokenizer():
    lines = (STATE / "merges.txt").read_text("utf-8").splitlines()[1:]
    return clip_tokenizer.Tokenizer([tuple(line.split(" ")) for line in lines])


def learn_words(args):
    """The vocabulary, from captions."""
    if not (STATE / "merges.txt").exists():
        c = captions.Captions()
        texts = [c.draw(random.Random(f"words {i}"))[0] for i in range(12000)] + [
            captions.NEGATIVE
        ] * 50
        texts += [" ".join(n for e in captions.CATALOG.values() for n in e.names)] * 10
        clip_tokenizer.Tokenizer(clip_tokenizer.learn(texts, 2700)).write(STATE)
        (STATE / "vocab.json").unlink()
        for name in ("special_tokens_map", "tokenizer_config"):
            (STATE / f"{name}.json").unlink()


def text_encoder(words):
    start, end = words.ids["<|startoftext|>"], words.ids["<|endoftext|>"]
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words.ids),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            projection_dim=WIDTH,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def index(values, value):
    """0 for None, else 1 + the place in `values`."""
    return 0 if value is None else 1 + values.index(value)


COLOR_NAMES, LOOK_NAMES, PLACE_NAMES = list(COLORS), list(LOOKS), list(PLACES)
WEARS = ["hat", "crown", "sunglasses", "helmet", "tie", "boot", "shoe"]


def labels(s):
    """What a caption tells, as numbers; the text encoder learns to find them."""
    a, b = s.subject, s.object
    return [
        KEYS.index(a.key),
        index(COLOR_NAMES, a.color),
        a.count,
        EXPRESSIONS.index(a.mood),
        index(WEARS, a.wear),
        int(a.fire),
        int(a.melting),
        index(["giant", "tiny"], a.size),
        index(KEYS, a.made_of),
        index(RELATIONS, s.relation if s.relation in RELATIONS else None),
        index(KEYS, b and b.key),
        index(COLOR_NAMES, b and b.color),
        b.count if b else 0,
        index(KEYS, s.extra and s.extra.key),
        index(PLACE_NAMES, s.place),
        index(LOOK_NAMES, s.look),
        int(s.glitch),
    ]


CLASSES = [
    len(KEYS),
    len(COLORS) + 1,
    6,
    len(EXPRESSIONS),
    len(WEARS) + 1,
    2,
    2,
    3,
    len(KEYS) + 1,
    len(RELATIONS) + 1,
    len(KEYS) + 1,
    len(COLORS) + 1,
    6,
    len(KEYS) + 1,
    len(PLACES) + 1,
    len(LOOKS) + 1,
    2,
]


class Reader(torch.nn.Module):
    """The text encoder with heads that are thrown away."""

    def __init__(self, words):
        super().__init__()
        self.text = text_encoder(words)
        self.heads = torch.nn.ModuleList(torch.nn.Linear(WIDTH, n) for n in CLASSES)


def text(args):
    """Read first, paint later: a caption's scene is known, and classifying it teaches the encoder in
    minutes what the UNet's loss would take hours for. Counts captions."""
    learn_words(args)
    torch.manual_seed(3)
    words, source, batch = tokenizer(), captions.Captions(), 32
    run = Run(
        "text", args.run, Reader(words), args.total or 110_000, 1e-3, 2000, state=STATE / "text.npz"
    )
    end, right = words.ids["<|endoftext|>"], [0.0]

    def loss(count):
        drawn = [source.draw(random.Random(f"caption {count + i}")) for i in range(batch)]
        ids = torch.tensor([words.encode(d[0]) for d in drawn])
        known = torch.tensor([labels(d[2]) for d in drawn])
        first = (ids == end).int().argmax(1)
        ids = ids[:, : min(77, int(first.max()) + 6)]
        states = run.model.text(input_ids=ids).last_hidden_state
        after = (first + torch.randint(1, 6, (batch,))).clamp(max=ids.shape[1] - 1)
        total = 0
        for place in (first, after):
            at = states[torch.arange(batch), place]
            for head, target in zip(run.model.heads, known.T):
                total = total + F.cross_entropy(head(at), target) / 4
        hit = (run.model.heads[0](at).argmax(1) == known[:, 0]).float().mean().item()
        right[0] = 0.98 * right[0] + 0.02 * hit
        return total

    run.go(batch, loss, args.minutes)
    print(f"subject right {right[0]:.3f}")


def reader(args, words):
    model = text_encoder(words)
    state = {k[5:]: v for k, v in weights_of(args, "text").items() if k.startswith("text.")}
    model.load_state_dict(state, strict=False)
    return model.eval().requires_grad_(False)


# --- the UNet ------------------------------------------------------------------------------------


def unet():
    return UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=autoencoder.CHANNELS,
        out_channels=autoencoder.CHANNELS,
        layers_per_block=1,
        block_out_channels=(96, 160),
        norm_num_groups=32,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
    ).to(memory_format=torch.channels_last)


class Source:
    """Latents and text states of drawings, drawn anew from their numbers. Half of a batch is new,
    half comes from the last ones, because drawing and encoding cost a third of a training step."""

    def __init__(self, args, stage, held=768):
        self.words, self.captions, self.stage = tokenizer(), captions.Captions(), stage
        self.text, self.coder = reader(args, self.words), inner_model(args)
        self.scaling = scaling(args, self.coder)
        self.ring = deque(maxlen=held)
        self.none = self.states(["", captions.NEGATIVE])

    @torch.no_grad()
    def states(self, texts):
        return self.text(
            input_ids=torch.tensor([self.words.encode(t) for t in texts])
        ).last_hidden_state

    def new(self, numbers):
        drawn = [self.captions.draw(random.Random(f"{self.stage} {i}")) for i in numbers]
        pictures = np.stack([render(scene, 256) for _, scene, _ in drawn])
        latents = (
            torch.from_numpy(autoencoder.encode(self.coder, pictures).astype(np.float32))
            * self.scaling
        )
        return list(zip(latents, [d[0] for d in drawn]))

    def batch(self, count, size):
        rng = random.Random(f"batch {count}")
        fresh = self.new(range(count // 2, (count + size) // 2))
        while len(self.ring) < size:
            self.ring.extend(
                self.new(range(count // 2 - size - len(self.ring), count // 2 - len(self.ring)))
            )
        rows = fresh + rng.sample(list(self.ring), size - len(fresh))
        self.ring.extend(fresh)
        states = self.states([r[1] for r in rows])
        for i in range(size):
            if rng.random() < 0.12:
                states[i] = self.none[rng.randrange(2)]
        return torch.stack([r[0] for r in rows]), states


def noised(x0, t):
    """(x, v) at the steps t; at the first step of sampling, x is noise alone."""
    noise = torch.randn_like(x0)
    ab = ABAR[t].view(-1, 1, 1, 1)
    x, v = ab.sqrt() * x0 + (1 - ab).sqrt() * noise, ab.sqrt() * noise - (1 - ab).sqrt() * x0
    alone = torch.rand(len(x0)) < 0.05
    t[alone] = FIRST_STEP
    first = ABAR[FIRST_STEP]
    x[alone], v[alone] = noise[alone], (first.sqrt() * noise - (1 - first).sqrt() * x0)[alone]
    return x, v, t


def run_unet(model, x, t, states):
    return model(x.contiguous(memory_format=torch.channels_last), t, states, return_dict=False)[0]


def steps_for(n):
    """Evenly spread, with more at the noisy end, because the shape is decided there."""
    even = (torch.rand(1) + torch.arange(n) / n) % 1
    return (even**0.75 * STEPS).long().clamp(max=STEPS - 1)[torch.randperm(n)]


def unet_stage(args):
    """Counts pictures seen."""
    torch.manual_seed(4 + (args.seed or 0))
    source, batch = Source(args, "unet"), 16
    run = Run(
        "unet",
        args.run,
        unet(),
        args.total or 1_000_000,
        8e-4,
        4000,
        average=0.999,
        state=STATE / "unet.npz",
    )

    def loss(count):
        x0, states = source.batch(count, batch)
        x, v, t = noised(x0, steps_for(batch))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            out = run_unet(run.model, x, t, states)
        snr = ABAR[t] / (1 - ABAR[t])
        weight = (snr + 1).clamp(max=6) / (snr + 1)
        return (weight * (out.float() - v).square().mean((1, 2, 3))).mean()

    run.go(batch, loss, args.minutes)


def guide(args):
    """Last: guidance 7.5 is made to act as guidance 3 did. The answer to a caption is drawn toward the
    answer to no caption, so far that 7.5 times the difference is 3 times the old one. Counts pictures.
    """
    torch.manual_seed(5)
    source, batch = Source(args, "guide"), 16
    old = unet()
    old.load_state_dict(weights_of(args, "unet"), strict=False)
    old.eval().requires_grad_(False)
    run = Run(
        "guide",
        args.run,
        unet(),
        args.total or 60_000,
        2e-4,
        2000,
        average=0.998,
        state=STATE / "guide.npz",
    )
    if run.count == 0:
        run.model.load_state_dict(old.state_dict())
        run.mean = {k: v.clone() for k, v in old.state_dict().items()}

    def loss(count):
        x0, states = source.batch(count, batch)
        x, _, t = noised(x0, steps_for(batch))
        none = source.none[torch.randint(0, 2, (batch,))]
        with torch.no_grad():
            base, cond = run_unet(
                old, torch.cat([x, x]), torch.cat([t, t]), torch.cat([none, states])
            ).chunk(2)
        wanted = base + EFFECT / GUIDANCE * (cond - base)
        out = run_unet(
            run.model, torch.cat([x, x[:4]]), torch.cat([t, t[:4]]), torch.cat([states, none[:4]])
        )
        return (out - torch.cat([wanted, base[:4]])).square().mean() * 10

    run.go(batch, loss, args.minutes)


@torch.no_grad()
def sample(model, source, prompts, seed=0, steps=25, guidance=GUIDANCE):
    """DDIM; picture k has the seed `seed + k`."""
    x = torch.cat(
        [
            torch.randn(
                1,
                autoencoder.CHANNELS,
                SIDE,
                SIDE,
                generator=torch.Generator().manual_seed(seed + k),
            )
            for k in range(len(prompts))
        ]
    )
    states = torch.cat([source.none[1:].expand(len(prompts), -1, -1), source.states(prompts)])
    ratio = STEPS // steps
    for i in reversed(range(steps)):
        t = i * ratio + 1
        base, cond = run_unet(
            model, torch.cat([x, x]), torch.full((2 * len(prompts),), t), states
        ).chunk(2)
        v = base + guidance * (cond - base)
        now, then = ABAR[t], ABAR[max(t - ratio, 0)]
        x0, noise = now.sqrt() * x - (1 - now).sqrt() * v, now.sqrt() * v + (1 - now).sqrt() * x
        x = then.sqrt() * x0 + (1 - then).sqrt() * noise
    return x


def trained_unet(args):
    name = "guide" if (args.run / "guide.pt").exists() or (STATE / "guide.npz").exists() else "unet"
    model = unet()
    model.load_state_dict(weights_of(args, name), strict=False)
    return model.eval(), name


def whole(args):
    try:
        model = autoencoder.build(autoencoder.WHOLE)
        model.load_state_dict(weights_of(args, "outer"), strict=False)
    except FileNotFoundError:
        model = autoencoder.whole_from_inner(inner_model(args).state_dict())
    return model.eval()


PROMPTS = [
    "a cat",
    "a red cat",
    "three red cats",
    "a cat wearing a hat",
    "a cat on a chair",
    "a blue duck on fire",
    "a clock melting over a city",
    "a yellow duck and a black cat",
    "a skeleton",
    "a burning rose",
    "a mirror",
    "an umbrella",
    "a fat orange cat sitting on TV sets, street art, spray paint, dripping graffiti",
    "a surreal painting of a banker teaching a goldfish to sign cheques, oil painting, thick brushstrokes, vivid colors",
    "an empty chair staring at two red hearts, punk zine collage, torn paper, neon pink",
    "a face",
]


def sheet_stage(args):
    """A sheet of samples: RUN/sheet-COUNT.png."""
    from PIL import Image

    model, name = trained_unet(args)
    source = Source(args, "sheet")
    found = sample(model, source, PROMPTS, seed=1, guidance=args.guidance)
    coder = inner_model(args)
    with torch.no_grad():
        out = coder.decode(found / source.scaling).sample.clamp(-1, 1).permute(0, 2, 3, 1)
    pictures = ((out + 1) * 127.5).round().numpy().astype(np.uint8)
    Image.fromarray(sheet(list(pictures), 4)).save(args.run / f"sheet-{name}.png")


def reconstructions(args):
    """Drawings and what the autoencoder makes of them: RUN/coder.png."""
    from PIL import Image

    coder = inner_model(args)
    drawn = np.stack([render(random_scene(random.Random(f"test {i}")), 256) for i in range(12)])
    with torch.no_grad():
        out = coder.decode(
            coder.encode(autoencoder.normalized(drawn)).latent_dist.mean
        ).sample.clamp(-1, 1)
    again = ((out.permute(0, 2, 3, 1) + 1) * 127.5).round().numpy().astype(np.uint8)
    print("mean difference of 255:", np.abs(again.astype(float) - drawn).mean().round(2))
    Image.fromarray(sheet([*drawn[:6], *again[:6], *drawn[6:], *again[6:]], 6)).save(
        args.run / "coder.png"
    )


def export_stage(args):
    import export

    words = tokenizer()
    model, _ = trained_unet(args)
    coder = whole(args)
    coder.register_to_config(scaling_factor=scaling(args, inner_model(args)))
    holder = type("Holder", (), dict(tokenizer=words, unet=model, text=reader(args, words)))
    export.export(args.out, holder, coder, SIDE)
    print("written", args.out)


STAGES = dict(
    inner=inner,
    words=learn_words,
    text=text,
    unet=unet_stage,
    guide=guide,
    outer=outer,
    sheet=sheet_stage,
    coder=reconstructions,
    export=export_stage,
)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=STAGES)
    options.add_argument("--run", type=Path, default=Path("painter-run"))
    options.add_argument("--out", type=Path, default=Path("painter"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int, help="samples of the whole stage")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--seed", type=int)
    options.add_argument("--guidance", type=float, default=GUIDANCE)
    options.add_argument("--bf16", action="store_true")
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    STAGES[args.stage](args)


if __name__ == "__main__":
    main()
