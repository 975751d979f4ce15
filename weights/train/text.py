"""Teaches the text encoder to read before the UNet learns to paint.

A caption's subject and style are known, so two linear heads (thrown away afterwards) on the states
at and after the end token teach the encoder to find them among all the other words. This takes
minutes; learning it through the UNet's loss takes hours. Afterwards the encoder is frozen.
"""

import random
import time

import torch
import torch.nn.functional as F

import captions
import draw
import painter


def train(path, tokenizer, steps, batch=24, lr=1e-3, seed=1):
    torch.manual_seed(seed)
    rng = random.Random(seed)
    words = captions.Captions(seed)
    names = list(draw.SUBJECTS)
    encoder = painter.text_encoder(tokenizer)
    subject_head = torch.nn.Linear(painter.WIDTH, len(names) + 1)  # the last class: no caption
    style_head = torch.nn.Linear(painter.WIDTH, len(draw.STYLES))
    trained = [p for m in (encoder, subject_head, style_head) for p in m.parameters()]
    opt = torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.99), weight_decay=0.01)
    start, right = time.time(), 0.0
    for step in range(steps):
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * (1 - step / steps)
        texts, subjects, styles = [], [], []
        for _ in range(batch):
            subject, style = rng.choice(names), rng.choice(draw.STYLES)
            empty = rng.random() < 0.04
            text = (rng.choice(["", captions.NEGATIVE]) if empty
                    else words.draw(subject, style, rng))
            texts.append(text)
            subjects.append(len(names) if empty else names.index(subject))
            styles.append(draw.STYLES.index(style) if words.tells_style(text) else -1)
        ids = torch.tensor([tokenizer.encode(text) for text in texts])
        states = encoder(input_ids=ids).last_hidden_state
        first = (ids == tokenizer.ids["<|endoftext|>"]).int().argmax(1)
        anywhere = (first + (torch.rand(batch) * (76 - first)).long()).clamp(max=76)
        loss = 0
        for place in (first, anywhere):
            state = states[torch.arange(batch), place]
            loss = loss + F.cross_entropy(subject_head(state), torch.tensor(subjects))
            loss = loss + 0.5 * F.cross_entropy(style_head(state), torch.tensor(styles),
                                                ignore_index=-1)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        opt.step()
        hits = (subject_head(state).argmax(1) == torch.tensor(subjects)).float().mean().item()
        right = 0.98 * right + 0.02 * hits
        if (step + 1) % 50 == 0:
            print(f"text {(time.time() - start) / 60:5.1f} min  step {step + 1}  loss "
                  f"{loss.item():.3f}  subject right {right:.3f}", flush=True)
    torch.save(encoder.state_dict(), path)
