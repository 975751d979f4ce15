"""Trains Yent's voice on the CPU and writes weights/default/yent.gguf.

    python weights/train/voice.py [--steps 1600] [--seed 1] [--out weights/default/yent.gguf]

A SentencePiece-BPE vocabulary and a LLaMA of 2.4 M parameters (voice_model.py) learn the reactions
of grammar.py in exactly the context the engine builds (engine/yent/yent.json, "context"): BOS, the
instruction, the person's words in quotation marks, the cue, the starter; then the detail, a newline,
EOS. A tenth of the lines are roasts. A quarter of an hour on one core; needs torch, sentencepiece
and numpy.
"""

import argparse
import io
import math
import random
import sys
import time
from pathlib import Path

import sentencepiece
import torch
import torch.nn.functional as F

import grammar
import voice_gguf
from voice_model import Shape, Voice

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = 2048
BATCH = 64
POOL = 24 * BATCH       # lines drawn together and sorted by length, so that batches pad little
PEAK_RATE = 3e-3
CONTEXT_WEIGHT = 0.05   # the loss of the person's words, so that plain completion is not noise


def context(lines, said, starter=""):
    """The engine's text; it begins with the space that the tokenizer puts in front."""
    return " " + "\n".join(lines).replace("{starter}", starter).replace("{words}", said)


def misspelled(rng, text):
    """Drops or doubles one letter, as people do."""
    i = rng.randrange(len(text))
    return text[:i] + rng.choice(["", text[i] * 2]) + text[i + 1:]


def exchange(rng):
    """(context, continuation) as text."""
    roasted = rng.random() < 0.1
    line = grammar.roast(rng) if roasted else grammar.reaction(rng, forced=0.05)
    said = line["said"]
    if rng.random() < 0.1:
        said = misspelled(rng, said)
    if rng.random() < 0.04:  # a long speech: the main point comes last
        said = ". ".join([grammar.reaction(rng)["said"] for _ in range(rng.randint(1, 12))] + [said])
    if roasted:
        return context(grammar.TABLES["roast_context"], said), " " + line["roast"] + "\n"
    return (context(grammar.TABLES["context"], said, line["starter"]),
            " " + line["detail"] + "\n")


def train_tokenizer(rng):
    lines = ["".join(exchange(rng)) for _ in range(40000)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(part for line in lines for part in line.splitlines()),
        model_writer=model, model_type="bpe", vocab_size=VOCABULARY, byte_fallback=True,
        split_digits=True, allow_whitespace_only_pieces=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=False, unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=1,
        minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def encode(rng, tokenizer, before, after):
    """(ids, length of the context). Context and continuation are tokenized apart, as at inference.
    Sometimes pieces are split into smaller ones, so that the model also learns single letters."""
    loose = rng.random() < 0.15
    head = tokenizer.encode(before, enable_sampling=loose, alpha=0.1)
    ids = [tokenizer.bos_id(), *head, *tokenizer.encode(after), tokenizer.eos_id()]
    return ids, len(head) + 1


def batches(rng, tokenizer, longest):
    """Endless (ids, loss weights), both [BATCH, time]."""
    while True:
        lines = []
        while len(lines) < POOL:
            ids, start = encode(rng, tokenizer, *exchange(rng))
            if len(ids) <= longest:
                lines.append((ids, start))
        lines.sort(key=lambda line: len(line[0]))
        groups = [lines[i:i + BATCH] for i in range(0, POOL, BATCH)]
        rng.shuffle(groups)
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            ids = torch.zeros(BATCH, width, dtype=torch.long)
            weights = torch.zeros(BATCH, width)
            for row, (line, start) in enumerate(group):
                ids[row, :len(line)] = torch.tensor(line)
                weights[row, 1:start] = CONTEXT_WEIGHT
                weights[row, start:len(line)] = 1.0
            yield ids, weights


def learning_rate(progress):
    """Warm-up over 3 %, then a cosine to 2 % of the peak."""
    if progress < 0.03:
        return PEAK_RATE * progress / 0.03
    return PEAK_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(model, source, steps):
    matrices = [p for p in model.parameters() if p.ndim == 2]
    norms = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=0.05),
                                   dict(params=norms, weight_decay=0.0)], betas=(0.9, 0.95))
    began, smooth = time.monotonic(), None
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step / steps)
        ids, weights = next(source)
        logits = model(ids[:, :-1])
        losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        weights = weights[:, 1:].flatten()
        loss = (losses * weights).sum() / weights.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            minutes = (time.monotonic() - began) / 60
            print(f"step {step}  {minutes:.1f} min  loss {smooth:.3f}", file=sys.stderr, flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=1600)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, default=ROOT / "weights" / "default" / "yent.gguf")
    options = options.parse_args()

    torch.manual_seed(options.seed)
    rng = random.Random(options.seed)
    tokenizer = train_tokenizer(rng)
    model = Voice(Shape(vocab=tokenizer.get_piece_size()))
    print(f"{sum(p.numel() for p in model.parameters())} parameters", file=sys.stderr)
    train(model, batches(rng, tokenizer, longest=288), options.steps)

    tensors = {name: p.detach().numpy() for name, p in model.named_parameters()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    voice_gguf.write(options.out, model.shape, tokenizer, tensors)
    print(f"{options.out}: {options.out.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
