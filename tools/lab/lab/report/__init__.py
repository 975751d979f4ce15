"""`lab report`: one HTML file of a store that needs no network and no other file.

The page's own sources are page.html, page.css and *.js beside this; the data is JSON inside it, the small
pictures are WebP atlases inside that. The full pictures are linked, and shown where the store is.
"""

import html
import json
import os
from pathlib import Path

from lab.again import request_of
from lab.engine.program import command_arguments
from lab.errors import FileError, LabError
from lab.measure import LAYER_NAMES, NAMES
from lab.report.atlas import Atlas, side_for
from lab.report.maps import coordinates
from lab.store import write_file
from lab.worker import pixels_of

HERE = Path(__file__).parent
WHATS = ("weights", "input", "output")
SCRIPTS = ("page.js", "details.js", "sheet.js", "map.js", "sliders.js", "effects.js", "layers.js")

ABOUT = {
    "psnr": ("PSNR", "dB", "of the picture against the baseline's; high: alike"),
    "mae": ("mean difference", "/255", "mean absolute difference of the 8-bit values"),
    "cosine_distance": ("latent distance", "", "1 - cosine of the final latents"),
    "edge": ("edge distance", "", "1 - cosine of the Sobel magnitudes; 0: the same edges"),
    "edge_ratio": ("edge ratio", "", "edges of the picture over the baseline's"),
    "palette": ("palette distance", "ΔE", "earth mover's distance of 16 colours in CIELAB"),
    "hf_ratio": ("high frequencies", "", "share of the power beyond a quarter of the sampling rate"),
    "std": ("contrast", "/255", "standard deviation of the luma at 256 pixels"),
    "entropy": ("entropy", "bits", "of the luma's histogram"),
    "mean": ("brightness", "/255", "mean luma"),
    "flatness": ("flatness", "", "share of 8 x 8 blocks that hardly vary"),
    "clipped": ("clipped", "", "share of pixels with a channel at 0 or 255, at 256 pixels"),
    "clipped_full": ("clipped, full size", "", "the same at full size"),
    "diffsim_style": ("DiffSim, style", "", "likeness to the baseline inside the UNet at little noise; 1: the same"),
    "diffsim_content": ("DiffSim, content", "", "the same at half the noise"),
    "diffsim_style_noise": ("DiffSim's floor, style", "", "the picture and itself under two noises"),
    "diffsim_content_noise": ("DiffSim's floor, content", "", "the same at half the noise"),
    "sqnr_weights": ("signal to noise, weights", "dB", "mean of the layers that quantization changed"),
    "sqnr_input": ("signal to noise, inputs", "dB", "the same of what the layers read"),
}


def make_report(store, out, most=None, thumb=None, title=None, method="auto"):
    """Writes the page; returns its size in bytes."""
    facts = _chosen(store.facts("ok"), most)
    if not facts:
        raise LabError(f"{store.folder}: no picture to show")
    measures = store.measurements()
    atlas = Atlas(thumb or side_for(len(facts)))
    for fact in facts:
        atlas.add(pixels_of(store.read("pictures", fact["picture"])))
    index = {fact["hash"]: i for i, fact in enumerate(facts)}
    base = [index.get(fact["baseline"], -1) for fact in facts]
    axes = _axes(facts)
    data = {
        "title": title or ", ".join(dict.fromkeys(f["grid"] for f in facts)),
        "axes": axes,
        "measures": [{"name": n, "title": t, "unit": u, "about": w} for n, (t, u, w) in ABOUT.items()],
        "rows": {
            "hash": [f["hash"] for f in facts],
            "base": base,
            "axes": [[_index(axis, f) for f in facts] for axis in axes],
            "measures": [[_rounded(measures.get(f["hash"], {}).get(n)) for f in facts] for n in NAMES],
            "picture": [f["picture"] for f in facts],
            "command": [command_arguments(request_of(f)) for f in facts],
            "policy": [f["policy"] for f in facts],
            "model": [f["model"] for f in facts],
            "size": [[f["width"], f["height"]] for f in facts],
        },
        "policies": {f["policy"]: f["policy_text"] for f in facts},
        "machine": {k: facts[0][k] for k in ("version", "isa", "device", "threads")},
        "store": os.path.relpath(store.folder, out.parent),
        "thumbs": atlas.as_dict(),
        "layers": _layers(store, facts),
        "maps": coordinates(atlas.thumbs, base, method),
    }
    page = _page(data)
    try:
        write_file(out, page)
    except OSError as error:
        raise LabError(f"{out}: cannot be written ({error.strerror})") from None
    return len(page)


