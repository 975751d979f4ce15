#!/usr/bin/env python3
"""The share of real words in ten blocks that `yent-diffuse` writes.

    python words.py [--program "yent-diffuse sample --device cpu"] [--known FILE ...] [--blocks N]

A word is a run of letters; the first and the last of a block are left out, because they may be cut. Real
are the words of the known files: Debian's `wamerican`, and texts such as the one that was trained on."""

import argparse
import json
import re
import shlex
import subprocess
from pathlib import Path


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def block(program, seed):
    """One block of its own: without the beginning that it was given."""
    command = [*shlex.split(program), "--blocks", "1", "--seed", str(seed), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout[16:]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default="yent-diffuse sample --device cpu")
    options.add_argument("--known", type=Path, nargs="+", default=[Path("/usr/share/dict/american-english")])
    options.add_argument("--blocks", type=int, default=10)
    args = options.parse_args()
    known = {w for file in args.known for w in words(file.read_text("utf-8"))}
    right, wrong = 0, []
    for seed in range(args.blocks):
        for word in words(block(args.program, seed))[1:-1]:
            right += word in known
            wrong += [word] if word not in known else []
    total = right + len(wrong)
    print(json.dumps({"blocks": args.blocks, "words": total, "real": round(right / max(1, total), 4),
                      "not real": sorted(set(wrong))[:40]}))


if __name__ == "__main__":
    main()
