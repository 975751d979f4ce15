"""Sweeps on stub rows: kills of everything, failures, nothing lost and nothing twice."""

import os
import signal
import subprocess
import threading
import time

import pyarrow.parquet as pq
import pytest

pytest.importorskip("distributed")

from lab import engine as engines
from lab.cluster import client_of
from lab.engine.find import default_spec
from lab.grid import Grid
from lab.store import Store
from lab.sweep import Sweep
from tests_grids import lab, stub_grid

MACHINE = {"version": "stub", "isa": "stub", "device": "cpu"}


def sweep(client, folder, rows, spec=None, **more):
    store = Store(folder, write=True, create=True)
    try:
        return Sweep(client, store, rows, spec or default_spec("stub:1"), quiet=True, **more).run()
    finally:
        store.close()


@pytest.fixture(scope="module")
def here():
    """A cluster of threads in this process: quick, and nothing to kill."""
    with client_of(workers=0) as client:
        yield client


def lines(store):
    """All lines of the facts' parts, without the store's own care for what stands there twice."""
    return [h for part in Store(store).parts("facts") for h in pq.read_table(part)["hash"].to_pylist()]


def test_all_rows_once_with_measures(tmp_path, here):
    rows = Grid(stub_grid(tmp_path, 3)).rows(MACHINE)
    painted, failed, share = sweep(here, tmp_path / "s", rows)
    assert (painted, failed) == (len(rows), 0) and 0 < share < 1
    store = Store(tmp_path / "s")
    assert sorted(lines(store.folder)) == sorted(row.hash for row in rows)
    measures = store.measurements()
    for fact in store.facts():
        against = measures[fact["hash"]]["mae"]
        assert (against is None) == (fact["hash"] == fact["baseline"]), fact["policy"]
        assert store.path("pictures", fact["picture"]).exists()
        assert store.path("latents", fact["latent"]).exists()


def test_a_second_run_paints_nothing_and_a_larger_grid_only_what_is_new(tmp_path, here):
    sweep(here, tmp_path / "s", Grid(stub_grid(tmp_path, 2)).rows(MACHINE))
    assert sweep(here, tmp_path / "s", Grid(stub_grid(tmp_path, 2)).rows(MACHINE))[0] == 0
    assert sweep(here, tmp_path / "s", Grid(stub_grid(tmp_path, 3)).rows(MACHINE))[0] == 8


def test_a_failure_is_a_row_with_its_sentence(tmp_path, here):
    grid = stub_grid(tmp_path, 2)
    grid.write_text(grid.read_text().replace('"b"]', '"fail: no such brush"]'))
    rows = Grid(grid).rows(MACHINE)
    assert sweep(here, tmp_path / "s", rows)[:2] == (8, 8)
    store = Store(tmp_path / "s")
    assert {f["error"] for f in store.facts("failed")} == {"no such brush"}
    assert sweep(here, tmp_path / "s", rows)[:2] == (0, 0)
    assert sweep(here, tmp_path / "s", rows, retry_failed=True)[:2] == (0, 8)
    assert len(store.facts("ok")) == 8 == len(store.facts("failed"))


def test_a_row_that_kills_its_workers_fails_alone(tmp_path):
    grid = stub_grid(tmp_path, 1)
    grid.write_text(grid.read_text().replace('"b"]', '"die"]').replace("[2, 3, 4]", "[2, 3]"))
    rows = [row for row in Grid(grid).rows(MACHINE) if row.request.prompt == "a" or row.policy == "w2"]
    with client_of(workers=2) as client:
        painted, failed, _ = sweep(client, tmp_path / "s", rows)
    assert (painted, failed) == (3, 1)
    (fact,) = Store(tmp_path / "s").facts("failed")
    assert fact["prompt"] == "die" and "workers ended" in fact["error"]


ALL = bool(os.environ.get("LAB_TEST_ALL"))  # also those of minutes


