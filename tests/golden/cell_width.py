"""Writes cell_width.json: the code points to which wcwidth gives one column, as [first, last] pairs.
Written with wcwidth 0.9.4: python tests/golden/cell_width.py
"""

import json
import sys
from pathlib import Path

from wcwidth import wcwidth

runs = []
for c in range(sys.maxunicode + 1):
    if not 0xD800 <= c < 0xE000 and wcwidth(chr(c)) == 1:
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
path = Path(__file__).with_name("cell_width.json")
path.write_text(json.dumps(runs, separators=(",", ":")) + "\n")
print(len(runs), path.stat().st_size)
