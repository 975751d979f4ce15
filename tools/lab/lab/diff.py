"""Two rows side by side, in words and as a picture."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from lab.engine import measurer
from lab.measure import NAMES
from lab.store import write_file
from lab.worker import latent_of, pixels_of

SHOWN = ("model", "policy", "prompt", "negative", "seed", "sampler", "noise_levels", "steps")
SHOWN += ("guidance", "width", "height", "version", "device", "isa", "engine_sha256", "model_sha256")


def difference(store, a, b, output=None):
    """Lines of text; `output` becomes a PNG of both pictures and four times their difference."""
    measures = store.measurements()
    yield f"{'':16} {a['hash'][:12]:>28} {b['hash'][:12]:>28}"
    for name in (*SHOWN, *sorted(set(a["axes"]) | set(b["axes"]))):
        one, two = (fact.get(name, fact["axes"].get(name)) for fact in (a, b))
        if one != two:
            yield f"{name:16} {_short(one):>28} {_short(two):>28}"
    yield from _policy_lines(a["policy_text"], b["policy_text"])
    for name in NAMES:
        one, two = (measures.get(fact["hash"], {}).get(name) for fact in (a, b))
        yield f"{name:16} {_number(one):>28} {_number(two):>28}"
    if a["status"] == b["status"] == "ok":
        yield from _between(store, a, b, output)


def _policy_lines(one, two):
    first, second = one.split("\n"), two.split("\n")
    for line in first:
        if line not in second:
            yield f"  - {line}"
    for line in second:
        if line not in first:
            yield f"  + {line}"


def _between(store, a, b, output):
    one, two = (pixels_of(store.read("pictures", fact["picture"])) for fact in (a, b))
    latents = [latent_of(store.read("latents", f["latent"])) if f["latent"] else None for f in (a, b)]
    values = measurer().measure(two, one, latents[1], latents[0])
    told = ", ".join(f"{n} {_number(values[n])}" for n in ("psnr", "mae", "cosine_distance", "palette"))
    yield f"between them: {told}" if one.shape == two.shape else "between them: sizes differ"
    for fact in (a, b):
        yield f"{store.path('pictures', fact['picture'])}"
    if output and one.shape == two.shape:
        far = np.clip(4 * np.abs(one.astype(int) - two), 0, 255).astype(np.uint8)
        sheet = io.BytesIO()
        Image.fromarray(np.concatenate([one, two, far], axis=1)).save(sheet, "png")
        write_file(Path(output), sheet.getvalue())


def _short(value):
    text = str(value)
    return text if len(text) <= 28 else text[:25] + "..."


def _number(value):
    return "-" if value is None else f"{value:.5g}"
