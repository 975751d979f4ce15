"""Bends JSON and the public table: names, spellings, round trips, ids that others published."""

import json

import pytest

from lab import bends, records
from lab.errors import FileError, UsageError
from lab.layer_names import UNetShape, bend_pattern, group_of, kind_of, ldm_layers, to_ldm
from lab.policies import canonical_text, layer_paths
from lab.store import Store
from tests_grids import ROOT

MODEL = ROOT / "weights/default"


def shape(folder, per_block, ups, downs=None):
    (folder / "unet").mkdir(parents=True)
    config = {"layers_per_block": per_block, "up_block_types": ups, "down_block_types": downs or ups[::-1]}
    (folder / "unet/config.json").write_text(json.dumps(config))
    return UNetShape(folder)


@pytest.fixture
def sd15(tmp_path):
    return shape(tmp_path / "sd15", 2, ["UpBlock2D"] + 3 * ["CrossAttnUpBlock2D"])


@pytest.mark.parametrize(
    "ours, theirs, group, kind",
    [
        ("time_embedding.linear_1", "time_embed.0", "embed", "time_embed"),
        ("conv_in", "input_blocks.0.0", "in.hi", "conv_in"),
        ("down_blocks.0.resnets.1.conv2", "input_blocks.2.0.out_layers.3", "in.hi", "res_branch"),
        ("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op", "in.hi", "downsample"),
        ("down_blocks.1.attentions.0.proj_in", "input_blocks.4.1.proj_in", "in.mid", "proj"),
        ("down_blocks.3.resnets.1.conv_shortcut", "input_blocks.11.0.skip_connection", "in.lo", "skip"),
        ("mid_block.resnets.1.time_emb_proj", "middle_block.2.emb_layers.1", "mid", "res_branch"),
        ("mid_block.attentions.0.transformer_blocks.0.attn1.to_v",
         "middle_block.1.transformer_blocks.0.attn1.to_v", "mid", "self_attn"),
        ("up_blocks.0.upsamplers.0.conv", "output_blocks.2.1.conv", "out.lo", "upsample"),
        ("up_blocks.1.upsamplers.0.conv", "output_blocks.5.2.conv", "out.lo", "upsample"),
        ("up_blocks.1.attentions.2.transformer_blocks.0.attn2.to_k",
         "output_blocks.5.1.transformer_blocks.0.attn2.to_k", "out.lo", "cross_attn"),
        ("up_blocks.2.attentions.0.transformer_blocks.0.ff.net.2",
         "output_blocks.6.1.transformer_blocks.0.ff.net.2", "out.mid", "ff"),
        ("up_blocks.3.resnets.2.norm1", "output_blocks.11.0.in_layers.0", "out.hi", "res_branch"),
        ("conv_out", "out.2", "out.conv", "out_conv"),
    ],
)  # fmt: skip
def test_names_of_sd15(sd15, ours, theirs, group, kind):
    assert to_ldm(ours, sd15) == theirs
    assert group_of(theirs, sd15) == group and kind_of(theirs) == kind


def test_every_layer_of_the_shipped_unet_has_a_name_of_its_own():
    layers = [p for p in layer_paths(MODEL) if p.startswith("unet.")]
    names = ldm_layers(layers, UNetShape(MODEL))
    assert sorted(names.values()) == sorted(layers)


def test_patterns_never_cross_a_dot():
    def fits(pattern, name):
        return bool(bend_pattern(pattern).fullmatch(name))

    assert fits("input_blocks.*.0.in_layers.2", "input_blocks.4.0.in_layers.2")
    assert not fits("input_blocks.*.in_layers.2", "input_blocks.4.0.in_layers.2")
    assert fits("output_blocks.[4-8].0.*.?", "output_blocks.7.0.in_layers.2")
    assert not fits("output_blocks.[4-8].0.*.?", "output_blocks.9.0.in_layers.2")
    assert fits("input_blocks.[9-11].0", "input_blocks.10.0")
    assert not fits("a.b", "axb")


POLICY = """
unet.conv_in             f32
unet.*.attn1.to_q        int8  bits=4 round=floor act=tensor
unet.*.conv1             int8  bits=3 round=dither clip=99.5 weights=tensor
unet.*.attn2.*           f32   bits=5
unet.mid_block.*         bf16
*                        f32
"""


def words_of(policy):
    """What each layer of the UNet gets, the order of words aside."""
    found = {}
    for path in layer_paths(MODEL):
        if path.startswith("unet."):
            precision, words = bends.rule_of(policy, path)
            found[path] = precision, sorted(words)
    return found


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("kb", [True, False])
def test_a_policy_returns_through_bends(native, kb):
    text, count, left_out = bends.export_text(POLICY, MODEL, native=native, kb=kb)
    paths = {bend["path"] for bend in json.loads(text)["bends"]}
    assert count >= len(paths) == sum(given not in (("f32", []), ("bf16", [])) for given in words_of(POLICY).values()) > 30
    again, skipped = bends.import_text(text, "x.json", MODEL)
    assert words_of(again) == words_of(POLICY) and not skipped and not left_out
    assert bends.export_text(again, MODEL, native=native, kb=kb)[0] == text


