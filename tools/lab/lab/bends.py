"""Bends JSON 1.2 with the operation `quantize`, to and from policies.

A 1.2 reader refuses operations that it does not know. So a bend of ours has two spellings: native
(`module_type` is `quantize`) and carried (a multiplication by 1, the arguments as `kb.quantize` and as words
in the label). We read both and write the carried one, unless the native one is asked for.
"""

import json
from pathlib import Path

from lab.engine.find import shipped
from lab.errors import FileError, UsageError
from lab.layer_names import UNetShape, bend_pattern, ldm_layers
from lab.policies import canonical_text, glob_match, layer_paths, source_text
from lab.store import write_file

DATASET = "yent/quantization-as-style"
PARTS = {"unet": "diffusion_model", "vae": "first_stage_model", "text_encoder": "cond_stage_model"}
DEFAULTS = {
    "on": ["weights", "input"],
    "bits": 8,
    "codebook": "linear",
    "round": "nearest",
    "seed": 0,
    "zero": "symmetric",
    "clip": 100,
    "clip_abs": None,
    "share_weights": "channel",
    "share_acts": None,
    "group": None,
    "gain": 1,
    "ramp": None,
}  # fmt: skip


def _model(path):
    found = shipped("default") if path == "default" else Path(path)
    if found is None:
        raise FileError("the default model was not found")
    return found


# ---- Reading -----------------------------------------------------------------------------------


def read_bends(text, name):
    """(top-level object, list of bends) of a document of version 1 to 1.2."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise FileError(f"{name}: no JSON ({error})") from None
    bends = document.get("bends", document.get("bend")) if isinstance(document, dict) else None
    bends = list(bends.values()) if isinstance(bends, dict) else bends
    if not isinstance(bends, list) or not all(isinstance(bend, dict) for bend in bends):
        raise FileError(f"{name}: expected an object with a list 'bends'")
    return document, bends


def quantization_of(bend):
    """The arguments of `quantize` in a bend, by any of the spellings; None: another operation."""
    kind, arguments = bend.get("module_type", "rotate"), bend.get("module_args") or {}
    if kind == "quantize":
        return arguments
    if kind != "multiply" or arguments.get("scalar", 1) != 1:
        return None
    carried = (bend.get("kb") or {}).get("quantize")
    if isinstance(carried, dict):
        return carried
    label = bend.get("label") or ""
    return arguments_of(label.split()[1:]) if label.split()[:1] == ["quantize"] else None


def arguments_of(words):
    """Policy words as arguments: `bits=4 act=image` is {"bits": 4, "share_acts": "image"}."""
    keys = {"weights": "share_weights", "act": "share_acts"}
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise FileError(f"'{word}' in a label is no word of a policy")
        key = keys.get(key, key)
        if key == "on":
            found[key] = value.split(",")
        elif key in ("bits", "seed", "group"):
            found[key] = int(value)
        elif key in ("clip", "clip_abs", "gain"):
            found[key] = number(float(value))
        else:
            found[key] = value
    return found


def words_of(arguments):
    keys = {"share_weights": "weights", "share_acts": "act"}
    words = []
    for key in DEFAULTS:
        if key in arguments and key != "ramp":
            value = arguments[key]
            words.append(f"{keys.get(key, key)}={','.join(value) if key == 'on' else value}")
    return " ".join(words)


def number(value):
    """As the format has numbers: 6 decimals, whole ones as integers."""
    value = round(float(value), 6)
    return int(value) if value == int(value) else value


def policy_words(arguments):
    """What the engine's policies say for the arguments; raises UsageError where they have no words."""
    unknown = set(arguments) - set(DEFAULTS)
    if unknown:
        raise UsageError(f"'{sorted(unknown)[0]}' is no argument of quantize")
    full = DEFAULTS | {k: v for k, v in arguments.items() if v is not None}
    words = []
    on = sorted(full["on"])
    if on not in (["input", "weights"], ["weights"]):
        raise UsageError(f"no policy quantizes {' and '.join(on) or 'nothing'} alone")
    simple = {"codebook": "linear", "zero": "symmetric", "clip_abs": None, "group": None, "gain": 1, "ramp": None}
    for key, value in simple.items():
        if full[key] != value:
            raise UsageError(f"no policy has {key} {full[key]}")
    if full["bits"] != 8:
        words.append(f"bits={full['bits']}")
    if full["round"] == "stochastic" and full["seed"] == 0:
        words.append("round=dither")
    elif full["round"] in ("nearest", "floor", "dither"):
        words += [f"round={full['round']}"] if full["round"] != "nearest" else []
    else:
        raise UsageError(f"no policy rounds {full['round']}, seed {full['seed']}")
    if full["clip"] != 100:
        words.append(f"clip={full['clip']:g}")
    if full["share_weights"] == "tensor":
        words.append("weights=tensor")
    elif full["share_weights"] != "channel":
        raise UsageError(f"no policy shares weights by {full['share_weights']}")
    if full["share_acts"] == "tensor":
        words.append("act=tensor")
    # Weights alone: their grid is rounded to, and the product stays f32.
    return " ".join(["int8" if "input" in on else "f32", *words])