@pytest.mark.parametrize("workers", [1, 2, 4] if ALL else [2])
def test_workers_are_killed_and_nothing_is_lost(tmp_path, workers):
    """With LAB_TEST_ALL 10,000 rows of 10 ms, a kill every 20 s; `pytest -s` shows the numbers."""
    seeds, ms, every, most = (1250, 10, 20, 1000) if ALL else (25, 20, 1.5, 3)
    rows = Grid(stub_grid(tmp_path, seeds)).rows(MACHINE)
    spec = default_spec(f"stub:{ms}") | {"measures": False}
    with client_of(workers=workers) as client:
        stop, killed = threading.Event(), []

        def kill():
            while not stop.wait(every):
                pids = list(client.run(os.getpid, on_error="ignore").values())
                if pids and len(killed) < most:
                    killed.append(pids[0])
                    os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        begin = time.monotonic()
        try:
            painted, failed, _ = sweep(client, tmp_path / "s", rows, spec=spec)
        finally:
            seconds = time.monotonic() - begin
            stop.set()
            killer.join()
    found = lines(tmp_path / "s")
    lost, doubled = len(rows) - len(set(found)), len(found) - len(set(found))
    print(f"\n{workers} workers: {len(rows):,} rows in {seconds:.0f} s, {len(rows) / seconds:.0f} rows/s,"
          f" {len(killed)} kills, {lost} lost, {doubled} doubled")  # fmt: skip
    assert killed and (painted, failed, lost, doubled) == (len(rows), 0, 0, 0)
    assert sorted(found) == sorted(row.hash for row in rows)


def run_until(tmp_path, grid, ready, then, *more):
    """Runs `lab run`, does `then` to the process when `ready(store)`, returns its exit code."""
    command = lab("run", grid, "--store", tmp_path / "s", "--engine", "stub:30", "--workers", 1, *more)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline and not ready(tmp_path / "s"):
        time.sleep(0.1)
    then(process)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def pictures(store):
    return len(list((store / "pictures").glob("*/*.png"))) if store.exists() else 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_driver_is_killed_and_run_again(tmp_path, how):
    grid = stub_grid(tmp_path, 20)
    code, errors = run_until(
        tmp_path, grid, lambda s: pictures(s) > 20, lambda p: os.kill(p.pid, how)
    )
    if how == signal.SIGKILL:
        assert code == -9
    else:
        assert code == 130 and "the same command does the rest" in errors
        assert len(lines(tmp_path / "s")) >= 20
    before = {f["hash"]: f["created"] for f in Store(tmp_path / "s").facts()}
    code, _ = run_until(tmp_path, grid, lambda s: False, lambda p: p.wait())
    assert code == 0
    rows = Grid(grid).rows(MACHINE)
    assert sorted(lines(tmp_path / "s")) == sorted(row.hash for row in rows)
    after = {f["hash"]: f["created"] for f in Store(tmp_path / "s").facts()}
    assert all(after[h] == created for h, created in before.items())  # not painted again


def test_the_scheduler_is_killed_and_run_again(tmp_path):
    from distributed import LocalCluster  # noqa: F401

    grid, address = stub_grid(tmp_path, 20), f"tcp://127.0.0.1:{9000 + os.getpid() % 900}"
    port = address.rpartition(":")[2]

    def cluster():
        common = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        python = [*lab()[:2], "distributed.cli.dask_scheduler"]
        scheduler = subprocess.Popen([*python, "--host", "127.0.0.1", "--port", port, "--no-dashboard"], **common)
        worker = subprocess.Popen(
            [*lab()[:2], "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"], **common
        )
        return scheduler, worker

    def command(ready, then):
        line = lab("run", grid, "--store", tmp_path / "s", "--engine", "stub:30", "--scheduler", address)
        process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline and not ready():
            time.sleep(0.1)
        then()
        _, errors = process.communicate(timeout=120)
        return process.returncode, errors

    processes = cluster()
    try:
        code, errors = command(lambda: pictures(tmp_path / "s") > 20, processes[0].kill)
        assert code == 1 and "the same command paints what is missing" in errors, errors
        assert errors.count("\n") < 4, errors  # a sentence, no stack trace
        for process in processes:
            process.kill()
            process.wait()
        processes = cluster()
        code, errors = command(lambda: False, lambda: None)
        assert code == 0, errors
    finally:
        for process in processes:
            process.kill()
            process.wait()
    rows = Grid(grid).rows(MACHINE)
    assert sorted(lines(tmp_path / "s")) == sorted(row.hash for row in rows)


def test_the_cluster_leaves_the_environment_as_it_was(here, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with client_of(workers=1):
        pass
    assert "OMP_NUM_THREADS" not in os.environ
    assert engines.default_spec("stub", threads=3)["threads"] == 3
