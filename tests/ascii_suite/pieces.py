#!/usr/bin/env python3
"""A small corpus as lines of JSON, with nothing but Python: pieces.py COUNT > pieces.jsonl

The drawings are those of weights/train/art that are drawn directly in characters."""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights" / "train" / "art"))
import animals  # noqa: E402
import nature  # noqa: E402
import people  # noqa: E402
import places  # noqa: E402
import things  # noqa: E402
import vehicles  # noqa: E402

SUBJECTS = {}
for module in (places, nature, things, animals, people, vehicles):
    SUBJECTS |= module.SUBJECTS

for n in range(int(sys.argv[1])):
    rng = random.Random(f"suite {n}")
    name = rng.choice(sorted(SUBJECTS))
    canvas, words = SUBJECTS[name](rng, rng.uniform(0, 0.4))
    piece = {
        "text": canvas.text(),
        "style": 1,
        "title": name,
        "caption": ", ".join([name, *filter(None, words)]),
        "tags": [name],
        "source": "procedural",
        "rights": "this project's own",
    }
    print(json.dumps(piece))
