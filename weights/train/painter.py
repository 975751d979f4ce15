"""The painter: a frozen text encoder (see text.py) and the UNet, trained on cached latents.

The UNet has BK-SDM-Tiny's shape at a fifth of its width and predicts v. `train` resumes from its
checkpoint; `sample` is DDIM with guidance, as the engine runs it.
"""

import copy
import math
import random
import time

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

import captions
import draw
from export import STEPS

WIDTH = 128  # of the text
BETAS = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, STEPS, dtype=torch.float64) ** 2
ABAR = torch.cumprod(1 - BETAS, 0).float()
FIRST_STEP = 961  # where 25 DDIM steps begin
SHARE_EVERY = 8


def text_encoder(tokenizer):
    start, end = tokenizer.ids["<|startoftext|>"], tokenizer.ids["<|endoftext|>"]
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer.ids), hidden_size=WIDTH, intermediate_size=4 * WIDTH,
        num_hidden_layers=4, num_attention_heads=4, max_position_embeddings=77,
        hidden_act="quick_gelu", projection_dim=WIDTH, bos_token_id=start, eos_token_id=end,
        pad_token_id=end))


def unet():
    return UNet2DConditionModel(
        sample_size=draw.SIZE // 8, in_channels=4, out_channels=4, layers_per_block=1,
        block_out_channels=(64, 128, 192), norm_num_groups=32,
        down_block_types=("CrossAttnDownBlock2D",) * 3, mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D",) * 3, cross_attention_dim=WIDTH,
        attention_head_dim=4)


class Painter(torch.nn.Module):
    def __init__(self, tokenizer):
        super().__init__()
        self.tokenizer = tokenizer
        self.text = text_encoder(tokenizer)
        self.unet = unet().to(memory_format=torch.channels_last)

    def encode(self, texts):
        ids = torch.tensor([self.tokenizer.encode(t) for t in texts])
        return self.text(input_ids=ids).last_hidden_state

    def forward(self, x, t, states):
        return self.unet(x.contiguous(memory_format=torch.channels_last), t, states,
                         return_dict=False)[0]


class Averaged:
    """An exponential moving average of the weights that forgets its first values quickly."""

    def __init__(self, model, decay=0.985):
        self.model, self.decay, self.updates = copy.deepcopy(model).eval(), decay, 0

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        keep = min(self.decay, (1 + self.updates) / (10 + self.updates))
        mine = [p for p in self.model.parameters()]
        torch._foreach_lerp_(mine, [p.detach() for p in model.parameters()], 1 - keep)


CAPTIONS_EACH = 40  # per subject and style


@torch.no_grad()
def caption_states(model, seed):
    """The frozen encoder's states of many captions, float16 [n,77,WIDTH]: CAPTIONS_EACH for each
    subject and style in the order of draw.SUBJECTS and draw.STYLES, then empty and negative."""
    rng, words = random.Random(seed), captions.Captions(seed)
    texts = [words.draw(subject, style, rng) for subject in draw.SUBJECTS
             for style in draw.STYLES for _ in range(CAPTIONS_EACH)]
    texts += ["", captions.NEGATIVE]
    return np.concatenate([model.encode(texts[i:i + 50]).half().numpy()
                           for i in range(0, len(texts), 50)])


def batch_of(latents, labels, states, rng, size):
    """Latents, and states of captions of which some are dropped: empty or the usual negative
    prompt, so that both stand for "anything" when guidance subtracts them."""
    names = list(draw.SUBJECTS)
    which = [rng.randrange(len(latents)) for _ in range(size)]
    rows = []
    for i in which:
        drop = rng.random()
        kind = (names.index(labels["subjects"][i]) * len(draw.STYLES)
                + draw.STYLES.index(labels["styles"][i]))
        rows.append(len(states) - 2 if drop < 0.05 else len(states) - 1 if drop < 0.12 else
                    kind * CAPTIONS_EACH + rng.randrange(CAPTIONS_EACH))
    return torch.from_numpy(latents[which]).float(), torch.from_numpy(states[rows]).float()


def loss_of(model, x0, states, mean):
    """The loss of v-prediction. Rows with almost no noise have less weight. Two kinds of rows
    prepare for sampling: some start from pure noise at the first step, where only the caption
    decides the picture; some have a picture that is exaggerated away from the `mean` one, as strong
    guidance does, and the true picture as the target. This keeps the colours right at guidance 7.5."""
    n = len(x0)
    even = (torch.rand(1) + torch.arange(n) / n) % 1
    # More rows at the noisy end, because the shape is decided there.
    t = (even ** 0.75 * STEPS).long()[torch.randperm(n)]
    first = torch.rand(n) < 0.06
    t[first] = FIRST_STEP
    noise = torch.randn_like(x0)
    ab = ABAR[t].view(-1, 1, 1, 1)
    excess = (1 - ab) * 5 * torch.rand(n, 1, 1, 1) ** 2 * (torch.rand(n, 1, 1, 1) < 0.6)
    x = ab.sqrt() * (x0 + excess * (x0 - mean)) + (1 - ab).sqrt() * noise
    v = (ab.sqrt() * x - x0) / (1 - ab).sqrt()  # so that DDIM computes x0 from any x
    v[first] = (ab.sqrt() * noise - (1 - ab).sqrt() * x0)[first]
    x[first] = noise[first]
    out = model(x, t, states)
    snr = ABAR[t] / (1 - ABAR[t])
    weight = (snr + 1).clamp(max=6) / (snr + 1)
    return (weight * (out - v).pow(2).mean((1, 2, 3))).mean()


