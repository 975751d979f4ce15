#!/usr/bin/env python3
"""Shows pieces: `look.py corpus.jsonl 20` some of a file, `look.py cat,dog 5` some of a subject."""

import json
import random
import sys


def shown(canvases):
    """Side by side on one line."""
    texts = [c.text().split("\n")[:-1] for c in canvases]
    tall = max(map(len, texts))
    columns = [[""] * (tall - len(t)) + t for t in texts]
    wides = [max(map(len, t)) + 3 for t in texts]
    return "\n".join(
        "".join(c[i].ljust(w) for c, w in zip(columns, wides)).rstrip() for i in range(tall)
    )


def main():
    what, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if what.endswith(".jsonl"):
        pieces = [json.loads(line) for line in open(what)]
        for p in random.sample(pieces, min(count, len(pieces))):
            print(f"--- {p['caption']}  [{p['source']}, {p['width']} x {p['height']}]\n{p['text']}")
        return
    import corpus

    for name in what.split(","):
        make = corpus.SUBJECTS[name][1]
        print(f"=== {name}")
        sizes = [i / max(1, count - 1) for i in range(count)]
        print(shown([make(random.Random(f"{name} {s}"), s)[0] for s in sizes]))


if __name__ == "__main__":
    main()
