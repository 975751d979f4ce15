"""Measures that the engine makes: DiffSim inside the UNet, and what quantization does to every layer.

They cost a run of the row, which is why `lab measure --sample N` makes them for N rows: those with the
smallest hashes, so that a larger N adds rows and another machine takes the same ones. A row is done that has
its layers in the store, and DiffSim: painted again it loses that. The cluster is that of a sweep (sweep.py).
"""

import sys
import time
from collections import defaultdict, deque

from lab.again import model_path, request_of
from lab.errors import LabError
from lab.progress import Progress
from lab.worker import latent_of, painter_of

AT_WORK = 4  # rows of a batch
FLUSH_SECONDS = 10
STYLE, CONTENT = 101, 501  # timesteps: little noise, and half of it
F32 = "* f32"  # the UNet that compares pictures


def sample_of(facts, count):
    """The rows to measure, and the latent of each one's baseline (None: it is its own)."""
    latents = {fact["hash"]: fact["latent"] for fact in facts}
    able = [f for f in facts if f["latent"] and latents.get(f["baseline"])]
    chosen = sorted(able, key=lambda fact: fact["hash"])[:count]
    return [(f, latents[f["baseline"]] if f["baseline"] != f["hash"] else None) for f in chosen]


class Inside:
    def __init__(self, client, store, spec, count, quiet=False):
        self.client, self.store, self.spec = client, store, spec
        sample = sample_of(store.facts("ok"), count)
        self._known = store.measurements()
        done = {h for h in store.table("layers").column("hash").unique().to_pylist() if self._has_diffsim(h)}
        missing = [entry for entry in sample if entry[0]["hash"] not in done]
        self._lines, self._layers, self._flushed = [], [], time.monotonic()
        self.progress = Progress(len(sample), len(sample) - len(missing), quiet)
        self.other_bytes = 0
        groups = defaultdict(list)
        for entry in missing:
            groups[model_path(entry[0]), entry[0]["policy_text"]].append(entry)
        self._batches = deque(
            (*key, rows[i : i + AT_WORK])
            for key, rows in sorted(groups.items())
            for i in range(0, len(rows), AT_WORK)
        )

    def _has_diffsim(self, digest):
        # That of its noise: f32, with which others are compared, has no other.
        return self._known.get(digest, {}).get("diffsim_style_noise") is not None

    def run(self):
        """Returns how many rows were measured, and how many of them could not be."""
        from distributed import as_completed

        self.client.wait_for_workers(1, timeout=120)
        threads = max(1, sum(self.client.nthreads().values()))
        running = as_completed(raise_errors=False)
        try:
            for _ in range(2 * threads):
                self._submit(running)
            for future in running:
                self._take(future)
                self._submit(running)
                if time.monotonic() - self._flushed > FLUSH_SECONDS:
                    self.flush()
        finally:
            self.flush()
        for kind in ("measurements", "layers"):
            self.store.merge(kind)
        self.progress.show(end=True)
        return self.progress.done - self.progress._first, self.progress.failed

    def _submit(self, running):
        if not self._batches:
            return
        model, policy_text, rows = self._batches.popleft()
        read = lambda digest: self.store.read("latents", digest) if digest else None  # noqa: E731
        described = [
            (f["hash"], request_of(f).as_dict(), read(f["latent"]), read(base)) for f, base in rows
        ]
        running.add(
            self.client.submit(measure_batch, self.spec, model, policy_text, described, pure=False)
        )

    def _take(self, future):
        try:
            results = future.result()
        except Exception as error:  # its workers ended again and again, or the scheduler is gone
            raise LabError(f"a batch could not be measured ({type(error).__name__}: {error})") from None
        for result in results:
            if result["error"]:
                print(f"lab: {result['hash'][:12]}: {result['error']}", file=sys.stderr)
                continue
            self.other_bytes += not result["same"]
            known = self._known.get(result["hash"], {})
            self._lines.append({"hash": result["hash"]} | known | result["measures"])
            self._layers += [{"hash": result["hash"]} | layer for layer in result["layers"]]
        self.progress.add(len(results), sum(bool(result["error"]) for result in results))

    def flush(self):
        """Layers last: a row that has them is done."""
        self.store.append("measurements", self._lines)
        self.store.append("layers", self._layers)
        self._lines, self._layers, self._flushed = [], [], time.monotonic()


def measure_batch(spec, model, policy_text, rows):
    """`rows`: (hash, request as a dict, its latent, its baseline's or None). A dict for each."""
    from lab.engine import Request

    results = []
    for digest, request, latent, baseline in rows:
        result = {"hash": digest, "error": None}
        try:
            _, painter, _ = painter_of(spec, model, policy_text, True, measures=True)
            painted = painter.paint(Request(**request))
            latent = latent_of(latent)
            result["same"] = latent.shape == painted.latent.shape and bool((latent == painted.latent).all())
            result["layers"] = painted.layers
            _, judge, _ = painter_of(spec, model, F32, True)
            result["measures"] = {
                **similarities(judge, latent, None if baseline is None else latent_of(baseline)),
                **mean_sqnr(painted.layers),
            }
        except (LabError, MemoryError) as error:
            result["error"] = str(error) or "out of memory"
        results.append(result)
    return results


def similarities(judge, latent, baseline):
    """Against the baseline under one noise, and of the picture with itself under two."""
    values = {}
    for name, timestep in (("diffsim_style", STYLE), ("diffsim_content", CONTENT)):
        values[f"{name}_noise"] = judge.similarity(latent, latent, timestep, 0, 1)
        if baseline is not None and baseline.shape == latent.shape:
            values[name] = judge.similarity(latent, baseline, timestep)
    return values


def mean_sqnr(layers):
    """Mean dB of the layers where quantization changed something."""
    values = {}
    for what in ("weights", "input"):
        found = [l["sqnr"] for l in layers if l["what"] == what and l["sqnr"] is not None]
        values[f"sqnr_{what}"] = sum(found) / len(found) if found else None
    return values
