"""Real pictures of a toy painter, by the library and by the program: the commands as a user types them."""

import json
import os
import subprocess

import numpy as np
import pytest

pytest.importorskip("distributed")

from lab.again import repeat
from lab.engine import default_spec, open_engine
from lab.engine.find import _program
from lab.grid import Grid
from lab.measure import CHEAP, measure
from lab.store import Store
from lab.worker import latent_of, pixels_of
from layer_formulas import code_usage, quantize, sqnr
from tests_grids import ROOT, lab, library, real_grid

pytestmark = pytest.mark.skipif(library() is None, reason="no libyent.so: build it, or name it in YENT_LIBRARY")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with toy.toml and toy.lab, made by `lab run`."""
    folder = tmp_path_factory.mktemp("swept")
    real_grid(folder)
    done = command(folder, "run", "toy.toml", "--workers", 0, "-q")
    assert done.returncode == 0, done.stderr
    return folder


def command(folder, *arguments, **more):
    environment = os.environ | {"YENT_LIBRARY": str(library())}
    return subprocess.run(
        lab(*arguments), cwd=folder, capture_output=True, text=True, env=environment, timeout=300, **more
    )


def test_plan_counts_and_estimates(swept):
    told = command(swept, "plan", "toy.toml")
    assert told.returncode == 0 and "toy: 32 rows" in told.stdout and "sampler: 2 (ddim, euler)" in told.stdout
    assert "32 of them are in toy.lab" in told.stdout


def test_the_store_has_what_the_engine_painted(swept):
    store = Store(swept / "toy.lab")
    facts, measures = store.facts(), store.measurements()
    assert len(facts) == 32 and {f["status"] for f in facts} == {"ok"}
    for fact in facts:
        assert pixels_of(store.read("pictures", fact["picture"])).shape == (32, 32, 3)
        assert latent_of(store.read("latents", fact["latent"])).ndim == 3
        assert 0 < fact["engine_ms"] <= fact["row_ms"] and "unet_step" in dict(fact["timings_ms"])
    mean = {
        policy: np.mean([measures[f["hash"]]["cosine_distance"] for f in facts if f["policy"] == policy])
        for policy in ("w2", "w4")
    }
    assert mean["w2"] > mean["w4"] > 0  # fewer bits, further away


def test_rows_repeat_to_the_same_bytes(swept):
    for threads in (1, 2):
        told = command(swept, "again", "--random", 32, "--store", "toy.lab", "-t", threads)
        assert told.returncode == 0, told.stdout + told.stderr
        assert told.stdout.endswith("32 of 32 rows repeat to the same bytes\n")


def test_a_latent_that_differs_behind_equal_pixels_is_told(swept):
    store = Store(swept / "toy.lab")
    fact = store.facts("ok")[0]
    ((_, same, lines),) = repeat(store, [fact | {"latent": "0" * 64}], default_spec("library", 1))
    assert not same and lines[-1] == "the pixels are the same, the latent is not"


def test_exact_rows_repeat_on_other_instruction_sets_and_others_say_what_differs(swept):
    store = Store(swept / "toy.lab")
    exact = ("again", "--random", 8, "--exact", "--store", "toy.lab", "--isa")
    isa = store.facts()[0]["isa"]
    if isa.startswith("avx") or isa == "amx":  # a lower cap than this machine's where it has one
        told = command(swept, *exact, "avx2")
        assert told.returncode == 0 and "8 of 8 rows" in told.stdout, told.stdout + told.stderr
    told = command(swept, *exact, "ref")  # where the engine offers no exact run
    assert told.returncode == 2 and "the policy is exact" in told.stderr
    fact = next(f for f in store.facts() if f["policy"] == "w4")
    told = command(swept, "again", fact["hash"][:12], "--store", "toy.lab", "--isa", "ref", "-o", "again.png")
    assert f"isa: {fact['isa']} then, ref now" in told.stdout and (swept / "again.png").exists()


def test_diff(swept):
    facts = Store(swept / "toy.lab").facts()
    one = next(f for f in facts if f["policy"] == "w2")
    two = next(f for f in facts if f["policy"] == "w4")
    told = command(swept, "diff", one["hash"], two["hash"], "--store", "toy.lab", "-o", "both.png")
    assert told.returncode == 0, told.stderr
    assert "- unet.* int8 bits=2" in told.stdout and "+ unet.* int8 bits=4" in told.stdout
    assert "between them: psnr" in told.stdout
    assert pixels_of((swept / "both.png").read_bytes()).shape == (32, 96, 3)


def test_measuring_again_changes_nothing(swept):
    before = Store(swept / "toy.lab").measurements()
    told = command(swept, "measure", "toy.lab")
    assert told.returncode == 0 and told.stdout == "32 pictures measured\n"
    assert Store(swept / "toy.lab").measurements() == before


def test_a_sample_is_measured_inside_the_engine_and_a_larger_one_adds_to_it(swept):
    store = Store(swept / "toy.lab")
    before, facts = store.measurements(), {f["hash"]: f for f in store.facts()}
    for count, new in ((6, 6), (6, 0), (9, 3), (9, 1)):
        if new == 1:  # painted again, a row has the cheap measures alone
            line = store.measurements()[min(facts)]
            store.append("measurements", [{name: line[name] for name in ("hash", *CHEAP)}])
        told = command(swept, "measure", "toy.lab", "--sample", count, "--workers", 0)
        assert told.returncode == 0 and told.stdout.startswith(f"{new} rows measured"), told.stdout + told.stderr
        assert "other bytes" not in told.stdout
    layers, measures = store.table("layers").to_pylist(), store.measurements()
    chosen = sorted(facts)[:9]
    assert sorted({line["hash"] for line in layers}) == chosen
    for digest in chosen:
        mine = [line for line in layers if line["hash"] == digest]
        keys = [(line["layer"], line["what"]) for line in mine]
        assert len(set(keys)) == len(keys) and ("unet.conv_in", "input") in keys
        line, policy = measures[digest], facts[digest]["policy"]
        assert 0.5 < line["diffsim_content_noise"] < line["diffsim_style_noise"] < 1
        assert (line["diffsim_style"] is None) == (policy == "f32") == (line["sqnr_weights"] is None)
        if policy == "w2":
            assert line["sqnr_weights"] < 12 and 0 < line["diffsim_style"] < 0.999
    # The cheap measures are as they were, and measuring them again leaves the others.
    cheap = lambda lines: {h: [line[name] for name in CHEAP] for h, line in lines.items()}  # noqa: E731
    assert cheap(measures) == cheap(before)
    command(swept, "measure", "toy.lab")
    assert store.measurements() == measures


@pytest.mark.parametrize("size", [(256, 256), (32, 32), (7, 13), (100, 64), (8, 300)])
@pytest.mark.parametrize("kind", ["noise", "smooth", "few", "flat"])
def test_the_engine_measures_by_the_formulas_of_python(size, kind):
    draw = np.random.default_rng([*size, len(kind)])
    rgb, baseline = drawn(draw, size, kind), drawn(draw, size, kind)
    latent, other = draw.standard_normal((2, 4, 5, 3)).astype(np.float32)
    engine = open_engine(default_spec("library", 1))
    arguments = [(rgb,), (rgb, baseline), (rgb, rgb, latent, latent), (rgb, baseline, latent, other)]
    for some in (*arguments, (rgb, baseline[1:]), (rgb, None, latent, other[1:])):
        expected, values = measure(*some), engine.measure(*some)
        assert list(values) == list(expected)
        for name, value in expected.items():
            if value is None:
                assert values[name] is None, name
            else:
                assert values[name] == pytest.approx(value, rel=1e-7, abs=1e-7), name


def drawn(draw, size, kind):
    if kind == "noise":
        return draw.integers(0, 256, (*size, 3), dtype=np.uint8)
    if kind == "flat":
        return np.full((*size, 3), draw.integers(0, 256, 3), np.uint8)
    y, x = np.mgrid[: size[0], : size[1]]
    waves = [np.sin(x / draw.uniform(2, 30) + y / draw.uniform(2, 30)) for _ in range(3)]
    smooth = np.stack(waves, -1) * 127 + 128
    return (smooth // 86 * 85 if kind == "few" else smooth).astype(np.uint8)


def test_layers_of_a_run_are_those_of_numpy(tmp_path):
    """The weights' signal to noise and codes by other formulas, from the model's file."""
    from safetensors.numpy import load_file

    toy = ROOT / "tests/golden/toy_painter"
    engine = open_engine(default_spec("library", 1))
    grid = Grid(real_grid(tmp_path))
    row = next(r for r in grid.rows({"version": "", "isa": "", "device": ""}) if r.policy == "w2")
    painter = engine.painter(toy, "unet.* int8 bits=3 clip=99 on=weights,input\n* f32", measures=True)
    found = {(line["layer"], line["what"]): line for line in painter.paint(row.request).layers}
    weights = load_file(toy / "unet/diffusion_pytorch_model.safetensors")
    for layer in ("conv_in", "down_blocks.0.attentions.0.proj_in", "up_blocks.1.resnets.0.conv1"):
        weight = weights[layer + ".weight"].astype(np.float32)
        q, codes = quantize(weight, bits=3, clip=99)
        expected, line = code_usage(codes, 7), found[f"unet.{layer}", "weights"]
        # int8 behind the grid is part of the engine's number.
        assert line["sqnr"] == pytest.approx(sqnr(weight, q), abs=0.2)
        assert {name: line[name] for name in expected} == pytest.approx(expected, abs=2e-3)
    assert found["unet.conv_in", "input"]["sqnr"] > 5 and found["vae.decoder.conv_in", "input"]["sqnr"] is None


def test_the_program_paints_the_same_pixels_and_latents(swept):
    program = _program()
    if not program:
        pytest.skip("no yent-run")
    store, engine = Store(swept / "toy.lab"), open_engine(default_spec("program", 1))
    machine = {"version": engine.version, "isa": engine.isa, "device": engine.device}
    rows = {row.hash: row for row in Grid(swept / "toy.toml").rows(machine)}
    for fact in store.facts()[::9]:
        row = rows[fact["hash"]]
        painted = engine.painter(row.model.path, row.policy_text).paint(row.request)
        assert (painted.rgb == pixels_of(store.read("pictures", fact["picture"]))).all()
        assert (painted.latent == latent_of(store.read("latents", fact["latent"]))).all()


@pytest.mark.parametrize(
    "change, says",
    [
        (("ddim", "dim"), "no sampler 'dim', did you mean 'ddim'?"),
        (("bits={bits}", "bit={bits}"), "'bit=2' is not known here"),
        (("toy\"}", "none\"}"), "no model there"),
    ],
)  # fmt: skip
def test_a_grid_that_makes_no_sense_is_one_sentence_before_anything_is_painted(tmp_path, change, says):
    grid = real_grid(tmp_path)
    grid.write_text(grid.read_text().replace(*change))
    told = command(tmp_path, "run", "toy.toml")
    assert told.returncode == 3 and says in told.stderr and told.stderr.count("\n") == 1
    assert not (tmp_path / "toy.lab").exists()


def test_commands_say_what_is_wrong(tmp_path, swept):
    wrong = {
        ("report", "nowhere"): (3, "no store of the laboratory there"),
        ("again", "abc", "--store", swept / "toy.lab", "--random", 3): (2, "the hash of one row, or"),
        ("again", "zz", "--store", swept / "toy.lab"): (2, "no row has a hash"),
        ("export", "x.json"): (2, "--policy NAME or of --row"),
        ("export", "x.json", "--policy", "nix"): (3, "does not ship"),
        ("import", "nowhere.json"): (3, "cannot be read"),
        ("run", "nowhere.toml"): (3, "cannot be read"),
        ("nonsense",): (2, "invalid choice"),
    }
    for arguments, (code, says) in wrong.items():
        told = command(tmp_path, *arguments)
        assert told.returncode == code and says in told.stderr, (arguments, told.stderr)
        assert "Traceback" not in told.stderr


def test_bends_and_records_by_command(swept):
    store = ("--store", "toy.lab")
    row = next(f for f in Store(swept / "toy.lab").facts() if f["policy"] == "w4")
    told = command(swept, "export", "w4.json", "--row", row["hash"][:16], "--model", "toy", *store)
    assert told.returncode == 0, told.stderr
    told = command(swept, "import", "w4.json", "--model", "toy", "-o", "w4.policy")
    assert told.returncode == 0 and "int8 bits=4" in (swept / "w4.policy").read_text()
    told = command(swept, "export", "table", *store)
    assert told.returncode == 0 and told.stdout == "table: 32 records\n", told.stderr
    lines = (swept / "table/index/records.jsonl").read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 32
