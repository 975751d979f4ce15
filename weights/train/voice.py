#!/usr/bin/env python3
"""Trains the voice: a LLaMA of 5.8M parameters (voice_model.py). See README.md.

    python voice.py tokenizer | language | exchange | export | say [--run DIR] [--minutes N]

`language` reads free English (corpora.py writes RUN/text.txt), `exchange` the project's own
exchanges. Both go on where they stopped; counts are tokens."""

import argparse
import math
import random
from pathlib import Path

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F

import exchanges
import voice_gguf
from stages import STATE, Run
from voice_model import Shape, Voice

VOCABULARY, WINDOW, ROWS = 4096, 256, 8
HELD_OUT = 50  # every 50th paragraph is never trained on
CONTEXT_WEIGHT = 0.05
# Hearing is taught directly, too: after this block of layers, each place of an answer has to tell which
# block of exchanges the person's line came from. What the line was about is 6 % of the loss of the words,
# and 60,000 exchanges without this passed it over. The output that tells it is not exported.
HEARD_AFTER, HEARD_WEIGHT = 3, 0.5


def tokenizer(args=None):
    return sentencepiece.SentencePieceProcessor(model_file=str(STATE / "voice.model"))


def learn_tokenizer(args):
    """4096 pieces, from a part of the text and everything that the project has written. Those of state/voice.model
    also come from 12,000 sentences of the first voice's grammar, which is gone."""
    rng = random.Random(1)
    text = (args.run / "text.txt").read_text("utf-8").splitlines()
    lines = rng.sample(text, 60000)
    e = exchanges.Exchanges()
    own = ["".join(e.draw(rng)) for _ in range(6000)] if e.blocks else []
    words = [w for m in exchanges.TABLES["moods"] for w in m["keywords"]]
    pieces = [p for line in lines + own + [" ".join(words)] * 20 for p in (" " + line).splitlines()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(pieces),
        model_prefix=str(STATE / "voice"),
        model_type="bpe",
        vocab_size=VOCABULARY,
        byte_fallback=True,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        character_coverage=0.9999,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    (STATE / "voice.vocab").unlink()


def tokens(args, part):
    """The text as one array: part "train" or "test"."""
    path = args.run / f"text.{part}.npy"
    if not path.exists():
        t = tokenizer()
        lines = (args.run / "text.txt").read_text("utf-8").splitlines()
        random.Random(5).shuffle(lines)
        for name, keep in (
            ("train", lambda i: i % HELD_OUT),
            ("test", lambda i: i % HELD_OUT == 0),
        ):
            chosen = [" " + line for i, line in enumerate(lines) if keep(i)]
            ids = [x for line in t.encode(chosen) for x in (t.bos_id(), *line, t.eos_id())]
            np.save(args.run / f"text.{name}.npy", np.array(ids, np.uint16))
            (args.run / f"text.{name}.bytes").write_text(str(sum(len(c.encode()) for c in chosen)))
    return np.load(path)


def model_of():
    torch.manual_seed(1)
    return Voice(Shape(vocab=VOCABULARY))


def language(args):
    data = torch.from_numpy(tokens(args, "train").astype(np.int64))
    run = Run(
        "language", args, model_of(), total=30_000_000, lr=2e-3, matrix_lr=6e-3, warm=40_000
    )
    batch = ROWS * WINDOW

    def loss(count):
        rng = random.Random(f"window {count}")
        at = [rng.randrange(len(data) - WINDOW - 1) for _ in range(ROWS)]
        ids = torch.stack([data[i : i + WINDOW + 1] for i in at])
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            logits = run.model(ids[:, :-1])
        return F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())

    run.go(batch, loss, args.minutes)
    print("held-out bits per byte", bits(args, run.model))


@torch.no_grad()
def bits(args, model, windows=60):
    data = torch.from_numpy(tokens(args, "test").astype(np.int64))
    per_byte = len(data) / int((args.run / "text.test.bytes").read_text())
    losses = [
        F.cross_entropy(model(data[i : i + WINDOW][None])[0], data[i + 1 : i + WINDOW + 1]).item()
        for i in range(0, min(len(data) - WINDOW - 1, windows * WINDOW), WINDOW)
    ]
    return sum(losses) / len(losses) / math.log(2) * per_byte


def sample(e, t, rng):
    before, after, block = e.draw_of(rng)
    head = t.encode(before, enable_sampling=rng.random() < 0.15, alpha=0.1)
    return [t.bos_id(), *head, *t.encode(after), t.eos_id()], len(head) + 1, block


