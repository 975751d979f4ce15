"""The commands, one function each; they return an exit code."""

import random
import sys
import time
from pathlib import Path

from lab import engine as engines
from lab.errors import FileError, LabError, UsageError
from lab.progress import duration
from lab.store import Store


def _spec(options):
    if options.threads < 1:
        raise UsageError("a picture needs one thread at least")
    return engines.default_spec(options.engine, options.threads, options.isa, options.device)


def _planned(options):
    """(grid, rows, engine, spec): everything that can be wrong with a grid is found here."""
    from lab.grid import Grid

    grid, spec = Grid(options.grid), _spec(options)
    engine = engines.open_engine(spec)
    machine = {"version": engine.version, "isa": engine.isa, "device": engine.device}
    rows = grid.rows(machine)
    if not rows:
        raise FileError(f"{options.grid}: no row is left")
    for sampler in dict.fromkeys(row.request.sampler for row in rows):
        known = engine.samplers
        if known and sampler not in known and _plain(sampler) not in map(_plain, known):
            from lab.errors import nearest

            raise FileError(f"{options.grid}: no sampler '{sampler}'{nearest(sampler, known)}")
    for model, text in dict.fromkeys((row.model.path, row.policy_text) for row in rows):
        try:
            engine.painter(model, text).close()
        except LabError as error:
            name = next(row.policy for row in rows if row.policy_text == text)
            raise FileError(f"{options.grid}: policy {name}: {error}") from None
    return grid, rows, engine, spec


def _plain(name):
    return name.lower().replace("_", "").replace("-", "").replace("+", "p")


def _store_of(options, grid):
    return Path(options.store or f"{grid.name}.lab")


