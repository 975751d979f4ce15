"""Runs the rows of a grid that a store lacks, on a Dask cluster.

What is done is written every few seconds. A kill of this process loses what came since, which is painted
again; a kill of a worker loses its batch, which Dask gives to another. Where a batch lost its workers again
and again, its rows are suspects: each is tried at the end, with nothing beside it, and fails if it is alone
with a worker that ends.
"""

import time
from datetime import datetime, timezone

from lab.batches import Batches
from lab.errors import LabError
from lab.progress import Progress
from lab.worker import paint_batch

FLUSH_SECONDS = 5
GONE = "the scheduler is gone; the same command paints what is missing"


class Sweep:
    def __init__(self, client, store, rows, spec, latents=True, quiet=False, retry_failed=False):
        self.client, self.store, self.spec, self.latents = client, store, spec, latents
        facts = store.facts()
        done = {f["hash"] for f in facts if f["status"] == "ok" or not retry_failed}
        self.missing = [row for row in rows if row.hash not in done]
        self.progress = Progress(len(rows), len(rows) - len(self.missing), quiet)
        self._rows = {row.hash: row for row in rows}
        self._pictures = {f["hash"]: (f["picture"], f["latent"]) for f in facts if f["status"] == "ok"}
        self._facts, self._measures, self._flushed = [], [], time.monotonic()
        self._engine_ms, self._flying, self._suspects = 0.0, {}, []
        self._alone = None  # the key of a row that has nothing beside it
        self._worker_seconds, self._last_look = 0.0, None

    def run(self):
        """Returns (painted, failed, share of the workers' time inside the engine)."""
        needed = {row.baseline for row in self.missing}
        first = [row for row in self.missing if row.hash in needed]
        then = [row for row in self.missing if row.hash not in needed]
        try:
            for rows in (first, then):
                self._paint(Batches(rows))
        except BaseException:
            self._drop()
            raise
        finally:
            self.flush()
        for kind in ("facts", "measurements"):
            self.store.merge(kind)
        self.progress.show(end=True)
        painted = self.progress.done - self.progress._first - self.progress.failed
        share = self._engine_ms / 1e3 / self._worker_seconds if self._worker_seconds else None
        return painted, self.progress.failed, share

    def _paint(self, batches):
        from distributed import as_completed

        self._await_workers(batches)
        running = as_completed(raise_errors=False)
        self._refill(batches, running)
        for future in running:
            rows = self._flying.pop(future.key)
            self._take(future, rows, batches)
            future.release()
            self._refill(batches, running)
            if time.monotonic() - self._flushed > FLUSH_SECONDS:
                self.flush()

    def _await_workers(self, batches):
        self._last_look = time.monotonic()
        if batches and not self._threads():
            try:
                self.client.wait_for_workers(1, timeout=120)
            except TimeoutError:
                raise LabError("the scheduler has no workers") from None

    def _threads(self):
        """How many threads the workers have now; their time until now is counted."""
        try:
            threads = sum(self.client.nthreads().values())
        except (OSError, TimeoutError):
            raise LabError(GONE) from None
        now = time.monotonic()
        self._worker_seconds += threads * (now - self._last_look)
        self._last_look = now
        return threads

    def _refill(self, batches, running):
        """Two batches for each thread: one at work, one waiting beside it. Then the suspects."""
        threads = self._threads()
        while batches and len(self._flying) < max(2 * threads, 1):
            self._submit(batches.take(threads), running)
        if self._suspects and not self._flying:
            self._submit([self._suspects.pop()], running)

    def _submit(self, rows, running):
        future = self.client.submit(
            paint_batch,
            self.spec,
            rows[0].machine["isa"],
            rows[0].model.path,
            rows[0].policy_text,
            self.latents,
            [(row.hash, row.request.as_dict(), *self._baseline(row)) for row in rows],
            pure=False,
        )
        alone = not self._flying
        self._flying[future.key] = rows
        self._alone = future.key if alone and len(rows) == 1 else None
        running.add(future)

    def _baseline(self, row):
        """PNG and latent of a row's baseline; nothing for a baseline itself."""
        picture, latent = self._pictures.get(row.baseline, (None, None))
        if row.baseline == row.hash or picture is None:
            return None, None
        return (
            self.store.read("pictures", picture),
            self.store.read("latents", latent) if latent else None,
        )

    def _take(self, future, rows, batches):
        """Notes a batch that ended; rows that are to be tried alone become suspects."""
        results, error = _outcome(future)
        if results is None and self._alone != future.key:
            self._suspects += rows
            return
        if results is None:
            killed = type(error).__name__ == "KilledWorker"
            why = "its workers ended each time" if killed else f"{type(error).__name__}: {error}"
            results = [{"hash": rows[0].hash, "status": "failed", "error": why}]
        else:
            batches.learn(sum(result["row_ms"] for result in results) / 1e3 / len(results))
        for result in results:
            self._note(self._rows[result["hash"]], result)
        self.progress.add(len(results), sum(result["status"] != "ok" for result in results))

    def _note(self, row, result):
        png, latent = result.pop("png", None), result.pop("latent", None)
        measures = result.pop("measures", None)
        if png is not None:
            result["picture"] = self.store.keep("pictures", png)
            result["latent"] = self.store.keep("latents", latent) if latent else None
            self._pictures[row.hash] = (result["picture"], result["latent"])
        self._engine_ms += result.pop("inside_ms", 0)
        self._facts.append(facts_of(row, self.spec) | result)
        if measures:
            self._measures.append({"hash": row.hash} | measures)

    def flush(self):
        """Measures first: a row whose facts are there has them."""
        self.store.append("measurements", self._measures)
        self.store.append("facts", self._facts)
        self._facts, self._measures, self._flushed = [], [], time.monotonic()

    def _drop(self):
        """Takes back what nobody has begun."""
        from distributed import Future

        try:
            self.client.cancel([Future(key, self.client) for key in self._flying])
        except Exception:  # the scheduler may be gone, which is why we are here
            pass


def _outcome(future):
    """(results, None) or (None, the exception) of a future that ended."""
    from distributed.client import FutureCancelledError

    try:
        return future.result(), None
    except FutureCancelledError:
        raise LabError(GONE) from None
    except Exception as error:
        return None, error


def facts_of(row, spec):
    return {
        "hash": row.hash,
        "grid": row.grid,
        "baseline": row.baseline,
        "model": row.model.name,
        "model_path": row.model.path,
        "model_sha256": row.model.sha256,
        "policy": row.policy,
        "policy_text": row.policy_text,
        "axes": row.axes,
        "version": row.machine["version"],
        "device": row.machine["device"],
        "isa": row.machine["isa"],
        "engine": spec["kind"],
        "threads": spec.get("threads", 1),
        "created": datetime.now(timezone.utc).replace(microsecond=0),
        **row.request.as_dict(),
    }
