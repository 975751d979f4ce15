"""What a Dask worker does: paints a batch of rows of one model and policy, and measures them.

Painters stay loaded, a few for each thread: one thread uses a device at a time.
"""

import hashlib
import io
import threading
import time
from collections import OrderedDict

import numpy as np
from PIL import Image

from lab.engine import Request, open_engine
from lab.errors import LabError

KEPT = 3  # painters of a thread: the baseline, the policy at work, and the one before
_local = threading.local()


def painter_of(spec, model, policy_text, latents, **more):
    """The engine and a painter, new or kept, and the ms that it took to make."""
    begin = time.perf_counter()
    if getattr(_local, "spec", None) != spec:
        _local.spec, _local.engine, _local.painters = spec, open_engine(spec), OrderedDict()
    key = (model, policy_text, latents, *more.items())
    if key not in _local.painters:
        while len(_local.painters) >= KEPT:
            _local.painters.popitem(last=False)[1].close()
        _local.painters[key] = _local.engine.painter(model, policy_text, latents, **more)
    _local.painters.move_to_end(key)
    return _local.engine, _local.painters[key], (time.perf_counter() - begin) * 1e3


def paint_batch(spec, isa, model, policy_text, latents, rows):
    """`rows`: (hash, request as a dict, baseline's PNG or None, baseline's latent or None).

    Gives a dict for each row. An error of one is its sentence and does not end the batch.
    """
    results = []
    for digest, request, *baseline in rows:
        begin = time.perf_counter()
        result = {"hash": digest, "status": "ok", "error": None}
        try:
            engine, painter, load_ms = painter_of(spec, model, policy_text, latents)
            if engine.isa != isa:
                raise LabError(f"the row is for {isa}, this worker has {engine.isa}")
            painted = painter.paint(Request(**request))
            result |= described(engine, painted, latents)
            result["measures"], measure_ms = measured(engine, painted, *baseline)
            result["load_ms"] = load_ms
            result["inside_ms"] = load_ms + painted.engine_ms + measure_ms
        except (LabError, MemoryError) as error:
            result |= {"status": "failed", "error": str(error) or "out of memory"}
        result["row_ms"] = (time.perf_counter() - begin) * 1e3
        results.append(result)
    return results


def described(engine, painted, latents):
    return {
        "png": painted.png,
        "pixels": hashlib.sha256(painted.rgb.tobytes()).hexdigest(),
        "latent": latent_bytes(painted.latent) if latents and painted.latent is not None else None,
        "engine_sha256": engine.sha256,
        "engine_ms": painted.engine_ms,
        "timings_ms": painted.timings,
    }


def measured(engine, painted, png, latent):
    """The measures, and the ms that they took inside the engine."""
    baseline = None if png is None else pixels_of(png)
    baseline_latent = None if latent is None else latent_of(latent)
    begin = time.perf_counter()
    values = engine.measure(painted.rgb, baseline, painted.latent, baseline_latent)
    return values, (time.perf_counter() - begin) * 1e3 if engine.measures_inside else 0


def pixels_of(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def latent_bytes(latent):
    from safetensors.numpy import save

    return save({"latent": np.ascontiguousarray(latent, np.float32)})


def latent_hash(latent):
    return hashlib.sha256(latent_bytes(latent)).hexdigest()


def latent_of(data):
    from safetensors.numpy import load

    return load(data)["latent"]
