"""A store as records of the public table abuzreq/model-bending-knowledge-base, so that both join.

    records/<family>/sweep/<id>/record.json, measurements.json, output.png
    index/records.jsonl, index/cells.jsonl
"""

import hashlib
import json
import re
import statistics

from lab.bends import quantize_arguments, rule_of
from lab.identity import canonical_json
from lab.layer_names import UNetShape, group_of, kind_of, ldm_layers
from lab.policies import layer_paths
from lab.store import write_file

LICENSE = "CC0-1.0"
# ours: (theirs, decimals)
MEASURES = {"cosine_distance": 6, "mae": 3, "std": 3, "hf_ratio": 5}
_ID_MODEL = ("family", "arch", "checkpoint")
_ID_SETUP = "route seed sampler scheduler steps cfg width height denoise end_at_frac prompt prompt_key negative input_key"
_ID_SETUP = (_ID_SETUP + " guidance shift latent frames fps").split()
_ID_BEND = ("path", "op", "args", "start", "end", "blend")


def _plain(value):
    """Numbers as the table hashes them: 6 decimals, whole ones as integers."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        value = round(value, 6)
        return int(value) if value == int(value) else value
    return value


def record_id(model, setup, bends):
    """The table's content hash of a setup; the baseline's is that without bends."""
    parts = {
        "model": {k: model.get(k) for k in _ID_MODEL},
        "setup": {k: setup[k] for k in _ID_SETUP if setup.get(k) is not None},
        "bends": [
            {k: b.get(k) for k in _ID_BEND} | {k: b[k] for k in ("node", "stream", "spatial") if k in b}
            for b in bends
        ],
    }
    return hashlib.sha256(canonical_json(_plain(parts)).encode()).hexdigest()[:20]


def prompt_key(prompt, salt=""):
    return hashlib.sha256(f"{salt}\0{prompt}".encode()).hexdigest()[:16]


def window(start, end):
    if start <= 0.05 and end >= 0.95:
        return "all"
    for name, fits in (
        ("early", end <= 0.4),
        ("late", start >= 0.6),
        ("early_to_mid", start <= 0.05),
        ("mid_to_end", end >= 0.95),
    ):
        if fits:
            return name
    return "middle"


def bucket(arguments):
    """w4, a4 or w4a4: what is quantized, to how many bits."""
    bits, on = arguments.get("bits", 8), arguments["on"]
    return (f"w{bits}" if "weights" in on else "") + (f"a{bits}" if "input" in on else "")


class Layers:
    """The layers of a model as the table sees them."""

    def __init__(self, path):
        self.shapes = layer_paths(path)
        self.unet = UNetShape(path)
        self.names = {p: n for n, p in ldm_layers(self.shapes, self.unet).items()}

    def bends(self, policy_text):
        """All bends of a policy. One rule for all layers of the UNet is one bend of the whole."""
        found = {}
        for path, name in self.names.items():
            arguments = quantize_arguments(*rule_of(policy_text, path))
            if arguments:
                found[name] = self._bend(path, name, arguments)
        return list(found.values())

    def _bend(self, path, name, arguments):
        return {
            "path": name,
            "op": "quantize",
            "args": arguments,
            "start": 0,
            "end": 1,
            "window": window(0, 1),
            "bucket": bucket(arguments),
            "group": group_of(name, self.unet),
            "kind": kind_of(name),
            "module_type": "Conv2d" if len(self.shapes[path]) == 4 else "Linear",
        }


def _family(fact):
    # The table's `sd1` is the whole UNet of SD 1.x alone; others have a name of their own.
    return "yent-default" if fact["model"] == "default" else re.sub(r"[^a-z0-9]+", "-", fact["model"].lower()).strip("-")


def record_of(fact, bends):
    model = {
        "family": _family(fact),
        "arch": None,
        "checkpoint": fact["model"],
        "checkpoint_sha256": fact["model_sha256"],
    }
    setup = {
        "route": "txt2img",
        "seed": fact["seed"],
        "sampler": fact["sampler"],
        "scheduler": fact["noise_levels"] or "normal",
        "steps": fact["steps"],
        "cfg": fact["guidance"],
        "width": fact["width"],
        "height": fact["height"],
        "prompt": fact["prompt"],
        "negative": fact["negative"],
        "prompt_key": prompt_key(fact["prompt"]),
    }
    return {
        "id": record_id(model, setup, bends),
        "id_scheme": 1,
        "schema_version": "1.0",
        "created": f"{fact['created']:%Y-%m-%dT%H:%M:%SZ}",
        "license": LICENSE,
        "source": "sweep",
        "consent": {"prompt": True, "input_image": False},
        "model": model,
        "setup": setup,
        "bends": bends,
        "outputs": {"image": "output.png", "baseline_id": record_id(model, setup, [])},
        "provenance": {
            "program": "yent",
            "version": fact["version"],
            "row": fact["hash"],
            "isa": fact["isa"],
            "policy": fact["policy_text"],
        },
    }


def measurements_of(record, values):
    named = {"mae": "mae_vs_baseline"}
    return {
        "record": record["id"],
        "values": {
            named.get(name, name): {"value": round(values[name], decimals), "method": "yent-lab"}
            for name, decimals in MEASURES.items()
            if values.get(name) is not None
        },
    }


def cell_key(record):
    (bend,) = record["bends"]
    parts = [record["model"]["family"], bend["group"], bend["kind"], bend["module_type"], bend["op"]]
    return "|".join([*parts, bend["bucket"], bend["window"], record["setup"]["route"]])


def grade(records):
    seeds = len({r["setup"]["seed"] for r in records})
    prompts = len({r["setup"]["prompt_key"] for r in records})
    if seeds >= 2 and prompts >= 2:
        return "replicated"
    return "multi-prompt" if prompts >= 2 else "multi-seed" if seeds >= 2 else "anecdotal"


def cells_of(records, measurements):
    """Records of one bend, gathered by place, kind, operation and amount."""
    groups = {}
    for record in records:
        if len(record["bends"]) == 1:
            groups.setdefault(cell_key(record), []).append(record)
    for key, members in groups.items():
        values = {}
        for member in members:
            for name, found in measurements[member["id"]]["values"].items():
                values.setdefault(name, []).append(found["value"])
        yield {
            "cell": key,
            "n": len(members),
            "seeds": len({m["setup"]["seed"] for m in members}),
            "prompts": len({m["setup"]["prompt_key"] for m in members}),
            "measurements": {
                name: {
                    "mean": statistics.fmean(v),
                    "sd": statistics.stdev(v) if len(v) > 1 else None,
                    "n": len(v),
                }
                for name, v in values.items()
            },
            "grade": grade(members),
        }


def export_records(store, out):
    """Writes all rows that were painted; returns how many. Rows that differ in nothing that the table
    hashes (another instruction set) are one record, the first."""
    measures, layers, written, kept = store.measurements(), {}, {}, {}
    for fact in store.facts("ok"):
        if fact["model_path"] not in layers:
            layers[fact["model_path"]] = Layers(fact["model_path"])
        record = record_of(fact, layers[fact["model_path"]].bends(fact["policy_text"]))
        if record["id"] in written:
            continue
        values = measurements_of(record, measures.get(fact["hash"], {}))
        folder = out / "records" / record["model"]["family"] / record["source"] / record["id"]
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in (("record.json", record), ("measurements.json", values)):
            write_file(folder / name, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode(), False)
        write_file(folder / "output.png", store.read("pictures", fact["picture"]), False)
        written[record["id"]], kept[record["id"]] = record, values
    lines = [_line(r, kept[r["id"]]) for r in written.values()]
    (out / "index").mkdir(parents=True, exist_ok=True)
    _jsonl(out / "index/records.jsonl", lines)
    _jsonl(out / "index/cells.jsonl", cells_of(list(written.values()), kept))
    return len(written)


def _line(record, values):
    place = f"records/{record['model']['family']}/{record['source']}/{record['id']}"
    numbers = {name: v["value"] for name, v in values["values"].items()}
    cell = cell_key(record) if len(record["bends"]) == 1 else None
    return record | {"dir": place, "cell": cell, "measurements": numbers, "interpretations": {}, "n_interpretations": 0}


def _jsonl(path, values):
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    write_file(path, text.encode())