def test_a_reader_of_1_2_can_do_with_the_carried_form():
    document = json.loads(bends.export_text(POLICY, MODEL)[0])
    assert document["version"] == 1.2 and document["selected_part"] == "diffusion_model"
    for bend in document["bends"]:
        assert bend["module_type"] == "multiply" and bend["module_args"] == {"scalar": 1}
        assert bend["label"].startswith("quantize on=") and bend["kb"]["quantize"]["on"]
        assert None not in bend.values()


def test_the_examples_of_the_format_are_read():
    native = {"on": ["weights", "input"], "bits": 4, "round": "floor"}
    by_kb = {"path": "a", "module_type": "multiply", "module_args": {"scalar": 1}, "kb": {"quantize": native}}
    by_label = {"path": "a", "module_type": "multiply", "label": "quantize on=weights,input bits=4 round=floor"}
    assert bends.quantization_of({"path": "a", "module_type": "quantize", "module_args": native}) == native
    assert bends.quantization_of(by_kb) == native
    assert bends.quantization_of(by_label) == native
    assert bends.quantization_of(by_kb | {"module_args": {"scalar": 2}}) is None
    assert bends.quantization_of({"path": "a", "angle": 30}) is None


@pytest.mark.parametrize(
    "bend, rule",
    [
        ({"steps": "0-4", "module_args": {"on": ["input"], "bits": 4}}, "f32 on=input bits=4 steps=0-4"),
        ({"t": [1, 0.6], "blend": 0.5, "module_args": {"on": ["weights"], "codebook": "log"}},
         "f32 codebook=log noise=1..0.6 blend=0.5"),
        ({"module_args": {"on": ["output"], "zero": "affine", "gain": 1.5}}, "f32 on=output zero=affine gain=1.5"),
        ({"module_args": {"bits": 3, "round": "stochastic", "seed": 3}}, "f32 on=weights,input bits=3 round=stochastic seed=3"),
        ({"module_args": {"on": ["weights"], "share_weights": "group", "group": 32, "ramp": {"bits": [8, 3]}}},
         "f32 bits=8..3 weights=group group=32"),
        ({"module_args": {}}, "int8"),
    ],
)  # fmt: skip
def test_every_argument_has_words(bend, rule):
    bend = {"path": "input_blocks.0.0", "module_type": "quantize", **bend}
    text, left_out = bends.import_text(json.dumps({"bends": [bend]}), "x.json", MODEL)
    assert f"unet.conv_in {rule}\n" in text and not left_out
    again, _, _ = bends.export_text(text, MODEL, native=True)
    assert bends.import_text(again, "x.json", MODEL)[0] == text


def test_two_bends_of_a_layer_are_two_lists():
    bend = {"path": "input_blocks.0.0", "module_type": "quantize", "module_args": {"on": ["weights"], "bits": 3}}
    second = {**bend, "module_args": {"on": ["weights"], "gain": 0.5}}
    text, _ = bends.import_text(json.dumps({"bends": [bend, second]}), "x.json", MODEL)
    assert text.index("gain=0.5") < text.index("then") < text.index("bits=3")  # the last acts first
    with pytest.raises(UsageError, match="several lists"):
        bends.export_text(text, MODEL)


@pytest.mark.parametrize(
    "change, says",
    [
        ({"module_type": "rotate"}, "rotate is no quantization"),
        ({"guard": {"nan": "zero"}}, "guards"),
        ({"path": "nowhere.*"}, "no layer"),
        ({"module_args": {"on": ["bias"]}}, "quantizes bias"),
        ({"module_args": {"colour": 1}}, "no argument"),
    ],
)
def test_what_a_policy_cannot_say_is_named(change, says):
    good = {"path": "input_blocks.*.0.in_layers.2", "module_type": "quantize", "module_args": {"bits": 4}}
    document = json.dumps({"bends": [good, {**good, "path": "input_blocks.0.0", **change}]})
    with pytest.raises(FileError, match=says):
        bends.import_text(document, "x.json", MODEL)
    text, left_out = bends.import_text(document, "x.json", MODEL, skip=True)
    assert len(left_out) == 1 and says in left_out[0] and "f32 on=weights,input bits=4" in text


def test_hostile_documents_are_refused():
    for text in ("", "[]", "{}", '{"bends": 3}', '{"bends": [1]}', '{"bends": [{"path": 7, "module_type": "quantize"}]}'):
        with pytest.raises((FileError, UsageError)):
            bends.import_text(text, "x.json", MODEL)
    good = bends.export_text(POLICY, MODEL)[0]
    for end in range(0, len(good) - 3, 97):
        with pytest.raises(FileError):
            bends.import_text(good[:end], "x.json", MODEL)


