"""The painter's text encoder: CLIP's text model at width 128, taught to read before the UNet paints.

A caption's scene is known. Classifying it teaches the encoder in minutes what the UNet's loss would
take hours for; the heads that do it are thrown away."""

import random

import torch
import torch.nn.functional as F
from transformers import CLIPTextConfig, CLIPTextModel

import captions
import tokenizer as clip_tokenizer
from drawings.catalog import COLORS, KEYS
from drawings.looks import LOOKS
from drawings.pen import EXPRESSIONS
from drawings.places import PLACES
from drawings.scene import RELATIONS
from stages import STATE

WIDTH = 128


def tokenizer():
    lines = (STATE / "merges.txt").read_text("utf-8").splitlines()[1:]
    return clip_tokenizer.Tokenizer([tuple(line.split(" ")) for line in lines])


def learn_words():
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


def loss_of(model, ids, known, end):
    """How badly the scenes `known` are found in the states at the end token and at one after it."""
    n = len(ids)
    first = (ids == end).int().argmax(1)
    ids = ids[:, : min(77, int(first.max()) + 6)]
    states = model.text(input_ids=ids).last_hidden_state
    after = (first + torch.randint(1, 6, (n,), device=ids.device)).clamp(max=ids.shape[1] - 1)
    total = 0
    for place in (first, after):
        at = states[torch.arange(n, device=ids.device), place]
        for head, target in zip(model.heads, known.T):
            total = total + F.cross_entropy(head(at).float(), target) / 4
    return total
