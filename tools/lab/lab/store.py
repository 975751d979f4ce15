"""The store: a folder of Parquet parts, pictures and latents, which any kill leaves readable.

    facts/part-*.parquet          what was asked for and what came out, a line for each row
    measurements/part-*.parquet   numbers about the pictures, joined by hash
    layers/part-*.parquet          of a sample: what quantization does to every layer, joined by hash
    interpretations/part-*.parquet what somebody says about them, joined by hash
    pictures/ab/abcd....png       by the hash of their bytes; latents/ab/abcd....safetensors
    grids/                        the grid files that were run

Parts appear by rename. Pictures are written before the part that names them. Numbers are f32 or f64, a
missing one is null and never NaN. One process writes at a time.
"""

import fcntl
import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lab.errors import FileError, LabError, UsageError
from lab.measure import LAYER_NAMES, NAMES

_S, _F, _I = pa.string(), pa.float32(), pa.int32()

FACTS = pa.schema(
    [("hash", _S), ("status", _S), ("error", _S), ("grid", _S), ("baseline", _S)]
    + [("model", _S), ("model_path", _S), ("model_sha256", _S)]
    + [("policy", _S), ("policy_text", _S), ("axes", pa.map_(_S, _S))]
    + [("prompt", _S), ("negative", _S), ("seed", pa.uint64()), ("sampler", _S)]
    + [("noise_levels", _S), ("steps", _I), ("guidance", pa.float64()), ("width", _I)]
    + [("height", _I), ("version", _S), ("engine", _S), ("engine_sha256", _S)]
    + [("device", _S), ("isa", _S), ("threads", _I), ("created", pa.timestamp("s", tz="UTC"))]
    + [("picture", _S), ("pixels", _S), ("latent", _S)]
    + [("engine_ms", _F), ("row_ms", _F), ("load_ms", _F), ("timings_ms", pa.map_(_S, _F))]
)

INTERPRETATIONS = pa.schema(
    [("hash", _S), ("kind", _S), ("value", _S), ("author", _S), ("created", pa.timestamp("s", tz="UTC"))]
)


LAYERS = pa.schema(
    [("hash", _S), ("layer", _S), ("what", _S)] + [(name, _F) for name in LAYER_NAMES]
)
MEASUREMENTS = pa.schema([("hash", _S), *((name, _F) for name in NAMES)])

SCHEMAS = {
    "facts": FACTS,
    "measurements": MEASUREMENTS,
    "layers": LAYERS,
    "interpretations": INTERPRETATIONS,
}
# What a later line replaces an earlier one by. Interpretations stay, all of them.
KEYS = {"facts": ("hash",), "measurements": ("hash",), "layers": ("hash", "layer", "what")}


class Store:
    def __init__(self, folder, write=False, create=False):
        self.folder = Path(folder)
        about = self.folder / "lab.json"
        if not about.exists():
            if not create:
                raise FileError(f"{folder}: no store of the laboratory there, expected lab.json in it")
            if self.folder.exists() and any(self.folder.iterdir()):
                raise UsageError(f"{folder}: not empty and no store of the laboratory")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                write_file(about, json.dumps({"store": "yent-lab", "schema": 1}).encode())
            except OSError as error:
                raise LabError(f"{folder}: cannot be written ({error.strerror})") from None
        self._lock = None
        if write:
            self._take()
            self._finish_merges()

    def _take(self):
        self._lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LabError(f"{self.folder}: another process writes to this store") from None

    def close(self):
        if self._lock:
            self._lock.close()
            self._lock = None

    def parts(self, kind):
        return sorted((self.folder / kind).glob("*.parquet"))

    def append(self, kind, lines):
        """Writes lines (dicts; what is missing is null) as one part."""
        if lines:
            table = pa.Table.from_pylist([clean(line) for line in lines], SCHEMAS[kind])
            self._write_part(kind, table)

    def _write_part(self, kind, table, replaces=()):
        (self.folder / kind).mkdir(exist_ok=True)
        name = f"part-{time.time_ns():020d}-{os.getpid()}.parquet"
        table = table.replace_schema_metadata({"replaces": json.dumps(list(replaces))})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_file(self.folder / kind / name, sink.getvalue().to_pybytes())

    def merge(self, kind):
        """Makes one part of many. Killed between the two steps, the next writer does the second."""
        parts = self.parts(kind)
        if len(parts) > 1:
            self._write_part(kind, self.table(kind), [part.name for part in parts])
            self._finish_merges()

    def _finish_merges(self):
        for kind in SCHEMAS:
            for part in self.parts(kind):
                if not part.exists():
                    continue
                told = (pq.read_schema(part).metadata or {}).get(b"replaces", b"[]")
                for name in json.loads(told):
                    (self.folder / kind / name).unlink(missing_ok=True)

    def table(self, kind):
        """All lines; of those with one key, the last."""
        schema, tables, replaced = SCHEMAS[kind], [], set()
        for part in reversed(self.parts(kind)):
            if part.name in replaced:  # a merge is not finished
                continue
            try:
                table = pq.read_table(part)
            except (OSError, pa.ArrowException) as error:
                raise FileError(f"{part}: cannot be read ({error})") from None
            replaced |= set(json.loads((table.schema.metadata or {}).get(b"replaces", b"[]")))
            columns = [
                table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(len(table), f.type)
                for f in schema
            ]
            tables.insert(0, pa.table(columns, schema=schema))
        whole = pa.concat_tables(tables) if tables else schema.empty_table()
        if kind not in KEYS or len(tables) < 2:
            return whole
        keys = zip(*(whole[name].to_pylist() for name in KEYS[kind]))
        last = {key: i for i, key in enumerate(keys)}
        return whole if len(last) == len(whole) else whole.take(sorted(last.values()))

    def facts(self, status=None):
        lines = self.table("facts").to_pylist()
        for line in lines:
            line["axes"] = dict(line["axes"] or ())
        return [line for line in lines if status in (None, line["status"])]

    def measurements(self):
        return {line["hash"]: line for line in self.table("measurements").to_pylist()}

    def find(self, prefix):
        """The facts of the row whose hash begins so."""
        found = [f for f in self.facts() if f["hash"].startswith(prefix)]
        if len(found) != 1:
            what = "no row has" if not found else f"{len(found)} rows have"
            raise UsageError(f"{self.folder}: {what} a hash that begins with '{prefix}'")
        return found[0]

    # Files by the hash of their contents.

    def keep(self, kind, data):
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(kind, digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, data, durable=False)
        return digest

    def path(self, kind, digest):
        ending = {"pictures": ".png", "latents": ".safetensors"}[kind]
        return self.folder / kind / digest[:2] / (digest + ending)

    def read(self, kind, digest):
        try:
            return self.path(kind, digest).read_bytes()
        except OSError as error:
            raise FileError(f"{self.path(kind, digest)}: cannot be read ({error.strerror})") from None


def write_file(path, data, durable=True):
    """All of it or nothing; durable: also when the power fails."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)


def clean(line):
    """NaN and infinities become null."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in line.items()}
