"""The store: parts, merges, kills in between, DuckDB."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from lab.errors import FileError, LabError, UsageError
from lab.store import Store

FACT = {"status": "ok", "prompt": "a", "axes": {"bits": "2"}}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "s", write=True, create=True)
    yield made
    made.close()


def test_parts_merge_into_one_and_the_last_line_of_a_hash_counts(store):
    for i in range(4):
        store.append("facts", [{"hash": f"h{i}", **FACT}, {"hash": "same", **FACT, "grid": str(i)}])
    assert len(store.parts("facts")) == 4 and len(store.facts()) == 5
    store.merge("facts")
    assert len(store.parts("facts")) == 1
    assert {f["hash"]: f["grid"] for f in store.facts()}["same"] == "3"
    assert store.facts()[0]["axes"] == {"bits": "2"}


def test_a_merge_that_was_killed_is_finished(store, tmp_path):
    for i in range(3):
        store.append("facts", [{"hash": f"h{i}", **FACT}])
    old = [(p, p.read_bytes()) for p in store.parts("facts")]
    store.merge("facts")
    for path, data in old:  # as if they had not been deleted yet
        path.write_bytes(data)
    (store.folder / "facts" / ".part-1.parquet.77").write_bytes(b"half a part")
    assert len(store.facts()) == 3
    store.close()
    again = Store(tmp_path / "s", write=True)
    assert len(again.parts("facts")) == 1 and len(again.facts()) == 3
    again.close()


def test_two_writers_are_one_too_many(store, tmp_path):
    with pytest.raises(LabError, match="another process writes"):
        Store(tmp_path / "s", write=True)
    Store(tmp_path / "s").facts()  # reading is free


def test_missing_numbers_are_null_and_never_nan(store):
    store.append("measurements", [{"hash": "a", "psnr": float("nan"), "mae": 1.5}, {"hash": "b", "psnr": 30.0}])
    (part,) = store.parts("measurements")
    table = pq.read_table(part)
    assert table["psnr"].to_pylist() == [None, 30.0] and table["mae"].to_pylist() == [1.5, None]
    assert table.schema.field("psnr").type == "float"


def test_duckdb_joins_facts_and_measurements(store):
    duckdb = pytest.importorskip("duckdb")
    for bits, psnr in (("2", 10.0), ("2", 12.0), ("4", None)):
        digest = f"{bits}{psnr}"
        store.append("facts", [{"hash": digest, **FACT, "axes": {"bits": bits}}])
        store.append("measurements", [{"hash": digest, "psnr": psnr}])
    found = duckdb.sql(
        f"""select axes['bits'] as bits, count(*), avg(psnr)
            from '{store.folder}/facts/*.parquet' join '{store.folder}/measurements/*.parquet' using (hash)
            group by bits order by bits"""
    ).fetchall()
    assert found == [("2", 2, 11.0), ("4", 1, None)]


def test_contents_have_one_address(store):
    one, two = store.keep("pictures", b"png"), store.keep("pictures", b"png")
    assert one == two and store.read("pictures", one) == b"png"
    assert store.path("pictures", one).parent.name == one[:2]


def test_other_folders_are_not_written_to(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f/precious").write_text("x")
    with pytest.raises(UsageError):
        Store(tmp_path / "f", write=True, create=True)
    with pytest.raises(FileError):
        Store(tmp_path / "f")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"PAR1" + b[9:], lambda b: b""])
def test_a_damaged_part_is_named(store, damage):
    store.append("facts", [{"hash": "a", **FACT}])
    (part,) = store.parts("facts")
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(FileError, match=part.name):
        store.facts()


def test_latents_are_safetensors(store):
    from lab.worker import latent_bytes, latent_of

    latent = np.random.default_rng(0).standard_normal((4, 2, 2)).astype(np.float32)
    data = store.read("latents", store.keep("latents", latent_bytes(latent)))
    assert (latent_of(data) == latent).all()
    assert json.loads((store.folder / "lab.json").read_text())["schema"] == 1
