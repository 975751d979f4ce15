"""Grids: what they become, what is refused, and what a hash depends on."""

import shutil

import pytest

from lab import policies
from lab.engine import Request
from lab.errors import FileError
from lab.grid import Grid, Model, Row
from lab.identity import model_sha256
from tests_grids import ROOT, stub_grid

MACHINE = {"version": "0.1.0", "isa": "avx2", "device": "cpu"}


def rows_of(folder, text, machine=MACHINE):
    path = folder / "grid.toml"
    path.write_text(text)
    return Grid(path).rows(machine)


ONE = 'prompts = ["a"]\nmodels = "%s"\n[[policies]]\nname = "p"\n' % (ROOT / "tests/golden/toy_painter")


def test_axes_multiply_and_baselines_come_first(tmp_path):
    rows = Grid(stub_grid(tmp_path, 3)).rows(MACHINE)
    assert len(rows) == 4 * 2 * 3 and len({row.hash for row in rows}) == len(rows)
    assert [row.policy for row in rows[:6]] == ["plain"] * 6
    by_hash = {row.hash: row for row in rows}
    for row in rows:
        base = by_hash[row.baseline]
        assert base.policy == "plain" and base.request == row.request
    assert rows[-1].axes == {"model": "default", "prompt": "b", "seed": "3", "policy": "w4", "bits": "4"}
    # A policy's rows are together: its networks are loaded once.
    order = [row.policy for row in rows]
    assert order == sorted(order, key=order.index)


def test_exclude(tmp_path):
    text = STUB_WITH_EXCLUDE
    rows = rows_of(tmp_path, text)
    assert not [r for r in rows if r.policy == "w2" and r.axes["prompt"] == "b"]
    assert len(rows) == 8 - 1


STUB_WITH_EXCLUDE = """
prompts = ["a", "b"]
exclude = [{bits = 2, prompt = ["b"]}]
[[policies]]
name = "plain"
precision = "f32"
[[policies]]
name = "w{bits}"
text = "* int8 bits={bits}"
[policies.axes]
bits = [2, 3, 4]
"""


def test_a_hash_sees_what_decides_bytes_and_nothing_else(tmp_path):
    def digest(text, **machine):
        (row,) = rows_of(tmp_path, text, {**MACHINE, **machine})
        return row.hash

    plain = ONE + 'text = "* int8"'
    assert digest(plain) == digest(ONE + 'text = """# a comment\n  *    int8\n"""')
    assert digest(plain) == digest("name = 'other'\n" + plain)
    others = [
        digest(ONE + 'text = "* f32"'),
        digest("steps = 11\n" + plain),
        digest("negative = 'b'\n" + plain),
        digest(plain, version="0.2.0"),
        digest(plain, isa="neon"),
        digest(plain, device="cuda"),
    ]
    assert len({digest(plain), *others}) == 7
    exact = ONE + 'text = "exact\\n* int8"'
    assert digest(exact) == digest(exact, isa="neon") != digest(exact, isa="ref")


def test_a_hash_never_changes():
    """Stores that exist would be painted again. A change on purpose raises grid.SCHEMA."""
    request = Request("a cat", "", 1, "ddim", "", 10, 7.5, 128, 128)
    row = Row(Model("m", "/m", "0" * 64), "p", "* int8", request, {}, MACHINE)
    assert row.hash[:16] == "0dd4da153e2bfd5b"


def test_a_models_hash_is_of_names_and_contents(tmp_path):
    for name in ("one", "two"):
        shutil.copytree(ROOT / "tests/golden/toy_painter", tmp_path / name)
    before = model_sha256(tmp_path / "one")
    (tmp_path / "two/README.md").write_text("decides nothing")
    assert model_sha256(tmp_path / "two") == before
    config = tmp_path / "two/scheduler/scheduler_config.json"
    config.write_text(config.read_text() + " ")
    assert model_sha256(tmp_path / "two") != before


@pytest.mark.parametrize(
    "text, says",
    [
        ("prompt = ['a']", "'prompt' is not known, did you mean 'prompts'?"),
        ("prompts = ['a']", "needs prompts and [[policies]]"),
        ("prompts = [", "no TOML"),
        ("prompts = ['a']\n[[policies]]\nname = 'x'", "a policy has one of"),
        ("prompts = ['a']\n[[policies]]\ntext = '* f32'", "needs a name"),
        ("prompts = ['a']\n[[policies]]\nname = 'x'\nshipped = 'nix'", "does not ship"),
        ("prompts = ['a']\nbaseline = 'y'\n[[policies]]\nname = 'x'\nprecision = 'f32'", "'y' is no policy"),
        ("prompts = ['a']\nsteps = 'x'\n[[policies]]\nname = 'x'\nprecision = 'f32'", "invalid literal"),
        ("prompts_file = 'none.txt'\n[[policies]]\nname = 'x'\nprecision = 'f32'", "cannot be read"),
        ("prompts = ['a']\nmodels = 'nowhere'\n[[policies]]\nname='x'\nprecision='f32'", "no model there"),
        ("prompts = ['a']\n[[policies]]\nname = 'x'\nprecison = 'f32'", "did you mean 'precision'"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, text, says):
    with pytest.raises(FileError) as error:
        rows_of(tmp_path, text)
    assert says in str(error.value)


def test_each_layer_of_a_model(tmp_path):
    rows = rows_of(
        tmp_path, ONE + 'precision = "f32"\n[[policies]]\ntext = "{layer} int8 bits=2\\n* f32"\n[policies.axes]\n'
        'layer = {each = "unet.*.to_q"}'
    )  # fmt: skip
    layers = [row.axes["layer"] for row in rows[1:]]
    assert len(layers) > 3 and all(l.startswith("unet.") and l.endswith(".to_q") for l in layers)
    assert rows[1].policy_text == f"{layers[0]} int8 bits=2\n* f32"


def test_globs_cross_dots_as_the_engines_do():
    assert policies.glob_match("unet.*.to_k", "unet.a.b.to_k")
    assert not policies.glob_match("unet.*.to_k", "unet.a.b.to_kk")
    assert policies.glob_match("a?c[1]", "abc[1]")


def test_the_grids_that_ship_can_be_read():
    for path in sorted((ROOT / "tools/lab/grids").glob("*.toml")):
        assert Grid(path).rows(MACHINE), path