def plan_(options):
    grid, rows, engine, spec = _planned(options)
    folder = _store_of(options, grid)
    facts = Store(folder).facts("ok") if (folder / "lab.json").exists() else []
    done = {fact["hash"] for fact in facts} & {row.hash for row in rows}
    print(f"{grid.name}: {len(rows):,} rows")
    for axis in dict.fromkeys(axis for row in rows for axis in row.axes):
        values = list(dict.fromkeys(row.axes[axis] for row in rows if axis in row.axes))
        shown = ", ".join(v if len(v) < 32 else v[:29] + "..." for v in values[:6])
        print(f"  {axis}: {len(values)} ({shown}{', ...' if len(values) > 6 else ''})")
    if done:
        print(f"{len(done):,} of them are in {folder}")
    missing = [row for row in rows if row.hash not in done]
    times = [f["row_ms"] / 1e3 for f in facts if f["hash"] in done]
    if not times and missing and not options.no_probe:
        times = [_probe(engine, missing)]
    if times and missing:
        from lab.cluster import cores

        seconds = sum(times) / len(times) * len(missing)
        workers = max(1, cores() // options.threads)
        print(
            f"{len(missing):,} to paint at {sum(times) / len(times):.2f} s each ({engine.isa}):"
            f" {duration(seconds)} of one worker, {duration(seconds / workers)} of {workers}"
        )
    return 0


def _probe(engine, rows):
    """Seconds of one picture of the middle row, after a first one that loads."""
    row = rows[len(rows) // 2]
    painter = engine.painter(row.model.path, row.policy_text)
    painter.paint(row.request)
    begin = time.perf_counter()
    painter.paint(row.request)
    painter.close()
    return time.perf_counter() - begin


def run_(options):
    from lab.cluster import client_of
    from lab.store import write_file
    from lab.sweep import Sweep

    grid, rows, engine, spec = _planned(options)
    del engine  # its memory, and the threads of its device
    store = Store(_store_of(options, grid), write=True, create=True)
    try:
        (store.folder / "grids").mkdir(exist_ok=True)
        write_file(store.folder / "grids" / f"{grid.name}.toml", grid.text.encode())
        with client_of(options.scheduler, options.workers, options.threads, options.dashboard) as client:
            if options.dashboard and not options.quiet:
                print(f"dashboard: {client.dashboard_link}", file=sys.stderr)
            begin = time.monotonic()
            sweep = Sweep(
                client, store, rows, spec, grid.latents, options.quiet, options.retry_failed
            )
            painted, failed, share = sweep.run()
            seconds = time.monotonic() - begin
    finally:
        store.close()
    if not options.quiet:
        inside = f", {share:.1%} of the workers' time in the engine" if share and painted else ""
        print(f"{painted:,} painted in {duration(seconds)}{inside}; the store is {store.folder}")
        if failed:
            print(f"{failed:,} failed: their rows say why; --retry-failed tries them again")
    return 0


def again_(options):
    from lab.again import repeat

    if (options.hash is None) == (options.random is None):
        raise UsageError("give the hash of one row, or --random N")
    store, spec = Store(options.store), _spec(options)
    if options.hash:
        facts = [store.find(options.hash)]
        if facts[0]["status"] != "ok":
            raise UsageError(f"this row failed: {facts[0]['error']}")
    else:
        from lab.policies import is_exact

        facts = [f for f in store.facts("ok") if not options.exact or is_exact(f["policy_text"])]
        facts = random.Random(options.draw).sample(facts, min(options.random, len(facts)))
        if not facts:
            raise UsageError(f"{options.store}: no such row")
        facts.sort(key=lambda f: (f["model"], f["policy_text"]))
    differing = 0
    for fact, same, lines in repeat(store, facts, spec, options.output):
        differing += not same
        if options.hash or not same:
            print(f"{fact['hash'][:12]} {fact['policy']}: {'the same bytes' if same else 'other bytes'}")
            for line in lines:
                print(f"  {line}")
    if not options.hash:
        print(f"{len(facts) - differing} of {len(facts)} rows repeat to the same bytes")
    return 1 if differing else 0


def diff_(options):
    from lab.diff import difference

    store = Store(options.store)
    for line in difference(store, store.find(options.first), store.find(options.second), options.output):
        print(line)
    return 0


def measure_(options):
    store = Store(options.store, write=True)
    try:
        if options.sample is None:
            from lab.remeasure import remeasure

            print(f"{remeasure(store):,} pictures measured")
            return 0
        return _measure_inside(store, options)
    finally:
        store.close()


def _measure_inside(store, options):
    from lab.cluster import client_of
    from lab.inside import Inside

    if options.sample < 1:
        raise UsageError("a sample has one row at least")
    spec = _spec(options)
    if spec["kind"] == "program":
        raise UsageError("layers are measured by the library, which is not here")
    begin = time.monotonic()
    with client_of(options.scheduler, options.workers, options.threads, options.dashboard) as client:
        inside = Inside(client, store, spec, options.sample, options.quiet)
        count, failed = inside.run()
    if not options.quiet:
        print(f"{count - failed:,} rows measured in {duration(time.monotonic() - begin)}")
        if inside.other_bytes:
            print(f"{inside.other_bytes:,} of them painted other bytes than then: lab again says why")
    return 1 if failed else 0


def report_(options):
    from lab.report import make_report

    out = Path(options.output or Path(options.store) / "report.html")
    store = Store(options.store)
    size = make_report(store, out, options.rows, options.thumb, options.title, options.map)
    print(f"{out} ({size / 1e6:.1f} MB)")
    return 0


def import_(options):
    from lab.bends import import_file

    text, left_out = import_file(options.file, options.model, options.skip)
    for sentence in left_out:
        print(f"lab: left out: {sentence}", file=sys.stderr)
    if options.output:
        from lab.store import write_file

        write_file(Path(options.output), text.encode())
    else:
        print(text, end="")
    return 0


def export_(options):
    out = Path(options.file)
    if out.suffix == ".json":
        from lab.bends import export_file

        if (options.policy is None) == (options.row is None):
            raise UsageError("bends are of --policy NAME or of --row HASH")
        text = Store(options.store).find(options.row)["policy_text"] if options.row else None
        count, left_out = export_file(
            out, options.policy, text, options.model, options.part, options.native, not options.no_kb
        )
        for sentence in left_out:
            print(f"lab: left out: {sentence}", file=sys.stderr)
        print(f"{out}: {count} bends")
        return 0
    from lab.records import export_records

    print(f"{out}: {export_records(Store(options.store), out):,} records")
    return 0