MODEL_OF_TABLE = {"family": "sd1", "arch": "sd15", "checkpoint": "realisticVisionV51_v51VAE.safetensors"}
SETUP = {"route": "txt2img", "seed": 42, "sampler": "dpmpp_2m", "scheduler": "karras", "steps": 20, "cfg": 7.0}
SETUP |= {"width": 512, "height": 512, "negative": "", "prompt": "Analog style portrait of a person"}
SETUP |= {"prompt_key": "06c4f921bb597b72"}


def test_ids_that_were_published():
    def bend(path, op, args):
        return [{"path": path, "op": op, "args": args, "start": 0, "end": 1, "group": "not hashed"}]

    assert records.prompt_key(SETUP["prompt"]) == SETUP["prompt_key"]
    assert records.record_id(MODEL_OF_TABLE, SETUP, []) == "0d80844c7d529a3cfc9e"
    noise = bend("time_embed.0", "add_noise", {"noise_std": 2})
    assert records.record_id(MODEL_OF_TABLE, SETUP, noise) == "acec576dca0ccb2888e6"
    double = bend("input_blocks.8.0.out_layers.0", "multiply", {"scalar": 2.0})
    assert records.record_id(MODEL_OF_TABLE, SETUP, double) == "cb74af28f29871b9804c"


def test_windows_buckets_and_grades():
    spans = {(0, 1): "all", (0, 0.4): "early", (0.6, 1): "late", (0, 0.5): "early_to_mid"}
    spans |= {(0.5, 1): "mid_to_end", (0.3, 0.7): "middle"}
    assert {span: records.window(*span) for span in spans} == spans
    assert records.bucket({"on": ["weights"], "bits": 4}) == "w4"
    assert records.bucket({"on": ["weights", "input"]}) == "w8a8"

    def row(seed, prompt):
        return {"setup": {"seed": seed, "prompt_key": prompt}}

    assert records.grade([row(1, "a")]) == "anecdotal"
    assert records.grade([row(1, "a"), row(2, "a")]) == "multi-seed"
    assert records.grade([row(1, "a"), row(1, "b")]) == "multi-prompt"
    assert records.grade([row(1, "a"), row(2, "b")]) == "replicated"


def test_a_store_becomes_records_and_cells(tmp_path):
    from datetime import datetime, timezone

    store = Store(tmp_path / "s", write=True, create=True)
    picture = store.keep("pictures", b"a picture")
    one = "unet.conv_out int8 bits=4"
    for number, (policy, seed) in enumerate([("* f32", 1), (one, 1), (one, 2), ("unet.* int8", 1)]):
        fact = {"hash": f"h{number}", "status": "ok", "model": "default", "model_path": str(MODEL)}
        fact |= {"model_sha256": "0" * 64, "policy_text": policy, "prompt": "a", "negative": "", "seed": seed}
        fact |= {"sampler": "ddim", "noise_levels": "", "steps": 10, "guidance": 7.5, "width": 64, "height": 64}
        fact |= {"picture": picture, "created": datetime.now(timezone.utc), "version": "0.1.0", "isa": "avx2"}
        store.append("facts", [fact])
        store.append("measurements", [{"hash": f"h{number}", "mae": number + 0.5, "cosine_distance": 0.25}])
    assert records.export_records(store, tmp_path / "out") == 4
    store.close()
    lines = [json.loads(line) for line in (tmp_path / "out/index/records.jsonl").read_text().splitlines()]
    unbent, first, second, many = lines
    assert unbent["bends"] == [] and unbent["cell"] is None and unbent["id"] == unbent["outputs"]["baseline_id"]
    assert first["outputs"]["baseline_id"] == unbent["id"] != second["outputs"]["baseline_id"]
    assert len(many["bends"]) > 100 and many["cell"] is None
    (cell,) = [json.loads(line) for line in (tmp_path / "out/index/cells.jsonl").read_text().splitlines()]
    assert cell["cell"] == "yent-default|out.conv|out_conv|Conv2d|quantize|w4a4|all|txt2img"
    assert (cell["n"], cell["seeds"], cell["grade"]) == (2, 2, "multi-seed")
    assert cell["measurements"]["mae_vs_baseline"] == {"mean": 2.0, "sd": pytest.approx(0.70710678), "n": 2}
    for line in lines:
        folder = tmp_path / "out" / line["dir"]
        assert (folder / "output.png").read_bytes() == b"a picture"
        assert json.loads((folder / "record.json").read_text())["id"] == line["id"]
        assert len(line["id"]) == 20 and line["provenance"]["policy"]
    assert canonical_text(POLICY).count("\n") == 5
