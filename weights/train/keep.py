"""Writes the small states of a run to weights/train/state, to be committed."""

import sys
from pathlib import Path

from stages import keep

STATE = Path(__file__).resolve().parent / "state"
RUN = Path(sys.argv[1])
for name in ("inner", "text", "unet", "guide", "outer", "language", "exchange", "characters", "art"):
    if name == "language" and (RUN / "exchange.pt").exists():
        (STATE / "language.npz").unlink(missing_ok=True)  # the exchanges' stage has taken over
        continue
    if (RUN / f"{name}.pt").exists():
        keep(RUN, name, STATE / f"{name}.npz")
        print(name, (STATE / f"{name}.npz").stat().st_size, "bytes")
print(
    "in all",
    sum(f.stat().st_size for f in STATE.iterdir()),
    "bytes; at most 15,000,000 are kept in the tree",
)