def import_file(path, model, skip=False):
    """(text of a policy, sentences about what was left out) of a bends file."""
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from None
    return import_text(text, str(path), _model(model), skip)


def import_text(text, name, model, skip=False):
    document, bends = read_bends(text, name)
    part = {v: k for k, v in PARTS.items()}.get(document.get("selected_part", "diffusion_model"))
    if part is None:
        raise FileError(f"{name}: no part '{document['selected_part']}', expected one of {', '.join(PARTS.values())}")
    layers = {p: p for p in layer_paths(model) if p.startswith(part + ".")}
    if part == "unet":
        layers = ldm_layers(layers, UNetShape(model))
    else:
        layers = {p[len(part) + 1 :]: p for p in layers}
    rules, left_out = {}, []
    span = (document.get("steps_min"), document.get("steps_max"))
    for position, bend in enumerate(bends):
        try:
            # The last bend of a layer acts first; a policy's first rule is its only one.
            for path, words in _rules_of(bend, span, layers).items():
                if path in rules and rules[path] != words:
                    raise UsageError(f"{path} is bent twice, a policy does so once")
                rules[path] = words
        except (UsageError, FileError) as error:
            sentence = f"{name}: bend {position} ({bend.get('path')}): {error}"
            if not skip:
                raise FileError(sentence) from None
            left_out.append(sentence)
    lines = [f"# {Path(name).name}"] + [f"{path} {words}" for path, words in rules.items()] + ["* f32"]
    return "\n".join(lines) + "\n", left_out


def _rules_of(bend, span, layers):
    arguments = quantization_of(bend)
    if arguments is None:
        kind = bend.get("module_type", "rotate")
        raise UsageError(f"the operation {kind} is no quantization")
    if not isinstance(bend.get("path"), str):
        raise UsageError("the bend has no path")
    steps = bend.get("steps", "*")
    if steps != "*" or span != (None, None) or list(bend.get("t", [1, 0])) != [1, 0]:
        raise UsageError("no policy holds for a part of the steps")
    if bend.get("blend", 1) != 1 or bend.get("guard"):
        raise UsageError("no policy blends or guards")
    pattern = bend_pattern(bend["path"])
    found = [path for name, path in layers.items() if pattern.fullmatch(name)]
    if not found:
        raise UsageError("no layer of the model has this path")
    words = policy_words(arguments)
    return dict.fromkeys(found, words)


# ---- Writing -----------------------------------------------------------------------------------


def quantize_arguments(precision, words):
    """Arguments of quantize for a rule's precision and words; None: nothing is quantized."""
    found = arguments_of(words)
    if found.get("round") == "dither":
        found |= {"round": "stochastic", "seed": 0}
    if found.get("share_acts") == "own":
        del found["share_acts"]
    if precision in ("int8", "i8"):
        return {"on": ["weights", "input"], "bits": found.pop("bits", 8), **found}
    weights = {k: v for k, v in found.items() if k != "share_acts"}
    return {"on": ["weights"], **weights} if weights else None


def rule_of(policy_text, layer):
    """(precision, words) of the first rule that fits a layer; f32 where none does."""
    for line in canonical_text(policy_text).split("\n"):
        pattern, *rest = line.split()
        if rest and glob_match(pattern, layer):
            return rest[0], rest[1:]
    return "f32", []


def export_text(policy_text, model, part="unet", native=False, kb=True):
    """(canonical document, number of bends, sentences about what was left out) of a policy."""
    names = {p: p[len(part) + 1 :] for p in layer_paths(model) if p.startswith(part + ".")}
    if part == "unet":
        names = {path: name for name, path in ldm_layers(names, UNetShape(model)).items()}
    bends, others = [], {}
    for path, name in names.items():
        precision, words = rule_of(policy_text, path)
        arguments = quantize_arguments(precision, words)
        if arguments is None:
            if precision != "f32":
                others[precision] = others.get(precision, 0) + 1
            continue
        bends.append(_bend(name, arguments, native, kb))
    document = {"version": 1.2, "selected_part": PARTS[part], "bends": bends}
    left = [f"{n} layers are {precision}, which bends cannot say" for precision, n in others.items()]
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n", len(bends), left


def _bend(path, arguments, native, kb):
    if native:
        return {"path": path, "module_type": "quantize", "module_args": arguments}
    bend = {
        "path": path,
        "module_type": "multiply",
        "module_args": {"scalar": 1},
        "label": "quantize " + words_of(arguments),
    }
    if kb:
        bend["kb"] = {"dataset": DATASET, "quantize": arguments}
    return bend


def export_file(out, policy, text, model, part, native, kb):
    if text is None:
        path = Path(policy)
        entry = {"file": policy} if path.suffix or "/" in policy else {"shipped": policy}
        text = source_text(entry, Path("."))
    document, count, left_out = export_text(text, _model(model), part, native, kb)
    write_file(Path(out), document.encode())
    return count, left_out