def _layers(store, facts):
    """For each policy (layer, what, measures) as means over its measured rows; layers by number."""
    policy = {fact["hash"]: fact["policy"] for fact in facts}
    sums, counts, names = {}, {}, {}
    for line in store.table("layers").to_pylist():
        of = policy.get(line["hash"])
        if of is None:
            continue
        counts.setdefault(of, set()).add(line["hash"])
        layer = names.setdefault(line["layer"], len(names))
        if line["sqnr"] is None:
            continue
        cell = sums.setdefault(of, {}).setdefault((layer, WHATS.index(line["what"])), [])
        cell.append([line[name] for name in LAYER_NAMES])
    return {
        "names": list(names),
        "counts": {of: len(hashes) for of, hashes in counts.items()},
        "policies": {of: [[*key, *map(_mean, zip(*cell))] for key, cell in cells.items()] for of, cells in sums.items()},
    }


def _mean(values):
    found = [value for value in values if value is not None]
    return _rounded(sum(found) / len(found)) if found else None


def _chosen(facts, most):
    """At most `most` rows, evenly from all, and the baselines that they need."""
    if not most or most >= len(facts):
        return facts
    by_hash = {f["hash"]: f for f in facts}
    chosen = [facts[i * len(facts) // most] for i in range(most)]
    wanted = {f["hash"] for f in chosen} | {f["baseline"] for f in chosen}
    return [f for h, f in by_hash.items() if h in wanted]


def _axes(facts):
    """Names and values of all axes that vary; numbers in order, words as they come."""
    names = dict.fromkeys(axis for f in facts for axis in f["axes"])
    per_policy = {f["policy"]: f["axes"] for f in facts}
    axes = []
    for name in names:
        values = list(dict.fromkeys(f["axes"][name] for f in facts if name in f["axes"]))
        if len(values) > 1:
            of_policy = any(name not in f["axes"] for f in facts) or _follows(name, per_policy, facts)
            axes.append({"name": name, "values": sorted(values, key=_order(values)), "policy": of_policy})
    return axes


def _follows(name, per_policy, facts):
    """Whether the policy alone decides an axis."""
    return name != "policy" and all(f["axes"].get(name) == per_policy[f["policy"]].get(name) for f in facts)


def _order(values):
    try:
        [float(v) for v in values]
        return float
    except ValueError:
        first = {v: i for i, v in enumerate(values)}
        return first.get


def _index(axis, fact):
    value = fact["axes"].get(axis["name"])
    return axis["values"].index(value) if value is not None else -1


def _rounded(value):
    return None if value is None else float(f"{value:.5g}")


def _page(data):
    def read(name):
        try:
            return (HERE / name).read_text()
        except OSError as error:
            raise FileError(f"{HERE / name}: the page's source is missing ({error.strerror})") from None

    # "</" ends a script wherever it stands.
    body = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    parts = {
        "TITLE": html.escape(data["title"]),
        "STYLE": read("page.css"),
        "DATA": body,
        "SCRIPT": "\n".join(read(name) for name in SCRIPTS),
    }
    pieces = read("page.html").split("@@")
    return "".join(parts[p] if i % 2 else p for i, p in enumerate(pieces)).encode()