def exchange(args):
    """Counts exchanges, not tokens."""
    t, e, batch = tokenizer(), exchanges.Exchanges(), 32
    print(e.count(), "exchanges", flush=True)
    model = model_of()
    model.heard = torch.nn.Linear(model.shape.width, len(e.blocks), bias=False)
    run = Run(
        "exchange", args, model, total=120_000, lr=2e-3, matrix_lr=5e-3, warm=2000, average=0.995,
    )
    if run.count == 0 and (args.run / "language.pt").exists():
        old = model_of()
        old.load_state_dict(torch.load(args.run / "language.pt", weights_only=False)["model"])
        run.begin_as(old)
    elif run.count == 0:
        raise SystemExit("no language yet: run that stage first, also after a new clone")
    data = (
        torch.from_numpy(tokens(args, "train").astype(np.int64))
        if (args.run / "text.txt").exists()
        else None
    )

    def rows_of(count):
        """Rows of like length, because padding costs as much as words: a fourth of four batches."""
        rng = random.Random(f"exchange {count // (4 * batch)}")
        rows = sorted((sample(e, t, rng) for _ in range(4 * batch)), key=lambda row: len(row[0]))
        part = rng.sample(range(4), 4)[count // batch % 4]
        return rows[part * batch : (part + 1) * batch]

    def loss(count):
        rng, rows = random.Random(f"language {count}"), rows_of(count)
        if data is not None:  # an eighth of plain text keeps the language
            for k in rng.sample(range(batch), batch // 8):
                i = rng.randrange(len(data) - 80)
                rows[k] = (data[i : i + len(rows[k][0])].tolist(), 0, 0)
        width = min(160, max(len(r[0]) for r in rows))
        ids, weights = torch.zeros(batch, width, dtype=torch.long), torch.zeros(batch, width)
        blocks = torch.full((batch, width), -1)
        for k, (line, head, block) in enumerate(rows):
            line = line[:width]
            ids[k, : len(line)] = torch.tensor(line)
            weights[k, 1:head] = CONTEXT_WEIGHT
            weights[k, max(head, 1) : len(line)] = 1.0 if head else 0.4
            if head:
                blocks[k, head - 1 : len(line) - 1] = block
        between = []
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            logits = run.model(ids[:, :-1], between)
        places = blocks[:, :-1] >= 0
        state = F.rms_norm(between[HEARD_AFTER].float()[places], (run.model.shape.width,))
        told = run.model.heard(state)
        heard = F.cross_entropy(told, blocks[:, :-1][places])
        right.append((told.argmax(1) == blocks[:, :-1][places]).float().mean().item())
        if len(right) % 100 == 0:
            print(f"heard: {sum(right[-100:]) / 100:.3f} of the places", flush=True)
        losses = F.cross_entropy(
            logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
        )
        weights = weights[:, 1:].flatten()
        return (losses * weights).sum() / weights.sum() + HEARD_WEIGHT * heard

    right = []
    run.go(batch, loss, args.minutes)


def newest(args):
    for name in ("exchange", "language"):
        if (args.run / f"{name}.pt").exists():
            saved = torch.load(args.run / f"{name}.pt", weights_only=False)
            print(name, saved["count"])
            weights = saved["mean"] or saved["model"]
            return {k: v for k, v in weights.items() if not k.startswith("heard")}
    raise SystemExit("nothing trained yet")


@torch.no_grad()
def say(args):
    """Samples as the engine does: temperature 0.8, the 40 likeliest, until a full stop."""
    t, model, rng = tokenizer(), model_of(), random.Random(3)
    model.load_state_dict(newest(args))
    model.eval()
    torch.manual_seed(1)
    for said in args.words or [
        "how do I get rich",
        "I play the guitar",
        "my mother is calling",
        "who are you",
        "I feel nothing",
    ]:
        for _ in range(2):
            starter = exchanges.starter_for(said, False, rng)
            ids = [
                t.bos_id(),
                *t.encode(exchanges.context(exchanges.TABLES["context"], said, starter)),
            ]
            begin = len(ids)
            for _ in range(30):
                logits = model(torch.tensor([ids]))[0, -1] / 0.8
                best = logits.topk(40)
                ids.append(best.indices[torch.multinomial(best.values.softmax(0), 1)].item())
                if ids[-1] == t.eos_id() or "\n" in t.decode(ids[begin:]):
                    break
            print(f"{said} -> {starter}{t.decode(ids[begin:]).rstrip()}")


def export(args):
    model = model_of()
    model.load_state_dict(newest(args))
    tensors = {name: p.detach().numpy() for name, p in model.named_parameters()}
    voice_gguf.write(args.out, model.shape, tokenizer(), tensors)
    print(args.out, args.out.stat().st_size, "bytes")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("stage", choices=["tokenizer", "language", "exchange", "export", "say"])
    options.add_argument("words", nargs="*")
    options.add_argument("--run", type=Path, default=Path("voice-run"))
    options.add_argument("--out", type=Path, default=Path("yent.gguf"))
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--total", type=int)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--bf16", action="store_true")
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    {
        "tokenizer": learn_tokenizer,
        "language": language,
        "exchange": exchange,
        "say": say,
        "export": export,
    }[args.stage](args)


if __name__ == "__main__":
    main()
