#!/usr/bin/env python3
"""Free English text from Debian packages, one paragraph a line. Never committed.

    python corpora.py OUT.txt      # apt-get install wordnet-base bible-kjv bible-kjv-text dict-devil dict-jargon

| package | text | licence |
|---|---|---|
| wordnet-base 1:3.0-37 | glosses and examples of WordNet 3.0 | WordNet licence (free use, notice kept) |
| bible-kjv-text 4.38 | King James Bible | public domain (the packaging is GPL-2+) |
| dict-devil 1.0-13.1 | Ambrose Bierce, The Devil's Dictionary | public domain |
| dict-jargon 4.4.7-3.1 | The Jargon File 4.4.7 | public domain |
"""

import gzip
import re
import subprocess
import sys
from pathlib import Path


def wordnet():
    for part in ("noun", "verb", "adj", "adv"):
        for line in Path(f"/usr/share/wordnet/data.{part}").read_text("utf-8").splitlines():
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition(" | ")
            fields = head.split()
            words = [fields[4 + 2 * i].replace("_", " ") for i in range(int(fields[3], 16))]
            words = [re.sub(r"\(\w+\)$", "", w) for w in words]
            examples = re.findall(r'"([^"]+)"', gloss)
            gloss = re.split(r';\s*"', gloss)[0].strip()
            yield f"{', '.join(words[:3])}: {gloss}."
            for example in examples:
                yield example


def bible():
    text = subprocess.run(
        ["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True
    ).stdout
    verses = [re.sub(r"^\S+\s", "", line).strip() for line in text.splitlines() if line.strip()]
    for i in range(0, len(verses), 3):
        yield " ".join(verses[i : i + 3])


def dictionary(name):
    text = gzip.open(
        f"/usr/share/dictd/{name}.dict.dz", "rt", encoding="utf-8", errors="ignore"
    ).read()
    for paragraph in re.split(r"\n\s*\n", text):
        line = " ".join(paragraph.split())
        letters = sum(c.isalpha() or c == " " for c in line)
        if len(line) > 40 and letters > 0.85 * len(line):
            yield re.sub(r"[{}]", "", line)


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for source in (wordnet(), bible(), dictionary("devil"), dictionary("jargon")):
            for line in source:
                out.write(line + "\n")


if __name__ == "__main__":
    main()