def share(model, stop, world):
    """Local SGD: every worker gets the mean of all weights. Returns True when worker 0 says stop."""
    weights = [p.data for p in model.unet.parameters()]
    flat = torch.cat([*(w.reshape(-1) for w in weights), torch.tensor([float(stop)])])
    if world > 1:
        torch.distributed.all_reduce(flat)
        flat[:-1] /= world
        for w, mean in zip(weights, flat.split([w.numel() for w in weights] + [1])):
            w.copy_(mean.view_as(w))
    return flat[-1] > 0


def train(path, model, latents, labels, states, minutes, batch, lr, seed=1, rank=0, world=1):
    """Trains the UNet for `minutes` of wall clock with warm-up and cosine; keeps going from `path`.
    Each of `world` workers runs its own batches; every few steps they average their weights. On a
    busy machine this wastes less time than waiting at every gradient."""
    torch.manual_seed(100 * seed + rank)
    rng = random.Random(100 * seed + rank)
    model.text.requires_grad_(False)
    average = Averaged(model)
    opt = torch.optim.AdamW(model.unet.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.01)
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["model"])
        average.model.load_state_dict(state["average"])
        average.updates = state["updates"]
        opt.load_state_dict(state["opt"])
    mean = torch.from_numpy(latents.astype(np.float32).mean(0))
    share(model, False, world)
    steps, smooth, start, saved, stop = 0, None, time.time(), time.time(), False

    def save():
        torch.save(dict(model=model.state_dict(), average=average.model.state_dict(),
                        updates=average.updates, opt=opt.state_dict()), f"{path}.new")
        torch.save(average.model.state_dict(), f"{path}.average.new")
        for name in (path, path.with_name(path.name + ".average")):
            name.with_name(name.name + ".new").replace(name)

    while not stop:
        spent = (time.time() - start) / 60
        done = min(1, spent / minutes)
        warm = min(1, (steps + 1) / 100)
        rate = lr * warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in opt.param_groups:
            group["lr"] = rate
        loss = loss_of(model, *batch_of(latents, labels, states, rng, batch), mean)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.unet.parameters(), 1.0)
        opt.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        steps += 1
        if steps % SHARE_EVERY == 0:
            stop = share(model, rank == 0 and done >= 1, world)
            average.update(model)
        if rank == 0 and steps % 40 == 0:
            print(f"painter {spent:5.1f} min  {steps * batch * world} seen  loss {smooth:.4f}  "
                  f"lr {rate:.2g}", flush=True)
        if rank == 0 and (stop or time.time() - saved > 120):
            save()
            saved = time.time()
    if rank == 0:
        print(f"painter done: about {steps * batch * world} seen in {minutes} min, "
              f"loss {smooth:.4f}", flush=True)


@torch.no_grad()
def sample(model, prompts, seed=0, steps=25, guidance=7.5, size=draw.SIZE // 8):
    """DDIM; picture k has the seed `seed + k`, drawn alone as the engine does."""
    x = torch.cat([torch.randn(1, 4, size, size, generator=torch.Generator().manual_seed(seed + k))
                   for k in range(len(prompts))])
    states = torch.cat([model.encode([captions.NEGATIVE] * len(prompts)), model.encode(prompts)])
    ratio = STEPS // steps
    for i in reversed(range(steps)):
        t = i * ratio + 1
        base, cond = model(torch.cat([x, x]), torch.full((2 * len(prompts),), t), states).chunk(2)
        v = base + guidance * (cond - base)
        now, then = ABAR[t], ABAR[max(t - ratio, 0)]
        x0 = now.sqrt() * x - (1 - now).sqrt() * v
        noise = now.sqrt() * v + (1 - now).sqrt() * x
        x = then.sqrt() * x0 + (1 - then).sqrt() * noise
    return x


@torch.no_grad()
def decode(vae, latents):
    """Scaled latents -> uint8 pictures."""
    out = [vae.decode(z[None].float() / vae.config.scaling_factor).sample[0] for z in latents]
    out = torch.stack(out).clamp(-1, 1).permute(0, 2, 3, 1)
    return ((out + 1) * 127.5).round().numpy().astype(np.uint8)
